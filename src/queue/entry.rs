//! The header of an entry in the ring, with its check value.

use super::Cursor;
use crate::Severity;

/// The word before a message, or in place of the end of the ring.
///
/// 27 bits of length, 5 of severity, of which two are always clear, 32 of check and mark.
pub(super) enum EntryHeader {
    Message(Severity, usize, u32),
    Skip,
}

impl EntryHeader {
    pub(super) fn from_bits(bits: u64) -> Self {
        match bits {
            UNUSED => EntryHeader::Skip,
            _ => EntryHeader::Message(
                Severity::from_code((bits as u32 >> LENGTH_BITS) as u8),
                bits as usize & MAX_MESSAGE_LEN,
                (bits >> 32) as u32,
            ),
        }
    }

    /// As `from_bits` where nobody knows who wrote the bits.
    pub(super) fn from_strange_bits(bits: u64) -> Option<Self> {
        let is_clear = bits == UNUSED || bits as u32 >> LENGTH_BITS < 8;
        is_clear.then(|| EntryHeader::from_bits(bits))
    }

    pub(super) fn to_bits(&self) -> u64 {
        match *self {
            EntryHeader::Message(severity, length, check) => {
                u64::from(check) << 32 | u64::from(extent(severity, length))
            }
            EntryHeader::Skip => UNUSED,
        }
    }
}

fn extent(severity: Severity, length: usize) -> u32 {
    u32::from(severity.code()) << LENGTH_BITS | length as u32
}

/// Tells a damaged message from a sound one: of what is said, and of its length and severity.
pub(super) fn check(severity: Severity, bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes) ^ extent(severity, bytes.len()).wrapping_mul(SPREAD)
}

/// Tells a message of this lap from one that stood in the same place in an earlier lap.
pub(super) const fn mark(at: Cursor) -> u32 {
    (at / HEADER_LEN as u64) as u32 ^ SPREAD
}

/// Bytes that a message of `length` takes where it stands.
pub(super) const fn space(length: usize) -> usize {
    HEADER_LEN + length.next_multiple_of(HEADER_LEN)
}

/// Bytes that a message takes beyond its own, at most.
pub(super) const OVERHEAD: usize = 2 * HEADER_LEN;
pub(super) const HEADER_LEN: usize = 8;
const LENGTH_BITS: u32 = 27;
/// Bytes of the longest message.
pub(super) const MAX_MESSAGE_LEN: usize = (1 << LENGTH_BITS) - 1;
/// An odd number whose bits are anything but regular.
const SPREAD: u32 = 0x9E37_79B1;
pub(super) const UNUSED: u64 = u64::MAX;
