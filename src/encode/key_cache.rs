//! Under which name was a key written the last time, after the same keys?
//!
//! A `log` record brings its keys anew each time. The name of a key depends on the keys before
//! it, since no name may hide another; so what is kept is a key after a certain way of keys.

use super::inline_bytes::{InlineBytes, same};

/// What a thread has learned of the keys it writes.
#[derive(Debug, Default)]
pub(super) struct KeyCache {
    entries: Vec<Entry>,
    /// The entries that the keys of this record have led through.
    way: Vec<usize>,
    /// The last one of them, 0 at the beginning.
    after: u64,
    last_id: u64,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    encoder: u64,
    after: u64,
    /// 0 while the place is unused.
    id: u64,
    key: String,
    name: InlineBytes,
}

impl KeyCache {
    /// A new record begins.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.way.clear();
        self.after = 0;
    }

    /// The name of the next key, with its delimiters, if it has been learned.
    #[inline]
    pub(super) fn follow(&mut self, encoder: u64, key: &str) -> Option<&InlineBytes> {
        let place = self.place(key);
        let entry = self.entries.get(place)?;
        let is_it = entry.id != 0
            && entry.after == self.after
            && entry.encoder == encoder
            && same(&entry.key, key);
        if !is_it {
            return None;
        }
        self.after = entry.id;
        self.way.push(place);
        Some(&entry.name)
    }

    /// The keys that were followed in this record.
    pub(super) fn followed(&self) -> impl Iterator<Item = &str> {
        self.way.iter().filter_map(|place| Some(self.entries.get(*place)?.key.as_str()))
    }

    /// Learns the name of the next key; what stood in its place is forgotten, and with it all
    /// that came after it.
    pub(super) fn learn(&mut self, encoder: u64, key: &str, name: InlineBytes) {
        if self.entries.is_empty() {
            self.entries.resize(PLACES, Entry::default());
        }
        let place = self.place(key);
        let Some(entry) = self.entries.get_mut(place) else { return };
        self.last_id += 1;
        entry.encoder = encoder;
        entry.after = self.after;
        entry.id = self.last_id;
        entry.key.clear();
        entry.key.push_str(key);
        entry.name = name;
        self.after = self.last_id;
    }

    #[inline]
    fn place(&self, key: &str) -> usize {
        let first = key.as_bytes().first().copied().unwrap_or_default();
        let hash = self.after.wrapping_mul(37) + key.len() as u64 * 5 + u64::from(first);
        hash as usize % PLACES
    }
}

const PLACES: usize = 256;

#[cfg(test)]
mod tests {
    use super::{super::MessageBuf, *};

    #[test]
    fn a_key_is_known_only_after_the_same_keys() {
        let mut learned = KeyCache::default();
        for (key, name) in [("a", " a="), ("A", " A_2="), ("b", " b=")] {
            assert!(learned.follow(1, key).is_none());
            learned.learn(1, key, InlineBytes::new(name.as_bytes()));
        }
        let name = |learned: &mut KeyCache, key| {
            let mut out = MessageBuf::default();
            learned.follow(1, key).map(|name| name.push_to(&mut out))?;
            String::from_utf8(out.to_vec()).ok()
        };
        learned.restart();
        assert_eq!(name(&mut learned, "a").as_deref(), Some(" a="));
        assert_eq!(name(&mut learned, "A").as_deref(), Some(" A_2="));
        assert!(learned.followed().eq(["a", "A"]));
        learned.restart();
        assert_eq!(name(&mut learned, "A"), None);
        assert!(learned.follow(2, "a").is_none());
    }
}
