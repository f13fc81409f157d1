//! Tests of deframing.

use crate::{
    Framing,
    frame::{LONGEST, Splitter},
};

type Seen = (String, Framing, Vec<String>);

/// What a splitter makes of `bytes` that arrive `step` at a time and then end.
fn split(bytes: &[u8], step: usize, tls: bool) -> Vec<Seen> {
    let mut splitter = Splitter::new(tls);
    let mut seen = Vec::new();
    for chunk in bytes.chunks(step) {
        splitter.space()[..chunk.len()].copy_from_slice(chunk);
        splitter.filled(chunk.len());
        while let Some(frame) = splitter.next_frame() {
            let complaints = frame.complaints.iter().map(ToString::to_string).collect();
            let text = String::from_utf8_lossy(frame.bytes).into_owned();
            seen.push((text, frame.framing, complaints));
        }
    }
    if let Some(frame) = splitter.remainder() {
        let complaints = frame.complaints.iter().map(ToString::to_string).collect();
        seen.push((String::from_utf8_lossy(frame.bytes).into_owned(), frame.framing, complaints));
    }
    assert!(splitter.remainder().is_none());
    seen
}

/// The same, whatever the bytes' packets are.
fn frames(bytes: &str) -> Vec<Seen> {
    let whole = split(bytes.as_bytes(), LONGEST, false);
    for step in 1..bytes.len().min(20) {
        assert_eq!(split(bytes.as_bytes(), step, false), whole, "{step} bytes at a time");
    }
    whole
}

fn right(text: &str, framing: Framing) -> Seen {
    (text.to_owned(), framing, vec![])
}

#[test]
fn counted_frames_may_hold_anything() {
    let expected = ["<1>a", "<1>b\n<1>c", "<1>é"].map(|text| right(text, Framing::OctetCounting));
    assert_eq!(frames("4 <1>a9 <1>b\n<1>c5 <1>é"), expected);
}

#[test]
fn other_frames_end_in_lf() {
    let expected = ["<1>a", "<1>2 b"].map(|text| right(text, Framing::Lf));
    assert_eq!(frames("<1>a\n<1>2 b\n"), expected);
}

#[test]
fn a_change_of_framing_is_told_once_for_each_change() {
    let seen = frames("4 <1>a<1>b\n<1>c\n4 <1>d");
    let complaints: Vec<_> = seen.iter().map(|(_, _, complaints)| complaints.clone()).collect();
    assert_eq!(complaints[0], [""; 0]);
    assert_eq!(complaints[1], ["framing changed from octet counting to LF (RFC 6587 3.4.3)"]);
    assert_eq!(complaints[2], [""; 0]);
    assert_eq!(complaints[3], ["framing changed from LF to octet counting (RFC 6587 3.4.3)"]);
}

#[test]
fn a_count_that_is_too_small_leaves_a_tail() {
    let seen = frames("4 <1>abc\n4 <1>d");
    assert_eq!(seen[0], right("<1>a", Framing::OctetCounting));
    assert_eq!(
        seen[1].2,
        ["frame \"bc\" begins with neither a digit nor a PRI: the octet count before it was too \
          small (RFC 6587 3.4.1)"]
    );
    assert_eq!(seen[2], right("<1>d", Framing::OctetCounting));
}

#[test]
fn a_stray_lf_after_a_counted_frame_is_told() {
    let seen = frames("4 <1>a\n4 <1>b");
    assert_eq!(seen.len(), 3);
    assert!(seen[1].2[0].contains("frame \"\" begins with neither"));
}

#[test]
fn a_leading_zero_is_told() {
    let seen = frames("04 <1>a0 4 <1>b");
    assert_eq!(seen[0].2, ["octet count \"04\" begins with 0 (RFC 6587 3.4.1)"]);
    assert_eq!((seen[1].0.as_str(), seen[1].2.len()), ("", 1));
    assert_eq!(seen[2], right("<1>b", Framing::OctetCounting));
}

#[test]
fn invalid_octet_count_is_reported_and_ends_at_lf() {
    for (bad, says) in [
        ("4x<1>a", "octet count 4 is followed by \"x\", not by SP"),
        ("100001 <1>a", "octet count 100001 is above 100000"),
        ("99999999999999999999999 <1>a", "octet count \"999999999\" has over 8 digits"),
    ] {
        let seen = frames(&format!("{bad}\n4 <1>b"));
        assert_eq!(seen[0].0, bad);
        assert!(seen[0].2[0].contains(says), "{seen:#?}");
        assert_eq!(seen[1], right("<1>b", Framing::OctetCounting));
    }
}

#[test]
fn a_partial_frame_at_the_end_is_told() {
    let seen = frames("4 <1>a9 <1>b");
    assert_eq!(seen[1].0, "<1>b");
    assert_eq!(seen[1].2, ["the connection ended 4 bytes into a frame of 9 (RFC 6587 3.4.1)"]);
    let seen = frames("<1>a\n<1>b");
    assert_eq!(seen[1].2, ["the connection ended before the LF of \"<1>b\" (RFC 6587 3.4.2)"]);
    assert_eq!(frames("12")[0].2.len(), 1);
}

#[test]
fn the_longest_frame_passes_and_a_longer_one_is_cut() {
    let longest = "x".repeat(LONGEST);
    let counted = split(format!("{LONGEST} {longest}").as_bytes(), 70_000, false);
    assert_eq!(counted, [right(&longest, Framing::OctetCounting)]);
    let lines = split(format!("<{longest}\n").as_bytes(), 70_000, false);
    assert_eq!((lines.len(), lines[0].0.len()), (2, LONGEST));
    assert!(lines[0].2[0].contains("no LF within 100000 bytes"));
}

#[test]
fn over_tls_every_frame_has_a_count() {
    let seen = split(b"4 <1>a<1>b\n", 100, true);
    assert_eq!(seen[0], right("<1>a", Framing::OctetCounting));
    assert_eq!(seen[1].2[0], "\"<1>b\" over TLS begins with no MSG-LEN (RFC 5425 4.3)");
}
