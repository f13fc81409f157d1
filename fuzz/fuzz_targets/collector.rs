//! Any bytes into the collector, which may only complain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logship_collector::fuzzing::frames;
use logship_collector::parse;

fuzz_target!(|octets: &[u8]| {
    for (octets, _, _) in frames(&[octets]) {
        let (message, complaints) = parse(&octets);
        assert!(message.is_some() || !complaints.is_empty());
    }
});
