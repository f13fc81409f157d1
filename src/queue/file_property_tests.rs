//! Property tests of queue files: crashes, damage and power failures at any moment.
#![allow(clippy::unwrap_used, reason = "clippy takes helpers of tests for the crate's own code")]

use std::{collections::VecDeque, fs};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Push(usize),
    Send(usize),
    Arrive(usize),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_usize..1_000).prop_map(Step::Push),
        3 => (0_usize..5).prop_map(Step::Send),
        3 => (0_usize..5).prop_map(Step::Arrive),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn behaves_like_a_queue_that_outlives_its_owner(
        steps in proptest::collection::vec(step(), 1..200),
    ) {
        let place = place();
        let mut ring = open(&place.path, CAPACITY).unwrap();
        let mut model: VecDeque<Vec<u8>> = VecDeque::new();
        let mut sent = 0;
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Push(length) => {
                    let bytes = vec![number as u8; length];
                    let room = ring.producer.used() + ring.producer.cost(length) <= CAPACITY;
                    prop_assert_eq!(push(&mut ring, &bytes), room);
                    if room { model.push_back(bytes); }
                }
                Step::Send(count) => {
                    let end = ring.consumer.unsent().take(count).last().map(|stored| stored.end);
                    sent += count.min(model.len() - sent);
                    ring.consumer.advance_sent(end.unwrap_or(ring.consumer.sent()));
                }
                Step::Arrive(count) => {
                    let there: Vec<_> =
                        ring.consumer.to_be_resent().take(count).map(|stored| stored.end).collect();
                    let end = there.last().copied().unwrap_or(ring.consumer.acked());
                    ring.consumer.advance_acked(end);
                    ring.consumer.free(end);
                    sent -= there.len();
                    model.drain(..there.len());
                }
                Step::Crash => {
                    drop(ring);
                    ring = open(&place.path, CAPACITY).unwrap();
                    prop_assert!(ring.report.is_none());
                    prop_assert_eq!((ring.adopted, ring.damaged), (model.len() as u64, 0));
                    sent = 0;
                }
            }
            let rest: Vec<_> = model.iter().skip(sent).cloned().collect();
            prop_assert_eq!(messages(&ring), rest);
        }
    }

    #[test]
    fn a_stretch_of_anything_hides_nothing_behind_it(
        at in 0..CAPACITY, junk in proptest::collection::vec(any::<u8>(), 0..2_000), fill: Option<u8>,
    ) {
        let place = place();
        let (shipped, pending, places, mut image) = example(&place.path);
        let end = (PAGE + at + junk.len()).min(image.len());
        for (place, byte) in image[PAGE + at..end].iter_mut().zip(junk) {
            *place = fill.unwrap_or(byte);
        }
        fs::write(&place.path, &image).unwrap();
        let opened = open(&place.path, CAPACITY).unwrap();
        let untouched = pending.iter().zip(&places);
        let untouched = untouched.filter(|(_, p)| p.end <= PAGE + at || p.start >= end);
        let expected: Vec<_> = untouched.map(|(message, _)| message).collect();
        let said = [shipped, pending.clone()].concat();
        assert_recovered(&expected, &said, &messages(&opened), "junk");
    }

    /// A file after a power failure: each sector is of one moment or another.
    #[test]
    fn any_mixture_of_two_moments_has_what_waited_in_both(
        early in 1_usize..60, later in 0_usize..200, shipped in 0_usize..200, sectors: u64, other: u64,
    ) {
        const BIG: usize = 3 * CAPACITY;
        let place = place();
        let mut ring = open(&place.path, BIG).unwrap();
        let mut said = Vec::new();
        let mut say = |ring: &mut OpenedRing, count: usize| for _ in 0..count {
            let bytes = text(said.len());
            if push(ring, &bytes) { said.push(bytes); }
        };
        say(&mut ring, early);
        let (before, waited) = (fs::read(&place.path).unwrap(), messages(&ring));
        for _ in 0..=later / 20 {
            say(&mut ring, later.min(20));
            ship(&mut ring.consumer, shipped / (later / 20 + 1));
        }
        let (after, waits) = (fs::read(&place.path).unwrap(), messages(&ring));
        drop(ring);
        let is_after = |at: usize| (if at < 64 { sectors >> at } else { other >> (at % 64) }) & 1 == 1;
        let mixed: Vec<u8> = before.chunks(512).zip(after.chunks(512)).enumerate()
            .flat_map(|(at, (old, new))| if is_after(at) { new } else { old }.to_vec())
            .collect();
        fs::write(&place.path, mixed).unwrap();
        let opened = open(&place.path, BIG).unwrap();
        let both: Vec<_> = waited.iter().filter(|message| waits.contains(message)).collect();
        assert_recovered(&both, &said, &messages(&opened), "mixed");
    }
}
