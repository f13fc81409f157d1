//! Any text as a list of fingerprints: refused in words, or understood the same way twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logship::fuzzing::fingerprints;

fuzz_target!(|text: &str| {
    match fingerprints(text) {
        Ok(shown) => {
            assert!(!shown.is_empty());
            for one in &shown {
                let bytes = one.matches(':').count();
                let is_whole = matches!((&one[..5], bytes), ("sha-1", 20) | ("sha-2", 32));
                assert!(is_whole && text.len() >= bytes * 3, "{one}");
                assert_eq!(fingerprints(one).unwrap(), [one.as_str()]);
                assert_eq!(fingerprints(&one.to_lowercase()).unwrap(), [one.as_str()]);
            }
            assert_eq!(fingerprints(&shown.join("; ")).unwrap(), shown);
        }
        Err(error) => assert!(error.contains('"') && error.contains("RFC 5425"), "{error}"),
    }
});
