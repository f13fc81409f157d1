//! Models of the queue for loom, over every interleaving of the threads: no lost wake-up, no
//! endless wait, exact counters.
//!
//! No wait has a limit here and the reader takes no naps, so a thread that is not woken waits
//! forever, and loom reports it.

use loom::thread;

use super::{
    ring::{Consumer, ring},
    *,
};
use crate::resend::ResendBuffer;

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// Room for two messages.
fn pair(overflow: Overflow) -> (Arc<Queue>, Reader) {
    let (queue, reader, _) = queue(64, overflow, None).unwrap();
    (queue, reader)
}

/// Pushes as a log call does.
fn say(queue: &Queue, byte: u8) {
    if queue.push(Severity::Error, &[byte; 16]) {
        queue.wake();
    }
}

fn beside(queue: &Arc<Queue>, action: impl FnOnce(&Queue) + 'static) -> thread::JoinHandle<()> {
    let queue = Arc::clone(queue);
    thread::spawn(move || action(&queue))
}

/// The counters at this moment, which must balance.
fn counts(queue: &Queue) -> Stats {
    let mut stats = Stats::default();
    queue.tell(&mut stats);
    assert_eq!(stats.captured, stats.delivered + stats.dropped + stats.pending, "{stats:?}");
    stats
}

/// Sends what is unsent, to a server that acknowledges at once.
fn ship(reader: &mut Reader, seen: &mut Vec<u8>) {
    let mut end = 0;
    for stored in reader.batch(usize::MAX, Cursor::MAX) {
        assert!(stored.bytes.iter().all(|byte| *byte == stored.bytes[0]));
        seen.push(stored.bytes[0]);
        end = stored.end;
    }
    reader.sent(end);
    reader.acked(end, ResendBuffer::NONE, true);
}

/// Runs like `Shipper::run`, until the last handle is gone.
fn ship_all(mut reader: Reader) -> Vec<u8> {
    let mut seen = Vec::new();
    loop {
        match reader.work(FOR_EVER) {
            Wake::Messages => ship(&mut reader, &mut seen),
            Wake::Nothing => {}
            Wake::HangUp => reader.hung_up(),
            Wake::End => return seen,
        }
    }
}

const FOR_EVER: Duration = Duration::MAX;

#[test]
fn a_reader_that_sleeps_is_woken_for_each_message() {
    check(|| {
        let (queue, mut reader) = pair(Overflow::DropNewest);
        let one = beside(&queue, |queue| say(queue, b'a'));
        let other = beside(&queue, |queue| say(queue, b'b'));
        let mut seen = Vec::new();
        while seen.len() < 2 {
            if reader.work(FOR_EVER) == Wake::Messages {
                ship(&mut reader, &mut seen);
            }
        }
        one.join().unwrap();
        other.join().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, b"ab");
        assert_eq!((counts(&queue).captured, counts(&queue).delivered), (2, 2));
    });
}

#[test]
fn reader_ships_the_last_records_and_ends() {
    check(|| {
        let (queue, reader) = pair(Overflow::DropNewest);
        let handle = beside(&queue, |queue| {
            say(queue, b'a');
            say(queue, b'b');
            queue.close(FOR_EVER);
        });
        assert_eq!(ship_all(reader), b"ab");
        handle.join().unwrap();
        let counts = counts(&queue);
        assert_eq!((counts.captured, counts.delivered), (2, 2));
    });
}

#[test]
fn flush_waits_for_earlier_records_only() {
    check(|| {
        let (queue, reader) = pair(Overflow::DropNewest);
        let shipper = thread::spawn(move || ship_all(reader));
        let other = beside(&queue, |queue| say(queue, b'b'));
        say(&queue, b'a');
        let said = counts(&queue).captured;
        assert!(queue.flush(FOR_EVER));
        assert!(counts(&queue).delivered >= said);
        other.join().unwrap();
        queue.close(FOR_EVER);
        assert_eq!(shipper.join().unwrap().len(), 2);
        assert_eq!(counts(&queue).delivered, 2);
    });
}

#[test]
fn two_flushes_at_once_both_end() {
    check(|| {
        let (queue, mut reader) = pair(Overflow::DropNewest);
        let flush = |byte| {
            beside(&queue, move |queue| {
                say(queue, byte);
                assert!(queue.flush(FOR_EVER));
            })
        };
        let flushes = [flush(b'a'), flush(b'b')];
        let mut seen = Vec::new();
        while seen.len() < 2 {
            if reader.work(FOR_EVER) == Wake::Messages {
                ship(&mut reader, &mut seen);
            }
        }
        flushes.into_iter().for_each(|flush| flush.join().unwrap());
        assert!(!reader.flush_requested());
    });
}

#[test]
fn zero_timeout_flush_is_true_only_if_all_arrived() {
    check(|| {
        let (queue, mut reader) = pair(Overflow::DropNewest);
        let other = beside(&queue, |queue| {
            say(queue, b'a');
            let is_flushed = queue.flush(Duration::ZERO);
            assert!(!is_flushed || counts(queue).delivered == 1);
        });
        let mut seen = Vec::new();
        while seen.is_empty() {
            if reader.work(FOR_EVER) == Wake::Messages {
                ship(&mut reader, &mut seen);
            }
        }
        other.join().unwrap();
        assert!(queue.flush(Duration::ZERO));
    });
}

#[test]
fn a_flush_ends_when_the_reader_does() {
    check(|| {
        let (queue, mut reader) = pair(Overflow::DropNewest);
        say(&queue, b'a');
        let shipper = thread::spawn(move || {
            let mut seen = Vec::new();
            ship(&mut reader, &mut seen);
        });
        say(&queue, b'b');
        let is_flushed = queue.flush(FOR_EVER);
        let counts = counts(&queue);
        // A dropped message is counted and not waited for.
        assert_eq!((counts.captured, counts.pending), (2, 0));
        assert!(is_flushed || counts.dropped_for(DropReason::Closed) > 0);
        shipper.join().unwrap();
    });
}

