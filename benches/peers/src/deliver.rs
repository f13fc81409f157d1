//! Delivered records at full speed, and calls while the server stalls.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{cpu, event::FIRST_ORDER, peers::Running};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) calls: u64,
    pub(crate) cpu_us: f64,
    pub(crate) longest_ms: f64,
}

/// One record ahead, and a while until the way is open: a TLS server that refuses a certificate
/// does so late, and logship keeps what it sent until then.
pub(crate) fn greet(running: &Running) {
    (running.call)(FIRST_ORDER);
    (running.flush)();
    thread::sleep(Duration::from_millis(600));
}

/// Calls without a pause, on so many threads, for so long; then waits until all is out.
pub(crate) fn flat_out(running: Running, threads: u64, length: Duration) -> Sent {
    let cpu = cpu::taken();
    let end = Instant::now() + length;
    let work = || {
        let mut calls = 0;
        while Instant::now() < end {
            (0..64).for_each(|n| (running.call)(FIRST_ORDER + calls + n));
            calls += 64;
        }
        calls
    };
    let calls: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    });
    (running.finish)();
    let cpu_us = (cpu::taken() - cpu).as_secs_f64() * 1e6;
    Sent { calls, cpu_us, longest_ms: 0.0 }
}

/// Calls 50,000 times a second, on one thread, for so long; the server stops reading meanwhile.
pub(crate) fn steadily(running: Running, length: Duration) -> Sent {
    let cpu = cpu::taken();
    let begin = Instant::now();
    let (mut calls, mut longest) = (0_u64, Duration::ZERO);
    while begin.elapsed() < length {
        let due = (begin.elapsed().as_secs_f64() * RATE) as u64;
        while calls < due {
            let before = Instant::now();
            (running.call)(FIRST_ORDER + calls);
            longest = longest.max(before.elapsed());
            calls += 1;
        }
        (running.flush)();
        thread::sleep(Duration::from_millis(1));
    }
    (running.finish)();
    let cpu_us = (cpu::taken() - cpu).as_secs_f64() * 1e6;
    Sent { calls, cpu_us, longest_ms: longest.as_secs_f64() * 1e3 }
}

const RATE: f64 = 50_000.0;
