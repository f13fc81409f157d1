//! A cache of the names that a thread's last keys were written under.
//!
//! A `log` record passes its keys as text each time, and sanitising a key takes longer than a
//! look-up here.

use super::{
    Encoder, MessageBuf,
    field_names::{Names, hash_of},
    header_fields::HeaderField,
    inline_bytes::{InlineBytes, NameKind, same},
};

/// A thread's cached keys.
#[derive(Debug, Default)]
pub(super) struct KeyCache {
    entries: Vec<Entry>,
    /// The names of the current record.
    names: Names,
    bare: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// The encoder of the name; no encoder's if the slot is unused.
    encoder: u64,
    key: String,
    hash: u64,
    name: InlineBytes,
}

impl Default for Entry {
    fn default() -> Self {
        let (key, name) = (String::new(), InlineBytes::default());
        Entry { encoder: u64::MAX, key, hash: 0, name }
    }
}

impl KeyCache {
    /// Begins a new record.
    #[inline]
    pub(super) fn restart(&mut self, encoder: &Encoder) {
        self.names.restart(&encoder.reserved);
    }

    /// Writes the name of the record's next key with its delimiters; returns what it means for the
    /// value.
    #[inline]
    pub(super) fn push(&mut self, encoder: &Encoder, key: &str, out: &mut MessageBuf) -> NameKind {
        let place = place(key);
        if let Some(entry) = self.entries.get(place)
            && entry.encoder == encoder.id
            && same(&entry.key, key)
            && self.names.claim(entry.hash)
        {
            entry.name.push_to(out);
            return entry.name.kind();
        }
        self.push_unknown(encoder, key, place, out)
    }

    /// The same for a key that is not cached, or whose name is taken.
    #[cold]
    #[inline(never)]
    fn push_unknown(
        &mut self,
        encoder: &Encoder,
        key: &str,
        place: usize,
        out: &mut MessageBuf,
    ) -> NameKind {
        self.bare.clear();
        encoder.layout.names.push(&mut self.bare, key);
        let hash = hash_of(&self.bare);
        let is_secret = encoder.settings.redact.hides(key);
        let is_known =
            self.entries.get(place).is_some_and(|e| e.encoder == encoder.id && e.key == key);
        let part = HeaderField::of(key).filter(|_| !is_secret);
        // Header fields are rare and never cached, so that no other key has to be checked for them.
        let is_known = is_known || part.is_some();
        let name = if part.is_some() && self.names.claim(hash) {
            encoder.delimited(&self.bare, is_secret)
        } else if !is_known && self.names.claim(hash) {
            let name = encoder.delimited(&self.bare, is_secret);
            self.learn(Entry { encoder: encoder.id, key: String::new(), hash, name }, key, place);
            name
        } else {
            encoder.delimited(self.names.number(&self.bare), is_secret)
        };
        name.push_to(out);
        part.map_or(name.kind(), NameKind::Header)
    }

    fn learn(&mut self, learned: Entry, key: &str, place: usize) {
        // Long keys may be chosen by others and are not worth the memory.
        if key.len() > LONGEST_KEY {
            return;
        }
        if self.entries.is_empty() {
            self.entries.resize(PLACES, Entry::default());
        }
        if let Some(entry) = self.entries.get_mut(place) {
            let mut before = std::mem::replace(entry, learned).key;
            before.clear();
            before.push_str(key);
            entry.key = before;
        }
    }
}

#[inline]
fn place(key: &str) -> usize {
    let bytes = key.as_bytes();
    let ends = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => {
            u32::from_le_bytes(*first) ^ u32::from_le_bytes(*last).rotate_left(15)
        }
        _ => bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)),
    };
    (ends ^ bytes.len() as u32).wrapping_mul(SPREAD) as usize >> SHIFT
}

const SPREAD: u32 = 0x9E37_79B1;
/// The highest bits of the hash select the slot.
const SHIFT: u32 = 26;
const PLACES: usize = 1 << (32 - SHIFT);
const LONGEST_KEY: usize = 64;
