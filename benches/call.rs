//! The cost of a log call to its thread.
//!
//! Bursts of 64 calls with a pause after each, so that the queue is never full and the shipper
//! works beside, as in a service. Only the calls are timed.

mod floor;

use std::{
    cell::RefCell,
    fmt::Write as _,
    hint::black_box,
    sync::OnceLock,
    thread,
    time::{Duration, Instant, SystemTime},
};

use criterion::{Bencher, BenchmarkId, Criterion, criterion_group, criterion_main};
use floor::{Floor, LogFloor};
use logship::{Guard, Handle, Overflow};
use logship_collector::Collector;
use tracing::{Dispatch, debug, info, info_span};
use tracing_subscriber::{fmt, layer::SubscriberExt as _};

const BURST: u64 = 64;
const PAUSE: Duration = Duration::from_micros(300);

fn bursts(bencher: &mut Bencher<'_>, call: impl Fn()) {
    bencher.iter_custom(|calls| {
        let mut took = Duration::ZERO;
        let mut left = calls;
        while left > 0 {
            let burst = left.min(BURST);
            let begin = Instant::now();
            (0..burst).for_each(|_| call());
            took += begin.elapsed();
            left -= burst;
            thread::sleep(PAUSE);
        }
        took
    });
}

/// Everything that this process logs goes to one collector, which only counts.
fn set_up() {
    static GUARD: OnceLock<(Collector, Guard)> = OnceLock::new();
    GUARD.get_or_init(|| {
        let collector = Collector::tcp().expect("a port is free");
        collector.drain();
        let builder = logship::builder("bench").servers(collector.url()).filter("info");
        (collector, builder.try_init().expect("it is the first"))
    });
}

/// A handle whose records go to a collector of its own, which only counts.
fn connected() -> (Collector, Handle) {
    let collector = Collector::tcp().expect("a port is free");
    collector.drain();
    let handle = logship::builder("bench").servers(collector.url()).build().expect("it is set up");
    (collector, handle)
}

fn four_fields() {
    info!(
        target: "shop::checkout",
        order_id = black_box(4_711_u64),
        customer = black_box("ann-of-ghent"),
        amount = black_box(129.95),
        latency_ms = black_box(42_u64),
        "order accepted"
    );
}

fn tracing_calls(criterion: &mut Criterion) {
    set_up();
    let mut group = criterion.benchmark_group("tracing");
    group.bench_function("0 fields", |b| bursts(b, || info!("order accepted")));
    group.bench_function("4 fields", |b| bursts(b, four_fields));
    group.bench_function("10 fields", |b| {
        bursts(b, || {
            info!(
                a = 1,
                b = 2,
                c = 3,
                d = "four",
                e = 5.5,
                f = true,
                g = -7,
                h = "eight",
                i = 9,
                j = 10,
                "ten"
            );
        });
    });
    group.bench_function("4 fields in two spans", |b| {
        let outer = info_span!("request", user = 7, path = "/checkout").entered();
        let inner = info_span!("checkout", cart = 8, step = "pay").entered();
        bursts(b, four_fields);
        drop((inner, outer));
    });
    group.bench_function("refused by a filter", |b| {
        b.iter(|| debug!(n = black_box(1), "not wanted"));
    });
    group.finish();
}

fn log_calls(criterion: &mut Criterion) {
    set_up();
    let mut group = criterion.benchmark_group("log");
    group.bench_function("0 fields", |b| bursts(b, || log::info!("order accepted")));
    group.bench_function("refused by a filter", |b| {
        b.iter(|| log::debug!(n = black_box(1); "not wanted"));
    });
    group.bench_function("4 fields", |b| {
        bursts(b, || four_key_values(log::logger()));
    });
    group.finish();
}

fn four_key_values(logger: &dyn log::Log) {
    log::info!(
        logger: logger,
        target: "shop::checkout",
        order_id = black_box(4_711_u64), customer = black_box("ann-of-ghent"),
        amount = black_box(129.95), latency_ms = black_box(42_u64);
        "order accepted"
    );
}

/// Both doors beside the same message written by hand. Both subscribers are this thread's only.
fn over_the_floor(criterion: &mut Criterion) {
    let (_collector, handle) = connected();
    let ours = Dispatch::new(tracing_subscriber::registry().with(handle.unfiltered_layer()));
    let floor = Dispatch::new(Floor(|message| {
        black_box(message);
    }));
    let mut group = criterion.benchmark_group("over the floor");
    for (name, subscriber) in [("tracing", ours), ("tracing, by hand", floor)] {
        group.bench_function(name, |b| {
            tracing::dispatcher::with_default(&subscriber, || bursts(b, four_fields));
        });
    }
    let logger = handle.logger();
    let doors: [(&str, &dyn log::Log); 2] = [("log", &logger), ("log, by hand", &LogFloor)];
    for (name, logger) in doors {
        group.bench_function(name, |b| bursts(b, || four_key_values(logger)));
    }
    group.finish();
}

