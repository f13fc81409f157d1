//! What the poster has done and what is left, as counters, a metrics page and sentences.

use std::{
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Counts since the start, and the last look at the spool.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pub(super) requests: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) stored: AtomicU64,
    /// Answered with 409: it had been sent before.
    pub(super) known: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) untyped: AtomicU64,
    pub(super) dead: AtomicU64,
    pub(super) damaged: AtomicU64,
    pub(super) halved: AtomicU64,
    pub(super) files_removed: AtomicU64,
    pub(super) read_bytes: AtomicU64,
    pub(super) read_records: AtomicU64,
    pub(super) waiting_bytes: AtomicU64,
    pub(super) waiting_millis: AtomicU64,
    pub(super) free_bytes: AtomicU64,
    pub(super) brake: AtomicBool,
    trouble: Mutex<Trouble>,
}

/// What is wrong at the moment.
#[derive(Debug, Default)]
struct Trouble {
    /// Since when the store has not answered well, and what it said last.
    store: Option<Silence>,
    /// When it was last logged.
    told: Option<Instant>,
    /// Why the spool can't be read.
    spool: Option<String>,
}

#[derive(Debug)]
struct Silence {
    since: Instant,
    reason: String,
    is_told: bool,
}

impl Stats {
    /// How many records the waiting bytes are, by the mean length of those read so far.
    pub(super) fn waiting_records(&self) -> u64 {
        let (bytes, records) = (self.read_bytes.load(Relaxed), self.read_records.load(Relaxed));
        let mean = bytes.checked_div(records).unwrap_or(800).max(1);
        self.waiting_bytes.load(Relaxed).div_ceil(mean)
    }

    /// How long it was ill, if that was logged.
    pub(super) fn store_is_well(&self) -> Option<Duration> {
        let silence = lock(&self.trouble).store.take();
        silence.filter(|silence| silence.is_told).map(|silence| silence.since.elapsed())
    }

    /// Whether to log this: at once if it is new, unless a failure was logged less than 10 s ago, and
    /// then once a minute.
    pub(super) fn store_is_ill(&self, reason: &str) -> bool {
        let mut trouble = lock(&self.trouble);
        let known = trouble.store.take();
        let pause = Duration::from_secs(if known.is_some() { 60 } else { 10 });
        let is_news = trouble.told.is_none_or(|told| told.elapsed() > pause);
        if is_news {
            trouble.told = Some(Instant::now());
        }
        trouble.store = Some(Silence {
            since: known.as_ref().map_or_else(Instant::now, |known| known.since),
            reason: reason.to_owned(),
            is_told: is_news || known.is_some_and(|known| known.is_told),
        });
        is_news
    }

    pub(super) fn spool_is(&self, trouble: Option<String>) {
        lock(&self.trouble).spool = trouble;
    }

    /// Whether senders can be sent here, and a line for each thing that a person should know.
    pub(super) fn health(&self, patience: Duration) -> (bool, Vec<String>) {
        let mut lines = Vec::new();
        let trouble = lock(&self.trouble);
        if let Some(reason) = &trouble.spool {
            lines.push(reason.clone());
        }
        if self.brake.load(Relaxed) {
            lines.push("the brake is on: the disk is nearly full, and senders wait".to_owned());
        }
        let can_take = lines.is_empty();
        if let Some(Silence { since, reason, .. }) = &trouble.store {
            let seconds = since.elapsed().as_secs();
            lines.push(format!("no answer of the store for {seconds} s: {reason}"));
        }
        let waited = Duration::from_millis(self.waiting_millis.load(Relaxed));
        if waited > patience {
            let records = self.waiting_records();
            lines.push(format!("about {records} records wait, for up to {} s", waited.as_secs()));
        }
        match self.dead.load(Relaxed) {
            0 => {}
            dead => lines.push(format!("{dead} documents were refused for good since the start")),
        }
        (can_take, lines)
    }

    /// In Prometheus' text format.
    pub(super) fn metrics(&self) -> String {
        let mut page = String::new();
        let counters = [
            ("records_stored", "Records that the store has taken.", &self.stored),
            ("records_known", "Records that the store had already (409).", &self.known),
            (
                "records_retried",
                "Items turned away with 429 or 5xx, and sent again.",
                &self.retried,
            ),
            ("records_untyped", "Records refused for a type, and stored as text.", &self.untyped),
            ("records_dead", "Records refused for good, in the dead letters.", &self.dead),
            ("pieces_damaged", "Half records, left by a killed rsyslogd.", &self.damaged),
            ("requests", "Bulk requests.", &self.requests),
            ("requests_failed", "Bulk requests without a usable answer.", &self.failures),
            ("requests_halved", "Bulk requests that were too long, or malformed.", &self.halved),
            ("files_removed", "Spool files of which every record is stored.", &self.files_removed),
        ];
        for (name, help, value) in counters {
            push(&mut page, &format!("{name}_total"), help, "counter", value.load(Relaxed));
        }
        let gauges = [
            (
                "waiting_bytes",
                "Bytes in the spool that are not stored.",
                self.waiting_bytes.load(Relaxed),
            ),
            ("waiting_records", "The same in records, estimated.", self.waiting_records()),
            (
                "spool_free_bytes",
                "Free bytes on the spool's file system.",
                self.free_bytes.load(Relaxed),
            ),
            (
                "brake",
                "1 while rsyslogd is held, since the disk is nearly full.",
                self.brake.load(Relaxed).into(),
            ),
        ];
        for (name, help, value) in gauges {
            push(&mut page, name, help, "gauge", value);
        }
        let seconds = self.waiting_millis.load(Relaxed) as f64 / 1000.0;
        push(
            &mut page,
            "waiting_seconds",
            "Age of the oldest record that waits, at most.",
            "gauge",
            seconds,
        );
        page
    }
}

fn push(page: &mut String, name: &str, help: &str, kind: &str, value: impl std::fmt::Display) {
    let _ = writeln!(
        page,
        "# HELP logship_index_{name} {help}\n# TYPE logship_index_{name} {kind}\nlogship_index_{name} {value}"
    );
}

fn lock(trouble: &Mutex<Trouble>) -> std::sync::MutexGuard<'_, Trouble> {
    trouble.lock().unwrap_or_else(PoisonError::into_inner)
}
