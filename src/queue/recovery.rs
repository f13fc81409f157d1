//! Recovery of intact messages from a queue file.
//!
//! ```text
//!      0  constants: magic, version, length of this page, capacity, check    32 bytes
//!   1024  head, and its complement
//!   2048  freed, and its complement
//!   3072  the constants again
//!   4096  the ring
//! ```
//!
//! All numbers are little-endian. Everything in the page is stored twice, so that one copy survives
//! damage to the other; the cursors are in separate cache lines, since two threads write them.

use super::{
    Cursor,
    entry::{EntryHeader, HEADER_LEN, check, mark, space},
};
use crate::Severity;

/// The first page of a file.
#[derive(Debug)]
pub(super) struct Header {
    /// Written by a process that may have had a larger address space.
    pub(super) capacity: u64,
    /// One of each pair is right, unless both are damaged.
    heads: [Cursor; 2],
    kepts: [Cursor; 2],
}

impl Header {
    /// `None` if this is not one of our headers.
    pub(super) fn read(page: &[u8]) -> Option<Header> {
        let capacity = CONSTANTS.into_iter().find_map(|at| {
            let constants = page.get(at..at + constants(0).len())?;
            let capacity = number(constants, CAPACITY)?;
            (constants == self::constants(capacity)).then_some(capacity)
        })?;
        let cursors = |at| {
            let [one, other] = [number(page, at), number(page, at + HEADER_LEN)];
            [one.unwrap_or(Cursor::MAX), !other.unwrap_or_default()]
        };
        Some(Header {
            capacity: Some(capacity).filter(|capacity| {
                (1..LAST_CURSOR).contains(capacity) && capacity.is_multiple_of(PAGE as u64)
            })?,
            heads: cursors(HEAD),
            kepts: cursors(KEPT),
        })
    }

    /// Where messages may be: pairs of `freed` and `head`, at least one of which is right unless
    /// more than one cursor is damaged.
    pub(super) fn ranges(&self) -> Vec<(Cursor, Cursor)> {
        let mut ranges = Vec::new();
        for freed in self.kepts {
            for head in self.heads {
                let is_possible = freed % HEADER_LEN as u64 == 0
                    && head % HEADER_LEN as u64 == 0
                    && head < LAST_CURSOR
                    && head.checked_sub(freed).is_some_and(|used| used <= self.capacity);
                if is_possible && !ranges.contains(&(freed, head)) {
                    ranges.push((freed, head));
                }
            }
        }
        if ranges.is_empty() {
            // A power failure may combine a newer head with an older end, so anywhere in the ring
            // there may be messages.
            let heads =
                self.heads.into_iter().filter(|h| h % HEADER_LEN as u64 == 0 && *h < LAST_CURSOR);
            ranges.extend(heads.map(|head| (head.saturating_sub(self.capacity), head)));
        }
        // A process killed between the two copies leaves all pairs right, and the widest has what
        // was written last.
        ranges.sort_by_key(|(freed, head)| std::cmp::Reverse(head - freed));
        ranges
    }
}

/// Whether a file with this start was ever one of ours, whatever its state.
pub(super) fn is_ours(page: &[u8]) -> bool {
    let begins = |at| page.get(at..).is_some_and(|rest| rest.starts_with(MAGIC));
    CONSTANTS.into_iter().any(begins) || (!page.is_empty() && MAGIC.starts_with(page))
}

/// The constants at the start of a file.
pub(super) fn constants(capacity: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((PAGE as u32).to_le_bytes());
    bytes.extend(capacity.to_le_bytes());
    bytes.extend(u64::from(crc32fast::hash(&bytes)).to_le_bytes());
    bytes
}

/// The first page of a file.
pub(super) fn header(capacity: u64, freed: Cursor, head: Cursor) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    let pairs = [(HEAD, head), (KEPT, freed)]
        .map(|(at, cursor)| (at, [cursor.to_le_bytes(), (!cursor).to_le_bytes()].concat()));
    let copies = CONSTANTS.map(|at| (at, constants(capacity)));
    for (at, bytes) in pairs.into_iter().chain(copies) {
        for (byte, place) in bytes.iter().zip(page.iter_mut().skip(at)) {
            *place = *byte;
        }
    }
    page
}

/// The bytes of a ring as found in a file.
pub(super) struct RingImage<'a> {
    /// Shorter than the capacity if the file was truncated.
    bytes: &'a [u8],
    /// The offset of these bytes in the ring.
    first: u64,
    capacity: u64,
}

/// What is found at an offset at which a message should begin.
enum Entry<'a> {
    Message(Severity, &'a [u8], Cursor),
    Skip(Cursor),
    Damage,
}

/// The number of messages in a ring, if they follow one another from `freed` to `head`. `read`
/// fills a slice from an offset on; the ring is never in memory as a whole, since allocating it
/// would cost several times what reading it does.
///
/// # Errors
///
/// The error of `read`.
pub(super) fn validate<E>(
    capacity: u64,
    freed: Cursor,
    head: Cursor,
    mut read: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
) -> Result<Option<u64>, E> {
    let (mut at, mut count) = (freed, 0);
    let (mut buffer, mut size) = (Vec::new(), PIECE);
    while at < head {
        let first = at % capacity;
        let longest = usize::try_from((capacity - first).min(head - at)).unwrap_or(usize::MAX);
        let length = size.min(longest);
        buffer.resize(length.max(buffer.len()), 0);
        let bytes = buffer.get_mut(..length).unwrap_or_default();
        read(first, bytes)?;
        let (sound, end) = RingImage { bytes, first, capacity }.count(at, head);
        if end > at {
            (at, size) = (end, PIECE);
            count += sound;
        } else if length < longest {
            size = size.saturating_mul(2);
        } else {
            return Ok(None);
        }
    }
    Ok(Some(count))
}

