//! How much does it take, how fast, and does every record arrive?
//!
//! ```text
//! cargo run --release --example loadgen -- --url tcp://127.0.0.1:514 --tag load --count 200000
//! ```
//!
//! Record i has the text `n=<i> c=<crc32 of the digits of i> ` and padding, and a field `n`. One
//! JSON object on standard output tells what became of them.
#![allow(clippy::print_stdout, reason = "the result is printed for programs to read")]

use std::{
    env,
    error::Error,
    fs::File,
    io::{Seek as _, SeekFrom, Write as _},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use tracing::{Dispatch, info};
use tracing_subscriber::layer::SubscriberExt as _;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::read(env::args().skip(1))?;
    let mut builder = logship::builder(&options.tag).servers(&options.url);
    if let Some(capacity) = options.capacity {
        builder = builder.queue_capacity(capacity);
    }
    if let Some(tail) = options.tail {
        builder = builder.resend_buffer(tail);
    }
    if let Some(path) = &options.queue_file {
        builder = builder.queue_file(path);
    }
    if let Some(format) = &options.format {
        builder = builder.format(format.parse()?);
    }
    let handle = builder.build()?;
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(handle.unfiltered_layer()));
    let load = Load {
        next: AtomicU64::new(options.start),
        end: options.start + options.count,
        rate: options.rate,
        padding: "x".repeat(options.pad),
        progress: options.progress.as_deref().map(File::create).transpose()?.map(Mutex::new),
        begin: Instant::now(),
        first: options.start,
    };
    let mut calls = Durations::default();
    thread::scope(|scope| {
        let work = || tracing::dispatcher::with_default(&dispatch, || load.run());
        let threads: Vec<_> = (0..options.threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).for_each(|c| calls.add(&c));
    });
    let all_arrived = handle.flush(options.flush_timeout);
    let elapsed = load.begin.elapsed().as_secs_f64();
    let stats = match all_arrived {
        // A goodbye to the server confirms what it has acknowledged.
        true => handle.shutdown(options.flush_timeout).unwrap_or_else(|e| e.stats()),
        false => handle.stats(),
    };
    println!(
        "{}",
        json!({
            "captured": stats.captured, "delivered": stats.delivered,
            "dropped": stats.dropped, "waiting": stats.pending, "resent": stats.resent,
            "adopted": stats.recovered, "damaged": stats.corrupted,
            "reconnects": stats.reconnects, "call_ns_p50": calls.part(0.5), "call_ns_p99": calls.part(0.99),
            "call_ns_max": calls.longest, "elapsed_s": elapsed,
        })
    );
    let balanced = stats.captured == stats.delivered + stats.dropped + stats.pending;
    let done = all_arrived && balanced && stats.pending == 0;
    Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the threads share.
struct Load {
    next: AtomicU64,
    end: u64,
    rate: Option<f64>,
    padding: String,
    progress: Option<Mutex<File>>,
    begin: Instant,
    first: u64,
}

impl Load {
    /// Logs records until there are no more; returns how long the calls took.
    fn run(&self) -> Durations {
        let mut calls = Durations::default();
        loop {
            let n = self.next.fetch_add(1, Relaxed);
            if n >= self.end {
                self.note_progress(self.end);
                return calls;
            }
            if let Some(rate) = self.rate {
                let due = Duration::from_secs_f64((n - self.first) as f64 / rate);
                thread::sleep(due.saturating_sub(self.begin.elapsed()));
            }
            let check = crc32fast::hash(n.to_string().as_bytes());
            let before = Instant::now();
            info!(n, "n={n} c={check:08x} {}", self.padding);
            calls.note(before.elapsed());
            self.note_progress(n + 1);
        }
    }

    /// Keeps the number of the next record in the file, in place, so that whoever kills this
    /// process knows where to go on.
    fn note_progress(&self, next: u64) {
        if let Some(Ok(mut file)) = self.progress.as_ref().map(Mutex::lock) {
            // A full disk must not stop the load; the reader sees a number that is too low.
            let _ = file.seek(SeekFrom::Start(0)).and_then(|_| writeln!(file, "{next:020}"));
        }
    }
}