/// One more span of four fields inside others, made and closed; beside it what `tracing`'s own console
/// layer takes for the same.
fn new_spans(criterion: &mut Criterion) {
    let (_collector, handle) = connected();
    let ours = Dispatch::new(tracing_subscriber::registry().with(handle.unfiltered_layer()));
    let console = Dispatch::new(tracing_subscriber::registry().with(fmt::layer()));
    let mut group = criterion.benchmark_group("new span");
    for (name, subscriber) in [("logship", ours), ("console", console)] {
        for depth in [1, 10, 100] {
            group.bench_function(BenchmarkId::new(name, depth), |b| {
                tracing::dispatcher::with_default(&subscriber, || {
                    let outer: Vec<_> = (1..depth).map(|n| span(n).entered()).collect();
                    b.iter(|| span(black_box(7)));
                    // The innermost is left first.
                    outer.into_iter().rev().for_each(drop);
                });
            });
        }
    }
    group.finish();
}

/// Two spans made, entered and left with an event inside, and the same message only formatted.
fn two_spans(criterion: &mut Criterion) {
    let (_collector, handle) = connected();
    let ours = Dispatch::new(tracing_subscriber::registry().with(handle.unfiltered_layer()));
    let registry = Dispatch::new(tracing_subscriber::registry());
    let mut group = criterion.benchmark_group("two spans and an event");
    for (name, subscriber) in [("logship", ours), ("registry alone", registry)] {
        group.bench_function(name, |b| {
            tracing::dispatcher::with_default(&subscriber, || {
                bursts(b, || {
                    let outer = info_span!("request", user = black_box(7), path = "/checkout");
                    let _outer = outer.entered();
                    let inner = info_span!("checkout", cart = black_box(8), step = "pay");
                    let _inner = inner.entered();
                    four_fields();
                });
            });
        });
    }
    group.bench_function("by hand", |b| {
        let message = RefCell::new(String::new());
        bursts(b, || {
            let mut message = message.borrow_mut();
            let outer = format!(" user=\"{}\" path={:?}", black_box(7), black_box("/checkout"));
            let inner = format!(" cart=\"{}\" step={:?}", black_box(8), black_box("pay"));
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            message.clear();
            let _ = write!(
                message,
                "<14>1 {}.{:06}Z host bench 1 shop::checkout [fields@32473 order_id=\"{}\" \
                 customer={:?} amount=\"{}\" latency_ms=\"{}\"][span@32473 \
                 spans=\"request:checkout\"{inner}{outer}] order accepted",
                now.as_secs(),
                now.subsec_micros(),
                black_box(4_711_u64),
                black_box("ann-of-ghent"),
                black_box(129.95),
                black_box(42_u64),
            );
            black_box(&*message);
        });
    });
    group.finish();
}

fn span(n: u64) -> tracing::Span {
    info_span!("checkout", order_id = n, customer = "ann-of-ghent", amount = 129.95, paid = true)
}

/// A program that logs what others send it, such as headers or JSON, has no say in their number.
fn many_keys(criterion: &mut Criterion) {
    let (_collector, handle) = connected();
    let logger = handle.logger();
    let different: Vec<String> = (0..600).map(|n| format!("key_{n}")).collect();
    let mut group = criterion.benchmark_group("600 key-values");
    for (name, pairs) in [
        ("different", different.iter().map(String::as_str).zip(0..).collect::<Vec<_>>()),
        ("equal", (0..600).map(|n| ("key", n)).collect()),
    ] {
        group.bench_function(name, |b| {
            bursts(b, || {
                let mut record = log::Record::builder();
                let record = record.level(log::Level::Info).target("keys").key_values(&pairs);
                log::Log::log(&logger, &record.args(format_args!("many")).build());
            });
        });
    }
    group.finish();
}

/// Capture, encode, and one look under the lock. It comes last: a subscriber of a part of the
/// program takes tracing's fast path from all of it.
fn full_queue(criterion: &mut Criterion) {
    let handle = logship::builder("bench")
        .servers("tcp://127.0.0.1:1")
        .overflow(Overflow::DropNewest)
        .on_error(|_| {})
        .build()
        .expect("it is set up");
    let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
    tracing::subscriber::with_default(subscriber, || {
        while handle.stats().dropped == 0 {
            four_fields();
        }
        criterion.bench_function("tracing, queue full", |b| b.iter(four_fields));
    });
}

fn threads(criterion: &mut Criterion) {
    set_up();
    let mut group = criterion.benchmark_group("tracing, threads at once");
    for count in [1_u32, 2, 4] {
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter_custom(|calls| {
                let burst = move || {
                    let mut took = Duration::ZERO;
                    for _ in 0..calls.div_ceil(BURST) {
                        let begin = Instant::now();
                        (0..BURST).for_each(|_| four_fields());
                        took += begin.elapsed();
                        thread::sleep(PAUSE);
                    }
                    took
                };
                let threads: Vec<_> = (0..count).map(|_| thread::spawn(burst)).collect();
                let took: Duration = threads.into_iter().filter_map(|t| t.join().ok()).sum();
                took / count
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = tracing_calls, log_calls, threads, many_keys, over_the_floor, new_spans, two_spans, full_queue
}
criterion_main!(benches);
