//! `logship load`: a load of numbered records, and what became of each.

mod durations;

use std::{
    fs::File,
    io::{Seek as _, SeekFrom, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use logship::Format;
use serde_json::json;
use tracing::{Dispatch, info};
use tracing_subscriber::layer::SubscriberExt as _;

use self::durations::Durations;
use crate::{Outcome, seconds};

/// Log numbered records as fast as asked, and print as JSON what became of them.
///
/// Record i has the text `n=<i> c=<crc32 of the digits of i> ` and padding, and a field `n`. The JSON
/// object is the last line of standard output.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
pub(crate) struct Args {
    /// Servers in order of preference, separated by commas.
    #[arg(long, value_name = "URLS")]
    url: String,
    /// APP-NAME of the records.
    #[arg(long)]
    tag: String,
    /// How many records.
    #[arg(long, value_name = "N")]
    count: u64,
    /// The number of the first one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    start: u64,
    /// Records a second, of all threads together [default: as many as possible]
    #[arg(long, value_name = "PER_SECOND", value_parser = rate)]
    rate: Option<f64>,
    /// Threads that log.
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// Bytes of padding in each text.
    #[arg(long, value_name = "BYTES", default_value_t = 60)]
    pad: usize,
    /// Bytes of the queue.
    #[arg(long, value_name = "BYTES")]
    capacity: Option<usize>,
    /// Bytes of the resend buffer.
    #[arg(long = "tail", visible_alias = "resend-buffer", value_name = "BYTES")]
    resend_buffer: Option<usize>,
    /// A file for the queue.
    #[arg(long, value_name = "PATH")]
    queue_file: Option<PathBuf>,
    /// rfc5424, cee, ecs, rfc3164 or rfc3164-local.
    #[arg(long, value_parser = str::parse::<Format>)]
    format: Option<Format>,
    /// A file that holds the number of the next record, for whoever kills this process.
    #[arg(long, value_name = "FILE")]
    progress: Option<PathBuf>,
    /// How long to wait at the end for what is not delivered.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    flush_timeout: Duration,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut builder = logship::builder(&args.tag).servers(&args.url);
    if let Some(capacity) = args.capacity {
        builder = builder.queue_capacity(capacity);
    }
    if let Some(resend_buffer) = args.resend_buffer {
        builder = builder.resend_buffer(resend_buffer);
    }
    if let Some(path) = &args.queue_file {
        builder = builder.queue_file(path);
    }
    if let Some(format) = args.format {
        builder = builder.format(format);
    }
    let handle = builder.build()?;
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(handle.unfiltered_layer()));
    let load = Load {
        next: AtomicU64::new(args.start),
        end: args.start.checked_add(args.count).ok_or("invalid --count: too large for --start")?,
        rate: args.rate,
        padding: "x".repeat(args.pad),
        progress: args.progress.as_deref().map(File::create).transpose()?.map(Mutex::new),
        begin: Instant::now(),
        first: args.start,
    };
    let bar = bar(args.count);
    let mut calls = Durations::default();
    thread::scope(|scope| {
        let work = || tracing::dispatcher::with_default(&dispatch, || load.run());
        let threads: Vec<_> = (0..args.threads).map(|_| scope.spawn(work)).collect();
        while !bar.is_hidden() && threads.iter().any(|thread| !thread.is_finished()) {
            bar.set_position(load.next.load(Relaxed).min(load.end) - load.first);
            thread::sleep(Duration::from_millis(100));
        }
        threads.into_iter().filter_map(|thread| thread.join().ok()).for_each(|c| calls.add(&c));
    });
    bar.set_message("waiting for the server");
    let all_arrived = handle.flush(args.flush_timeout);
    let elapsed = load.begin.elapsed().as_secs_f64();
    let stats = match all_arrived {
        // A goodbye to the server confirms what it has acknowledged.
        true => handle.shutdown(args.flush_timeout).unwrap_or_else(|e| e.stats()),
        false => handle.stats(),
    };
    bar.finish_and_clear();
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

/// Shown on standard error, if that is a terminal.
fn bar(count: u64) -> ProgressBar {
    let bar = ProgressBar::new(count);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta} {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && f64::is_finite(rate) => Ok(rate),
        _ => Err("expected a number above 0".to_owned()),
    }
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
