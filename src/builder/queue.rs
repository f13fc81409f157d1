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
    /// memory is touched at the start, so that no log call waits for a page; more than there is
    /// memory for is an error.
    ///
    /// Defaults to 8 MiB, some 40,000 records.
    pub fn queue_capacity(mut self, capacity: usize) -> Self {
        self.queue_capacity = Some(capacity);
        self
    }

    /// Keeps the records that wait in this file instead of in memory: what a log call has taken
    /// survives `kill -9`, an abort and a segmentation fault of this program, and the next start
    /// with the same path ships it first. It is no promise against power loss or a crash of the
    /// system, unless [`queue_sync_interval`](Builder::queue_sync_interval) is set. Defaults to memory.
    ///
    /// The path is absolute, and there is one file for each process. Where several processes of one
    /// tag run side by side, name a directory that exists, or end the path with a slash: each takes
    /// `TAG.N.queue` in it, N from 0 to 63, the first that no living process uses, and ships what the
    /// dead ones left, as far as half of its own queue has room. The file takes the capacity and a
    /// page, all of it from the start, with mode 0600; symbolic links are refused. It stays there,
    /// empty, after a clean end. A call costs the check value of its message more, some 20 ns; the
    /// first start writes the whole file, which takes seconds for a gigabyte. What was acknowledged
    /// and is kept as a [`resend_buffer`](Builder::resend_buffer) is sent again by the next start.
    ///
    /// On Windows there are no queue files, and one that is set is an error.
    ///
    /// Where the file can't be used, as when another process has it, the disk is full or the directory
    /// is missing, the program is told as of any trouble, and the records wait in memory. A file
    /// with damage is set aside as `PATH.damaged`, and what is sound in it is shipped; so is what
    /// was written with another capacity.
    ///
    /// Nobody else may shorten the file while the program runs: the kernel answers the next access
    /// with SIGBUS, as to any mapped file; deleting it only loses its promise. On file systems that
    /// write to new blocks each time (btrfs, ZFS) a full disk does the same. A forked child
    /// leaves the file to its parent.
    pub fn queue_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.queue_file = Some(path.into());
        self
    }

    /// How often the queue file goes to the disk: what a log call has taken this long ago, and the
    /// time that the disk takes, survives power loss and a crash of the system too. At least 10 ms.
    /// Defaults to never: the system writes it when it likes, within half a minute or so.
    ///
    /// A thread of its own does it (`fdatasync`), and no log call waits for it; the next call to
    /// touch a page that was written pays for a page fault, some microseconds, and on some file
    /// systems it may meet the write itself. Where the disk fails, the program is told, and nothing is synced any more:
    /// a second try would be said to have succeeded without having written. It also tells when
    /// somebody deletes or shortens the file.
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

    /// Bytes of the queue, the file that it is in, and how often that is synced.
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
/// Sums with it can't overflow.
const LARGEST_CAPACITY: usize = isize::MAX as usize / 2;
/// Messages that the queue must hold: what it can't use at its end is less than one.
const MESSAGES: usize = 8;
