//! A message in the queue and its position: what passes from the queue to the transport.

use crate::Severity;

/// Bytes from the start of the queue's life. It never wraps: a position in memory is the cursor
/// modulo the capacity.
pub(crate) type Cursor = u64;

/// A message as it lies in the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) severity: Severity,
    pub(crate) bytes: &'a [u8],
    /// Where it ends in the queue.
    pub(crate) end: Cursor,
}
