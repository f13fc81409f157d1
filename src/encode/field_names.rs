//! Field names: sanitised and made unique.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    sync::OnceLock,
};

/// The names of one set of parameters, or of one JSON object.
///
/// A name that is already taken gets a number; case is ignored, as rsyslog ignores it in structured
/// data and JSON. The cost of a name does not depend on their number. Names are identified by their
/// hashes: two names with the same hash count as the same.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The names while they are few, and their number.
    few: [u64; FEW],
    count: usize,
    /// A bit for each name: most are found to be new by this alone. All bits once they are many.
    bits: u64,
    is_large: bool,
    /// All names once they are many, each with the last number it was given.
    many: HashMap<u64, u32, BuildHasherDefault<PassThrough>>,
    numbered: Vec<u8>,
}

impl Names {
    /// Removes all names but `reserved`, which no field may have.
    #[inline]
    pub(super) fn restart(&mut self, reserved: &[u64]) {
        self.count = 0;
        self.bits = 0;
        self.is_large = false;
        for hash in reserved {
            self.claim(*hash);
        }
    }

    /// Takes the name with this hash; false if it was already taken.
    #[inline(always)]
    pub(super) fn claim(&mut self, hash: u64) -> bool {
        let bit = bit_of(hash);
        match self.few.get_mut(self.count) {
            Some(slot) if self.bits & bit == 0 => {
                *slot = hash;
                self.bits |= bit;
                self.count += 1;
                true
            }
            _ => self.claim_slowly(hash),
        }
    }

    /// The same if the name may be taken, or there are many.
    #[cold]
    #[inline(never)]
    fn claim_slowly(&mut self, hash: u64) -> bool {
        if self.is_large {
            return self.claim_of_many(hash);
        }
        if self.few.iter().take(self.count).any(|taken| *taken == hash) {
            return false;
        }
        match self.few.get_mut(self.count) {
            Some(slot) => {
                *slot = hash;
                self.count += 1;
                true
            }
            None => {
                self.enlarge();
                self.claim_of_many(hash)
            }
        }
    }

    /// A taken `name` with a number that makes it unique.
    #[cold]
    pub(super) fn number(&mut self, name: &[u8]) -> &[u8] {
        self.enlarge();
        // Long names with a common beginning are counted together: they become the same stem.
        let stem = name.get(..LONGEST - NUMBER).unwrap_or(name);
        let counter = hash_of(stem);
        let mut number = self.many.get(&counter).copied().unwrap_or(1).max(1);
        loop {
            number += 1;
            let mut digits = itoa::Buffer::new();
            let digits = digits.format(number).as_bytes();
            let stem = stem.get(..(LONGEST - 1).saturating_sub(digits.len())).unwrap_or(stem);
            self.numbered.clear();
            self.numbered.extend_from_slice(stem);
            self.numbered.push(b'_');
            self.numbered.extend_from_slice(digits);
            if self.claim_of_many(hash_of(&self.numbered)) {
                break;
            }
        }
        self.many.insert(counter, number);
        &self.numbered
    }

    fn claim_of_many(&mut self, hash: u64) -> bool {
        let is_new = !self.many.contains_key(&hash);
        if is_new {
            self.many.insert(hash, 1);
        }
        is_new
    }

    #[cold]
    fn enlarge(&mut self) {
        if !std::mem::replace(&mut self.is_large, true) {
            self.bits = u64::MAX;
            self.many.clear();
            self.many.extend(self.few.iter().take(self.count).map(|hash| (*hash, 1)));
        }
    }
}

/// One of 64 bits for a name.
#[inline(always)]
fn bit_of(hash: u64) -> u64 {
    1 << (hash >> 58)
}

/// A hash that ignores case. It is seeded with a random number of this process, so that nobody
/// outside can choose colliding names.
pub(super) fn hash_of(name: &[u8]) -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    let seed = *SEED.get_or_init(|| RandomState::new().hash_one(0));
    let mut lower = [0; LONGEST];
    let length = name.len().min(LONGEST);
    if let (Some(to), Some(from)) = (lower.get_mut(..length), name.get(..length)) {
        to.copy_from_slice(from);
    }
    lower.make_ascii_lowercase();
    lower.chunks_exact(8).fold(seed ^ length as u64, |hash, word| {
        let word = word.first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        let product = u128::from(hash ^ word) * u128::from(FACTOR);
        (product as u64 ^ (product >> 64) as u64).wrapping_add(seed)
    })
}

