//! Texts that want to be more than a text: forged headers, hostile names, far too long.
#![allow(clippy::print_stdout, reason = "how much was tried is told")]

mod header;
mod judge;
mod matrix;
mod payloads;
mod places;
mod round_trip;

use crate::shipping::{
    PATIENCE, assert_all_delivered, build, log, logging, number, shop, text, url,
};
use crate::support::{Input, Record, Rsyslogd};

/// The stock limit of rsyslog, which the library keeps to by default.
const LIMIT: u64 = 8096;

const FORGERY: &str = "ok\n<0>1 2026-01-01T00:00:00Z evil evil 1 - - forged\n\
     52 <0>1 2026-01-01T00:00:00Z evil evil 1 - - forged again\0\n<0>Jan  1 00:00:00 evil forged";

/// Every address a test of hostile content goes to: each framing can be attacked differently.
fn addresses(server: &Rsyslogd) -> Vec<String> {
    let lf = |input| format!("{}?framing=lf", url(server, input));
    vec![
        url(server, Input::Tcp),
        url(server, Input::PlainTcp),
        lf(Input::Tcp),
        lf(Input::PlainTcp),
        url(server, Input::TlsGnutls),
        url(server, Input::Udp),
        url(server, Input::Unix),
    ]
}

/// Ships what `work` logs over one address after the other; returns the records of each.
fn shipped_everywhere(count: usize, work: impl Fn()) -> Vec<(String, Vec<Record>)> {
    let mut server = Rsyslogd::running();
    let mut results = Vec::new();
    for address in addresses(&server) {
        let handle = build(shop(&address));
        logging(&handle, &work);
        assert!(handle.flush(PATIENCE), "{address} not flushed: {:?}", handle.stats());
        assert_all_delivered(&handle, count as u64);
        let earlier = results.iter().map(|(_, records): &(String, Vec<_>)| records.len()).sum();
        let records = server.wait_for(earlier + count, PATIENCE);
        results.push((address, records[earlier..].to_vec()));
    }
    server.stop();
    assert_eq!(server.count(), count * results.len(), "there are records that nobody logged");
    server.assert_content();
    results
}

#[test]
fn a_forged_header_forges_nothing() {
    let results = shipped_everywhere(3, || {
        log(0);
        tracing::info!(value = FORGERY, "{FORGERY}");
        log(1);
    });
    for (address, records) in results {
        assert_eq!((number(&records[0]), number(&records[2])), (0, 1), "{address}");
        let record = &records[1];
        let header = (record.severity, record.hostname.as_str(), record.app_name.as_str());
        assert_eq!(header, (6, "client.example", "shop"), "{address}: {record:#?}");
        let harmless = FORGERY.replace('\n', "#012").replace('\0', "#000");
        assert_eq!(record.msg, harmless, "{address}");
        assert_eq!(record.field("value"), harmless, "{address}");
    }
}

#[test]
fn a_text_that_begins_like_a_frame_is_only_a_text() {
    let texts =
        ["123 green bottles", "<0>1 - - - - - - x", "@cee: {\"a\": 1}", "[x@1 y=\"z\"] t", "- -"];
    let results = shipped_everywhere(texts.len(), || {
        for text in texts {
            tracing::info!("{text}");
        }
    });
    for (address, records) in results {
        for (record, text) in records.iter().zip(texts) {
            assert_eq!(record.sd_text, "-", "{address}: {record:#?}");
            // Nothing takes it for JSON.
            assert_eq!(
                record.msg.trim_start(),
                text.replace("@cee", "#100cee"),
                "{address}: {record:#?}"
            );
        }
    }
}

