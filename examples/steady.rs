//! What does one call cost, once everything is warm? Counted by valgrind and strace in tests.
//!
//! ```text
//! cargo run --release --example steady -- tracing 1000
//! ```
//!
//! Makes the call so often (`tracing`, `log`, `spans`: inside two spans of two fields each), to a
//! queue that is never full and a server that is not there.

use std::{env, error::Error, hint::black_box};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [call, count] = arguments.as_slice() else { return Err(USAGE.into()) };
    let count: u64 = count.parse()?;
    let guard = logship::builder("steady")
        .url("tcp://127.0.0.1:9")
        .hostname("host.example")
        .process_id("4711")
        .levels("info")
        .capacity(16 << 20)
        .on_trouble(|_| {})
        .flush_timeout(std::time::Duration::ZERO)
        .try_init()?;
    let outer = tracing::info_span!("request", user = 7, path = "/checkout");
    let inner = tracing::info_span!(parent: &outer, "checkout", cart = 8, step = "pay");
    match call.as_str() {
        "tracing" => (0..count).for_each(by_tracing),
        "spans" => outer.in_scope(|| inner.in_scope(|| (0..count).for_each(by_tracing))),
        "log" => (0..count).for_each(by_log),
        _ => return Err(USAGE.into()),
    }
    assert_eq!(guard.stats().captured, count);
    Ok(())
}

#[inline(never)]
fn by_tracing(n: u64) {
    tracing::info!(
        target: "shop::checkout",
        order_id = black_box(1_000_000_000 + n),
        customer = black_box("ann-of-ghent"),
        amount = black_box(129.95),
        latency_ms = black_box(42_u64),
        "order accepted"
    );
}

#[inline(never)]
fn by_log(n: u64) {
    log::info!(
        target: "shop::checkout",
        order_id = black_box(1_000_000_000 + n),
        customer = black_box("ann-of-ghent"),
        amount = black_box(129.95),
        latency_ms = black_box(42_u64);
        "order accepted"
    );
}

const USAGE: &str = "usage: steady tracing|log|spans COUNT";
