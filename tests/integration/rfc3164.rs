//! RFC 3164, as old servers read it.

use logship::Format;
use tracing::info;

use crate::support::shipped;

/// What follows the timestamp of one record.
fn behind_the_time(configure: impl FnOnce(logship::Builder) -> logship::Builder) -> String {
    let records = shipped(configure, || info!(target: "", a = 1, "a text"));
    let whole = String::from_utf8(records[0].bytes.clone()).unwrap();
    let rest = whole.strip_prefix("<14>").unwrap();
    let (time, rest) = rest.split_at("Jan  1 00:00:00 ".len());
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert!(shape.ends_with("0 00:00:00 ") && shape.is_char_boundary(3), "{whole}");
    rest.to_owned()
}

#[test]
fn with_and_without_a_host_name_and_a_process() {
    let old = |builder: logship::Builder| builder.format(Format::Rfc3164);
    assert_eq!(behind_the_time(old), "client.example app-tag[4711]: a text a=\"1\"");
    let plain = |builder: logship::Builder| old(builder).procid("-");
    assert_eq!(behind_the_time(plain), "client.example app-tag: a text a=\"1\"");
    let local = |builder: logship::Builder| builder.format(Format::Rfc3164Local);
    assert_eq!(behind_the_time(local), "app-tag[4711]: a text a=\"1\"");
    let plain = |builder: logship::Builder| local(builder).procid("");
    assert_eq!(behind_the_time(plain), "app-tag: a text a=\"1\"");
}

#[test]
fn no_part_of_the_header_ends_another() {
    let odd = |builder: logship::Builder| {
        builder.format(Format::Rfc3164).hostname("h[0]/x:1").procid("a]:b[")
    };
    assert_eq!(behind_the_time(odd), "h_0__x:1 app-tag[a__b_]: a text a=\"1\"");
}

#[test]
fn a_long_tag_is_cut_over_the_network_alone() {
    let tag = "a-tag_of.48-bytes-".to_owned() + &"x".repeat(29);
    let said = |url: &str| {
        let (collector, format) = (logship_collector::Collector::tcp().unwrap(), url);
        let url = format!("{}?format={format}", collector.url());
        let handle = logship::builder(&tag).servers(url).hostname("h").procid("-").build().unwrap();
        let guard = crate::support::capture(&handle);
        info!(target: "", "a text");
        drop(guard);
        assert!(handle.flush(crate::support::PATIENCE));
        let record = collector.wait_for(1, crate::support::PATIENCE).remove(0);
        String::from_utf8(record.bytes).unwrap()
    };
    let network = said("rfc3164");
    assert!(network.ends_with(&format!(" h {}: a text", &tag[..32])), "{network}");
    let local = said("rfc3164-local");
    assert!(local.ends_with(&format!(" {tag}: a text")), "{local}");
}

#[test]
fn servers_of_one_list_have_one_format() {
    let builder = logship::builder("t").servers("udp://a?format=rfc3164,udp://b?format=cee");
    let error = builder.build().unwrap_err().to_string();
    assert!(error.contains("udp://a:514") && error.contains("the same format"), "{error}");
    let builder =
        logship::builder("t").servers("udp://a?format=rfc3164,tcp://b,tcp://c?format=rfc3164");
    builder.build().unwrap();
}
