//! A file of any bytes: recovery ends, and agrees with itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logship::fuzzing::salvaged;

fuzz_target!(|bytes: &[u8]| {
    salvaged(bytes);
});