/// How long calls took, in ns, to within 1.6 %, in a memory that does not grow with their number.
struct Durations {
    counts: Vec<u64>,
    longest: u64,
}

impl Default for Durations {
    fn default() -> Self {
        Durations { counts: vec![0; 64 * Self::STEPS], longest: 0 }
    }
}

impl Durations {
    /// Steps between two powers of two.
    const STEPS: usize = 64;

    fn note(&mut self, duration: Duration) {
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).max(1);
        let power = ns.ilog2() as usize;
        let step = ((u128::from(ns) * Self::STEPS as u128) >> power) as usize - Self::STEPS;
        self.counts[power * Self::STEPS + step] += 1;
        self.longest = self.longest.max(ns);
    }

    fn add(&mut self, other: &Durations) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
        self.longest = self.longest.max(other.longest);
    }

    /// What this part of the calls took at most.
    fn part(&self, part: f64) -> u64 {
        let wanted = (self.counts.iter().sum::<u64>() as f64 * part).ceil() as u64;
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        let place = place.unwrap_or_default();
        let (power, step) = (place / Self::STEPS, place % Self::STEPS);
        let ns = ((Self::STEPS + step + 1) as u128) << power;
        u64::try_from(ns / Self::STEPS as u128).unwrap_or(u64::MAX).min(self.longest)
    }
}

struct Options {
    url: String,
    tag: String,
    count: u64,
    start: u64,
    rate: Option<f64>,
    threads: usize,
    pad: usize,
    capacity: Option<usize>,
    tail: Option<usize>,
    queue_file: Option<String>,
    format: Option<String>,
    progress: Option<String>,
    flush_timeout: Duration,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let (mut url, mut tag, mut count) = (None, None, None);
        let mut options = Options {
            url: String::new(),
            tag: String::new(),
            count: 0,
            start: 0,
            rate: None,
            threads: 1,
            pad: 60,
            capacity: None,
            tail: None,
            queue_file: None,
            format: None,
            progress: None,
            flush_timeout: Duration::from_secs(30),
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?;
            let bad = || format!("{name} {value:?} is not what was expected\n{USAGE}");
            match name.as_str() {
                "--url" => url = Some(value),
                "--tag" => tag = Some(value),
                "--count" => count = Some(value.parse().map_err(|_| bad())?),
                "--start" => options.start = value.parse().map_err(|_| bad())?,
                "--rate" => options.rate = Some(value.parse().map_err(|_| bad())?),
                "--threads" => options.threads = value.parse().map_err(|_| bad())?,
                "--pad" => options.pad = value.parse().map_err(|_| bad())?,
                "--capacity" => options.capacity = Some(value.parse().map_err(|_| bad())?),
                "--tail" => options.tail = Some(value.parse().map_err(|_| bad())?),
                "--queue-file" => options.queue_file = Some(value),
                "--format" => options.format = Some(value),
                "--progress" => options.progress = Some(value),
                "--flush-timeout" => {
                    let seconds = value.parse().map_err(|_| bad())?;
                    options.flush_timeout = Duration::try_from_secs_f64(seconds)?;
                }
                _ => return Err(format!("{name} is no option\n{USAGE}").into()),
            }
        }
        options.url = url.ok_or(USAGE)?;
        options.tag = tag.ok_or(USAGE)?;
        options.count = count.ok_or(USAGE)?;
        Ok(options)
    }
}

const USAGE: &str = "usage: loadgen --url URL --tag TAG --count N [--start S] [--rate PER_SECOND] \
                     [--threads T] [--pad OCTETS] [--capacity OCTETS] [--tail OCTETS] \
                     [--queue-file PATH] [--format rfc5424|cee|rfc3164] [--progress FILE] [--flush-timeout SECONDS]";