/// Passes through what is already a hash.
#[derive(Debug, Default)]
struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The characters that a name may consist of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Rule {
    /// SD-NAME (RFC 5424 section 6.3.2): printable US-ASCII but `=`, `]`, `"`, `\` and blanks.
    #[default]
    SdName,
    /// A JSON key that Elasticsearch never rejects, whatever other records contain.
    Key,
}

impl Rule {
    /// The sanitised form of `name`, at most 32 bytes: rsyslog drops all structured data of a
    /// message over one longer name.
    pub(super) fn push(self, out: &mut Vec<u8>, name: &str) {
        match self {
            Rule::SdName => push_sd_name(out, name),
            Rule::Key => push_key(out, name),
        }
    }
}

/// `SD-NAME = 1*32PRINTUSASCII ; except '=', SP, ']', %d34 (")` (RFC 5424 section 6).
fn push_sd_name(out: &mut Vec<u8>, name: &str) {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let safe = |c: char| match c {
        '=' | ']' | '"' | '\\' => b'_',
        c if c.is_ascii_graphic() => c as u8,
        _ => b'_',
    };
    match name.as_bytes() {
        ascii if name.is_ascii() => {
            out.extend(ascii.iter().take(LONGEST).map(|o| safe(char::from(*o))))
        }
        _ => out.extend(name.chars().take(LONGEST).map(safe)),
    }
    if name.is_empty() {
        out.push(b'_');
    }
}

/// Letters, digits, `-` and `_`, not beginning with `_`, which Elasticsearch reserves. It takes a
/// dot for an object, so a record with `a.b` would make it reject one with `a`. None ends like the
/// name of an oversized number.
fn push_key(out: &mut Vec<u8>, name: &str) {
    let start = out.len();
    let name = name.strip_prefix("r#").unwrap_or(name).trim_start_matches('_');
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c as u8 } else { b'_' };
    out.extend(name.chars().map(safe).skip_while(|byte| *byte == b'_').take(LONGEST));
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

/// Odd, and with as many bits set as not.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
/// Names compared one by one; more are kept in a table.
const FEW: usize = 32;
/// Bytes that a number takes of a long name, up to 999 of them.
const NUMBER: usize = 4;
/// The suffix of a number that does not fit the field's type and is written as text.
pub(super) const BIG: &str = "_big";
pub(super) const LONGEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(reserved: &[&str], names: &[&str]) -> Vec<String> {
        taken_by(Rule::SdName, reserved, names)
    }

    fn taken_by(rule: Rule, reserved: &[&str], names: &[&str]) -> Vec<String> {
        let mut set = Names::default();
        let reserved: Vec<u64> = reserved.iter().map(|name| hash_of(name.as_bytes())).collect();
        set.restart(&reserved);
        let take = |name: &&str| {
            let mut bare = Vec::new();
            rule.push(&mut bare, name);
            let is_new = set.claim(hash_of(&bare));
            let name = if is_new { &bare } else { set.number(&bare) };
            String::from_utf8(name.to_vec()).unwrap()
        };
        names.iter().map(take).collect()
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
        assert_eq!(names[1], format!("{}_2", "n".repeat(28)));
    }

    /// Adversarial keys cost no more than a few comparisons each.
    #[test]
    fn no_set_of_names_is_dear() {
        let count = 2000;
        let stems = (0..count).map(|n| format!("{}{n:04}", "s".repeat(28)));
        let numbered = (0..count).map(|n| format!("a_{n}"));
        let sets: [Vec<String>; 3] = [
            vec!["a".to_owned(); count],
            stems.clone().chain(stems).collect(),
            numbered.chain(vec!["a".to_owned(); count]).collect(),
        ];
        for set in sets {
            let set: Vec<&str> = set.iter().map(String::as_str).collect();
            let names = taken(&[], &set);
            let distinct: std::collections::HashSet<_> = names.iter().collect();
            assert_eq!(distinct.len(), set.len());
        }
    }
}
