//! `logship roundtrip`, and what it says if it fails.

use std::process::{Command, Output};

use crate::{central::Central, poster::logship};

#[test]
fn it_finds_its_record_through_the_whole_chain() {
    let central = Central::running();
    let output = roundtrip(&central.url("tcp"), &central.store.url());
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the server has it") && said.contains("finds it"), "{said}");
}

#[test]
fn it_says_which_hop_is_down() {
    let mut central = Central::running();
    let (server, store) = (central.url("tcp"), central.store.url());
    central.stop();
    let output = roundtrip(&server, &store);
    assert!(!output.status.success());
    assert!(said(&output).contains("did not take the record"), "{}", said(&output));
    central.store.go_away();
    let output = roundtrip(&server, &store);
    assert!(!output.status.success());
    assert!(said(&output).contains("cannot use the store"), "{}", said(&output));
    let output = roundtrip(&server, "127.0.0.1");
    assert!(said(&output).contains("invalid store"), "{}", said(&output));
}

fn roundtrip(server: &str, store: &str) -> Output {
    Command::new(logship()).args(["roundtrip", server, store]).output().unwrap()
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}
