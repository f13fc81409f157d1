//! The client's side of a test: addresses, numbered records, and the books.

use std::time::Duration;

use logship::{Builder, Format, Handle};
use tracing_subscriber::prelude::*;

use crate::support::{Identity, Input, Record, Rsyslogd};

/// How long a test waits for what must happen: generous, because a shared machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Target, and so MSGID, of the numbered records.
pub(crate) const TARGET: &str = "shop::cart";

/// A builder for the application `shop` on the host `client.example`.
pub(crate) fn shop(url: &str) -> Builder {
    // Room for everything a test logs: only the tests of a full queue want a small one. A socket
    // in the file system would be written to in the older format otherwise.
    logship::builder("shop")
        .servers(url)
        .format(Format::Rfc5424)
        .hostname("client.example")
        .queue_capacity(64 * 1024 * 1024)
}

pub(crate) fn build(builder: Builder) -> Handle {
    builder.build().expect("the settings are right")
}

/// The address of an input, with what its TLS needs: our CA and, where clients are asked for
/// one, the right client certificate.
pub(crate) fn url(server: &Rsyslogd, input: Input) -> String {
    match input {
        Input::Udp => format!("udp://127.0.0.1:{}", server.port(input)),
        Input::Tcp | Input::PlainTcp => format!("tcp://127.0.0.1:{}", server.port(input)),
        Input::TlsOpenssl | Input::TlsGnutls => tls_url(server, input, None),
        Input::TlsMutual | Input::TlsMutualOpenssl => {
            tls_url(server, input, Some(Identity::Client))
        }
        Input::Relp => format!("relp://127.0.0.1:{}", server.port(input)),
        Input::RelpTls => {
            let ca = server.certificates().ca();
            format!("relp+tls://127.0.0.1:{}?ca_file={}", server.port(input), ca.display())
        }
        Input::Unix | Input::UnixDevLog => format!("unix://{}", server.socket(input).display()),
    }
}

/// The address of a TLS input, with our CA and this client certificate.
pub(crate) fn tls_url(server: &Rsyslogd, input: Input, client: Option<Identity>) -> String {
    let certificates = server.certificates();
    let mut url =
        format!("tls://127.0.0.1:{}?ca_file={}", server.port(input), certificates.ca().display());
    if let Some(client) = client {
        let (certificate, key) = (certificates.certificate(client), certificates.key(client));
        url += &format!("&cert_file={}&key_file={}", certificate.display(), key.display());
    }
    url
}

/// Ships what `work` logs to a server that is well; returns the `count` records that it stored.
pub(crate) fn stored(
    format: Format,
    input: Input,
    count: usize,
    work: impl FnOnce(),
) -> Vec<Record> {
    let mut server = Rsyslogd::running();
    let handle = build(shop(&url(&server, input)).format(format));
    logging(&handle, work);
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    let records = server.exactly(count, PATIENCE);
    assert_all_delivered(&handle, count as u64);
    server.assert_content();
    records
}

/// Runs `work` with the handle's layer as the subscriber of this thread.
pub(crate) fn logging<T>(handle: &Handle, work: impl FnOnce() -> T) -> T {
    let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
    tracing::subscriber::with_default(subscriber, work)
}

/// The text of a numbered record: of another length from one to the next, so that frames end
/// everywhere in a buffer.
pub(crate) fn text(n: u64) -> String {
    let filler = "abcdefghijklmnopqrstuvwxyz é 🚀 ".chars().cycle();
    let length = (n * 37 % 211) as usize;
    format!("record {n}: {}.", filler.skip(n as usize % 26).take(length).collect::<String>())
}

/// Logs one numbered record.
pub(crate) fn log(n: u64) {
    tracing::info!(target: TARGET, n, "{}", text(n));
}

/// Logs these records, then waits until they are with the server.
pub(crate) fn log_and_flush(handle: &Handle, numbers: std::ops::Range<u64>) {
    logging(handle, || numbers.for_each(log));
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
}

/// The number of a record, after a look whether anything in it is torn.
pub(crate) fn number(record: &Record) -> u64 {
    let n = record.field("n").parse().expect("a number was logged");
    assert_eq!(record.msg, text(n), "torn: {record:#?}");
    assert_eq!(record.sd_text, format!("[fields@32473 n=\"{n}\"]"), "torn: {record:#?}");
    assert_eq!(record.msgid, TARGET, "torn: {record:#?}");
    assert_eq!(record.hostname, "client.example", "torn: {record:#?}");
    assert_eq!(record.app_name, "shop", "torn: {record:#?}");
    n
}

pub(crate) fn numbers(records: &[Record]) -> Vec<u64> {
    records.iter().map(number).collect()
}

/// Fails unless these are the records `0..count`: each once, in order, intact.
pub(crate) fn assert_each_once_in_order(records: &[Record], count: u64) {
    let numbers = numbers(records);
    let wrong = numbers.iter().copied().zip(0..).find(|(found, expected)| found != expected);
    assert_eq!(wrong, None, "(found, expected): the first record out of place");
    assert_eq!(numbers.len() as u64, count);
}

/// Fails unless the order is the order of logging, apart from jumps back: what was on its way
/// when a connection broke is sent again, from some record on and in order.
pub(crate) fn assert_order_kept(numbers: &[u64], connections: usize) {
    let jumps = numbers.windows(2).filter(|pair| pair[1] <= pair[0]).count();
    assert!(jumps < connections.max(1), "{jumps} jumps back with {connections} connections");
}

/// The numbers of `0..count` that never arrived.
pub(crate) fn missing(numbers: &[u64], count: u64) -> Vec<u64> {
    let arrived: std::collections::HashSet<_> = numbers.iter().collect();
    (0..count).filter(|n| !arrived.contains(n)).collect()
}

/// captured = delivered + dropped + waiting, at any moment.
pub(crate) fn assert_stats_balance(handle: &Handle) {
    let stats = handle.stats();
    assert_eq!(
        stats.captured,
        stats.delivered + stats.dropped + stats.pending,
        "the books do not balance: {stats:?}"
    );
}

/// Fails unless `count` records were captured and none was dropped; their delivery is confirmed later.
pub(crate) fn assert_all_delivered(handle: &Handle, count: u64) {
    let stats = handle.stats();
    let sums = (stats.captured, stats.delivered + stats.pending, stats.dropped);
    assert_eq!(sums, (count, count, 0), "(captured, delivered + pending, dropped)");
}
