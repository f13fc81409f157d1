//! A file mapped into memory, which keeps the ring however the process ends.
#![allow(unsafe_code)]

use std::{
    fs::File,
    io,
    mem::ManuallyDrop,
    os::fd::AsFd as _,
    sync::atomic::{AtomicU64, Ordering},
};

use memmap2::{MmapOptions, MmapRaw};

use super::{
    Cursor,
    recovery::{HEAD, KEPT, PAGE},
};
use crate::fork;

/// A mapped file, exclusive to this process while it lives.
#[derive(Debug)]
pub(super) struct Mapping {
    /// Not unmapped in a forked child.
    map: ManuallyDrop<MmapRaw>,
    /// Holds the lock.
    file: File,
    capacity: usize,
    generation: u32,
}

impl Mapping {
    /// Maps a locked file of `PAGE + capacity` bytes.
    pub(super) fn of(file: File, capacity: usize) -> io::Result<Self> {
        let map = MmapOptions::new().len(PAGE + capacity).map_raw(&file)?;
        // A forked child that inherits the mapping would hold the lock, too. On systems where that
        // cannot be prevented, the next start queues in memory while the child lives.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::DontFork);
        fork::leave_to_parent(file.as_fd());
        let map = ManuallyDrop::new(map);
        Ok(Mapping { map, file, capacity, generation: fork::generation() })
    }

    /// The start of the ring: aligned for words, followed by `capacity` bytes of the mapping, which
    /// is never moved or shrunk, and unmapped when `self` is dropped.
    pub(super) fn start(&self) -> *mut u8 {
        self.map.as_mut_ptr().wrapping_add(PAGE)
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// The same open file, with the same lock.
    pub(super) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Whether this is the process that mapped it, and not a forked child that shares the memory:
    /// the ring allows one writer only.
    pub(super) fn is_ours(&self) -> bool {
        self.generation == fork::generation()
    }

    /// Publishes `head` once everything before it is written. The release ordering keeps earlier
    /// writes before it, so the file is consistent whenever the process is killed.
    pub(super) fn publish_head(&self, head: Cursor) {
        self.publish(HEAD, head);
    }

    pub(super) fn publish_freed(&self, freed: Cursor) {
        self.publish(KEPT, freed);
    }

    fn publish(&self, at: usize, cursor: Cursor) {
        for (at, value) in [(at, cursor), (at + 8, !cursor)] {
            debug_assert!(at + 8 <= PAGE && at % 8 == 0);
            // SAFETY: `at` is one of four constants within the first page, a multiple of 8 in a
            // mapping that begins at a page, so the pointer is aligned and valid as long as
            // `self.map`. Nothing else reads or writes these bytes while the process lives.
            let place = unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(at).cast()) };
            place.store(value.to_le(), Ordering::Release);
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.is_ours() {
            fork::take_back(self.file.as_fd());
            // SAFETY: it is dropped once, here, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.map) };
        }
    }
}
