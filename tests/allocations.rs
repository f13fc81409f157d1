//! A log call allocates nothing.

#![allow(unsafe_code, reason = "an allocator that counts can't be written without it")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    time::Duration,
};

use logship_collector::Collector;
use tracing::{info, info_span};
use tracing_subscriber::layer::SubscriberExt as _;

/// All that one thread asks for is counted on that thread: the shipper may allocate.
struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
    /// Bytes that are asked for and not given back.
    static KEPT: Cell<i64> = const { Cell::new(0) };
}

fn count(bytes: usize, given_back: usize) {
    ASKED.set(ASKED.get() + u64::from(bytes > 0));
    KEPT.set(KEPT.get() + bytes as i64 - given_back as i64);
}

// SAFETY: everything is handed on to the system's allocator as it came; counting touches nothing
// but a thread-local without a destructor, which allocates nothing itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are the ones that are asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_log_call_allocates_nothing_once_its_thread_is_warm() {
    let collector = Collector::tcp().unwrap();
    collector.drain();
    let builder = logship::builder("allocations").servers(collector.url()).queue_capacity(64 << 20);
    // With a limit that nobody reaches: who is within it allocates nothing either.
    let builder = builder.burst(u32::MAX, Duration::from_secs(60));
    let guard = builder.try_init().unwrap();
    let calls: [(&str, Call); 10] = [
        ("no field", |_| info!("a text")),
        ("arguments", |n| info!("the text of {n}")),
        ("four fields", |n| info!(n, name = "ann", paid = true, amount = 9.5, "a text")),
        ("ten fields", |n| {
            info!(a = n, b = -1, c = "c", d = true, e = 1.5, f = %n, g = ?n, h = 8, i = 9, j = 10, "a text");
        }),
        ("an error", |_| {
            let error: &dyn std::error::Error = &std::fmt::Error;
            info!(error, "a text");
        }),
        ("a log record", |n| log::info!("the text of {n}")),
        ("a log record with key-values", |n| log::info!(n, name = "ann", amount = 9.5; "a text")),
        ("a header of its own", |n| {
            info!(syslog.severity = "notice", syslog.msgid = "SOLD", n, "a text");
        }),
        ("a log record with a header of its own", |n| {
            log::info!(n, "syslog.facility" = "cron", "syslog.appname" = "shop"; "a text");
        }),
        ("an unwanted event", |n| tracing::debug!(n, "a text")),
    ];
    let mut guilty = Vec::new();
    for (name, call) in calls {
        let outside = allocations(call);
        let _outer = info_span!("request", user = 7, path = "/cart").entered();
        let _inner = info_span!("checkout", order = 42).entered();
        let inside = allocations(call);
        if outside + inside > 0 {
            guilty.push((name, outside, inside));
        }
    }
    assert!(guilty.is_empty(), "(call, allocations outside of spans, inside two): {guilty:?}");

    // The date and the time of day are written anew.
    let late: Call = |n| {
        if n == WARM_UP {
            std::thread::sleep(Duration::from_millis(1100));
        }
        info!("in another second");
    };
    assert_eq!(allocations(late), 0, "allocations when the second changes");

    assert!(guard.flush(Duration::from_secs(20)));
    let stats = guard.stats();
    assert_eq!((stats.captured, stats.dropped), ((9 * 2 + 1) * (WARM_UP + COUNT), 0));

    // What finds nothing would look the same if nothing were counted.
    assert!(allocations(|n| drop(std::hint::black_box(vec![n]))) >= COUNT);
}

/// Each span takes two: what it says, and the place for it beside the span itself.
#[test]
fn two_spans_and_an_event_allocate_four_times() {
    let handle = quiet();
    let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
    let call: Call = |n| {
        let _outer = info_span!("request", user = n, path = "/cart", id = n, paid = true).entered();
        let _inner =
            info_span!("checkout", order = n, step = "pay", id = n, amount = 9.5).entered();
        info!(n, "a text");
    };
    let count = tracing::subscriber::with_default(subscriber, || allocations(call));
    assert!(count <= 4 * COUNT, "{} allocations", count as f64 / COUNT as f64);
}

/// What a thread keeps for its next log call: buffers, and what it knows of callsites.
#[test]
fn a_thread_that_logs_keeps_sixteen_kib_at_most() {
    let handle = quiet();
    let logger = handle.logger();
    let log = || {
        for n in 0..500 {
            let pairs = [("order", n), ("user", n + 1), ("amount", n + 2)];
            let mut record = log::Record::builder();
            let record =
                record.level(log::Level::Info).target("shop::cart").file(Some("src/cart.rs"));
            let record = record.line(Some(n)).key_values(&pairs);
            log::Log::log(&logger, &record.args(format_args!("the text of {n}")).build());
        }
        let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
        tracing::subscriber::with_default(subscriber, || {
            let _span = info_span!("request", user = 7).entered();
            info!(n = 1, name = "ann", "a text");
        });
    };
    // What all threads know together is made by the first.
    log();
    let kept = |log: &dyn Fn()| {
        let before = KEPT.get();
        log();
        KEPT.get() - before
    };
    std::thread::scope(|scope| {
        let kept = scope.spawn(|| kept(&log)).join().unwrap();
        assert!((1..=16 << 10).contains(&kept), "{kept} bytes");
    });
}

/// A handle without a server, whose queue is never full.
fn quiet() -> logship::Handle {
    let builder = logship::builder("allocations").servers("tcp://127.0.0.1:9").on_error(|_| {});
    builder.queue_capacity(64 << 20).flush_timeout(Duration::ZERO).build().unwrap()
}

/// Allocations of this thread in `COUNT` calls, when it is warm.
fn allocations(call: Call) -> u64 {
    (0..WARM_UP).for_each(call);
    let before = ASKED.get();
    (0..COUNT).for_each(call);
    ASKED.get() - before
}

type Call = fn(u64);

const WARM_UP: u64 = 100;
const COUNT: u64 = 2000;
