//! Where do messages wait? A ring of octets with one writing and one reading half.
//!
//! ```text
//!       kept      arrived          sent                    head
//! ........|:::::::::|###############|=======================|..........
//!   free     tail       on its way     waiting to be sent      free
//! ```
//!
//! Cursors count octets from the start and never wrap; a place in memory is the cursor modulo
//! the capacity. Each message is a word with its length and severity, its octets, and padding
//! to the next word. None wraps: where one would, the rest of the ring is skipped.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;

#[cfg(logship_loom)]
use loom::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
#[cfg(not(logship_loom))]
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::Severity;

/// A place in the ring: octets since its start.
pub(crate) type Cursor = u64;

/// Makes a ring of `capacity` octets, rounded up to whole pages.
pub(crate) fn ring(capacity: usize) -> (Tail, Front) {
    let shared = Arc::new(Shared {
        memory: Memory::new(capacity.next_multiple_of(PAGE)),
        head: AtomicU64::new(0),
        kept: AtomicU64::new(0),
    });
    let tail = Tail { shared: Arc::clone(&shared), head: 0, place: 0 };
    (tail, Front { shared, sent: 0, arrived: 0, kept: 0 })
}

/// The writing half; there is one, behind the queue's lock.
#[derive(Debug)]
pub(crate) struct Tail {
    shared: Arc<Shared>,
    head: Cursor,
    /// Where `head` is in memory: dividing for it would cost more than all the rest of a push.
    place: usize,
}

/// The reading half; there is one, on the shipper's thread.
#[derive(Debug)]
pub(crate) struct Front {
    shared: Arc<Shared>,
    sent: Cursor,
    /// It stands beyond `sent` while what has arrived is being sent again.
    arrived: Cursor,
    kept: Cursor,
}

/// A message in the ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) severity: Severity,
    pub(crate) octets: &'a [u8],
    /// Where the next message begins.
    pub(crate) end: Cursor,
}

impl Tail {
    pub(crate) fn capacity(&self) -> usize {
        self.shared.memory.capacity()
    }

    pub(crate) fn head(&self) -> Cursor {
        self.head
    }

    /// Octets in use.
    pub(crate) fn used(&self) -> usize {
        (self.head - self.shared.kept.load(Ordering::Acquire)) as usize
    }

    /// Octets that a message of `length` takes, were it written now.
    pub(crate) fn cost(&self, length: usize) -> usize {
        let needed = space(length);
        let rest = self.shared.memory.capacity() - self.place;
        if needed <= rest { needed } else { rest + needed }
    }

    /// Appends a message; false if the ring has no room for it.
    pub(crate) fn push(&mut self, severity: Severity, octets: &[u8]) -> bool {
        let capacity = self.shared.memory.capacity();
        if self.used() + self.cost(octets.len()) > capacity {
            return false;
        }
        let needed = space(octets.len());
        let rest = capacity - self.place;
        if needed > rest {
            self.shared.memory.set_word(self.place, Word::Skip);
            self.head += rest as u64;
            self.place = 0;
        }
        self.shared.memory.set_word(self.place, Word::Message(severity, octets.len()));
        self.shared.memory.set_octets(self.place + WORD, octets);
        self.head += needed as u64;
        self.place = next_place(self.place, needed, capacity);
        // Everything written above is complete before the reader can see the new head.
        self.shared.head.store(self.head, Ordering::Release);
        true
    }
}

impl Front {
    pub(crate) fn capacity(&self) -> usize {
        self.shared.memory.capacity()
    }

    pub(crate) fn sent(&self) -> Cursor {
        self.sent
    }

    pub(crate) fn arrived(&self) -> Cursor {
        self.arrived
    }

    /// Whether a message waits to be sent.
    pub(crate) fn has_unsent(&self) -> bool {
        self.shared.head.load(Ordering::Acquire) != self.sent
    }

