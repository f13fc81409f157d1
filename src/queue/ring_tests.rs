//! Tests of the ring, with one thread and with two.

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
        let (mut producer, mut consumer) = ring(4096).unwrap();
        let mut model: VecDeque<(Severity, Vec<u8>)> = VecDeque::new();
        let mut sent = 0;
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Push(length) => {
                    let severity = Severity::from_code(number as u8);
                    let bytes = vec![number as u8; length];
                    let room = producer.used() + producer.cost(length) <= producer.capacity();
                    prop_assert_eq!(producer.push(severity, &bytes, 0), room);
                    if room { model.push_back((severity, bytes)); }
                }
                Step::Send(count) => {
                    if let Some(last) = consumer.unsent().take(count).last() {
                        let end = last.end;
                        sent += count.min(model.len() - sent);
                        consumer.advance_sent(end);
                    }
                }
                Step::Arrive(count) => {
                    let there = consumer.to_be_resent().take(count);
                    let expected: Vec<_> = model.iter().take(count.min(sent)).collect();
                    let all: Vec<_> = there.collect();
                    prop_assert_eq!(all.len(), expected.len());
                    for (stored, (severity, bytes)) in all.iter().zip(expected) {
                        prop_assert_eq!(stored.severity, *severity);
                        prop_assert_eq!(stored.bytes, &bytes[..]);
                    }
                    let (count, end) = (all.len(), all.last().map(|stored| stored.end));
                    consumer.advance_acked(end.unwrap_or(consumer.acked()));
                    consumer.free(end.unwrap_or(consumer.acked()));
                    sent -= count;
                    model.drain(..count);
                }
                Step::Rewind => { consumer.rewind(); sent = 0; }
            }
            prop_assert_eq!(consumer.has_unsent(), sent < model.len());
            let all: Vec<_> = consumer.unsent().map(|stored| stored.bytes.to_vec()).collect();
            let rest: Vec<_> = model.iter().skip(sent).map(|(_, o)| o.clone()).collect();
            prop_assert_eq!(all, rest);
        }
    }
}

#[test]
fn concurrent_reader_sees_whole_messages_in_order() {
    const COUNT: u64 = 200_000;
    let (mut producer, mut consumer) = ring(8192).unwrap();
    let writer = std::thread::spawn(move || {
        for number in 0..COUNT {
            let bytes = number.to_string().repeat(1 + number as usize % 20);
            while !producer.push(Severity::Debug, bytes.as_bytes(), 0) {
                std::thread::yield_now();
            }
        }
    });
    let mut next = 0_u64;
    while next < COUNT {
        let mut end = consumer.sent();
        for stored in consumer.unsent() {
            let expected = next.to_string().repeat(1 + next as usize % 20);
            assert_eq!(stored.bytes, expected.as_bytes());
            next += 1;
            end = stored.end;
        }
        consumer.advance_sent(end);
        consumer.advance_acked(end);
        consumer.free(end);
    }
    writer.join().unwrap();
}