#[test]
fn hanging_up_ends_when_it_is_done() {
    check(|| {
        let (queue, mut reader) = pair(Overflow::DropNewest);
        let end = beside(&queue, |queue| {
            say(queue, b'a');
            assert!(queue.flush(FOR_EVER) && queue.hang_up(FOR_EVER));
            assert_eq!(counts(queue).delivered, 1);
        });
        let mut seen = Vec::new();
        loop {
            match reader.work(FOR_EVER) {
                Wake::Messages => ship(&mut reader, &mut seen),
                Wake::HangUp => break reader.hung_up(),
                _ => {}
            }
        }
        end.join().unwrap();
        assert_eq!(seen, b"a");
    });
}

#[test]
fn hanging_up_ends_when_the_reader_does() {
    check(|| {
        let (queue, reader) = pair(Overflow::DropNewest);
        let end = beside(&queue, |queue| {
            queue.flush(FOR_EVER);
            queue.hang_up(FOR_EVER);
        });
        queue.close(FOR_EVER);
        assert_eq!(ship_all(reader), b"");
        end.join().unwrap();
    });
}

#[test]
fn a_pause_ends_when_somebody_waits_or_nobody_is_left() {
    check(|| {
        let (queue, mut reader) = pair(Overflow::DropNewest);
        let other = beside(&queue, |queue| {
            say(queue, b'a');
            assert!(queue.flush(FOR_EVER));
            queue.close(FOR_EVER);
        });
        // Waking for a message does not end a pause.
        reader.wait_to_be_urged(FOR_EVER);
        assert_eq!(counts(&queue).captured, 1);
        ship(&mut reader, &mut Vec::new());
        reader.wait_to_be_urged(FOR_EVER);
        assert!(reader.queue().is_over() || counts(&queue).delivered == 1);
        other.join().unwrap();
    });
}

#[test]
fn blocked_call_resumes_on_room() {
    check(|| {
        let (queue, mut reader) = pair(Overflow::Block(FOR_EVER));
        say(&queue, b'a');
        say(&queue, b'b');
        let pending = beside(&queue, |queue| say(queue, b'c'));
        let mut seen = Vec::new();
        while seen.len() < 3 {
            if reader.work(FOR_EVER) == Wake::Messages {
                ship(&mut reader, &mut seen);
            }
            assert_eq!(counts(&queue).dropped, 0);
        }
        pending.join().unwrap();
        assert_eq!((seen.as_slice(), counts(&queue).delivered), (&b"abc"[..], 3));
    });
}

#[test]
fn blocked_call_resumes_when_reader_ends() {
    check(|| {
        let (queue, reader) = pair(Overflow::Block(FOR_EVER));
        say(&queue, b'a');
        say(&queue, b'b');
        let pending = beside(&queue, |queue| say(queue, b'c'));
        drop(reader);
        let _ = counts(&queue);
        pending.join().unwrap();
        assert_eq!(counts(&queue).dropped_for(DropReason::Closed), 3);
    });
}

/// The third message does not fit until the reader has freed the first.
#[test]
fn no_word_is_read_and_written_at_once() {
    check(|| {
        let (mut producer, mut consumer) = ring(64).unwrap();
        let push =
            |producer: &mut ring::Producer, byte| producer.push(Severity::Debug, &[byte; 24], 0);
        assert!(push(&mut producer, b'a'));
        let writer = loom::thread::spawn(move || {
            let second = push(&mut producer, b'b');
            (second, push(&mut producer, b'c'))
        });
        let mut seen = Vec::new();
        let mut read = |consumer: &mut Consumer| {
            let mut end = consumer.sent();
            for stored in consumer.unsent() {
                assert!(stored.bytes.len() == 24);
                assert!(stored.bytes.iter().all(|byte| *byte == stored.bytes[0]));
                seen.push(stored.bytes[0]);
                end = stored.end;
            }
            consumer.advance_sent(end);
            consumer.advance_acked(end);
            consumer.free(end);
        };
        read(&mut consumer);
        read(&mut consumer);
        let (second, third) = writer.join().unwrap();
        read(&mut consumer);
        let all = [(true, b'a'), (second, b'b'), (third, b'c')];
        let pushed: Vec<_> = all.into_iter().filter(|(done, _)| *done).collect();
        assert_eq!(seen, pushed.iter().map(|(_, byte)| *byte).collect::<Vec<_>>());
    });
}

/// Reports neither wait for room nor keep a blocked call from it, and are counted nowhere.
#[test]
fn reader_that_pushes_reports_blocks_nobody() {
    check(|| {
        let (queue, mut reader) = pair(Overflow::Block(FOR_EVER));
        let caller = beside(&queue, |queue| (b'a'..=b'c').for_each(|byte| say(queue, byte)));
        let mut seen = Vec::new();
        let mut reports = 2;
        while seen.iter().filter(|byte| **byte != b'r').count() < 3 {
            if reports > 0 && queue.push_own(Severity::Warning, 16, false, |_| &[b'r'; 16]) {
                reports -= 1;
            }
            if reader.work(FOR_EVER) == Wake::Messages {
                ship(&mut reader, &mut seen);
            }
        }
        caller.join().unwrap();
        seen.retain(|byte| *byte != b'r');
        assert_eq!(seen, b"abc");
        assert_eq!((counts(&queue).captured, counts(&queue).delivered), (3, 3));
    });
}
