//! The server of every measurement, a process of its own.
//!
//! It counts how often a marker passes, whatever stands around it, so that every peer is counted
//! alike, framed or not. It prints its port, and what it received once standard input ends.

use std::{
    io::{Read, Write as _},
    net::{TcpListener, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};

use crate::Outcome;

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Received {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    /// From the first byte to the last.
    pub(crate) seconds: f64,
}

#[derive(Default)]
struct Counts {
    records: u64,
    bytes: u64,
    first: Option<Instant>,
    last: Option<Instant>,
}

#[derive(Default)]
struct State {
    counts: Mutex<Counts>,
    open: AtomicUsize,
    is_done: AtomicBool,
    /// Whether reading stops for a while soon after the first byte.
    stalls: AtomicBool,
}

/// `--receive tcp|tls|udp MARKER [stall]`
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (Some(transport), Some(marker)) = (arguments.get(1), arguments.get(2)) else {
        return Err("a transport and a marker are needed".into());
    };
    let state = Arc::new(State::default());
    state.stalls.store(arguments.get(3).is_some(), SeqCst);
    let (shared, marker) = (Arc::clone(&state), marker.clone());
    let port = match transport.as_str() {
        "udp" => {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            // As much as the system gives; rsyslog asks for as much as that.
            socket2::SockRef::from(&socket).set_recv_buffer_size(8 << 20)?;
            let port = socket.local_addr()?.port();
            thread::spawn(move || datagrams(&socket, &shared));
            port
        }
        other => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let port = listener.local_addr()?.port();
            let acceptor = (other == "tls").then(acceptor).transpose()?;
            thread::spawn(move || accept(&listener, acceptor, &marker, &shared));
            port
        }
    };
    println!("{port}");
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    thread::sleep(Duration::from_millis(300));
    state.is_done.store(true, SeqCst);
    let end = Instant::now() + Duration::from_secs(10);
    while state.open.load(SeqCst) > 0 && Instant::now() < end {
        thread::sleep(Duration::from_millis(5));
    }
    let counts = state.counts.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = match (counts.first, counts.last) {
        (Some(first), Some(last)) => (last - first).as_secs_f64(),
        _ => 0.0,
    };
    let received = Received { records: counts.records, bytes: counts.bytes, seconds };
    println!("{}", serde_json::to_string(&received)?);
    Ok(())
}

fn accept(
    listener: &TcpListener,
    acceptor: Option<native_tls::TlsAcceptor>,
    marker: &str,
    state: &Arc<State>,
) {
    for stream in listener.incoming().flatten() {
        state.open.fetch_add(1, SeqCst);
        let (state, acceptor, marker) = (Arc::clone(state), acceptor.clone(), marker.to_owned());
        thread::spawn(move || {
            match acceptor {
                None => read(stream, &marker, &state),
                Some(acceptor) => match acceptor.accept(stream) {
                    Ok(stream) => read(stream, &marker, &state),
                    Err(error) => eprintln!("handshake: {error}"),
                },
            }
            state.open.fetch_sub(1, SeqCst);
        });
    }
}

fn read(mut stream: impl Read, marker: &str, state: &State) {
    let finder = Finder::new(marker);
    let mut buffer = vec![0; 256 * 1024];
    // The end of the last read may be the beginning of a marker.
    let mut kept = 0;
    while let Ok(bytes @ 1..) = stream.read(&mut buffer[kept..]) {
        let filled = kept + bytes;
        let records = finder.find_iter(&buffer[..filled]).count() as u64;
        let rest = filled.min(marker.len() - 1);
        // A marker that ends in what is kept was counted, and is not counted again: what is kept
        // is shorter than it.
        buffer.copy_within(filled - rest..filled, 0);
        kept = rest;
        let begin = note(state, records, bytes);
        if begin.elapsed() > STALL_AFTER && state.stalls.swap(false, SeqCst) {
            thread::sleep(STALL);
        }
    }
}

fn datagrams(socket: &UdpSocket, state: &State) {
    state.open.fetch_add(1, SeqCst);
    let mut buffer = vec![0; 64 * 1024];
    // Without an answer a socket's wait may end at once and say why; there is always a next one.
    let _ = socket.set_read_timeout(Some(Duration::from_millis(100)));
    loop {
        match socket.recv(&mut buffer) {
            Ok(bytes) => drop(note(state, 1, bytes)),
            Err(_) if state.is_done.load(SeqCst) => break,
            Err(_) => {}
        }
    }
    state.open.fetch_sub(1, SeqCst);
}

fn note(state: &State, records: u64, bytes: usize) -> Instant {
    let now = Instant::now();
    let mut counts = state.counts.lock().unwrap_or_else(PoisonError::into_inner);
    // What comes before a silence at the beginning is a greeting, see `deliver::greet`.
    if counts.records <= GREETING && counts.last.is_some_and(|last| last.elapsed() > SILENCE) {
        counts.first = None;
    }
    counts.records += records;
    counts.bytes += bytes as u64;
    counts.last = Some(now);
    *counts.first.get_or_insert(now)
}

fn acceptor() -> Result<native_tls::TlsAcceptor, Box<dyn std::error::Error>> {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])?;
    let (cert, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let identity = native_tls::Identity::from_pkcs8(cert.as_bytes(), key.as_bytes())?;
    Ok(native_tls::TlsAcceptor::new(identity)?)
}

const GREETING: u64 = 4;
const SILENCE: Duration = Duration::from_millis(80);
const STALL_AFTER: Duration = Duration::from_millis(500);
const STALL: Duration = Duration::from_secs(2);
