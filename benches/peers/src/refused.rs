//! The cost of an event that the filter refuses.

use std::{hint::black_box, time::Instant};

/// ns of a `tracing` and of a `log` call that is refused.
pub(crate) fn measure() -> (f64, f64) {
    let calls = |call: fn(u64)| {
        let begin = Instant::now();
        (0..CALLS).for_each(call);
        begin.elapsed().as_nanos() as f64 / CALLS as f64
    };
    calls(by_tracing);
    (calls(by_tracing), calls(by_log))
}

fn by_tracing(n: u64) {
    tracing::debug!(target: "shop::checkout", order_id = black_box(n), "not wanted");
}

fn by_log(n: u64) {
    log::debug!(target: "shop::checkout", order_id = black_box(n); "not wanted");
}

const CALLS: u64 = 10_000_000;
