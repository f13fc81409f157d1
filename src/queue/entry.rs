//! The header of an entry in the ring, with its check value.

use super::Cursor;
use crate::Severity;

/// The word in front of a message, or in place of the unused end of the ring.
///
/// 27 bits of length, 3 of severity, one for the crate's own reports, one that is always clear, 32
/// of check value and mark.
pub(super) enum EntryHeader {
    Message { severity: Severity, is_own: bool, length: usize, check: u32 },
    Skip,
}

impl EntryHeader {
    pub(super) fn from_bits(bits: u64) -> Self {
        match bits {
            UNUSED => EntryHeader::Skip,
            _ => EntryHeader::Message {
                severity: Severity::from_code((bits as u32 >> LENGTH_BITS) as u8),
                is_own: bits as u32 & OWN != 0,
                length: bits as usize & MAX_MESSAGE_LEN,
                check: (bits >> 32) as u32,
            },
        }
    }

    /// Like `from_bits`, for bits of unknown origin.
    pub(super) fn from_strange_bits(bits: u64) -> Option<Self> {
        let is_clear = bits == UNUSED || (bits as u32 & !OWN) >> LENGTH_BITS < 8;
        is_clear.then(|| EntryHeader::from_bits(bits))
    }

    pub(super) fn to_bits(&self) -> u64 {
        match *self {
            EntryHeader::Message { severity, is_own, length, check } => {
                let own = if is_own { OWN } else { 0 };
                u64::from(check) << 32 | u64::from(extent(severity, length) | own)
            }
            EntryHeader::Skip => UNUSED,
        }
    }
}

fn extent(severity: Severity, length: usize) -> u32 {
    u32::from(severity.code()) << LENGTH_BITS | length as u32
}

/// The check value of a message: over its bytes, its length and its severity.
pub(super) fn check(severity: Severity, bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes) ^ extent(severity, bytes.len()).wrapping_mul(SPREAD)
}

/// Distinguishes a message of this lap from one at the same offset in an earlier lap.
pub(super) const fn mark(at: Cursor) -> u32 {
    (at / HEADER_LEN as u64) as u32 ^ SPREAD
}

/// Bytes that a message of `length` occupies in the ring.
pub(super) const fn space(length: usize) -> usize {
    HEADER_LEN + length.next_multiple_of(HEADER_LEN)
}

/// The most bytes that a message occupies beyond its own.
pub(super) const OVERHEAD: usize = 2 * HEADER_LEN;
pub(super) const HEADER_LEN: usize = 8;
const LENGTH_BITS: u32 = 27;
const OWN: u32 = 1 << (LENGTH_BITS + 3);
/// Bytes of the longest message.
pub(super) const MAX_MESSAGE_LEN: usize = (1 << LENGTH_BITS) - 1;
/// An odd number with irregular bits.
const SPREAD: u32 = 0x9E37_79B1;
pub(super) const UNUSED: u64 = u64::MAX;
