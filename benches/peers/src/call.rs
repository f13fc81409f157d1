//! The cost of a log call to its thread.
//!
//! Bursts of 64 calls with a pause of 300 us after each, so that no queue is ever full and what
//! a peer does on other threads goes on beside, as in a service. Each call is timed, and what
//! reading the clock costs is taken off.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    allocations,
    event::{self, FIRST_ORDER},
    peers::Running,
    samples::{Parts, median},
};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) one: Parts,
    pub(crate) two: Parts,
    /// Inside two spans of two fields each.
    pub(crate) spans: Option<Parts>,
    pub(crate) allocations: f64,
    /// The average in a burst, where reading the clock once is negligible, ns.
    pub(crate) in_bursts: f64,
}

pub(crate) fn measure(running: &Running, bursts: u64, has_spans: bool) -> Call {
    let clock = clock();
    run(running, bursts / 4);
    let one = Parts::of(run(running, bursts), clock);
    let spans = has_spans.then(|| {
        event::in_two_spans(|| {
            run(running, bursts / 8);
            Parts::of(run(running, bursts), clock)
        })
    });
    let in_bursts = median(&whole_bursts(running, bursts)).unwrap_or_default();
    let before = allocations::so_far();
    let calls = run_untimed(running, 10);
    let allocations = (allocations::so_far() - before) as f64 / calls as f64;
    let barrier = Barrier::new(2);
    let work = || {
        run(running, bursts / 8);
        barrier.wait();
        run(running, bursts)
    };
    let two = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    });
    Call { one, two: Parts::of(two, clock), spans, allocations, in_bursts }
}

fn run(running: &Running, bursts: u64) -> Vec<u32> {
    let mut ns = Vec::with_capacity((bursts * BURST) as usize);
    let mut order = FIRST_ORDER;
    for _ in 0..bursts {
        let mut before = Instant::now();
        for _ in 0..BURST {
            (running.call)(order);
            let after = Instant::now();
            ns.push(u32::try_from((after - before).as_nanos()).unwrap_or(u32::MAX));
            before = after;
            order += 1;
        }
        (running.flush)();
        thread::sleep(PAUSE);
    }
    ns
}

/// The average time of a call in each burst, ns.
fn whole_bursts(running: &Running, bursts: u64) -> Vec<f64> {
    let average = |_| {
        let took = burst(running);
        (running.flush)();
        thread::sleep(PAUSE);
        took.as_nanos() as f64 / BURST as f64
    };
    (0..bursts).map(average).collect()
}

fn run_untimed(running: &Running, bursts: u64) -> u64 {
    for _ in 0..bursts {
        burst(running);
        thread::sleep(PAUSE);
    }
    bursts * BURST
}

fn burst(running: &Running) -> Duration {
    let begin = Instant::now();
    (0..BURST).for_each(|n| (running.call)(FIRST_ORDER + n));
    begin.elapsed()
}

/// What lies between two looks at the clock, ns.
fn clock() -> f64 {
    let mut ns = Vec::new();
    let mut before = Instant::now();
    for _ in 0..100_000 {
        let after = Instant::now();
        ns.push((after - before).as_nanos() as u32);
        before = after;
    }
    Parts::of(ns, 0.0).median
}

const BURST: u64 = 64;
const PAUSE: Duration = Duration::from_micros(300);
