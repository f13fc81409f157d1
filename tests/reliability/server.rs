//! The server is killed again and again.

use std::{
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use logship::{Handle, Overflow};

use crate::{
    RESEND_BUFFER,
    row::Row,
    shipping::{PATIENCE, build, log, log_and_flush, logging, shop, url},
    support::{Input, Rsyslogd, eventually},
    tally::{self, Tally},
};

/// What a server is ended under.
pub(crate) struct Case {
    pub(crate) name: String,
    input: Input,
    /// Records a second.
    rate: Option<u32>,
    buffer: Option<usize>,
    /// How long a server lives at least.
    settles: Duration,
}

impl Case {
    pub(crate) fn new(input: Input, rate: Option<u32>, buffer: Option<usize>) -> Self {
        let way = match input {
            Input::PlainTcp => "TCP (imptcp)",
            Input::Tcp => "TCP (imtcp)",
            Input::TlsGnutls => "TLS (gtls)",
            Input::TlsOpenssl => "TLS (ossl)",
            _ => "RELP",
        };
        let buffer_name = match (input, buffer) {
            (Input::Relp, _) => "",
            (_, Some(_)) => ", buffer 1 MiB",
            (_, None) => ", default",
        };
        let pace = rate.map_or("full speed".to_owned(), |rate| format!("{rate}/s"));
        // A TLS server has so long to refuse a client: nothing counts as arrived before.
        let is_tls = matches!(input, Input::TlsGnutls | Input::TlsOpenssl);
        let settles = Duration::from_millis(if is_tls { 500 } else { 100 });
        Case { name: format!("server, {way}{buffer_name}, {pace}"), input, rate, buffer, settles }
    }

    /// Copies at each end: all that may be unread while a connection is on trial, or all of the buffer, or of RELP's window, in the shortest of records; and
    /// what was on its way to a kernel that had not acknowledged it.
    fn copies_allowed(&self) -> u64 {
        const OCTETS: u64 = 110;
        const ON_ITS_WAY: u64 = 256 << 10;
        const ON_TRIAL: u64 = 8 << 20;
        match (self.input, self.buffer) {
            (Input::Relp, _) => 128,
            (_, buffer) => {
                ((buffer.unwrap_or(RESEND_BUFFER) as u64).max(ON_TRIAL) + ON_ITS_WAY) / OCTETS
            }
        }
    }
}

/// Logs while the server is ended `kills` times by SIGKILL and as often by SIGTERM.
pub(crate) fn toll(case: &Case, kills: usize) -> Row {
    let begin = Instant::now();
    let mut server = Rsyslogd::running();
    let wait = Overflow::Block(PATIENCE);
    let builder = shop(&url(&server, case.input)).queue_capacity(16 << 20).overflow(wait);
    let builder = match case.buffer {
        Some(buffer) => builder.resend_buffer(buffer),
        None => builder,
    };
    let handle = build(builder.on_error(|_| {}));
    let (is_over, unaccounted) = (AtomicBool::new(false), AtomicU64::new(0));
    let (stores, finished) = mpsc::channel();
    let (said, tally) = thread::scope(|scope| {
        let counter = scope.spawn(move || {
            let mut tally = Tally::default();
            finished.iter().for_each(|store: std::path::PathBuf| tally.take(&store));
            tally
        });
        let logger = scope.spawn(|| log_until(&handle, &is_over, case.rate));
        let auditor = scope.spawn(|| audit(&handle, &is_over, &unaccounted));
        for end in 0..2 * kills {
            // At its rate, and not while it catches up with what was logged while it was away.
            let is_at_rate = || case.rate.is_none_or(|rate| handle.stats().pending < rate.into());
            assert!(eventually(PATIENCE, is_at_rate), "{}: it never caught up", case.name);
            thread::sleep(case.settles + Duration::from_millis(end as u64 * 137 % 300));
            if end % 2 == 0 {
                server.kill()
            } else {
                server.stop()
            }
            stores.send(server.store_of(end + 1)).unwrap();
            server.start();
            let is_back = || server.store_of(end + 2).metadata().is_ok_and(|it| it.len() > 0);
            assert!(eventually(PATIENCE, is_back), "{}: it never came back", case.name);
        }
        is_over.store(true, Relaxed);
        let said = logger.join().unwrap();
        auditor.join().unwrap();
        log_and_flush(&handle, said..said + 10);
        let said = said + 10;
        // A server that ends doesn't read what its kernel has acknowledged.
        let store = server.store_of(2 * kills + 1);
        assert!(eventually(PATIENCE, || tally::ends_with(&store, said - 1)), "{}", case.name);
        server.stop();
        stores.send(server.store_of(2 * kills + 1)).unwrap();
        drop(stores);
        (said, counter.join().unwrap())
    });
    let stats = handle.stats();
    let balance = (stats.delivered + stats.dropped + stats.pending).abs_diff(stats.captured);
    let missing = tally.missing(said);
    if !missing.is_empty() {
        eprintln!("{}: lost {}", case.name, tally::ranges(&missing));
    }
    Row {
        name: case.name.clone(),
        ends: 2 * kills,
        records: said,
        lost: missing.len() as u64,
        lost_allowed: u64::from(case.buffer.is_none() && case.input != Input::Relp),
        copies: tally.lines - tally.damaged - tally.distinct,
        copies_allowed: case.copies_allowed(),
        damaged: tally.damaged,
        unaccounted: balance.max(unaccounted.into_inner()),
        took: begin.elapsed(),
    }
}

/// Logs numbered records at this rate, or as fast as the queue takes them; returns how many.
pub(crate) fn log_until(handle: &Handle, is_over: &AtomicBool, rate: Option<u32>) -> u64 {
    let begin = Instant::now();
    let mut n = 0;
    logging(handle, || {
        while !is_over.load(Relaxed) {
            log(n);
            n += 1;
            if let Some(rate) = rate {
                let due = Duration::from_secs_f64(n as f64 / f64::from(rate));
                thread::sleep(due.saturating_sub(begin.elapsed()));
            }
        }
    });
    n
}

/// Looks at the books again and again, while everything happens.
pub(crate) fn audit(handle: &Handle, is_over: &AtomicBool, unaccounted: &AtomicU64) {
    while !is_over.load(Relaxed) {
        let stats = handle.stats();
        let known = stats.delivered + stats.dropped + stats.pending;
        unaccounted.fetch_max(stats.captured.abs_diff(known), Relaxed);
        thread::sleep(Duration::from_millis(1));
    }
}
