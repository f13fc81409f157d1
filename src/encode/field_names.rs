//! How is a field called on the wire, so that no name is refused and none hides another?

use std::ops::Range;

/// The names of one set of parameters, or of one JSON object.
///
/// Where two would be the same, without regard to case since rsyslog has none for structured data
/// nor for JSON, the later one gets a number. 32 octets at most: rsyslog gives up all structured
/// data of a message over one longer name.
#[derive(Debug, Default)]
pub(crate) struct Names {
    rule: Rule,
    octets: Vec<u8>,
    taken: Vec<Range<usize>>,
}

impl Names {
    /// Forgets all names but `reserved`, which no field may have.
    pub(super) fn restart(&mut self, rule: Rule, reserved: &[&str]) {
        self.rule = rule;
        self.octets.clear();
        self.taken.clear();
        for name in reserved {
            self.take(name);
        }
    }

    /// The name under which `name` can be written.
    pub(super) fn take(&mut self, name: &str) -> &[u8] {
        let start = self.octets.len();
        match self.rule {
            Rule::SdName => push_sd_name(&mut self.octets, name),
            Rule::Key => push_key(&mut self.octets, name),
        }
        let stem = self.octets.len() - start;
        let mut number = 1_u32;
        while self.is_taken(start) {
            number += 1;
            let suffix_len = 2 + number.ilog10() as usize;
            self.octets.truncate(start + stem.min(LONGEST - suffix_len));
            self.octets.push(b'_');
            self.octets.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        self.taken.push(start..self.octets.len());
        self.octets.get(start..).unwrap_or_default()
    }

    fn is_taken(&self, start: usize) -> bool {
        let candidate = self.octets.get(start..).unwrap_or_default();
        let name = |range: &Range<usize>| self.octets.get(range.clone()).unwrap_or_default();
        self.taken.iter().any(|taken| name(taken).eq_ignore_ascii_case(candidate))
    }
}

/// What a name may be made of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Rule {
    /// SD-NAME (RFC 5424 section 6.3.2): printable US-ASCII but `=`, `]`, `"`, `\` and blanks.
    #[default]
    SdName,
    /// A JSON key that Elasticsearch never refuses, whatever other records hold.
    Key,
}

/// `SD-NAME = 1*32PRINTUSASCII ; except '=', SP, ']', %d34 (")` (RFC 5424 section 6).
fn push_sd_name(out: &mut Vec<u8>, name: &str) {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let safe = |c: char| match c {
        '=' | ']' | '"' | '\\' => b'_',
        c if c.is_ascii_graphic() => c as u8,
        _ => b'_',
    };
    out.extend(name.chars().take(LONGEST).map(safe));
    if name.is_empty() {
        out.push(b'_');
    }
}

/// Letters, digits, `-` and `_`, which it doesn't begin with: Elasticsearch keeps such names for
/// itself, and takes a dot for an object, so that a record with `a.b` would keep it from taking one
/// with `a`. None ends like the name that a number too big for a field gets.
fn push_key(out: &mut Vec<u8>, name: &str) {
    let start = out.len();
    let name = name.strip_prefix("r#").unwrap_or(name).trim_start_matches('_');
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c as u8 } else { b'_' };
    out.extend(name.chars().map(safe).skip_while(|octet| *octet == b'_').take(LONGEST));
    if out.len() == start {
        out.extend_from_slice(b"field");
    }
    let key = out.get(start..).unwrap_or_default();
    let ending = key.len().checked_sub(BIG.len()).and_then(|at| key.get(at..));
    if ending.is_some_and(|ending| ending.eq_ignore_ascii_case(BIG.as_bytes())) {
        out.truncate(start + (LONGEST - 1).min(key.len()));
        out.push(b'_');
    }
}

/// Ends the key of a number that the field's own type could not hold; it is text.
pub(super) const BIG: &str = "_big";
const LONGEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(reserved: &[&str], names: &[&str]) -> Vec<String> {
        taken_by(Rule::SdName, reserved, names)
    }

    fn taken_by(rule: Rule, reserved: &[&str], names: &[&str]) -> Vec<String> {
        let mut set = Names::default();
        set.restart(rule, reserved);
        let text = |name: &[u8]| String::from_utf8(name.to_vec()).unwrap();
        names.iter().map(|name| text(set.take(name))).collect()
    }

    #[test]
    fn a_name_can_not_end_the_element_it_stands_in() {
        assert_eq!(
            taken(&[], &[r#"a="x" ]\é"#, "", "r#type", &"n".repeat(300)]),
            ["a__x_____", "_", "type", &"n".repeat(32)]
        );
    }

    #[test]
    fn no_name_hides_another() {
        assert_eq!(
            taken(&["msg"], &["userId", "userid", "user id", "user=id", "USER ID", "msg"]),
            ["userId", "userid_2", "user_id", "user_id_2", "USER_ID_3", "msg_2"]
        );
    }

    #[test]
    fn a_key_is_one_that_elasticsearch_takes() {
        let odd = ["a.b", "a", "_id", "id", "__", "", "..", " ", "r#type", "@timestamp", "größe"];
        assert_eq!(
            taken_by(Rule::Key, &["omitted"], &odd),
            [
                "a_b",
                "a",
                "id",
                "id_2",
                "field",
                "field_2",
                "field_3",
                "field_4",
                "type",
                "timestamp",
                "gr__e"
            ]
        );
        let long = format!("{}_big", "n".repeat(28));
        assert_eq!(
            taken_by(Rule::Key, &[], &["x_BIG", "x_big", &long, "omitted"]),
            ["x_BIG_", "x_big__2", &format!("{}_bi_", "n".repeat(28)), "omitted"]
        );
    }

    #[test]
    fn a_hundred_times_the_same_short_name_is_numbered() {
        let names = taken(&[], &["a"; 120]);
        assert_eq!([&*names[8], &*names[9], &*names[99]], ["a_9", "a_10", "a_100"]);
    }

    #[test]
    fn numbered_names_stay_short_and_differ() {
        let long = "n".repeat(40);
        let names = taken(&[], &vec![long.as_str(); 120]);
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), 120);
        assert!(names.iter().all(|name| name.len() <= 32));
        assert_eq!(names[1], format!("{}_2", "n".repeat(30)));
    }
}
