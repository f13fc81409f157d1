//! A TCP proxy that does to a connection what networks do: cut, stall, throttle, refuse.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Listens on a loopback port and passes bytes on to a server, as badly as it is told to.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: u16,
    closing: AtomicBool,
    refusing: AtomicBool,
    stalled: AtomicBool,
    /// Bytes a second towards the server; 0 is no limit.
    throttle: AtomicU64,
    /// Bytes of one connection towards the server until it is cut; 0 is never.
    cut_after: AtomicU64,
    connections: AtomicUsize,
    cuts: AtomicUsize,
    forwarded: AtomicU64,
    /// Both ends of every open connection, to shut them down from outside.
    open: Mutex<Vec<(TcpStream, TcpStream)>>,
}

impl Proxy {
    /// A proxy in front of this loopback port, which need not be listening yet.
    pub(crate) fn to(server: u16) -> Proxy {
        Proxy::at(Ipv4Addr::LOCALHOST, server)
    }

    /// The same, at another address of this machine.
    pub(crate) fn at(address: Ipv4Addr, server: u16) -> Proxy {
        Proxy::at_port(address, 0, server)
    }

    /// The same, at a port that is known to be free there; 0 is any.
    pub(crate) fn at_port(address: Ipv4Addr, port: u16, server: u16) -> Proxy {
        let listener = TcpListener::bind((address, port)).expect("the port is free");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let shared = Arc::new(Shared {
            server,
            closing: AtomicBool::new(false),
            refusing: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            throttle: AtomicU64::new(0),
            cut_after: AtomicU64::new(0),
            connections: AtomicUsize::new(0),
            cuts: AtomicUsize::new(0),
            forwarded: AtomicU64::new(0),
            open: Mutex::new(Vec::new()),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &serving));
        Proxy { port, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every open connection now. Bytes on their way are gone.
    pub(crate) fn cut(&self) {
        self.shared.cut_all();
    }

    /// Cuts each connection once it has passed on this many bytes, wherever in a frame that
    /// is. 0: never again.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.shared.cut_after.store(bytes, SeqCst);
    }

    /// While stalled, connections stay open and nothing is read from the client.
    pub(crate) fn stall(&self, stalled: bool) {
        self.shared.stalled.store(stalled, SeqCst);
    }

    /// Bytes a second towards the server, of every connection. 0: as fast as it goes.
    pub(crate) fn throttle(&self, octets_per_second: u64) {
        self.shared.throttle.store(octets_per_second, SeqCst);
    }

    /// While refusing, new connections are closed as soon as they are accepted.
    pub(crate) fn refuse(&self, refusing: bool) {
        self.shared.refusing.store(refusing, SeqCst);
    }

    /// Connections accepted so far, refused ones too.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(SeqCst)
    }

    /// How often `cut_after` has cut.
    pub(crate) fn cuts(&self) -> usize {
        self.shared.cuts.load(SeqCst)
    }

    /// Bytes passed on towards the server so far.
    pub(crate) fn forwarded(&self) -> u64 {
        self.shared.forwarded.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closing.store(true, SeqCst);
        self.shared.cut_all();
        // Wakes the accepting thread. It fails only where that thread has already gone.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Shared {
    fn cut_all(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (client, server) in open.drain(..) {
            close(&client, &server);
        }
    }

    fn wait_while_stalled(&self) {
        while self.stalled.load(SeqCst) && !self.closing.load(SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.closing.load(SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        shared.connections.fetch_add(1, SeqCst);
        if shared.refusing.load(SeqCst) {
            continue;
        }
        // No server: the client sees a connection that is closed at once.
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.server)) else { continue };
        let pair = || Ok::<_, std::io::Error>((client.try_clone()?, server.try_clone()?));
        let (Ok(kept), Ok(back)) = (pair(), pair()) else { continue };
        shared.open.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        let forth = Arc::clone(shared);
        thread::spawn(move || pass_on(client, server, &forth));
        thread::spawn(move || pass_back(back.1, back.0));
    }
}

/// Client to server: the direction that is cut, stalled and throttled.
fn pass_on(mut client: TcpStream, mut server: TcpStream, shared: &Shared) {
    let mut buffer = [0; 16 * 1024];
    let mut passed = 0;
    loop {
        shared.wait_while_stalled();
        let rate = shared.throttle.load(SeqCst);
        // Twenty small helpings a second are smoother than one large one.
        let helping = if rate == 0 { buffer.len() } else { (rate / 20).max(1) as usize };
        let end = helping.min(buffer.len());
        let Ok(read @ 1..) = client.read(&mut buffer[..end]) else { break };
        // It may have been blocked in `read` when the stall began.
        shared.wait_while_stalled();
        let limit = shared.cut_after.load(SeqCst);
        let allowed =
            if limit == 0 { read } else { read.min((limit.max(passed) - passed) as usize) };
        if server.write_all(&buffer[..allowed]).is_err() {
            break;
        }
        passed += allowed as u64;
        shared.forwarded.fetch_add(allowed as u64, SeqCst);
        if limit != 0 && passed >= limit {
            shared.cuts.fetch_add(1, SeqCst);
            close(&client, &server);
            return;
        }
        if rate != 0 {
            thread::sleep(Duration::from_millis(50));
        }
    }
    // The client is done writing; what the server still says must get back to it.
    let _ = server.shutdown(Shutdown::Write);
}

/// Server to client, untouched.
fn pass_back(mut server: TcpStream, mut client: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = server.read(&mut buffer) {
        if client.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Write);
}

fn close(client: &TcpStream, server: &TcpStream) {
    // Already closed by the other side is closed too.
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
