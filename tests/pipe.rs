//! Does examples/pipe.rs lose a line?

mod child;

use std::{fs::File, net::TcpListener, process::Command, time::Duration};

use logship::collector::{Collector, Received};

use self::child::{Ended, example, run};

#[test]
fn each_line_becomes_a_record_and_is_handed_on() {
    let collector = Collector::tcp().unwrap();
    let said = b"first\r\n\nnot UTF-8: caf\xe9\n<11>1 - - - - - - forged\nlast without an end";
    let ended =
        feed(said, example("pipe").args(["--tee", "shop"]).env("SYSLOG_URL", collector.url()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, String::from_utf8_lossy(said));
    let records = collector.wait_for(5, PATIENCE);
    let texts: Vec<_> = records.iter().map(|record| record.text().unwrap_or_default()).collect();
    let forged = "<11>1 - - - - - - forged";
    assert_eq!(texts, ["first", "", "not UTF-8: caf\u{fffd}", forged, "last without an end"]);
    let tag = |record: &Received| record.message.as_ref().unwrap().app_name.clone();
    assert!(records.iter().all(|record| tag(record).as_deref() == Some("shop")), "{records:?}");
    assert!(records.iter().all(|record| record.complaints.is_empty()), "{records:?}");
}

#[test]
fn the_program_waits_for_the_server_and_nothing_is_lost() {
    let collector = Collector::tcp().unwrap();
    collector.pause();
    let lines: String = (0..LINES).map(|n| format!("line {n}\n")).collect();
    let url = collector.url();
    let pipe = std::thread::spawn(move || {
        // A queue far too small for all of it.
        feed(
            lines.as_bytes(),
            example("pipe")
                .arg("shop")
                .envs([("SYSLOG_URL", url.as_str()), ("SYSLOG_CAPACITY", "64k")]),
        )
    });
    collector.wait_for_connections(1, PATIENCE);
    std::thread::sleep(Duration::from_millis(200));
    collector.resume();
    let ended = pipe.join().unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let records = collector.wait_for(LINES, PATIENCE);
    assert_eq!(records.len(), LINES);
    for (n, record) in records.iter().enumerate() {
        assert_eq!(record.text(), Some(format!("line {n}").as_str()));
    }
}

#[test]
fn what_can_not_be_shipped_is_an_error() {
    let ended = feed(b"lost\n", &mut example("pipe"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("usage: "), "{ended:?}");

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("tcp://127.0.0.1:{port}");
    let mut pipe = example("pipe");
    let ended = feed(
        b"one\ntwo\n",
        pipe.arg("shop").envs([("SYSLOG_URL", url.as_str()), ("SYSLOG_FLUSH_TIMEOUT", "0.5")]),
    );
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("2 of 2 lines have not arrived"), "{ended:?}");
}

/// Runs it with a file for its standard input, which needs nobody to write it.
fn feed(octets: &[u8], command: &mut Command) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    std::fs::write(&path, octets).unwrap();
    run(command.stdin(File::open(path).unwrap()))
}

const LINES: usize = 100_000;
const PATIENCE: Duration = Duration::from_secs(20);
