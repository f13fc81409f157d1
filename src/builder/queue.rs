//! The settings of the queue.

use std::{path::PathBuf, time::Duration};

use super::{
    Builder,
    env::{self as read, Environment, choose, choose_path},
};
use crate::{Error, Overflow, units};

impl Builder {
    /// Sets the size of the queue, in bytes: at least 64 KiB and eight messages.
    ///
    /// Raise it for long outages or bursts. A record takes its own length and up to 15 bytes. The
    /// memory is touched at the start, so that no log call waits for a page; a size beyond the
    /// available memory is an error.
    ///
    /// Defaults to 8 MiB, some 40,000 records.
    pub fn queue_capacity(mut self, capacity: usize) -> Self {
        self.queue_capacity = Some(capacity);
        self
    }

    /// Sets a file for the queue, so that pending records survive the process.
    ///
    /// Use it if records must survive `kill -9`, an abort or a segmentation fault: the next start
    /// with the same path ships them first, and sends the [`resend_buffer`](Builder::resend_buffer)
    /// again. They survive a power failure or a crash of the system only with
    /// [`queue_sync_interval`](Builder::queue_sync_interval). A call costs about 20 ns more, for a
    /// check value; the first start writes the whole file, which takes seconds for a gigabyte.
    ///
    /// The path is absolute. Each process needs its own file: if several processes of one tag run
    /// side by side, name an existing directory, or end the path with a slash. Each process then
    /// takes the first unused `TAG.N.queue` in it, N from 0 to 63, and ships what dead processes
    /// left, as room comes. A file has the size of the queue and a page from the start, and mode
    /// 0600. Symbolic links are refused. After a clean exit it stays, empty.
    ///
    /// If the file is unusable (in use by another process, on a full disk, in a missing directory),
    /// the error is reported, and the queue is in memory. A damaged file is renamed to
    /// `PATH.damaged`, and its intact records are shipped; so are those of a file with another
    /// capacity. A forked child leaves the file to its parent. On Windows there are no queue files,
    /// and setting one is an error.
    ///
    /// Nobody else may truncate the file while the program runs: the kernel answers the next access
    /// with SIGBUS, as for any mapped file. Deleting it only means that nothing survives. On
    /// copy-on-write file systems (btrfs, ZFS) a full disk causes SIGBUS, too.
    ///
    /// Defaults to none: the queue is in memory.
    pub fn queue_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.queue_file = Some(path.into());
        self
    }

    /// Sets how often the queue file is synced to disk; at least 10 ms.
    ///
    /// Set it if records must survive a power failure or a crash of the system: what a log call
    /// queued longer ago than this, plus the time a sync takes, is on disk. A thread of its own
    /// calls `fdatasync`, so that no log call waits for it, but the next call to touch a synced
    /// page pays for a page fault, some microseconds, and on some file systems waits for the write
    /// itself. If the disk fails, the error is reported and syncing ends, since a second attempt
    /// would succeed without having written. The thread also reports a deleted or truncated file.
    ///
    /// Defaults to never: the system writes the file back at its own pace, within half a minute or
    /// so.
    pub fn queue_sync_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.queue_sync_interval = Some(interval.into());
        self
    }

    /// Sets what happens when the queue is full.
    ///
    /// Change it to let log calls wait, or to treat all severities alike.
    ///
    /// Defaults to [`Overflow::DropLeastSevere`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = Some(overflow);
        self
    }

    /// The queue's size, its file, and how often that is synced.
    pub(super) fn queue(
        &self,
        env: Environment<'_>,
        max_message_size: usize,
    ) -> Result<(usize, Option<PathBuf>, Option<Duration>), Error> {
        let set = self.queue_capacity;
        let capacity =
            choose(set, env, "SYSLOG_QUEUE_CAPACITY", units::bytes, || DEFAULT_CAPACITY)?;
        let smallest = (MESSAGES * max_message_size).max(SMALLEST_CAPACITY);
        if !(smallest..=LARGEST_CAPACITY).contains(&capacity) {
            let rule = if capacity > LARGEST_CAPACITY { "it is too large, " } else { "" };
            return Err(Error::new(format!(
                "invalid queue capacity (SYSLOG_QUEUE_CAPACITY) {capacity}: {rule}expected \
                 {smallest} bytes (64 KiB and {MESSAGES} of the longest messages) to \
                 {LARGEST_CAPACITY}"
            )));
        }
        let queue_file = choose_path(self.queue_file.clone(), env, "SYSLOG_QUEUE_FILE");
        if let Some(path) = queue_file.as_ref().filter(|_| cfg!(not(unix))) {
            return Err(Error::new(format!(
                "invalid queue file (SYSLOG_QUEUE_FILE) {path:?}: expected none, since queue files \
                 need a Unix system"
            )));
        }
        if let Some(path) = queue_file.as_ref().filter(|path| !path.is_absolute()) {
            return Err(Error::new(format!(
                "invalid queue file (SYSLOG_QUEUE_FILE) {path:?}: expected an absolute path, since \
                 the next start may be in another directory"
            )));
        }
        let set = self.queue_sync_interval;
        let name = "SYSLOG_QUEUE_SYNC_INTERVAL";
        let queue_sync_interval = read::interval(set, env, name, None, SHORTEST_SYNC)?;
        if let Some(interval) = queue_sync_interval.filter(|_| queue_file.is_none()) {
            return Err(Error::new(format!(
                "invalid sync interval ({name}) {interval:?}: expected a queue file \
                 (SYSLOG_QUEUE_FILE) beside it"
            )));
        }
        Ok((capacity, queue_file, queue_sync_interval))
    }
}

const DEFAULT_CAPACITY: usize = 8 << 20;
const SHORTEST_SYNC: Duration = Duration::from_millis(10);
const SMALLEST_CAPACITY: usize = 64 << 10;
/// Sums with it cannot overflow.
const LARGEST_CAPACITY: usize = isize::MAX as usize / 2;
/// Messages that the queue must hold: the unusable end of the ring is shorter than one.
const MESSAGES: usize = 8;
