//! Records out of a piece of a spool file: an action line and a document each.

use std::ops::Range;

use memchr::{memchr_iter, memmem, memrchr};

/// How every action line begins. In no document: inside a JSON string its quotes are escaped, and
/// rsyslog prints objects with blanks between.
pub(super) const HEAD: &[u8] = br#"{"create":{"_index":""#;

/// Where a record's two lines are, without their newlines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) action: Range<usize>,
    pub(super) document: Range<usize>,
}

/// What a piece is made of.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) records: Vec<Record>,
    /// What is half a record, since its writer was killed: it comes again.
    pub(super) damaged: Vec<Range<usize>>,
}

/// How much of `bytes` is whole records, as far as can be told without what follows.
pub(super) fn whole(bytes: &[u8]) -> usize {
    let Some(end) = memrchr(b'\n', bytes).map(|at| at + 1) else { return 0 };
    let Some(head) = memmem::rfind(&bytes[..end], HEAD) else { return end };
    // The last action line may still be without its document.
    match memchr_iter(b'\n', &bytes[head..end]).count() {
        1 => head,
        _ => end,
    }
}

/// The records of a piece. Behind half a line, the next record is on the same line.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let mut action: Option<Range<usize>> = None;
    let finder = memmem::Finder::new(HEAD);
    let mut begin = 0;
    while begin < bytes.len() {
        let line_end = memchr::memchr(b'\n', &bytes[begin..]).map_or(bytes.len(), |at| begin + at);
        // Not where it begins: an action line begins with it.
        let next = finder.find(&bytes[(begin + 1).min(line_end)..line_end]);
        let end = next.map_or(line_end, |at| begin + 1 + at);
        let part = begin..end;
        let text = &bytes[part.clone()];
        let is_action = text.starts_with(HEAD);
        match action.take() {
            None if is_action && text.ends_with(b"\"}}") => action = Some(part),
            None => parsed.damaged.push(part),
            Some(before) if is_action => {
                parsed.damaged.push(before);
                match text.ends_with(b"\"}}") {
                    true => action = Some(part),
                    false => parsed.damaged.push(part),
                }
            }
            // A document that its own newline ends was written whole, whatever is in it.
            Some(before) => match end < bytes.len() && next.is_none() || is_json(text) {
                true => parsed.records.push(Record { action: before, document: part }),
                false => parsed.damaged.push(before.start..part.end),
            },
        }
        begin = if next.is_some() { end } else { end + 1 };
    }
    parsed.damaged.extend(action);
    parsed.damaged.retain(|part| !part.is_empty());
    parsed
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: u32) -> String {
        format!("{{\"create\":{{\"_index\":\"i\",\"_id\":\"{n}\"}}}}\n{{\"n\":{n}}}\n")
    }

    /// The documents, and how many parts are damaged.
    fn read(bytes: &str) -> (Vec<&str>, usize) {
        let parsed = parse(bytes.as_bytes());
        let documents = parsed.records.iter().map(|record| &bytes[record.document.clone()]);
        (documents.collect(), parsed.damaged.len())
    }

    #[test]
    fn whole_records_are_read_as_they_are() {
        let two = record(1) + &record(2);
        assert_eq!(read(&two), (vec!["{\"n\":1}", "{\"n\":2}"], 0));
        assert_eq!(read(""), (vec![], 0));
    }

    /// A killed rsyslogd left any part of a record, and the next one goes on in the same file.
    #[test]
    fn a_half_record_costs_itself_at_most() {
        for cut in 1..record(1).len() {
            let glued = record(0) + &record(1)[..cut] + &record(2) + &record(3);
            let (documents, damaged) = read(&glued);
            let is_complete = cut >= record(1).len() - 1;
            let expected: &[&str] = match is_complete {
                true => &["{\"n\":0}", "{\"n\":1}", "{\"n\":2}", "{\"n\":3}"],
                false => &["{\"n\":0}", "{\"n\":2}", "{\"n\":3}"],
            };
            assert_eq!(documents, expected, "{glued}");
            assert_eq!(damaged, usize::from(!is_complete), "{glued}");
        }
    }

    /// However a file is cut into pieces, its records are the same.
    #[test]
    fn a_piece_ends_before_an_action_without_document() {
        let glued = record(0) + &record(1)[..30] + &record(2) + &record(3);
        for length in 0..=glued.len() {
            let piece = &glued.as_bytes()[..length];
            let end = whole(piece);
            let mut found = parse(&piece[..end]).records.len();
            found += parse(&glued.as_bytes()[end..]).records.len();
            assert_eq!(found, 3, "cut at {length}, whole up to {end}");
        }
    }

    #[test]
    fn what_was_never_a_record_is_set_aside() {
        assert_eq!(read("\0\0\0\n").1, 1);
        let orphan = format!("{{\"n\":0}}\n{}", record(1));
        assert_eq!(read(&orphan), (vec!["{\"n\":1}"], 1));
    }
}
