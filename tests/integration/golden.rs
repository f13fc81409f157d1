//! Names of elements and parameters, which are part of the interface: to change one is a major
//! change.

use logship::{Format, TimeQuality};
use tracing::{info, info_span};

use crate::support::shipped;

/// One record with everything that can be in it, its time and line left out.
fn said(format: Format) -> String {
    let records = shipped(
        |builder| {
            builder
                .format(format)
                .sequence_id(true)
                .origin(true)
                .time_quality(Some(TimeQuality::SyncedWithin(std::time::Duration::from_micros(50))))
                .enterprise_number(4242)
        },
        || {
            let _outer = info_span!("request", user = 7).entered();
            let _inner = info_span!("checkout", step = "pay").entered();
            info!(target: "shop::a_target_longer_than_the_thirty_two", n = 1, who = "ann", "sold");
        },
    );
    let text = String::from_utf8(records[0].bytes.clone()).unwrap();
    let (pri, rest) = text.split_once('>').unwrap();
    let old = matches!(format, Format::Rfc3164 | Format::Rfc3164Local);
    let time = if old { "Jan  1 00:00:00".len() } else { "1 2026-01-01T00:00:00.000000Z".len() };
    format!("{pri}>{}", &rest[time..])
}

#[test]
fn what_is_published_stays_as_it_is() {
    let version = env!("CARGO_PKG_VERSION");
    let begin = format!(
        "<14> client.example app-tag 4711 shop::a_target_longer_than_the_t \
         [timeQuality tzKnown=\"1\" isSynced=\"1\" syncAccuracy=\"50\"]\
         [origin enterpriseId=\"4242\" software=\"logship\" swVersion=\"{version}\"]\
         [meta sequenceId=\"1\"]"
    );
    assert_eq!(
        said(Format::Rfc5424),
        format!(
            "{begin}[source@4242 target=\"shop::a_target_longer_than_the_thirty_two\"]\
             [fields@4242 n=\"1\" who=\"ann\"]\
             [span@4242 spans=\"request:checkout\" step=\"pay\" user=\"7\"] sold"
        )
    );
    assert_eq!(
        said(Format::Rfc3164),
        "<14> client.example app-tag[4711]: sold \
         target=\"shop::a_target_longer_than_the_thirty_two\" n=\"1\" who=\"ann\" \
         spans=\"request:checkout\" step=\"pay\" user=\"7\""
    );
    let cee = said(Format::Cee);
    let begin = begin.replace("[meta ", "[json@4242 schema=\"cee\"][meta ");
    let json = cee.strip_prefix(&format!("{begin} @cee: ")).unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "level": "info",
            "target": "shop::a_target_longer_than_the_thirty_two",
            "fields": { "n": 1, "who": "ann" },
            "spans": { "names": ["request", "checkout"], "step": "pay", "user": 7 },
            "msg": "sold",
        })
    );
}