    /// The messages that wait to be sent, the oldest first.
    pub(crate) fn unsent(&self) -> Messages<'_> {
        self.between(self.sent, self.shared.head.load(Ordering::Acquire))
    }

    /// The messages that are not known to have arrived and end at or before `to`.
    pub(crate) fn not_arrived(&self, to: Cursor) -> Messages<'_> {
        self.between(self.arrived, to.min(self.shared.head.load(Ordering::Acquire)))
    }

    /// The messages that would be sent again were the way to break.
    pub(crate) fn to_be_resent(&self) -> Messages<'_> {
        self.between(self.kept, self.sent)
    }

    /// Notes that the connection has what ends at or before `to`.
    pub(crate) fn advance_sent(&mut self, to: Cursor) {
        let head = self.shared.head.load(Ordering::Acquire);
        self.sent = to.clamp(self.sent, head);
    }

    /// Notes that what ends at or before `to` has arrived.
    pub(crate) fn advance_arrived(&mut self, to: Cursor) {
        self.arrived = to.min(self.sent).max(self.arrived);
    }

    /// Frees the space of what has arrived and ends at or before `to`.
    pub(crate) fn free(&mut self, to: Cursor) {
        self.kept = to.min(self.arrived).min(self.sent).max(self.kept);
        // The reader is done with these octets before a writer can see that they are free.
        self.shared.kept.store(self.kept, Ordering::Release);
    }

    /// Everything that is kept will be sent again.
    pub(crate) fn rewind(&mut self) {
        self.sent = self.kept;
    }

    /// Nothing that has arrived will be sent again.
    pub(crate) fn skip_arrived(&mut self) {
        self.advance_sent(self.arrived);
        self.free(self.arrived);
    }

    fn between(&self, from: Cursor, to: Cursor) -> Messages<'_> {
        Messages { shared: &self.shared, at: from, place: self.shared.memory.place(from), to }
    }
}

/// Messages of the ring, in order.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a> {
    shared: &'a Shared,
    at: Cursor,
    /// Where `at` is in memory.
    place: usize,
    to: Cursor,
}

impl<'a> Iterator for Messages<'a> {
    type Item = Stored<'a>;

    fn next(&mut self) -> Option<Stored<'a>> {
        if self.at >= self.to {
            return None;
        }
        let capacity = self.shared.memory.capacity();
        let (severity, length) = match self.shared.memory.word(self.place) {
            Word::Message(severity, length) => (severity, length),
            Word::Skip => {
                self.at += (capacity - self.place) as u64;
                self.place = 0;
                return self.next();
            }
        };
        let octets = self.shared.memory.octets(self.place + WORD, length);
        self.at += space(length) as u64;
        self.place = next_place(self.place, space(length), capacity);
        Some(Stored { severity, octets, end: self.at })
    }
}

#[derive(Debug)]
struct Shared {
    memory: Memory,
    /// Written by the tail, read by the front.
    head: AtomicU64,
    /// Written by the front, read by the tail.
    kept: AtomicU64,
}

/// The octets themselves.
///
/// Why the accesses below are sound: the tail touches only words in `head .. kept + capacity`
/// (`Tail::push` checks `used + cost <= capacity` first), the front only words in
/// `kept .. head`. The two ranges share no word. They move only by a release store of the
/// half that gives words away, after its last access to them, and an acquire load of the half
/// that takes them. Each half is one value that is borrowed mutably to write or to free, so it
/// never races with itself: `Stored` borrows the front, which must be borrowed mutably to free.
struct Memory {
    words: Box<[UnsafeCell<u64>]>,
    #[cfg(logship_loom)]
    races: Box<[loom::cell::UnsafeCell<()>]>,
}

// SAFETY: the only shared mutable state is `words`; the protocol above keeps accesses from two
// threads to different words, or ordered by release and acquire.
unsafe impl Sync for Memory {}

impl Memory {
    fn new(capacity: usize) -> Self {
        // Written, not only reserved: the first touch of a page would be some log call's wait.
        let words = (0..capacity / WORD).map(|_| UnsafeCell::new(UNUSED)).collect();
        Memory {
            words,
            #[cfg(logship_loom)]
            races: (0..capacity / WORD).map(|_| loom::cell::UnsafeCell::new(())).collect(),
        }
    }

