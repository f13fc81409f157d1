//! What the program's own settings, its threads and its environment may put into a header.

use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use logship::{Builder, Format, Handle};

use super::payloads;
use crate::shipping::{PATIENCE, build, logging, shop, url};
use crate::support::{Input, Rsyslogd};

#[test]
fn a_header_field_is_refused_or_stored_as_it_is() {
    let mut server = Rsyslogd::running();
    let address = url(&server, Input::Tcp);
    let base = |tag: &str| logship::builder(tag).servers(&address).hostname("client.example");
    type Setting = (&'static str, fn(Builder, &str) -> Builder);
    let settings: [Setting; 2] =
        [("host name", |b, text| b.hostname(text)), ("process id", |b, text| b.procid(text))];
    let mut accepted = Vec::new();
    for text in payloads::all() {
        let mut handles: Vec<(&str, Result<Handle, logship::Error>)> =
            vec![("tag", base(text).build())];
        for (name, set) in settings {
            handles.push((name, set(base("shop"), text).build()));
        }
        for (name, handle) in handles {
            match handle {
                Ok(handle) => {
                    logging(&handle, || tracing::info!(target: "t", "said"));
                    assert!(handle.flush(PATIENCE));
                    accepted.push((name, text));
                }
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains(&format!("{text:?}")), "{error:.300}");
                    assert!(error.contains("RFC 5424"), "{error:.300}");
                }
            }
        }
    }
    let records = server.exactly(accepted.len(), PATIENCE);
    for (record, (name, text)) in records.iter().zip(accepted) {
        let found = match name {
            "tag" => &record.app_name,
            "host name" => &record.hostname,
            _ => &record.procid,
        };
        assert_eq!((record.pri.as_str(), record.msg.as_str()), ("14", "said"), "{record:#?}");
        let is_default = text.is_empty() && name != "tag";
        assert!(found == text || is_default, "{name} {text:?}: {record:#?}");
    }
    server.assert_content();
}

#[test]
fn a_thread_may_be_called_anything() {
    let mut server = Rsyslogd::running();
    for format in [Format::Rfc5424, Format::Cee, Format::Ecs, Format::Rfc3164] {
        let handle = build(shop(&url(&server, Input::Tcp)).format(format).thread_name(true));
        for text in payloads::all().iter().filter(|text| !text.contains('\0')) {
            let handle = handle.clone();
            let work = move || logging(&handle, || tracing::info!(after = "intact", "said"));
            let thread = std::thread::Builder::new().name((*text).to_owned()).spawn(work);
            thread.expect("a thread can be started").join().expect("it did not panic");
        }
        assert!(handle.flush(PATIENCE));
    }
    let without_nul = payloads::all().iter().filter(|text| !text.contains('\0')).count();
    let records = server.exactly(4 * without_nul, PATIENCE);
    for (n, record) in records.iter().enumerate() {
        let after = match n / without_nul {
            0 => record.field("after") == "intact" && record.msg == "said",
            1 => record.cee["fields"]["after"] == "intact" && record.cee["msg"] == "said",
            2 => record.cee["fields"]["after"] == "intact" && record.cee["message"] == "said",
            _ => record.msg.starts_with(" said ") && record.msg.ends_with(" after=\"intact\""),
        };
        assert!(after, "{record:#?}");
        assert_eq!((record.pri.as_str(), record.app_name.as_str()), ("14", "shop"), "{record:#?}");
    }
    server.assert_content();
}

/// The variables of a process of its own, for each payload.
#[test]
fn the_environment_forges_no_header() {
    let mut server = Rsyslogd::running();
    let address = url(&server, Input::Tcp);
    let texts =
        payloads::all().iter().map(|text| text.as_bytes()).chain(payloads::OCTETS.iter().copied());
    // What is longer than a variable may be is no question for us.
    let texts = texts.filter(|text| !text.contains(&0) && text.len() < 100_000);
    let mut accepted = 0;
    for (n, text) in texts.enumerate() {
        let variable = ["SYSLOG_HOSTNAME", "SYSLOG_PROCID"][n % 2];
        let program = std::env::current_exe().expect("this test runs");
        let output = Command::new(program)
            .args(["--exact", "hostile::header::child", "--ignored", "--nocapture"])
            .env("SYSLOG_SERVERS", &address)
            .env(variable, std::ffi::OsStr::from_bytes(text))
            .output()
            .expect("this program can be run");
        let said = String::from_utf8_lossy(&output.stdout);
        let is_refused = said.contains("refused: ") && said.contains(variable);
        accepted += usize::from(!is_refused);
        assert!(is_refused || said.contains("accepted"), "{text:?}: {said}");
    }
    let records = server.exactly(accepted, PATIENCE);
    for record in records {
        let header = (record.pri.as_str(), record.app_name.as_str(), record.msg.as_str());
        assert_eq!(header, ("14", "child", "said"), "{record:#?}");
    }
    server.assert_content();
}

#[test]
#[ignore = "the test before runs it, in a process of its own for each text"]
fn child() {
    match logship::builder("child").build() {
        Ok(handle) => {
            logging(&handle, || tracing::info!(target: "t", "said"));
            assert!(handle.flush(PATIENCE));
            println!("accepted");
        }
        Err(error) => println!("refused: {error}"),
    }
}
