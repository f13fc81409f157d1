//! Any text as a list of URLs: refused in words, or understood the same way twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logship::fuzzing::servers;

fuzz_target!(|text: &str| {
    match servers(text) {
        Ok(shown) => {
            for server in shown.iter().filter(|server| !server.starts_with("unix")) {
                assert_eq!(servers(server).unwrap(), [server.as_str()]);
            }
        }
        Err(error) => assert!(error.to_string().contains('"'), "{error} quotes nothing"),
    }
});
