//! Tests over real sockets.

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use crate::{Collector, Framing, Received};

pub(super) const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(200);

fn client(collector: &Collector) -> TcpStream {
    let stream = TcpStream::connect(collector.address().unwrap()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

fn frame(text: &str) -> Vec<u8> {
    let msg = format!("<14>1 - - - - - - {text}");
    format!("{} {msg}", msg.len()).into_bytes()
}

fn texts(records: &[Received]) -> Vec<&str> {
    records.iter().map(|record| record.text().unwrap_or("none")).collect()
}

fn complaints(record: &Received) -> Vec<String> {
    record.complaints.iter().map(ToString::to_string).collect()
}

/// Whether the server has closed: an end or a reset, but not silence.
fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 64]) {
        Ok(bytes) => bytes == 0,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn udp_takes_one_message_of_each_datagram() {
    let collector = Collector::udp().unwrap();
    assert!(collector.url().starts_with("udp://127.0.0.1:"));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let send = |bytes: &[u8]| socket.send_to(bytes, collector.address().unwrap()).unwrap();
    send(b"<14>1 - - - - - [a@1 k=\"v\"] one");
    send(b"<14>1 - - - - - - two\n");
    send(b"18 <14>1 - - - - - -");
    send(b"");
    let records = collector.wait_for(4, LONG);
    assert_eq!(records.len(), 4);
    assert_eq!((records[0].framing, records[0].connection), (Framing::Datagram, 0));
    assert_eq!((records[0].param("a@1", "k"), records[0].text()), (Some("v"), Some("one")));
    assert_eq!(records[0].complaints, []);
    let lf = "LF at offset 21: a datagram is one SYSLOG-MSG and nothing else (RFC 5426 3.1)";
    assert_eq!(complaints(&records[1])[0], lf);
    let count = "datagram begins with \"18 <14>1\": it takes no octet count (RFC 5426 3.1)";
    assert_eq!(complaints(&records[2])[0], count);
    assert_eq!((&records[2].message, &records[3].message), (&None, &None));
}

#[test]
fn tcp_takes_both_framings_and_numbers_its_connections() {
    let collector = Collector::tcp().unwrap();
    let mut first = client(&collector);
    first.write_all(&[frame("one"), frame("two\nlines")].concat()).unwrap();
    assert_eq!(texts(&collector.wait_for(2, LONG)), ["one", "two\nlines"]);
    let mut second = client(&collector);
    second.write_all(b"<14>1 - - - - - - three\n").unwrap();
    let records = collector.wait_for(3, LONG);
    assert_eq!((records[1].framing, records[1].connection), (Framing::OctetCounting, 1));
    assert_eq!((records[2].framing, records[2].connection), (Framing::Lf, 2));
    assert_eq!((collector.connections(), collector.open_connections()), (2, 2));
    assert_eq!(records[2].complaints, []);
}

#[test]
fn records_wait_until_they_are_taken() {
    let collector = Collector::tcp().unwrap();
    let mut stream = client(&collector);
    stream.write_all(&[frame("1"), frame("2"), frame("3")].concat()).unwrap();
    assert_eq!(collector.wait_for(3, LONG).len(), 3);
    assert_eq!(collector.next(LONG).unwrap().text(), Some("1"));
    assert_eq!(texts(&collector.received()), ["2", "3"]);
    assert_eq!(texts(&collector.take()), ["2", "3"]);
    assert_eq!(collector.next(Duration::ZERO), None);
    assert_eq!((collector.messages(), collector.bytes()), (3, 3 * 19));
}

#[test]
fn a_wait_ends_with_its_time() {
    let collector = Collector::udp().unwrap();
    let start = Instant::now();
    assert_eq!(collector.wait_for(1, SHORT), []);
    assert!(start.elapsed() >= SHORT && start.elapsed() < LONG);
}

#[test]
fn a_frame_that_was_not_completed_is_told() {
    let collector = Collector::tcp().unwrap();
    client(&collector).write_all(b"30 <14>1 - - - - - - cut").unwrap();
    let record = collector.next(LONG).unwrap();
    assert_eq!(record.text(), Some("cut"));
    let says = "the connection ended 21 bytes into a frame of 30 (RFC 6587 3.4.1)";
    assert_eq!(complaints(&record), [says]);
}

#[test]
fn frames_longer_than_rsyslog_takes_are_told() {
    let collector = Collector::tcp().unwrap();
    let mut stream = client(&collector);
    stream.write_all(&frame(&"x".repeat(8096 - 18))).unwrap();
    stream.write_all(&frame(&"x".repeat(8097 - 18))).unwrap();
    let records = collector.wait_for(2, LONG);
    assert_eq!(records[0].complaints, []);
    let says = "frame has 8097 bytes, more than rsyslog's 8096 (RFC 5424 6.1)";
    assert_eq!(complaints(&records[1]), [says]);
}

#[test]
fn paused_collector_resumes() {
    let collector = Collector::tcp().unwrap();
    let mut stream = client(&collector);
    assert_eq!(collector.wait_for_connections(1, LONG), 1);
    collector.pause();
    stream.write_all(&frame("late")).unwrap();
    assert_eq!(collector.wait_for(1, SHORT), []);
    collector.resume();
    assert_eq!(texts(&collector.wait_for(1, LONG)), ["late"]);
}

#[test]
fn a_paused_collector_lets_the_sender_run_full() {
    let collector = Collector::tcp().unwrap();
    collector.pause();
    let mut stream = client(&collector);
    stream.set_write_timeout(Some(SHORT)).unwrap();
    let chunk = frame(&"x".repeat(8000));
    let full = (0..10_000).find_map(|_| stream.write_all(&chunk).err()).unwrap();
    assert!(matches!(full.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{full}");
    assert_eq!(collector.messages(), 0);
}

#[test]
fn disconnect_closes_what_is_open_and_takes_the_next() {
    let collector = Collector::tcp().unwrap();
    let mut first = client(&collector);
    first.write_all(&frame("one")).unwrap();
    assert_eq!(collector.wait_for(1, LONG).len(), 1);
    collector.disconnect();
    assert_eq!(collector.open_connections(), 0);
    assert!(is_closed(&mut first));
    client(&collector).write_all(&frame("two")).unwrap();
    assert_eq!(texts(&collector.wait_for(2, LONG)), ["one", "two"]);
    assert_eq!(collector.connections(), 2);
}

#[test]
fn paused_collector_drops_unread_data_on_disconnect() {
    let collector = Collector::tcp().unwrap();
    let mut stream = client(&collector);
    assert_eq!(collector.wait_for_connections(1, LONG), 1);
    collector.pause();
    stream.write_all(&frame("lost")).unwrap();
    collector.disconnect();
    collector.resume();
    assert!(is_closed(&mut stream));
    assert_eq!(collector.wait_for(1, SHORT), []);
}

#[test]
fn a_collector_comes_back_at_the_same_address() {
    let first = Collector::tcp().unwrap();
    let address = first.address().unwrap();
    let mut stream = client(&first);
    stream.write_all(&frame("one")).unwrap();
    assert_eq!(first.wait_for(1, LONG).len(), 1);
    first.stop();
    first.stop();
    assert!(is_closed(&mut stream));
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(texts(&first.received()), ["one"]);
    let second = Collector::tcp_at(address).unwrap();
    client(&second).write_all(&frame("two")).unwrap();
    assert_eq!(texts(&second.wait_for(1, LONG)), ["two"]);
}

#[test]
fn dropping_does_not_take_long_whatever_it_does() {
    let start = Instant::now();
    let collector = Collector::tcp().unwrap();
    let _idle = client(&collector);
    collector.pause();
    let mut busy = client(&collector);
    busy.write_all(&frame("one")).unwrap();
    drop(collector);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(is_closed(&mut busy));
}

#[test]
fn draining_counts_and_keeps_nothing() {
    let collector = Collector::tcp().unwrap();
    collector.drain();
    let mut stream = client(&collector);
    let chunk = frame("1234567890").repeat(1000);
    for _ in 0..100 {
        stream.write_all(&chunk).unwrap();
    }
    assert_eq!(collector.wait_for_messages(100_000, LONG), 100_000);
    assert_eq!(collector.bytes(), 28 * 100_000);
    assert_eq!(collector.received(), []);
}

#[test]
fn an_address_in_use_is_quoted() {
    let collector = Collector::tcp().unwrap();
    let error = Collector::bind(&collector.url()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().starts_with(&collector.url()), "{error}");
}

#[test]
fn a_url_that_cannot_be_is_quoted() {
    for bad in ["", "tcp", "ftp://127.0.0.1:1", "tcp://127.0.0.1", "udp://:x", "tls://127.0.0.1:0"]
    {
        let error = Collector::bind(bad).unwrap_err();
        assert!(error.to_string().starts_with(bad), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn dead_unix_socket_is_replaced() {
    use std::os::unix::net::UnixDatagram;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    drop(UnixDatagram::bind(&path).unwrap());
    let collector = Collector::unix(&path).unwrap();
    assert_eq!(collector.url(), format!("unix://{}", path.display()));
    assert!(Collector::bind(&collector.url()).is_err());
    let socket = UnixDatagram::unbound().unwrap();
    socket.send_to(b"<14>1 - - - - - - hello", &path).unwrap();
    let record = collector.next(LONG).unwrap();
    assert_eq!((record.text(), record.framing), (Some("hello"), Framing::Datagram));
    drop(collector);
    assert!(!path.exists());

    std::fs::write(&path, "a file").unwrap();
    assert!(Collector::unix(&path).is_err());
    assert!(path.exists());
}
