//! Tests of room, waits and counters.
#![allow(clippy::unwrap_used, reason = "clippy takes helpers of tests for the crate's own code")]

use super::*;
use crate::resend::ResendBuffer;

fn queue(capacity: usize, overflow: Overflow) -> (Arc<Queue>, Reader) {
    let (queue, reader, _) = super::queue(capacity, overflow, None).unwrap();
    (queue, reader)
}

fn stats(queue: &Queue) -> Stats {
    let mut stats = Stats::default();
    queue.tell(&mut stats);
    stats
}

fn fill(queue: &Queue, severity: Severity) -> u64 {
    let before = stats(queue).pending;
    while {
        let dropped = stats(queue).dropped;
        let _ = queue.push(severity, &[b'x'; 100]);
        stats(queue).dropped == dropped
    } {}
    stats(queue).pending - before
}

#[test]
fn each_severity_finds_its_reserve() {
    let (queue, _reader) = queue(64 * 1024, Overflow::DropLeastSevere);
    assert!(fill(&queue, Severity::Debug) > 0);
    assert!(fill(&queue, Severity::Informational) > 0);
    assert!(fill(&queue, Severity::Warning) > 0);
    assert_eq!(fill(&queue, Severity::Error), 0);
    let stats = stats(&queue);
    assert_eq!(stats.dropped_of(Severity::Debug), 1);
    assert_eq!(stats.dropped_of(Severity::Error), 1);
    assert_eq!(stats.captured, stats.delivered + stats.dropped + stats.pending);
}

#[test]
fn what_is_longer_than_half_the_queue_is_turned_away() {
    let (queue, mut reader) = queue(4096, Overflow::DropNewest);
    for _ in 0..20 {
        let _ = queue.push(Severity::Error, &[b'x'; 4096 / 2 - 16]);
        let _ = queue.push(Severity::Error, &[b'x'; 4096 / 2]);
        let end = reader.batch(usize::MAX, Cursor::MAX).last().map(|stored| stored.end);
        reader.sent(end.unwrap_or_default());
        reader.acked(end.unwrap_or_default(), ResendBuffer::NONE, true);
    }
    assert_eq!(stats(&queue).delivered, 20);
    assert_eq!(stats(&queue).dropped_for(DropReason::TooLong), 20);
}

#[test]
fn a_limit_may_be_as_long_as_durations_are() {
    assert!(deadline(Duration::MAX) > Instant::now() + waiting::CENTURY / 2);
}

#[test]
fn blocked_call_resumes_on_room_and_times_out() {
    let (queue, mut reader) = queue(4096, Overflow::Block(Duration::from_millis(50)));
    fill(&queue, Severity::Error);
    assert_eq!(stats(&queue).dropped, 1);
    let writer = {
        let queue = Arc::clone(&queue);
        std::thread::spawn(move || queue.push(Severity::Error, &[b'x'; 100]))
    };
    let end =
        reader.batch(usize::MAX, Cursor::MAX).last().map(|stored| stored.end).unwrap_or_default();
    reader.sent(end);
    reader.acked(end, ResendBuffer::NONE, true);
    writer.join().unwrap();
    assert_eq!(stats(&queue).dropped, 1);
    assert_eq!(stats(&queue).pending, 1);
}

#[test]
fn a_panic_under_the_lock_stops_nothing() {
    let (queue, mut reader) = queue(4096, Overflow::Block(Duration::from_secs(20)));
    let _ = queue.push(Severity::Error, b"before");
    let poisoner = Arc::clone(&queue);
    let panicked = std::thread::spawn(move || {
        let _state = poisoner.lock();
        panic!("under the lock");
    });
    assert!(panicked.join().is_err() && queue.state.is_poisoned());
    let _ = queue.push(Severity::Error, b"after");
    queue.count_dropped(DropReason::Recursion, Severity::Debug);
    let flushing = Arc::clone(&queue);
    let flush = std::thread::spawn(move || flushing.flush(Duration::from_secs(20)));
    let last =
        reader.batch(usize::MAX, Cursor::MAX).last().map(|stored| stored.end).unwrap_or_default();
    reader.sent(last);
    reader.acked(last, ResendBuffer::NONE, true);
    assert!(flush.join().unwrap());
    let _ = queue.push(Severity::Error, b"too late");
    drop(reader);
    let stats = stats(&queue);
    assert_eq!((stats.captured, stats.delivered, stats.pending), (4, 2, 0));
    assert_eq!(stats.dropped_for(DropReason::Recursion), 1);
    assert_eq!(stats.dropped_for(DropReason::Closed), 1);
}
