//! Every payload in every place over every way into a server: is each record there once, whole,
//! and between its neighbours?
//!
//! `HOSTILE=all` goes every way; without it, a few that differ most.

use std::time::Duration;

use logship::{ControlCharacters, Format};

use super::{
    judge::{View, harmless},
    payloads,
    places::{PLACES, Place, Seen, say_sentinel},
};
use crate::shipping::{PATIENCE, assert_all_delivered, build, logging, shop, url};
use crate::support::{Door, Input, Record, Rsyslogd, SyslogNg, Tail};

/// One way into a server.
struct Way {
    name: String,
    url: String,
    format: Format,
    view: fn(&[u8], Format) -> View,
}

#[test]
fn nothing_forges_splits_or_hides_a_record_in_rsyslog() {
    let server = Rsyslogd::running();
    let lf = |input| format!("{}?framing=lf", url(&server, input));
    let mut ways = vec![
        ("imtcp", url(&server, Input::Tcp), Format::Rfc5424),
        ("imptcp, line ends", lf(Input::PlainTcp), Format::Rfc5424),
        ("imrelp", url(&server, Input::Relp), Format::Cee),
        ("imrelp, TLS", url(&server, Input::RelpTls), Format::Ecs),
        ("imudp", url(&server, Input::Udp), Format::Rfc3164),
    ];
    if all() {
        ways = Vec::new();
        for format in [Format::Rfc5424, Format::Cee, Format::Ecs, Format::Rfc3164] {
            ways.extend([
                ("imtcp", url(&server, Input::Tcp), format),
                ("imtcp, line ends", lf(Input::Tcp), format),
                ("imtcp, TLS", url(&server, Input::TlsGnutls), format),
                ("imptcp", url(&server, Input::PlainTcp), format),
                ("imptcp, line ends", lf(Input::PlainTcp), format),
                ("imrelp", url(&server, Input::Relp), format),
                ("imrelp, TLS", url(&server, Input::RelpTls), format),
                ("imudp", url(&server, Input::Udp), format),
                ("imuxsock", url(&server, Input::Unix), format),
            ]);
        }
    }
    let mut stored = server.stored();
    for (name, url, format) in ways {
        let way = Way { name: name.to_owned(), url, format, view: View::of_rsyslog };
        go(&way, &mut stored);
    }
    server.assert_content();
}

#[test]
fn syslog_ng_records_cannot_be_forged_split_or_hidden() {
    let Some(server) = SyslogNg::running() else { return };
    let trusted = format!("?ca_file={}", server.certificates().ca().display());
    let ways = [
        (Door::SyslogTcp, "tcp", "", Format::Rfc5424),
        (Door::NetworkTcp, "tcp", "?framing=lf", Format::Rfc5424),
        (Door::SyslogTls, "tls", trusted.as_str(), Format::Rfc5424),
        (Door::SyslogUdp, "udp", "", Format::Rfc5424),
        (Door::NetworkOld, "tcp", "?framing=lf", Format::Rfc3164),
        (Door::NetworkOldUdp, "udp", "", Format::Rfc3164),
    ];
    for (door, scheme, options, format) in
        ways.iter().copied().take(if all() { ways.len() } else { 3 })
    {
        let url = format!("{scheme}://127.0.0.1:{}{options}", server.port(door));
        let name = format!("syslog-ng, {door:?}");
        let view = |line: &[u8], _| View::of_syslog_ng(line);
        go(&Way { name, url, format, view }, &mut server.stored(door));
    }
    let console = server.console().to_lowercase();
    assert!(!console.contains("invalid") && !console.contains("error"), "{console}");
}

/// Whether every way is gone.
fn all() -> bool {
    std::env::var_os("HOSTILE").is_some_and(|how| how == "all")
}

