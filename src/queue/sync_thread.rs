//! The thread that syncs a queue file to the disk and watches over it.

use std::{
    fs::File,
    io,
    os::{fd::AsFd as _, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::JoinHandle,
    time::Duration,
};

use super::{QueueFile, Tell, ring::Producer};
use crate::{fork, threads};

/// Starts the sync thread of a ring, if it is in a file that is to be synced. The error is a
/// sentence.
pub(super) fn of(producer: &Producer, place: QueueFile<'_>) -> Result<Option<SyncThread>, String> {
    let (Some(file), Some((every, tell))) = (producer.file(), place.sync) else { return Ok(None) };
    let guard = file.and_then(|file| SyncThread::start(file, place.path.to_owned(), every, tell));
    guard.map(Some).map_err(|error| {
        let path = place.path.display();
        format!(
            "cannot sync the queue file {path}, so records may be lost in a power failure: {error}"
        )
    })
}

/// A thread that syncs a file until this is dropped, which waits for it: while it lives, the file
/// is locked.
#[derive(Debug)]
pub(super) struct SyncThread {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for SyncThread {
    fn drop(&mut self) {
        self.end = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl SyncThread {
    /// Syncs `file`, at `path`, at this interval, so that neither a log call nor the shipper ever
    /// waits for a disk.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    fn start(file: File, path: PathBuf, every: Duration, tell: Tell) -> io::Result<Self> {
        let (end, ended) = channel();
        let length = file.metadata()?.len();
        fork::leave_to_parent(file.as_fd());
        let watch = FileWatch { file, path, length, is_told: false, tell };
        let thread = threads::spawn("logship-sync", move || watch.run(every, &ended))?;
        Ok(SyncThread { end: Some(end), thread: Some(thread) })
    }
}

struct FileWatch {
    file: File,
    path: PathBuf,
    length: u64,
    is_told: bool,
    tell: Tell,
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        fork::take_back(self.file.as_fd());
    }
}

impl FileWatch {
    fn run(mut self, every: Duration, ended: &Receiver<()>) {
        let mut has_name = false;
        loop {
            let is_over = ended.recv_timeout(every) != Err(RecvTimeoutError::Timeout);
            self.look();
            // A page that could not be written counts as clean from then on: another sync would
            // succeed without having written it.
            let named = if has_name { Ok(()) } else { sync_name(&self.path) };
            has_name = true;
            if let Err(error) = named.and_then(|()| self.file.sync_data()) {
                let path = self.path.display();
                (self.tell)(&format!(
                    "the queue file {path} can't be written to the disk: {error}; from now on it \
                     is no promise against power loss"
                ));
                return;
            }
            if is_over {
                return;
            }
        }
    }

    /// Reports, once, that the file was changed by somebody else.
    fn look(&mut self) {
        let Ok(now) = self.file.metadata() else { return };
        let path = self.path.display();
        let what = if now.nlink() == 0 {
            format!("the queue file {path} was deleted: its records will not survive this process")
        } else if now.len() < self.length {
            format!("the queue file {path} was truncated: this process may be killed by SIGBUS")
        } else {
            return;
        };
        if !std::mem::replace(&mut self.is_told, true) {
            (self.tell)(&what);
        }
    }
}

/// A synced file is lost all the same if its directory entry is not on disk.
fn sync_name(path: &Path) -> io::Result<()> {
    let directory = if path.is_dir() { Some(path) } else { path.parent() };
    directory.map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

#[cfg(all(test, not(logship_loom)))]
#[path = "sync_thread_tests.rs"]
mod tests;
