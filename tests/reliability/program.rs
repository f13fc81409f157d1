//! The program is killed, with a queue file.

use std::{
    collections::BTreeSet,
    fs,
    hash::{BuildHasher as _, RandomState},
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use logship_collector::{Collector, Received};
use serde_json::Value;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::{
    RESEND_BUFFER,
    row::Row,
    scenarios::{
        queue_file::{loadgen, nobody, place},
        run,
    },
};

type Run = fn(&str, usize) -> Row;

pub(crate) const ROWS: [(&str, Run); 2] = [
    ("program with a queue file, without a server", without_a_server),
    ("program with a queue file, while it ships", while_it_ships),
];

const PATIENCE: Duration = Duration::from_secs(30);

fn without_a_server(name: &str, kills: usize) -> Row {
    let begin = Instant::now();
    let (_directory, path) = place();
    let collector = Collector::tcp().unwrap();
    let mut row = Row { name: name.to_owned(), ends: 2 * kills, ..Row::default() };
    for _ in 0..2 * kills {
        let next = log_until_killed(&nobody(), &path, 0);
        let adopted = start_again(&collector, &path);
        let arrived = arrived(&collector, &mut row);
        count(&mut row, &arrived, 0, next);
        row.unaccounted += (arrived.len() as u64).abs_diff(adopted);
    }
    row.took = begin.elapsed();
    row
}

/// Several lives, each of which adopts what the one before it left and is killed too.
fn while_it_ships(name: &str, kills: usize) -> Row {
    const LIVES: usize = 4;
    let begin = Instant::now();
    let (_directory, path) = place();
    let collector = Collector::tcp().unwrap();
    // What is kept as a buffer is sent again at each start.
    let copies_allowed = RESEND_BUFFER as u64 / 150 + 2_000;
    let mut row = Row { name: name.to_owned(), copies_allowed, ..Row::default() };
    for _ in 0..(2 * kills).div_ceil(LIVES) {
        let start = random(1_000);
        let mut next = start;
        for _ in 0..LIVES {
            next = log_until_killed(&collector.url(), &path, next);
            row.ends += 1;
        }
        start_again(&collector, &path);
        let all = collector.received().len() as u64;
        let arrived = arrived(&collector, &mut row);
        row.copies += all - arrived.len() as u64;
        count(&mut row, &arrived, start, next);
    }
    row.took = begin.elapsed();
    row
}

/// How long a start takes that finds a ring of this capacity, with a little in it and full.
pub(crate) fn recovery(capacity: usize) -> Vec<String> {
    let (_directory, path) = place();
    let build = || {
        let builder = logship::builder("shop").servers(nobody()).queue_capacity(capacity);
        let builder = builder.overflow(logship::Overflow::DropNewest).queue_file(&path);
        builder.flush_timeout(Duration::ZERO).on_error(|_| {}).build()
    };
    let mut lines = Vec::new();
    let mut found = 0;
    for wanted in [20_000, u64::MAX] {
        let handle = build().unwrap();
        let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
        tracing::subscriber::with_default(subscriber, || {
            for n in (0..).step_by(1_000) {
                if n >= wanted || handle.stats().dropped > 0 {
                    break;
                }
                (0..1_000).for_each(|_| tracing::info!(n, "order accepted, {}", "x".repeat(60)));
            }
        });
        drop(handle);
        wait_until_free(&path);
        let begin = Instant::now();
        let handle = build().unwrap();
        let took = begin.elapsed().as_secs_f64() * 1e3;
        let adopted = handle.stats().recovered;
        assert!(adopted > found, "{adopted} of {found}");
        found = adopted;
        lines.push(format!(
            "recovery: a ring of {} MiB with {adopted} records in it was adopted in {took:.1} ms",
            capacity >> 20
        ));
        drop(handle);
        wait_until_free(&path);
    }
    lines
}

/// The shipper lets go of the file a moment after the last handle is gone.
fn wait_until_free(path: &Path) {
    let file = fs::File::open(path).unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
}

fn random(below: u64) -> u64 {
    RandomState::new().hash_one(0) % below
}

/// The numbers of the records that have arrived intact.
fn arrived(collector: &Collector, row: &mut Row) -> BTreeSet<u64> {
    let intact = |record: &Received| {
        let text = record.text().filter(|_| record.complaints.is_empty())?;
        let n: u64 = text.split(' ').next()?.strip_prefix("n=")?.parse().ok()?;
        let check = crc32fast::hash(n.to_string().as_bytes());
        (text == format!("n={n} c={check:08x} {}", "x".repeat(60))).then_some(n)
    };
    // A program that is killed may leave a part of a frame, which its length gives away to the server.
    let is_part = |record: &Received| {
        record
            .complaints
            .iter()
            .any(|complaint| complaint.found.starts_with("the connection ended"))
    };
    let records = collector.take();
    let records: Vec<_> = records.into_iter().filter(|record| !is_part(record)).collect();
    let numbers: Vec<_> = records.iter().filter_map(intact).collect();
    row.damaged += (records.len() - numbers.len() + collector.failures().len()) as u64;
    numbers.into_iter().collect()
}

/// Logs as fast as it can until it is killed; returns the number after the last call's.
fn log_until_killed(url: &str, queue_file: &Path, start: u64) -> u64 {
    let progress = queue_file.with_extension("progress");
    let _ = fs::remove_file(&progress);
    let mut command = loadgen(url, queue_file, start, 1_000_000_000);
    command.arg("--progress").arg(&progress).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let begin = Instant::now();
    let next = || fs::read_to_string(&progress).ok()?.trim().parse().ok();
    while next().is_none() {
        assert!(begin.elapsed() < PATIENCE, "it logs nothing");
        thread::sleep(Duration::from_micros(100));
    }
    thread::sleep(Duration::from_micros(random(40_000)));
    process.kill().unwrap();
    process.wait().unwrap();
    next().unwrap()
}

/// The next start, which logs nothing of its own; how many records it found.
fn start_again(collector: &Collector, queue_file: &Path) -> u64 {
    let ended = run(&mut loadgen(&collector.url(), queue_file, 0, 0));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let result: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(result["damaged"], 0, "{ended:?}");
    for count in ["captured", "delivered"] {
        assert_eq!(result[count], result["adopted"], "{ended:?}");
    }
    while collector.open_connections() > 0 {
        thread::sleep(Duration::from_millis(1));
    }
    result["adopted"].as_u64().unwrap()
}

fn count(row: &mut Row, arrived: &BTreeSet<u64>, start: u64, next: u64) {
    row.records += next - start;
    row.lost += (start..next).filter(|n| !arrived.contains(n)).count() as u64;
    // The call that was under way may have been through already.
    row.unaccounted += arrived.range(next + 1..).count() as u64;
}