impl<'a> RingImage<'a> {
    /// A ring from its first byte on.
    pub(super) fn new(bytes: &'a [u8], capacity: u64) -> Self {
        RingImage { bytes, first: 0, capacity }
    }

    /// The number of messages that follow one another from `at` on, and the offset after them.
    fn count(&self, mut at: Cursor, head: Cursor) -> (u64, Cursor) {
        let (last, mut count) = (at + self.bytes.len() as u64, 0);
        while at < head.min(last) {
            at = match self.thing(at, head, usize::MAX) {
                Entry::Message(_, _, end) => {
                    count += 1;
                    end
                }
                Entry::Skip(end)
                    if end <= last && self.entry_inside_padding(at, end, head).is_none() =>
                {
                    end
                }
                Entry::Skip(_) | Entry::Damage => break,
            };
        }
        (count, at)
    }

    /// Passes on each intact message between `freed` and `head` with its end, and returns in how
    /// many places there was damage.
    pub(super) fn salvage(
        &self,
        freed: Cursor,
        head: Cursor,
        mut take: impl FnMut(Severity, &'a [u8], Cursor),
    ) -> u64 {
        let (mut at, mut gaps, mut in_gap) = (freed, 0, false);
        // A damaged header may claim any length. Most bytes do not resemble a short message, so
        // only the checks of long ones could take forever.
        let mut for_long_ones = self.bytes.len().saturating_mul(PATIENCE);
        while at < head {
            let longest = if for_long_ones == 0 { SHORT } else { usize::MAX };
            at = match self.thing(at, head, longest) {
                Entry::Message(severity, bytes, end) => {
                    take(severity, bytes, end);
                    in_gap = false;
                    end
                }
                Entry::Skip(end) => {
                    let hidden = self.entry_inside_padding(at, end, head);
                    gaps += u64::from(hidden.is_some() && !in_gap);
                    hidden.unwrap_or(end)
                }
                Entry::Damage => {
                    if in_gap {
                        let tried = self.length_at(at).filter(|length| *length > SHORT);
                        for_long_ones = for_long_ones.saturating_sub(tried.unwrap_or_default());
                    }
                    gaps += u64::from(!in_gap);
                    in_gap = true;
                    self.resync_after(at)
                }
            };
        }
        gaps
    }

    fn thing(&self, at: Cursor, head: Cursor, longest: usize) -> Entry<'a> {
        let here = self.here(at);
        let rest = self.capacity - self.first - here;
        let word = self.number(here).and_then(EntryHeader::from_strange_bits);
        let (severity, length, checked) = match word {
            Some(EntryHeader::Message { severity, length, check, .. }) => (severity, length, check),
            Some(EntryHeader::Skip) if at + rest <= head => return Entry::Skip(at + rest),
            _ => return Entry::Damage,
        };
        let end = at + space(length) as u64;
        if space(length) as u64 > rest || end > head || length > longest {
            return Entry::Damage;
        }
        match self.slice(here + HEADER_LEN as u64, length) {
            Some(bytes) if checked == check(severity, bytes) ^ mark(at) => {
                Entry::Message(severity, bytes, end)
            }
            _ => Entry::Damage,
        }
    }

    /// Where the next message may begin. What the file does not have is skipped at once, whatever
    /// its size.
    fn resync_after(&self, at: Cursor) -> Cursor {
        let here = self.here(at);
        let is_there = here + (HEADER_LEN as u64) < self.bytes.len() as u64;
        at + if is_there { HEADER_LEN as u64 } else { self.capacity - self.first - here }
    }

    /// A message after an apparent end of the messages, before the end of the ring: damage can look
    /// like an end.
    fn entry_inside_padding(&self, at: Cursor, end: Cursor, head: Cursor) -> Option<Cursor> {
        let there = (self.bytes.len() as u64).saturating_sub(self.here(at));
        let mut rest = (at + HEADER_LEN as u64..end.min(at + there)).step_by(HEADER_LEN);
        rest.find(|at| matches!(self.thing(*at, head, SHORT), Entry::Message(..)))
    }

    /// The length of a message at this offset, if it fits.
    fn length_at(&self, at: Cursor) -> Option<usize> {
        let here = self.here(at);
        match self.number(here).and_then(EntryHeader::from_strange_bits) {
            Some(EntryHeader::Message { length, .. }) => Some(length)
                .filter(|length| self.first + here + space(*length) as u64 <= self.capacity),
            _ => None,
        }
    }

    fn number(&self, here: u64) -> Option<u64> {
        number(self.bytes, usize::try_from(here).ok()?)
    }

    fn slice(&self, here: u64, length: usize) -> Option<&'a [u8]> {
        let here = usize::try_from(here).ok()?;
        self.bytes.get(here..here.checked_add(length)?)
    }

    /// The index in `bytes`.
    fn here(&self, at: Cursor) -> u64 {
        (at % self.capacity).saturating_sub(self.first)
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..at.checked_add(HEADER_LEN)?)?;
    Some(u64::from_le_bytes(word.try_into().ok()?))
}

pub(super) const PAGE: usize = 4096;
pub(super) const HEAD: usize = 1024;
pub(super) const KEPT: usize = 2048;
pub(super) const CONSTANTS: [usize; 2] = [0, 3072];
const CAPACITY: usize = 16;
pub(super) const MAGIC: &[u8; 8] = b"logshipq";
const VERSION: u32 = 1;
/// Beyond what any process reaches, and sums with it cannot overflow.
const LAST_CURSOR: Cursor = 1 << 62;
const SHORT: usize = 64 * 1024;
/// Fits a processor's cache.
const PIECE: usize = 256 * 1024;
/// How often the whole ring may be read in search of long messages.
const PATIENCE: usize = 64;
