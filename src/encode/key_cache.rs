//! The names that a thread's last keys were written under.
//!
//! A `log` record brings its keys anew each time, and to make a name of a key takes longer than to
//! find it here.

use super::{
    Encoder,
    field_names::{Names, hash_of},
    inline_bytes::{InlineBytes, same},
};

/// What a thread keeps of the keys it writes.
#[derive(Debug, Default)]
pub(super) struct KeyCache {
    entries: Vec<Entry>,
    /// The names of the record under way.
    names: Names,
    bare: Vec<u8>,
    numbered: InlineBytes,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    /// Whose the name is; none while the place is unused.
    encoder: Option<u64>,
    key: String,
    hash: u64,
    name: InlineBytes,
}

impl KeyCache {
    /// A new record begins.
    #[inline]
    pub(super) fn restart(&mut self, encoder: &Encoder) {
        self.names.restart(&encoder.reserved);
    }

    /// The name of the record's next key, with its delimiters.
    #[inline]
    pub(super) fn name(&mut self, encoder: &Encoder, key: &str) -> &InlineBytes {
        let place = place(key);
        let is_known = self
            .entries
            .get(place)
            .is_some_and(|entry| entry.encoder == Some(encoder.id) && same(&entry.key, key));
        if !is_known {
            self.learn(encoder, key, place);
        }
        let hash = self.entries.get(place).map(|entry| entry.hash);
        if hash.is_some_and(|hash| !self.names.claim(hash)) {
            self.number(encoder, key);
            return &self.numbered;
        }
        self.entries.get(place).map_or(&self.numbered, |entry| &entry.name)
    }

    #[cold]
    #[inline(never)]
    fn learn(&mut self, encoder: &Encoder, key: &str, place: usize) {
        if self.entries.is_empty() {
            self.entries.resize(PLACES, Entry::default());
        }
        let Some(entry) = self.entries.get_mut(place) else { return };
        self.bare.clear();
        encoder.layout.names.push(&mut self.bare, key);
        entry.encoder = Some(encoder.id);
        entry.hash = hash_of(&self.bare);
        entry.name = encoder.delimited(&self.bare, encoder.settings.redact.hides(key));
        entry.key.clear();
        if key.len() <= LONGEST_KEY {
            entry.key.push_str(key);
        } else {
            // A stranger may choose a long one: it isn't worth the memory.
            entry.encoder = None;
        }
    }

    /// The name of a key whose own name is taken.
    #[cold]
    #[inline(never)]
    fn number(&mut self, encoder: &Encoder, key: &str) {
        self.bare.clear();
        encoder.layout.names.push(&mut self.bare, key);
        let is_secret = encoder.settings.redact.hides(key);
        self.numbered = encoder.delimited(self.names.number(&self.bare), is_secret);
    }
}

#[inline]
fn place(key: &str) -> usize {
    let octets = key.as_bytes();
    let octet = |octet: Option<&u8>| usize::from(octet.copied().unwrap_or_default());
    let middle = octets.get(octets.len() / 2);
    (octet(octets.first()) + 5 * octet(octets.last()) + 11 * octet(middle) + 3 * octets.len())
        % PLACES
}

const PLACES: usize = 64;
const LONGEST_KEY: usize = 64;
