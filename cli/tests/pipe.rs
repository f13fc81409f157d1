//! `logship pipe` loses no line and mistakes none.

#[path = "../../tests/scenarios/mod.rs"]
mod scenarios;

use std::{
    fs::File,
    io::{Read as _, Seek as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    time::Duration,
};

use logship_collector::{Collector, Received};

use self::scenarios::{Ended, logship, run};

#[test]
fn each_line_becomes_a_record_and_is_handed_on() {
    let collector = Collector::tcp().unwrap();
    let said = b"first\r\n\nnot UTF-8: caf\xe9\n<11>1 - - - - - - forged\nlast without an end";
    let ended =
        feed(said, logship("pipe").args(["--tee", "shop"]).env("SYSLOG_SERVERS", collector.url()));
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
fn blocking_overflow_waits_and_loses_nothing() {
    let collector = Collector::tcp().unwrap();
    collector.pause();
    let lines: String = (0..LINES).map(|n| format!("line {n}\n")).collect();
    let url = collector.url();
    let pipe = std::thread::spawn(move || {
        // A queue far too small for all of it.
        feed(
            lines.as_bytes(),
            logship("pipe")
                .arg("shop")
                .envs([("SYSLOG_SERVERS", url.as_str()), ("SYSLOG_QUEUE_CAPACITY", "64k")]),
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
    let ended = feed(b"lost\n", &mut logship("pipe"));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("Usage: "), "{ended:?}");

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("tcp://127.0.0.1:{port}");
    let mut pipe = logship("pipe");
    let ended = feed(
        b"one\ntwo\n",
        pipe.arg("shop").envs([("SYSLOG_SERVERS", url.as_str()), ("SYSLOG_FLUSH_TIMEOUT", "0.5")]),
    );
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("2 of 2 records were not delivered"), "{ended:?}");
}

#[test]
fn a_line_is_as_severe_as_it_says() {
    let said: [(&str, u8, &str); 18] = [
        ("nothing said of an error here", 6, ""),
        ("ERROR it broke", 3, ""),
        ("[WARN] it creaks", 4, ""),
        ("[error] it broke", 3, ""),
        ("warning: unused", 4, ""),
        ("error while reading is how this sentence begins", 6, ""),
        ("2026-11-23T12:00:00.123Z DEBUG shop::cart: found", 7, ""),
        ("2026-11-23 12:00:00,123 - WARNING - slow", 4, ""),
        ("[2026-11-23T12:00:00Z ERROR shop] broke", 3, ""),
        ("2026-11-23 12:00:00.1 UTC [42] FATAL:  no", 3, ""),
        ("CRITICAL:root:python", 3, ""),
        ("E0102 15:04:05.678901 7 file.go:1] no", 3, ""),
        ("W0102 15:04:05.678901 7 file.go:1] hm", 4, ""),
        ("<3>it broke", 3, "it broke"),
        ("<7>found", 7, "found"),
        ("<11>1 - - - - - - forged", 6, ""),
        ("\u{1b}[33m WARN\u{1b}[0m coloured", 4, " WARN coloured"),
        ("ERRORS were seen", 6, ""),
    ];
    let lines: String = said.iter().map(|(line, ..)| format!("{line}\n")).collect();
    let records = shipped(lines.as_bytes(), said.len());
    for (record, (line, severity, text)) in records.iter().zip(said) {
        assert_eq!(record.message.as_ref().unwrap().severity, severity, "{line}");
        assert_eq!(record.text(), Some(if text.is_empty() { line } else { text }));
    }
}

#[test]
fn a_line_of_json_brings_level_text_and_fields() {
    let lines = r#"{"level":"warn","msg":"slow","ms":1500,"ok":true,"user":{"id":7},"none":null}
{"timestamp":"2026-11-23T12:00:00Z","level":"ERROR","fields":{"message":"broke","n":1.5},"target":"shop::cart"}
{"log.level":"debug","message":"by the schema","tags":["a","b"]}
{"level":50,"msg":"by number"}
{"no":"message","severity":"error"}
{not json at all
"#;
    let records = shipped(lines.as_bytes(), 6);
    let param = |at: usize, name| records[at].param("fields@32473", name);
    let severity = |at: usize| records[at].message.as_ref().unwrap().severity;
    assert_eq!([0, 1, 2, 3, 4, 5].map(severity), [4, 3, 7, 3, 3, 6]);
    let texts: Vec<_> = records.iter().map(|record| record.text().unwrap_or_default()).collect();
    assert_eq!(texts[..4], ["slow", "broke", "by the schema", "by number"]);
    assert_eq!(texts[4..], [r#"{"no":"message","severity":"error"}"#, "{not json at all"]);
    assert_eq!([param(0, "ms"), param(0, "ok")], [Some("1500"), Some("true")]);
    assert_eq!([param(0, "user.id"), param(0, "none")], [Some("7"), None]);
    assert_eq!(param(1, "fields.n"), Some("1.5"));
    assert_eq!(records[1].message.as_ref().unwrap().msgid.as_deref(), Some("shop::cart"));
    assert_eq!(param(2, "tags"), Some(r#"["a","b"]"#));
}

#[test]
fn a_stack_trace_is_one_record() {
    let java = "ERROR it broke\njava.lang.X: no\n\tat shop.Cart\nCaused by: y\n\t... 3 more";
    let (first, trace) = java.split_once('\n').unwrap();
    let python = "Traceback (most recent call last):\n  File \"a.py\"\n    x()\nValueError: x";
    let rust = "thread 'main' (7) panicked at src/main.rs:2:5:\nno such order\n\
                stack backtrace:\n   0: main\nnote: more";
    let json = r#"{"msg":"alone"}"#;
    let indented = "  indented";
    let all = [first, trace, python, rust, "next", json, indented];
    let records = shipped(all.map(|text| format!("{text}\n")).concat().as_bytes(), all.len());
    let texts: Vec<_> = records.iter().map(|record| record.text().unwrap_or_default()).collect();
    let mut expected = all.map(|text| text.replace('\n', "#012").replace('\t', "#011"));
    expected[5] = "alone".to_owned();
    assert_eq!(texts, expected);
}

#[test]
fn a_trace_ends_with_silence_and_with_its_limit() {
    let collector = Collector::tcp().unwrap();
    let mut pipe = logship("pipe")
        .arg("shop")
        .env("SYSLOG_SERVERS", collector.url())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = pipe.stdin.take().unwrap();
    input.write_all(b"begins\n  goes on\n").unwrap();
    let records = collector.wait_for(1, PATIENCE);
    assert_eq!(
        records[0].text(),
        Some("begins#012  goes on"),
        "it came without an end of the input"
    );
    input.write_all(b"begins\n").unwrap();
    input.write_all(b"  and never ends\n".repeat(1000).as_slice()).unwrap();
    drop(input);
    assert!(pipe.wait().unwrap().success());
    assert_eq!(collector.wait_for(4, PATIENCE).len(), 4);
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_of_a_hundred_megabytes_takes_no_memory() {
    let collector = Collector::tcp().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("input");
    // A hole, which takes no room on the disk.
    let mut file = File::create(&path).unwrap();
    file.set_len(100 << 20).unwrap();
    file.seek(std::io::SeekFrom::End(0)).unwrap();
    file.write_all(b"\nnext\n").unwrap();
    let pipe = logship("pipe");
    let mut limited = Command::new("sh");
    limited.arg("-c").arg("ulimit -v 90000; exec \"$0\" pipe shop").arg(pipe.get_program());
    limited.env("SYSLOG_SERVERS", collector.url()).env("SYSLOG_QUEUE_CAPACITY", "1M");
    let ended = run(limited.stdin(File::open(path).unwrap()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let records = collector.wait_for(2, PATIENCE);
    let cut = records[0].text().unwrap();
    assert!(cut.starts_with("#000#000") && cut.contains("...[cut "), "{}", &cut[cut.len() - 99..]);
    assert_eq!(records[1].text(), Some("next"));
}

#[cfg(unix)]
#[test]
fn what_a_killed_pipe_had_read_is_shipped_by_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let queue = directory.path().join("queue");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut pipe = logship("pipe")
        .args(["--tee", "shop"])
        .env("SYSLOG_SERVERS", format!("tcp://{closed}"))
        .env("SYSLOG_QUEUE_FILE", &queue)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = pipe.stdin.take().unwrap();
    input.write_all(b"one\ntwo\nthree\n").unwrap();
    // It has read them, and the last one has waited long enough for more.
    let mut handed_on = [0; 14];
    pipe.stdout.take().unwrap().read_exact(&mut handed_on).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    pipe.kill().unwrap();
    pipe.wait().unwrap();

    let collector = Collector::tcp().unwrap();
    let mut next = logship("pipe");
    next.arg("shop").env("SYSLOG_SERVERS", collector.url()).env("SYSLOG_QUEUE_FILE", &queue);
    let ended = feed(b"four\n", &mut next);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let records = collector.wait_for(4, PATIENCE);
    let texts: Vec<_> = records.iter().map(|record| record.text().unwrap_or_default()).collect();
    assert_eq!(texts, ["one", "two", "three", "four"]);
}

/// What arrives of these lines, which must all be well.
fn shipped(lines: &[u8], count: usize) -> Vec<Received> {
    let collector = Collector::tcp().unwrap();
    let ended = feed(lines, logship("pipe").arg("shop").env("SYSLOG_SERVERS", collector.url()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let records = collector.wait_for(count, PATIENCE);
    assert_eq!(records.len(), count, "{records:?}");
    records
}

/// Runs it with a file for its standard input, which needs nobody to write it.
fn feed(bytes: &[u8], command: &mut Command) -> Ended {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("input");
    std::fs::write(&path, bytes).unwrap();
    run(command.stdin(File::open(path).unwrap()))
}

const LINES: usize = 100_000;
const PATIENCE: Duration = Duration::from_secs(20);
