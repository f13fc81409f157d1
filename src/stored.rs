//! A message in the queue and its position: what passes from the queue to the transport.

use crate::Severity;

/// A position: bytes since the start of the queue. It never wraps; an offset in memory is the
/// cursor modulo the capacity.
pub(crate) type Cursor = u64;

/// A message in the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) severity: Severity,
    pub(crate) bytes: &'a [u8],
    /// Whether it is a report of the crate's own, and none of the application's records.
    pub(crate) is_own: bool,
    /// The position of its end.
    pub(crate) end: Cursor,
}
