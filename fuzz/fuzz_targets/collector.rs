//! Any bytes into the collector, which may only complain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logship_collector::fuzzing::frames;
use logship_collector::parse;

fuzz_target!(|bytes: &[u8]| {
    for (bytes, _, _) in frames(&[bytes]) {
        let (message, complaints) = parse(&bytes);
        assert!(message.is_some() || !complaints.is_empty());
    }
});