    fn capacity(&self) -> usize {
        self.words.len() * WORD
    }

    fn place(&self, at: Cursor) -> usize {
        (at % self.capacity() as u64) as usize
    }

    fn word(&self, place: usize) -> Word {
        self.note_read(place, WORD);
        // SAFETY: in bounds by indexing; the front owns the word, see `Memory`.
        Word::from_bits(unsafe { *self.words[place / WORD].get() })
    }

    fn set_word(&self, place: usize, word: Word) {
        self.note_write(place, WORD);
        // SAFETY: in bounds by indexing; the tail owns the word, see `Memory`.
        unsafe { *self.words[place / WORD].get() = word.to_bits() }
    }

    fn octets(&self, place: usize, length: usize) -> &[u8] {
        assert!(place + length <= self.capacity());
        self.note_read(place, length);
        // SAFETY: in bounds by the assertion; the front owns the octets until it frees them,
        // which takes a mutable borrow that ends this one, see `Memory`. Any octet is a valid u8.
        unsafe { std::slice::from_raw_parts(self.start().add(place), length) }
    }

    fn set_octets(&self, place: usize, octets: &[u8]) {
        assert!(place + octets.len() <= self.capacity());
        self.note_write(place, octets.len());
        // SAFETY: in bounds by the assertion; the tail owns the octets, see `Memory`, and the
        // source is a borrow of other memory, since no `&[u8]` of a range that the tail owns
        // is alive.
        unsafe {
            std::ptr::copy_nonoverlapping(octets.as_ptr(), self.start().add(place), octets.len());
        }
    }

    /// The pointer comes from the whole slice and may be used anywhere in it.
    fn start(&self) -> *mut u8 {
        UnsafeCell::raw_get(self.words.as_ptr()).cast()
    }

    #[cfg(logship_loom)]
    fn note_read(&self, place: usize, length: usize) {
        for cell in &self.races[place / WORD..(place + length).div_ceil(WORD)] {
            cell.with(|_| ());
        }
    }

    #[cfg(logship_loom)]
    fn note_write(&self, place: usize, length: usize) {
        for cell in &self.races[place / WORD..(place + length).div_ceil(WORD)] {
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

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} octets", self.capacity())
    }
}

/// The word before a message, or in place of the end of the ring.
enum Word {
    Message(Severity, usize),
    Skip,
}

impl Word {
    fn from_bits(bits: u64) -> Self {
        match bits {
            UNUSED => Word::Skip,
            _ => Word::Message(Severity::from_code((bits >> 32) as u8), bits as u32 as usize),
        }
    }

    fn to_bits(&self) -> u64 {
        match *self {
            Word::Message(severity, length) => u64::from(severity.code()) << 32 | length as u64,
            Word::Skip => UNUSED,
        }
    }
}

/// Where in memory the next message begins; no message goes beyond the end.
#[inline]
fn next_place(place: usize, taken: usize, capacity: usize) -> usize {
    let next = place + taken;
    if next == capacity { 0 } else { next }
}

/// Octets that a message of `length` takes where it stands.
const fn space(length: usize) -> usize {
    WORD + length.next_multiple_of(WORD)
}

/// Octets that a message takes beyond its own, at most.
pub(crate) const OVERHEAD: usize = 2 * WORD;
const WORD: usize = 8;
const UNUSED: u64 = u64::MAX;
#[cfg(not(logship_loom))]
const PAGE: usize = 4096;
/// Small enough that a model wraps around.
#[cfg(logship_loom)]
const PAGE: usize = 64;

