//! The ring's memory, written and read by two threads at once.
#![allow(unsafe_code)]

use std::collections::TryReserveError;

use super::{
    Cursor,
    entry::{EntryHeader, HEADER_LEN, UNUSED},
    mapping::Mapping,
};

/// The bytes of a ring.
///
/// Why the accesses below are sound: the producer touches only words in `head .. freed + capacity`
/// (`ring::Producer::push` checks `used + cost <= capacity` first), the consumer only words in
/// `freed .. head`. The two ranges share no word. They move only by a release store of the side
/// that gives words away, after its last access to them, and an acquire load of the side that takes
/// them. Each side is one value that is borrowed mutably to write or to free, so it never races
/// with itself: `ring::Messages` borrows the consumer, which must be borrowed mutably to free.
pub(super) struct Memory {
    /// Aligned for words, and the start of `capacity` bytes that live as long as this.
    start: *mut u8,
    capacity: usize,
    /// The mapped file that holds the bytes; without one, they are a boxed slice of words.
    pub(super) mapping: Option<Mapping>,
    #[cfg(logship_loom)]
    races: Box<[loom::cell::UnsafeCell<()>]>,
}

// SAFETY: nothing in it belongs to a thread: the bytes are a heap allocation or a mapping of the
// process, and may be used and freed from any.
unsafe impl Send for Memory {}

// SAFETY: the only shared mutable state are the bytes at `start`; the protocol above keeps
// accesses from two threads to different words, or ordered by release and acquire.
unsafe impl Sync for Memory {}

impl Memory {
    /// # Errors
    ///
    /// If the allocation fails.
    pub(super) fn new(capacity: usize) -> Result<Self, TryReserveError> {
        let mut words = Vec::new();
        words.try_reserve_exact(capacity / HEADER_LEN)?;
        // Written, not only reserved: the first touch of a page would delay some log call.
        words.resize(capacity / HEADER_LEN, UNUSED);
        let words = words.into_boxed_slice();
        Ok(Memory::at(Box::into_raw(words).cast(), capacity, None))
    }

    pub(super) fn mapped(mapping: Mapping) -> Self {
        Memory::at(mapping.start(), mapping.capacity(), Some(mapping))
    }

    fn at(start: *mut u8, capacity: usize, mapping: Option<Mapping>) -> Self {
        Memory {
            start,
            capacity,
            mapping,
            #[cfg(logship_loom)]
            races: (0..capacity / HEADER_LEN).map(|_| loom::cell::UnsafeCell::new(())).collect(),
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// A forked child shares the mapping, and must not write to it.
    pub(super) fn is_ours(&self) -> bool {
        self.mapping.as_ref().is_none_or(Mapping::is_ours)
    }

    pub(super) fn place(&self, at: Cursor) -> usize {
        (at % self.capacity() as u64) as usize
    }

    pub(super) fn word(&self, place: usize) -> EntryHeader {
        self.note_read(place, HEADER_LEN);
        assert!(place / HEADER_LEN < self.capacity / HEADER_LEN);
        // SAFETY: in bounds by the assertion, aligned since `start` is and words are counted; the
        // consumer owns the word, see `Memory`. Any bits are a valid u64.
        EntryHeader::from_bits(u64::from_le(unsafe {
            *self.start.cast::<u64>().add(place / HEADER_LEN)
        }))
    }

    pub(super) fn set_word(&self, place: usize, word: EntryHeader) {
        self.note_write(place, HEADER_LEN);
        assert!(place / HEADER_LEN < self.capacity / HEADER_LEN);
        // SAFETY: in bounds by the assertion, aligned since `start` is and words are counted; the
        // producer owns the word, see `Memory`.
        unsafe { *self.start.cast::<u64>().add(place / HEADER_LEN) = word.to_bits().to_le() }
    }

    pub(super) fn bytes(&self, place: usize, length: usize) -> &[u8] {
        assert!(place + length <= self.capacity());
        self.note_read(place, length);
        // SAFETY: in bounds by the assertion; the consumer owns the bytes until it frees them,
        // which takes a mutable borrow that ends this one, see `Memory`. Any byte is a valid u8.
        unsafe { std::slice::from_raw_parts(self.start.add(place), length) }
    }

    pub(super) fn set_bytes(&self, place: usize, bytes: &[u8]) {
        assert!(place + bytes.len() <= self.capacity());
        self.note_write(place, bytes.len());
        // SAFETY: in bounds by the assertion; the producer owns the bytes, see `Memory`, and the
        // source is a borrow of other memory, since no `&[u8]` of a range that the producer owns
        // is alive.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.start.add(place), bytes.len());
        }
    }

    #[cfg(logship_loom)]
    fn note_read(&self, place: usize, length: usize) {
        for cell in &self.races[place / HEADER_LEN..(place + length).div_ceil(HEADER_LEN)] {
            cell.with(|_| ());
        }
    }

    #[cfg(logship_loom)]
    fn note_write(&self, place: usize, length: usize) {
        for cell in &self.races[place / HEADER_LEN..(place + length).div_ceil(HEADER_LEN)] {
            cell.with_mut(|_| ());
        }
    }

    #[cfg(not(logship_loom))]
    #[inline]
    fn note_read(&self, _: usize, _: usize) {}

    #[cfg(not(logship_loom))]
    #[inline]
    fn note_write(&self, _: usize, _: usize) {}
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.mapping.is_none() {
            let words = std::ptr::slice_from_raw_parts_mut(
                self.start.cast::<u64>(),
                self.capacity / HEADER_LEN,
            );
            // SAFETY: `new` made this pointer and length of a boxed slice of words, nothing else
            // frees it, and whoever borrowed bytes from it borrowed `self`.
            drop(unsafe { Box::from_raw(words) });
        }
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.capacity())
    }
}
