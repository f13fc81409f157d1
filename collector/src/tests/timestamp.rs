//! Tests of timestamps.

use crate::parse;

fn complaints(timestamp: &str) -> Vec<String> {
    let bytes = format!("<14>1 {timestamp} - - - - -");
    parse(bytes.as_bytes()).1.iter().map(ToString::to_string).collect()
}

#[test]
fn the_examples_of_rfc_5424_are_right() {
    for right in [
        "1985-04-12T23:20:50.52Z",
        "1985-04-12T19:20:50.52-04:00",
        "2003-10-11T22:14:15.003Z",
        "2003-08-24T05:14:15.000003-07:00",
        "2024-02-29T00:00:00Z",
        "2000-02-29T23:59:59+23:59",
        "-",
    ] {
        assert_eq!(complaints(right), [""; 0], "{right}");
    }
}

#[test]
fn the_counter_example_of_rfc_5424_has_nine_digits() {
    assert_eq!(
        complaints("2003-08-24T05:14:15.000000003-07:00"),
        ["TIMESTAMP \"2003-08-24T05:14:15.000000003-07:00\" has 9 fraction digits, more than 6 \
          (RFC 5424 6.2.3)"]
    );
}

#[test]
fn every_part_is_checked() {
    for (bad, says) in [
        ("2003-10-11t22:14:15Z", "has a lower-case t or z"),
        ("2003-10-11T22:14:15z", "has a lower-case t or z"),
        ("2003-10-11", "has no T"),
        ("2003-10-11T22:14:15", "has no time offset"),
        ("03-10-11T22:14:15Z", "has year \"03\" that is not 4 digits"),
        ("2003-13-11T22:14:15Z", "has month 13, outside 01 to 12"),
        ("2003-02-29T22:14:15Z", "has day 29, outside 01 to 28"),
        ("1900-02-29T22:14:15Z", "has day 29, outside 01 to 28"),
        ("2003-04-31T22:14:15Z", "has day 31, outside 01 to 30"),
        ("2003-10-00T22:14:15Z", "has day 00, outside 01 to 31"),
        ("2003-10-1T22:14:15Z", "has day \"1\" that is not 2 digits"),
        ("2003-10-11-T22:14:15Z", "has a date that is not yyyy-mm-dd"),
        ("2003-10-11T24:14:15Z", "has hour 24, outside 00 to 23"),
        ("2003-10-11T22:60:15Z", "has minute 60, outside 00 to 59"),
        ("2003-10-11T22:14:60Z", "has second 60, outside 00 to 59"),
        ("2003-10-11T22:14Z", "has a time that is not hh:mm:ss"),
        ("2003-10-11T22:14:15.Z", "has a point without fraction digits"),
        ("2003-10-11T22:14:15.1234567Z", "has 7 fraction digits"),
        ("2003-10-11T22:14:15.1x3Z", "has a fraction \"1x3\" that is not digits"),
        ("2003-10-11T22:14:15+0200", "has an offset that is not hh:mm"),
        ("2003-10-11T22:14:15+24:00", "has offset hour 24"),
        ("2003-10-11T22:14:15+2:00", "has offset hour \"2\" that is not 2 digits"),
        ("2003-10-11T22:14:15++1:00", "has second"),
        ("é", "has no T"),
    ] {
        let all = complaints(bad);
        let last = all.last().unwrap();
        assert!(all.iter().any(|complaint| complaint.contains(says)), "{bad}: {all:#?}");
        assert!(last.ends_with("(RFC 5424 6.2.3)"), "{bad}: {all:#?}");
    }
}
