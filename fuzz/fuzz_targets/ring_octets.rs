//! A file of whatever octets: does looking for messages in it end, and agree with itself?
#![no_main]

use libfuzzer_sys::fuzz_target;
use logship::fuzzing::salvaged;

fuzz_target!(|octets: &[u8]| {
    salvaged(octets);
});