#[cfg(all(test, not(logship_loom)))]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Push(usize),
        Send(usize),
        Arrive(usize),
        Rewind,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0_usize..2_000).prop_map(Step::Push),
            2 => (0_usize..5).prop_map(Step::Send),
            2 => (0_usize..5).prop_map(Step::Arrive),
            1 => Just(Step::Rewind),
        ]
    }

    proptest! {
        #[test]
        fn behaves_like_a_queue(steps in proptest::collection::vec(step(), 1..400)) {
            let (mut tail, mut front) = ring(4096);
            let mut model: VecDeque<(Severity, Vec<u8>)> = VecDeque::new();
            let mut sent = 0;
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(length) => {
                        let severity = Severity::from_code(number as u8);
                        let octets = vec![number as u8; length];
                        let room = tail.used() + tail.cost(length) <= tail.capacity();
                        prop_assert_eq!(tail.push(severity, &octets), room);
                        if room { model.push_back((severity, octets)); }
                    }
                    Step::Send(count) => {
                        if let Some(last) = front.unsent().take(count).last() {
                            let end = last.end;
                            sent += count.min(model.len() - sent);
                            front.advance_sent(end);
                        }
                    }
                    Step::Arrive(count) => {
                        let there = front.to_be_resent().take(count);
                        let expected: Vec<_> = model.iter().take(count.min(sent)).collect();
                        let all: Vec<_> = there.collect();
                        prop_assert_eq!(all.len(), expected.len());
                        for (stored, (severity, octets)) in all.iter().zip(expected) {
                            prop_assert_eq!(stored.severity, *severity);
                            prop_assert_eq!(stored.octets, &octets[..]);
                        }
                        let (count, end) = (all.len(), all.last().map(|stored| stored.end));
                        front.advance_arrived(end.unwrap_or(front.arrived()));
                        front.free(end.unwrap_or(front.arrived()));
                        sent -= count;
                        model.drain(..count);
                    }
                    Step::Rewind => { front.rewind(); sent = 0; }
                }
                prop_assert_eq!(front.has_unsent(), sent < model.len());
                let all: Vec<_> = front.unsent().map(|stored| stored.octets.to_vec()).collect();
                let rest: Vec<_> = model.iter().skip(sent).map(|(_, o)| o.clone()).collect();
                prop_assert_eq!(all, rest);
            }
        }
    }

    #[test]
    fn a_reader_on_another_thread_sees_whole_messages_in_order() {
        const COUNT: u64 = 200_000;
        let (mut tail, mut front) = ring(8192);
        let writer = std::thread::spawn(move || {
            for number in 0..COUNT {
                let octets = number.to_string().repeat(1 + number as usize % 20);
                while !tail.push(Severity::Debug, octets.as_bytes()) {
                    std::thread::yield_now();
                }
            }
        });
        let mut next = 0_u64;
        while next < COUNT {
            let mut end = front.sent();
            for stored in front.unsent() {
                let expected = next.to_string().repeat(1 + next as usize % 20);
                assert_eq!(stored.octets, expected.as_bytes());
                next += 1;
                end = stored.end;
            }
            front.advance_sent(end);
            front.advance_arrived(end);
            front.free(end);
        }
        writer.join().unwrap();
    }
}

#[cfg(all(test, logship_loom))]
mod models {
    use super::*;

    /// The third message does not fit until the reader has freed the first.
    #[test]
    fn no_word_is_read_and_written_at_once() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let (mut tail, mut front) = ring(64);
            let push = |tail: &mut Tail, octet| tail.push(Severity::Debug, &[octet; 24]);
            assert!(push(&mut tail, b'a'));
            let writer = loom::thread::spawn(move || {
                let second = push(&mut tail, b'b');
                (second, push(&mut tail, b'c'))
            });
            let mut seen = Vec::new();
            let mut read = |front: &mut Front| {
                let mut end = front.sent();
                for stored in front.unsent() {
                    assert!(stored.octets.len() == 24);
                    assert!(stored.octets.iter().all(|octet| *octet == stored.octets[0]));
                    seen.push(stored.octets[0]);
                    end = stored.end;
                }
                front.advance_sent(end);
                front.advance_arrived(end);
                front.free(end);
            };
            read(&mut front);
            read(&mut front);
            let (second, third) = writer.join().unwrap();
            read(&mut front);
            let all = [(true, b'a'), (second, b'b'), (third, b'c')];
            let pushed: Vec<_> = all.into_iter().filter(|(done, _)| *done).collect();
            assert_eq!(seen, pushed.iter().map(|(_, octet)| *octet).collect::<Vec<_>>());
        });
    }
}
