//! The cost of a record in larger queues, with more threads, and after many records.
//!
//! ```text
//! cargo bench --bench growth
//! ```

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use logship::{Handle, Overflow};
use logship_collector::Collector;
use tracing::{Dispatch, dispatcher, info};
use tracing_subscriber::layer::SubscriberExt as _;

const RECORDS: u64 = 200_000;
const MANY: u64 = 100_000_000;

/// A collector that only counts, and who ships to it.
struct Way {
    _collector: Collector,
    handle: Handle,
    dispatch: Dispatch,
}

impl Way {
    fn new(capacity: usize) -> Self {
        let collector = Collector::tcp().expect("a port is free");
        collector.drain();
        let handle = logship::builder("bench")
            .servers(collector.url())
            .queue_capacity(capacity)
            .overflow(Overflow::Block(Duration::from_secs(60)))
            .build()
            .expect("it is set up");
        let dispatch =
            Dispatch::new(tracing_subscriber::registry().with(handle.unfiltered_layer()));
        Way { _collector: collector, handle, dispatch }
    }

    /// Says so many records on so many threads, and waits until all have arrived.
    fn deliver(&self, records: u64, threads: u64) -> Duration {
        let begin = Instant::now();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    dispatcher::with_default(&self.dispatch, || {
                        (0..records / threads).for_each(say);
                    });
                });
            }
        });
        assert!(self.handle.flush(Duration::from_secs(60)));
        begin.elapsed()
    }
}

fn say(n: u64) {
    info!(
        target: "shop::checkout",
        order_id = black_box(n),
        customer = black_box("ann-of-ghent"),
        amount = black_box(129.95),
        latency_ms = black_box(42_u64),
        "order accepted"
    );
}

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: BenchmarkId, way: &Way, threads: u64) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| (0..rounds).map(|_| way.deliver(RECORDS, threads)).sum());
    });
}

fn growth(criterion: &mut Criterion) {
    let has = |word| std::env::args().any(|argument| argument == word);
    let is_trial = has("--test") || !has("--bench");
    let mut group = criterion.benchmark_group("delivered");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(10);
    for mebibytes in [1, 8, 64, 1024] {
        let way = Way::new(mebibytes << 20);
        // So that each part of the ring is used.
        let lap = if is_trial { 0 } else { (mebibytes as u64) << 12 };
        way.deliver(lap, 1);
        measure(&mut group, BenchmarkId::new("through a ring of MiB", mebibytes), &way, 1);
    }
    for threads in [1, 2, 4, 8, 16] {
        let way = Way::new(8 << 20);
        measure(&mut group, BenchmarkId::new("by threads", threads), &way, threads);
    }
    let way = Way::new(8 << 20);
    let many = (!is_trial).then_some(MANY);
    for before in [0].into_iter().chain(many) {
        way.deliver(before, 1);
        measure(&mut group, BenchmarkId::new("after records", before), &way, 1);
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(4));
    targets = growth
}
criterion_main!(benches);
