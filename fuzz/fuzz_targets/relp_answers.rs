//! Responses of a hostile RELP server: the same however they are split.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logship::fuzzing::answers;

fuzz_target!(|input: (u16, u16, &[u8])| {
    let (one, other, bytes) = input;
    let whole = answers(&[bytes]);
    let at = |at: u16| usize::from(at).min(bytes.len());
    let (first, rest) = bytes.split_at(at(one));
    let (second, third) = rest.split_at(at(other).min(rest.len()));
    assert_eq!(answers(&[first, second, third]), whole);
    for (number, code, text) in whole.0 {
        assert!(number < 1_000_000_000 && code < 1_000 && text.len() <= 3 * bytes.len());
    }
});
