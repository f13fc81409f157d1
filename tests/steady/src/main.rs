//! A load of equal log calls, of which everything is warm.
//!
//! ```text
//! cargo run --release --package logship-steady -- tracing 1000
//! ```
//!
//! Makes the call so often, to a queue that is never full: `tracing`, `log`, `cee` (as JSON), `spans`
//! (inside two spans of two fields each), `request` (those two made and left around it), `span-DEPTH`
//! (one more span of four fields inside others), `keys-COUNT` and `equal-COUNT` (a `log` record with
//! so many key-values, all different or all the same). Without a third argument, a URL, no server is
//! there. `tests/call_cost.rs` has valgrind count the instructions, and strace the system calls between
//! two that it knows.

use std::{env, error::Error, hint::black_box, path::Path, time::Duration};

use logship::Format;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (call, count, url) = match arguments.as_slice() {
        [call, count] => (call, count, "tcp://127.0.0.1:9"),
        [call, count, url] => (call, count, url.as_str()),
        _ => return Err(USAGE.into()),
    };
    let count: u64 = count.parse()?;
    let guard = logship::builder("steady")
        .servers(url)
        .hostname("host.example")
        .procid("4711")
        .filter("info")
        .queue_capacity(16 << 20)
        .on_error(|_| {})
        .flush_timeout(Duration::ZERO)
        .format(if call == "cee" { Format::Cee } else { Format::Rfc5424 })
        .try_init()?;
    let outer = tracing::info_span!("request", user = 7, path = "/checkout");
    let inner = tracing::info_span!(parent: &outer, "checkout", cart = 8, step = "pay");
    if arguments.len() == 3 {
        (0..WARM_UP).for_each(by_tracing);
        (0..WARM_UP).for_each(by_log);
        assert!(guard.flush(Duration::from_secs(20)), "the server is there");
        by_tracing(0);
    }
    let before = guard.stats().captured;
    // The very first one makes another system call to find its way.
    mark("/steady");
    mark("/steady/begin");
    match call.as_str() {
        "tracing" | "cee" => (0..count).for_each(by_tracing),
        "spans" => outer.in_scope(|| inner.in_scope(|| (0..count).for_each(by_tracing))),
        "log" => (0..count).for_each(by_log),
        "request" => (0..count).for_each(request),
        call => match call.split_once('-') {
            Some(("span", depth)) => nested(depth.parse()?, || (0..count).for_each(new_span)),
            Some(("keys", keys)) => by_keys(count, keys.parse()?, |n| format!("key_{n}")),
            Some(("equal", keys)) => by_keys(count, keys.parse()?, |_| "key".to_owned()),
            _ => return Err(USAGE.into()),
        },
    }
    mark("/steady/end");
    let records = if call.starts_with("span-") { 0 } else { count };
    assert_eq!(guard.stats().captured - before, records);
    if arguments.len() == 3 {
        assert!(guard.flush(Duration::from_secs(20)), "the server takes what it gets");
    }
    Ok(())
}

/// A system call that nobody else makes.
fn mark(path: &str) {
    assert!(!Path::new(path).exists());
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

#[inline(never)]
fn request(n: u64) {
    let _outer = tracing::info_span!("request", user = black_box(n), path = "/checkout").entered();
    let _inner = tracing::info_span!("checkout", cart = black_box(n), step = "pay").entered();
    by_tracing(n);
}

fn nested(depth: u32, work: impl FnOnce()) {
    let spans: Vec<_> = (1..depth).map(|n| span(u64::from(n)).entered()).collect();
    work();
    // The innermost is left first.
    spans.into_iter().rev().for_each(drop);
}

#[inline(never)]
fn new_span(n: u64) {
    drop(black_box(span(n)));
}

fn span(n: u64) -> tracing::Span {
    tracing::info_span!(
        "checkout",
        order_id = black_box(1_000_000_000 + n),
        customer = black_box("ann-of-ghent"),
        amount = black_box(129.95),
        latency_ms = black_box(42_u64),
    )
}

fn by_keys(count: u64, keys: u32, name: impl Fn(u32) -> String) {
    let names: Vec<String> = (0..keys).map(name).collect();
    let pairs: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(0..).collect();
    for _ in 0..count {
        let mut record = log::Record::builder();
        let record = record.level(log::Level::Info).target("keys").key_values(&pairs);
        log::logger().log(&record.args(format_args!("many")).build());
    }
}

const WARM_UP: u64 = 1000;
const USAGE: &str = "usage: logship-steady tracing|log|spans|request|cee|span-DEPTH|keys-COUNT|equal-COUNT COUNT [URL]";