#[test]
fn hostile_field_span_and_target_names_break_nothing() {
    let results = shipped_everywhere(2, || {
        let span = tracing::info_span!("sp an]\"=\n", "in ner]=\"" = 1);
        span.in_scope(|| {
            tracing::info!(
                target: "ta rget\n<0>1 ]\" umlaut ü",
                after = "intact",
                "we ird]=\"\\" = "a value",
                "ümläut" = 2,
                "a_name_far_longer_than_the_thirty_two_that_are_allowed" = 3,
                "text"
            );
        });
        log(0);
    });
    for (address, records) in results {
        let record = &records[0];
        assert_eq!((record.msg.as_str(), record.field("after")), ("text", "intact"), "{address}");
        let header = (record.severity, record.hostname.as_str(), record.app_name.as_str());
        assert_eq!(header, (6, "client.example", "shop"), "{address}: {record:#?}");
        let msgid = &record.msgid;
        assert!(msgid.len() <= 32 && msgid.bytes().all(|b| b.is_ascii_graphic()), "{msgid}");
        let fields = record.sd["fields@32473"].as_object().expect("an object");
        assert_eq!(fields.len(), 4, "{address}: {record:#?}");
        for name in fields.keys() {
            let allowed = |b: u8| b.is_ascii_graphic() && !b"=]\"".contains(&b);
            assert!(name.len() <= 32 && name.bytes().all(allowed), "{address}: {name}");
        }
        let mut values: Vec<_> = fields.values().filter_map(|value| value.as_str()).collect();
        values.sort_unstable();
        assert_eq!(values, ["2", "3", "a value", "intact"], "{address}");
        assert_eq!(number(&records[1]), 0, "{address}");
    }
}

#[test]
fn text_of_100_kb_is_cut_and_marked() {
    let long = "x".repeat(100_000);
    let results = shipped_everywhere(3, || {
        log(0);
        tracing::info!(after = "intact", "{long}");
        log(1);
    });
    for (address, records) in results {
        assert_eq!((number(&records[0]), number(&records[2])), (0, 1), "{address}");
        let record = &records[1];
        assert_eq!(record.field("after"), "intact", "{address}");
        let (kept, cut) = cut_text(record);
        assert!(kept.bytes().all(|byte| byte == b'x'), "{address}: {record:#?}");
        assert_eq!(kept.len() + cut, long.len(), "{address}: what was cut is told exactly");
    }
}

#[test]
fn multibyte_and_control_texts_are_cut_within_the_limit() {
    // Cut between characters, and counted after escaping: a control takes four bytes.
    let texts =
        ["é".repeat(50_000), "🚀".repeat(25_000), "a🚀\n".repeat(20_000), "\n".repeat(100_000)];
    let results = shipped_everywhere(texts.len(), || {
        for text in &texts {
            tracing::info!("{text}");
        }
    });
    for (address, records) in results {
        for (record, text) in records.iter().zip(&texts) {
            let (kept, _) = cut_text(record);
            assert!(text.replace('\n', "#012").starts_with(kept), "{address}: {record:#?}");
        }
    }
}

#[test]
fn a_value_of_100_kb_leaves_the_structured_data_whole() {
    let long = "]\"".repeat(50_000);
    let results = shipped_everywhere(2, || {
        tracing::info!(long, "a text behind a long value");
        log(0);
    });
    for (address, records) in results {
        let record = &records[0];
        assert!(record.bytes <= LIMIT, "{address}: {} bytes", record.bytes);
        // mmpstrucdata understands all or nothing.
        assert!(record.sd.is_object(), "{address}: {record:#?}");
        assert!(!record.msg.contains("]\"]\""), "{address}: the value ran into the text");
        assert_eq!(number(&records[1]), 0, "{address}");
    }
}

/// The kept part of a cut text, and how many bytes it says are missing.
fn cut_text(record: &Record) -> (&str, usize) {
    assert!(record.bytes <= LIMIT, "{} bytes: {record:#?}", record.bytes);
    assert!(record.bytes > LIMIT - 100 || record.input == "udp", "cut too early: {record:#?}");
    let marked = record.msg.strip_suffix(" bytes]").and_then(|m| m.rsplit_once("...[cut "));
    let Some((kept, cut)) = marked else { panic!("not marked: {record:#?}") };
    (kept, cut.parse().expect("a number of bytes"))
}

#[test]
fn numbered_texts_hold_what_a_frame_may_hold() {
    // The other tests rely on it: several widths of UTF-8, and never a character to be escaped.
    assert!((0..50).map(text).any(|text| text.contains('🚀')));
    assert!(!(0..1_000).map(text).any(|text| text.contains(char::is_control)));
}