fn go(way: &Way, stored: &mut Tail) {
    stored.skip();
    let is_datagram = way.url.starts_with("udp");
    let builder = shop(&way.url).format(way.format).procid("4711");
    let handle = build(builder);
    let cases =
        PLACES.iter().flat_map(|place| payloads::all().iter().map(move |text| (place, *text)));
    let cases: Vec<(&Place, &'static str)> = cases.collect();
    let mut lines = Vec::new();
    logging(&handle, || {
        let logger = handle.logger();
        for (n, (place, text)) in cases.iter().enumerate() {
            say_sentinel(n);
            (place.say)(&logger, n, text);
            // What the kernel's buffer of a datagram socket has no room for is lost.
            if is_datagram && n % 8 == 7 {
                assert!(handle.flush(PATIENCE));
                stored.wait_for(&mut lines, 2 * (n + 1), PATIENCE);
            } else if n % 200 == 199 {
                assert!(handle.flush(PATIENCE), "{}: {:?}", way.name, handle.stats());
            }
        }
        say_sentinel(cases.len());
    });
    assert!(handle.flush(PATIENCE), "{}: {:?}", way.name, handle.stats());
    let expected = 2 * cases.len() + 1;
    assert_all_delivered(&handle, expected as u64);
    stored.wait_for(&mut lines, expected, PATIENCE);
    // A forged record would come right behind the last.
    std::thread::sleep(Duration::from_millis(200));
    lines.extend(stored.lines());

    let mut wrong = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (view, n) = ((way.view)(line, way.format), at / 2);
        let fault = match cases.get(n) {
            Some((place, text)) if at % 2 == 1 => view
                .case(way.format, n, place.seen, text)
                .map(|fault| format!("{} {}", place.name, fault)),
            _ => view.sentinel(way.format, n),
        };
        wrong.extend(fault);
        assert!(wrong.len() < 8, "{}, {:?}: {wrong:#?}", way.name, way.format);
    }
    assert!(wrong.is_empty(), "{}, {:?}: {wrong:#?}", way.name, way.format);
    assert_eq!(lines.len(), expected, "{}: records are missing, or forged", way.name);
    println!(
        "{}, {:?}: {} payloads in {} places",
        way.name,
        way.format,
        payloads::all().len(),
        PLACES.len()
    );
}

#[test]
fn kept_control_characters_are_content_still() {
    let mut server = Rsyslogd::running();
    let addresses = [Input::Tcp, Input::PlainTcp, Input::Relp, Input::Udp, Input::TlsGnutls]
        .map(|i| url(&server, i));
    let mut stored = server.stored();
    for address in &addresses {
        let builder = shop(address).procid("4711");
        let handle = build(builder.control_characters(ControlCharacters::Keep));
        let mut lines = Vec::new();
        logging(&handle, || {
            let logger = handle.logger();
            for (n, text) in payloads::all().iter().enumerate() {
                (PLACES[0].say)(&logger, 2 * n, text);
                (PLACES[2].say)(&logger, 2 * n + 1, text);
                if n % 4 == 3 {
                    assert!(handle.flush(PATIENCE));
                    stored.wait_for(&mut lines, 2 * (n + 1), PATIENCE);
                }
            }
        });
        assert!(handle.flush(PATIENCE), "{address}: {:?}", handle.stats());
        let expected = 2 * payloads::all().len();
        stored.wait_for(&mut lines, expected, PATIENCE);
        std::thread::sleep(Duration::from_millis(100));
        lines.extend(stored.lines());
        assert_eq!(lines.len(), expected, "{address}: records are missing, or forged");
        for (at, line) in lines.iter().enumerate() {
            let record = Record::parse(line);
            let header = (record.pri.as_str(), record.app_name.as_str(), record.msgid.as_str());
            assert_eq!(header, ("14", "shop", "t"), "{address}: {record:#?}");
            assert_eq!(record.field("case"), at.to_string(), "{address}: {record:#?}");
            assert_eq!(record.field("after"), "intact", "{address}: {record:#?}");
            let said = payloads::all()[at / 2];
            let cookie = said.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
            let said = match cookie.strip_prefix("@cee:") {
                Some(rest) => format!("{}#100cee:{rest}", &said[..said.len() - cookie.len()]),
                None => said.to_owned(),
            };
            let said = said.replace('\0', "#000");
            // Without a text the fields are the text.
            if at % 2 == 0 && !said.is_empty() && said.len() < 1_000 {
                // rsyslog takes a line end off the end of a message.
                assert_eq!(record.msg.trim_end_matches('\n'), said.trim_end_matches('\n'));
            }
        }
    }
    server.stop();
}

