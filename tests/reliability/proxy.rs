//! The network resets connections in the middle of frames.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use logship::Overflow;

use crate::{
    RESEND_BUFFER,
    row::Row,
    server::{audit, log_until},
    shipping::{PATIENCE, build, log_and_flush, shop},
    support::{Input, Proxy, Rsyslogd, eventually},
    tally::{self, Tally},
};

type Run = fn(&str, usize) -> Row;

pub(crate) const ROWS: [(&str, Run); 4] = [
    ("connections, reset each megabyte, TCP, default, 20000/s", |name, kills| {
        resets(name, kills, Input::PlainTcp, Some(20_000), None)
    }),
    ("connections, reset each megabyte, TCP, default, full speed", |name, kills| {
        resets(name, kills, Input::PlainTcp, None, None)
    }),
    ("connections, reset each megabyte, TCP, buffer 1 MiB, full speed", |name, kills| {
        resets(name, kills, Input::PlainTcp, None, Some(RESEND_BUFFER))
    }),
    ("connections, reset each megabyte, RELP, full speed", |name, kills| {
        resets(name, kills, Input::Relp, None, None)
    }),
];

fn resets(name: &str, kills: usize, input: Input, rate: Option<u32>, buffer: Option<usize>) -> Row {
    let begin = Instant::now();
    let mut server = Rsyslogd::running();
    let proxy = Proxy::to(server.port(input));
    proxy.cut_after(1_000_003);
    let scheme = if input == Input::Relp { "relp" } else { "tcp" };
    let builder = shop(&format!("{scheme}://127.0.0.1:{}", proxy.port()));
    let mut builder = builder.overflow(Overflow::Block(PATIENCE)).queue_capacity(16 << 20);
    if let Some(buffer) = buffer {
        builder = builder.resend_buffer(buffer);
    }
    let handle = build(builder.on_error(|_| {}));
    let (is_over, unaccounted) = (AtomicBool::new(false), AtomicU64::new(0));
    let said = thread::scope(|scope| {
        let logger = scope.spawn(|| log_until(&handle, &is_over, rate));
        let auditor = scope.spawn(|| audit(&handle, &is_over, &unaccounted));
        // Each connection ends on trial, so the pauses grow to half a minute.
        let limit = PATIENCE + Duration::from_secs(30) * 2 * kills as u32;
        let are_cut = eventually(limit, || proxy.cuts() >= 2 * kills);
        assert!(are_cut, "{name}: only {} cuts", proxy.cuts());
        is_over.store(true, Relaxed);
        auditor.join().unwrap();
        logger.join().unwrap()
    });
    proxy.cut_after(0);
    // What a proxy has acknowledged may end with the last cut: only after it does a flush tell more.
    let is_back = || handle.stats().reconnects >= proxy.cuts() as u64;
    assert!(eventually(PATIENCE, is_back), "{name}: not connected again");
    let cuts = proxy.cuts();
    log_and_flush(&handle, said..said + 10);
    let said = said + 10;
    // A proxy that ends passes on no more of what its kernel has acknowledged.
    let store = server.store_of(1);
    assert!(eventually(PATIENCE, || tally::ends_with(&store, said - 1)), "{name}");
    server.stop();
    let mut tally = Tally::default();
    tally.take(&store);
    let missing = tally.missing(said);
    if !missing.is_empty() {
        eprintln!("{name}: lost {}", tally::ranges(&missing));
    }
    Row {
        name: name.to_owned(),
        ends: cuts,
        records: said,
        lost: missing.len() as u64,
        lost_allowed: 0,
        copies: tally.lines - tally.damaged - tally.distinct,
        copies_allowed: u64::MAX >> 32,
        damaged: tally.damaged,
        unaccounted: unaccounted.into_inner(),
        took: begin.elapsed(),
    }
}
