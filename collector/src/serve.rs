//! The threads that read sockets.
//!
//! Never: blocks for longer than `POLL` without looking whether to go on.

use std::{
    io::{self, ErrorKind, Read},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

#[cfg(feature = "native-tls")]
use native_tls::{HandshakeError, TlsAcceptor, TlsStream};

use super::{
    frame::{Frame, Framing, Splitter},
    inbox::{Batch, Inbox},
    received::Received,
};

/// Reads datagrams until the collector stops. `receive` waits no longer than `POLL`.
pub(super) fn datagrams(receive: impl Fn(&mut [u8]) -> io::Result<usize>, inbox: &Inbox) {
    let mut buffer = vec![0; DATAGRAM];
    while inbox.may_read(0) {
        match receive(&mut buffer) {
            Ok(length) => {
                // Paused or stopped while it waited: the datagram waits, too.
                if !inbox.may_read(0) {
                    return;
                }
                let bytes = buffer.get(..length).unwrap_or_default();
                let complaints = Vec::new();
                let draining = inbox.state().draining;
                let mut batch = Batch::default();
                let frame = Frame { bytes, framing: Framing::Datagram, complaints };
                add(&mut batch, frame, 0, draining);
                inbox.put(batch);
            }
            Err(error) if is_poll(&error) => {}
            Err(error) => {
                inbox.fail(format!("receiving: {error}"));
                thread::sleep(POLL);
            }
        }
    }
}

/// Accepts connections until the collector stops, and then waits for their threads.
pub(super) fn connections(listener: &TcpListener, security: &Security, inbox: &Arc<Inbox>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while !inbox.state().stopped {
        match listener.accept() {
            Ok((stream, _)) => {
                threads.retain(|thread| !thread.is_finished());
                match start(stream, security.clone(), Arc::clone(inbox)) {
                    Ok(thread) => threads.push(thread),
                    Err(error) => inbox.fail(format!("accepting: {error}")),
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(ACCEPT),
            Err(error) => {
                inbox.fail(format!("accepting: {error}"));
                thread::sleep(POLL);
            }
        }
    }
    for thread in threads {
        // Nothing in there panics, and if it did there is nobody left to tell.
        let _ = thread.join();
    }
}

/// What connections begin with.
#[derive(Clone)]
pub(super) enum Security {
    None,
    #[cfg(feature = "native-tls")]
    Tls(TlsAcceptor),
}

fn start(stream: TcpStream, security: Security, inbox: Arc<Inbox>) -> io::Result<JoinHandle<()>> {
    // Some systems hand the listener's mode on to the connection.
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(POLL))?;
    stream.set_write_timeout(Some(WRITE))?;
    let connection = inbox.change(|state| {
        state.accepted += 1;
        state.open.push(state.accepted);
        state.accepted
    });
    let close = move |inbox: &Inbox| {
        inbox.change(|state| state.open.retain(|open| *open != connection));
    };
    let shared = Arc::clone(&inbox);
    let thread = thread::Builder::new().name(format!("collector-{connection}")).spawn(move || {
        if let Some(stream) = secure(stream, &security, connection, &shared) {
            converse(stream, connection, &shared);
        }
        close(&shared);
    });
    if thread.is_err() {
        close(&inbox);
    }
    thread
}

enum Stream {
    Plain(TcpStream),
    #[cfg(feature = "native-tls")]
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            #[cfg(feature = "native-tls")]
            Self::Tls(stream) => stream.read(buffer),
        }
    }

    /// Over TLS this answers or sends a close_notify, RFC 5425 4.4.
    fn close(self) {
        #[cfg(feature = "native-tls")]
        if let Self::Tls(mut stream) = self {
            // The peer may be gone already, which is just as well.
            let _ = stream.shutdown();
        }
    }

    fn is_tls(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

#[cfg_attr(
    not(feature = "native-tls"),
    expect(unused_variables, reason = "without TLS nothing fails")
)]
fn secure(
    stream: TcpStream,
    security: &Security,
    connection: u64,
    inbox: &Inbox,
) -> Option<Stream> {
    match security {
        Security::None => Some(Stream::Plain(stream)),
        #[cfg(feature = "native-tls")]
        Security::Tls(acceptor) => {
            if !inbox.may_read(connection) {
                return None;
            }
            let mut attempt = acceptor.accept(stream);
            loop {
                match attempt {
                    Ok(stream) => return Some(Stream::Tls(Box::new(stream))),
                    Err(HandshakeError::WouldBlock(half)) => {
                        if !inbox.may_read(connection) {
                            return None;
                        }
                        attempt = half.handshake();
                    }
                    Err(HandshakeError::Failure(error)) => {
                        inbox.fail(format!("TLS handshake of connection {connection}: {error}"));
                        return None;
                    }
                }
            }
        }
    }
}

/// Reads one connection until either side ends it.
fn converse(mut stream: Stream, connection: u64, inbox: &Inbox) {
    let mut splitter = Splitter::new(stream.is_tls());
    while inbox.may_read(connection) {
        match stream.read(splitter.space()) {
            Ok(0) => {
                finish(&mut splitter, connection, inbox);
                break;
            }
            Ok(bytes) => {
                // Paused or closed while it waited: nothing of this counts as read.
                if !inbox.may_read(connection) {
                    break;
                }
                splitter.filled(bytes);
                let draining = inbox.state().draining;
                let mut batch = Batch::default();
                while let Some(frame) = splitter.next_frame() {
                    add(&mut batch, frame, connection, draining);
                }
                inbox.put(batch);
            }
            Err(error) if is_poll(&error) => {}
            Err(error) => {
                inbox.fail(format!("reading connection {connection}: {error}"));
                finish(&mut splitter, connection, inbox);
                break;
            }
        }
    }
    stream.close();
}

/// The peer ended the connection: a frame that it did not complete is told, too.
fn finish(splitter: &mut Splitter, connection: u64, inbox: &Inbox) {
    let draining = inbox.state().draining;
    if let Some(frame) = splitter.remainder() {
        let mut batch = Batch::default();
        add(&mut batch, frame, connection, draining);
        inbox.put(batch);
    }
}

fn add(batch: &mut Batch, frame: Frame<'_>, connection: u64, draining: bool) {
    batch.messages += 1;
    batch.bytes += frame.bytes.len() as u64;
    if !draining {
        batch.records.push(Received::from_frame(frame, connection));
    }
}

fn is_poll(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// How late a thread may notice that it is to close. Short, as a test waits for it.
pub(super) const POLL: Duration = Duration::from_millis(20);
/// How long a client may wait to be accepted.
const ACCEPT: Duration = Duration::from_millis(5);
/// The server writes handshakes and a close_notify only.
const WRITE: Duration = Duration::from_secs(1);
/// Above the longest datagram: 65,507 bytes over UDP, the send buffer's size on unix.
const DATAGRAM: usize = 256 * 1024;
