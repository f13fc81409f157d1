//! A server that records what it gets, byte by byte, and can behave in any way.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::JoinHandle,
    time::Duration,
};

use openssl::ssl::{
    ShutdownState, Ssl, SslContext, SslMethod, SslOptions, SslVerifyMode, SslVersion,
};

use super::certificates::Pair;

/// What a server does with whoever connects.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// Speaks TLS and reads to the end.
    Tls(SslContext),
    /// Says `hello` before.
    #[allow(dead_code, reason = "the tests beside the code have a use for it")]
    Greets(SslContext),
    /// Reads to the end, without a word.
    Silent,
    Closes,
    Resets,
    /// Says this, and reads to the end.
    Says(Vec<u8>),
    /// Says this, and closes.
    SaysAndCloses(Vec<u8>),
}

/// What came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    /// As it was on the wire.
    pub(crate) raw: Vec<u8>,
    /// As TLS made it readable.
    pub(crate) plain: Vec<u8>,
    pub(crate) connections: usize,
    /// Handshakes that both sides completed.
    pub(crate) handshakes: usize,
    /// Connections whose end the client has announced (RFC 8446 section 6.1).
    pub(crate) goodbyes: usize,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    recorded: Arc<Mutex<Recorded>>,
    stops: Arc<AtomicBool>,
    behaviour: Arc<Mutex<Behaviour>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(behaviour: Behaviour) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let recorded: Arc<Mutex<Recorded>> = Arc::default();
        let stops: Arc<AtomicBool> = Arc::default();
        let behaviour = Arc::new(Mutex::new(behaviour));
        let open: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let (record, stop, now) = (recorded.clone(), stops.clone(), behaviour.clone());
        let keep = open.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(SeqCst) {
                    return;
                }
                let stream = stream.unwrap();
                let (record, now) = (record.clone(), now.lock().unwrap().clone());
                // Who resets must be the only one that holds the socket.
                if !matches!(now, Behaviour::Resets) {
                    keep.lock().unwrap().push(stream.try_clone().unwrap());
                }
                record.lock().unwrap().connections += 1;
                // A connection ends when its client does; nobody has to wait for it.
                std::thread::spawn(move || serve(stream, now, &record));
            }
        });
        Server { port, recorded, stops, behaviour, open, thread: Some(thread) }
    }

    pub(crate) fn tls(pair: &Pair) -> Server {
        Server::start(tls(pair))
    }

    /// From the next connection on.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// Ends all connections that there are.
    pub(crate) fn hang_up(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            // One that has ended already is just as well.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    pub(crate) fn recorded(&self) -> Recorded {
        self.recorded.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stops.store(true, SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

pub(crate) fn tls(pair: &Pair) -> Behaviour {
    tls_with(pair, |_| {})
}

pub(crate) fn tls_with(
    pair: &Pair,
    change: impl FnOnce(&mut openssl::ssl::SslContextBuilder),
) -> Behaviour {
    let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
    // Whatever is weak is to be refused by the client, not by this server.
    context.set_security_level(0);
    context.set_certificate(&pair.certificate).unwrap();
    context.set_private_key(&pair.key).unwrap();
    for certificate in &pair.above {
        context.add_extra_chain_cert(certificate.clone()).unwrap();
    }
    context.set_options(SslOptions::NO_TICKET);
    context.set_verify(SslVerifyMode::NONE);
    context.set_session_id_context(b"logship").unwrap();
    change(&mut context);
    Behaviour::Tls(context.build())
}

/// Speaks this version only.
pub(crate) fn tls_of(pair: &Pair, version: SslVersion) -> Behaviour {
    tls_with(pair, |context| {
        context.set_min_proto_version(Some(version)).unwrap();
        context.set_max_proto_version(Some(version)).unwrap();
        context.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    })
}

struct Recording<'a>(TcpStream, &'a Mutex<Recorded>);

impl Read for Recording<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(bytes)?;
        self.1.lock().unwrap().raw.extend(&bytes[..count]);
        Ok(count)
    }
}

impl Write for Recording<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn serve(stream: TcpStream, behaviour: Behaviour, recorded: &Mutex<Recorded>) {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut stream = Recording(stream, recorded);
    let greets = matches!(behaviour, Behaviour::Greets(_));
    match behaviour {
        Behaviour::Tls(context) | Behaviour::Greets(context) => {
            let Ok(mut tls) = Ssl::new(&context).unwrap().accept(stream) else { return };
            recorded.lock().unwrap().handshakes += 1;
            if greets {
                let _ = tls.write_all(b"hello");
            }
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = tls.read(&mut bytes) {
                recorded.lock().unwrap().plain.extend(&bytes[..count]);
            }
            let said_goodbye = tls.get_shutdown().contains(ShutdownState::RECEIVED);
            recorded.lock().unwrap().goodbyes += usize::from(said_goodbye);
            let _ = tls.shutdown();
        }
        Behaviour::Silent => read_to_the_end(&mut stream),
        Behaviour::Closes => {
            let _ = stream.0.shutdown(std::net::Shutdown::Both);
        }
        Behaviour::Resets => {
            let _ = stream.read(&mut [0; 16]);
            let _ = socket2::SockRef::from(&stream.0).set_linger(Some(Duration::ZERO));
        }
        Behaviour::Says(bytes) => {
            let _ = stream.write_all(&bytes);
            read_to_the_end(&mut stream);
        }
        Behaviour::SaysAndCloses(bytes) => {
            // The client's hello is read first, or the close would be a reset.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&bytes);
            let _ = stream.0.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn read_to_the_end(stream: &mut Recording<'_>) {
    let mut bytes = [0; 4096];
    while let Ok(1..) = stream.read(&mut bytes) {}
}