#[test]
fn paths_that_are_no_text_are_shown_as_text() {
    let mut server = Rsyslogd::running();
    let address = url(&server, Input::Tcp);
    let handle = build(shop(&address));
    logging(&handle, || {
        use std::os::unix::ffi::OsStrExt as _;
        for bytes in payloads::OCTETS {
            let path = std::path::Path::new(std::ffi::OsStr::from_bytes(bytes));
            tracing::info!(debugged = ?path, shown = %path.display(), "{}", path.display());
        }
    });
    assert!(handle.flush(PATIENCE));
    let records = server.exactly(payloads::OCTETS.len(), PATIENCE);
    for (record, bytes) in records.iter().zip(payloads::OCTETS) {
        let shown = harmless(&String::from_utf8_lossy(bytes));
        assert_eq!((record.field("shown"), record.msg.as_str()), (shown.as_str(), shown.as_str()));
        assert!(record.field("debugged").starts_with('"'), "{record:#?}");
    }
    server.assert_content();
}

#[test]
fn texts_around_the_limit_stay_one_record() {
    let mut server = Rsyslogd::running();
    let ways = [
        format!("{}?framing=lf", url(&server, Input::PlainTcp)),
        url(&server, Input::Tcp),
        url(&server, Input::Relp),
    ];
    let lengths = 7_950..8_110;
    for address in &ways {
        let handle = build(shop(address));
        logging(&handle, || {
            for length in lengths.clone() {
                tracing::info!("{}é", "x".repeat(length));
            }
        });
        assert!(handle.flush(PATIENCE));
    }
    let records = server.exactly(ways.len() * lengths.len(), PATIENCE);
    for (record, length) in records.iter().zip(lengths.clone().cycle()) {
        assert!(record.bytes <= 8_096, "{} bytes", record.bytes);
        let whole = "x".repeat(length) + "é";
        let kept = record.msg.rsplit_once("...[cut ").map(|(kept, _)| kept);
        assert!(whole.starts_with(kept.unwrap_or(&record.msg)), "{record:#?}");
        assert_eq!(kept.is_none(), record.msg == whole, "{record:#?}");
    }
    let fullest = |input: &str| {
        let of_it = records.iter().filter(|record| record.input == input);
        of_it.map(|record| record.bytes).max()
    };
    let all = ["plain_tcp", "tcp", "relp"].map(fullest);
    // imptcp takes a line of exactly its limit for one that is too long.
    assert_eq!(all, [Some(8_095), Some(8_096), Some(8_096)], "the limit was not reached");
    server.assert_content();
}

#[test]
fn a_text_of_100_mb_costs_no_memory_and_no_neighbour() {
    struct Endless(usize);
    impl std::fmt::Display for Endless {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            (0..self.0 >> 10).try_for_each(|_| f.write_str(&PIECE))
        }
    }
    static PIECE: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        "\n<0>1 - evil evil - - - forged ".repeat(34)[..1024].to_owned()
    });
    let mut server = Rsyslogd::running();
    let address = format!("{}?framing=lf", url(&server, Input::PlainTcp));
    let handle = build(shop(&address));
    let before = peak_kilobytes();
    logging(&handle, || {
        crate::shipping::log(0);
        tracing::info!(value = %Endless(100 << 20), after = 1, "{}", Endless(100 << 20));
        crate::shipping::log(1);
    });
    let grown = peak_kilobytes() - before;
    assert!(grown < 50 << 10, "{grown} KiB more");
    assert!(handle.flush(PATIENCE));
    let records = server.exactly(3, PATIENCE);
    assert_eq!(
        (crate::shipping::number(&records[0]), crate::shipping::number(&records[2])),
        (0, 1)
    );
    assert!(records[1].msg.ends_with(" bytes]"), "{:#?}", records[1]);
    assert!(records[1].bytes <= 8_096);
}

/// The most memory that this process has had resident.
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a high-water mark");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}

#[test]
fn every_place_is_named_once() {
    let names: std::collections::HashSet<_> = PLACES.iter().map(|place| place.name).collect();
    assert_eq!(names.len(), PLACES.len());
    for seen in [Seen::Text, Seen::Value, Seen::Name, Seen::SpanName, Seen::Target] {
        assert!(PLACES.iter().any(|place| place.seen == seen), "{seen:?}");
    }
}
