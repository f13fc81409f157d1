//! Two pages over HTTP: `/health` for a balancer, `/metrics` for Prometheus.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::stats::Stats;

/// What `/health` looks at.
#[derive(Clone, Debug)]
pub(super) struct Status {
    pub(super) stats: Arc<Stats>,
    /// Addresses at which rsyslogd must accept connections.
    pub(super) probes: Vec<String>,
    /// Records that wait longer are worth a line.
    pub(super) patience: Duration,
}

/// Answers from now on, a few connections at once; others wait until one of these is answered or times
/// out.
///
/// # Errors
///
/// If the address cannot be bound or a thread cannot be started.
pub(super) fn serve(address: &str, status: Status) -> io::Result<SocketAddr> {
    let listener = Arc::new(TcpListener::bind(address)?);
    for _ in 0..AT_ONCE {
        let (listener, status) = (Arc::clone(&listener), status.clone());
        thread::Builder::new().spawn(move || {
            loop {
                match listener.accept() {
                    // A client that leaves without its answer did not want it.
                    Ok((connection, _)) => drop(answer(&connection, &status)),
                    // Too many open files, for example, which passes.
                    Err(_) => thread::sleep(Duration::from_millis(100)),
                }
            }
        })?;
    }
    listener.local_addr()
}

fn answer(mut connection: &TcpStream, status: &Status) -> io::Result<()> {
    connection.set_write_timeout(Some(TIMEOUT))?;
    let request = request(connection)?;
    let (code, kind, body) = match request.split(' ').nth(1).unwrap_or_default() {
        "/metrics" => ("200 OK", "text/plain; version=0.0.4", status.stats.metrics()),
        "/health" => {
            let (is_well, lines) = status.health();
            let code = if is_well { "200 OK" } else { "503 Service Unavailable" };
            (code, "text/plain; charset=utf-8", lines.join("\n") + "\n")
        }
        _ => ("404 Not Found", "text/plain", "expected /health or /metrics\n".to_owned()),
    };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {code}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// The request and its headers, as much of them as comes in time.
fn request(mut connection: &TcpStream) -> io::Result<String> {
    let end = Instant::now() + TIMEOUT;
    let (mut text, mut bytes) = (Vec::new(), [0; 1024]);
    while text.len() < LONGEST && !text.ends_with(b"\r\n\r\n") && !text.ends_with(b"\n\n") {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        connection.set_read_timeout(Some(left))?;
        match connection.read(&mut bytes)? {
            0 => break,
            count => text.extend_from_slice(&bytes[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

impl Status {
    fn health(&self) -> (bool, Vec<String>) {
        let (mut is_well, mut lines) = self.stats.health(self.patience);
        for probe in &self.probes {
            if let Err(error) = listens(probe) {
                is_well = false;
                lines.push(format!("nobody listens at {probe}: {error}"));
            }
        }
        if lines.is_empty() {
            lines.push("well".to_owned());
        }
        (is_well, lines)
    }
}

fn listens(address: &str) -> io::Result<()> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

const TIMEOUT: Duration = Duration::from_secs(2);
/// How many connections are answered at once.
const AT_ONCE: usize = 16;
/// Bytes of the longest request that is read.
const LONGEST: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn get(address: SocketAddr, request: &[u8]) -> String {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(request).unwrap();
        let mut answer = String::new();
        // A request that is too long is answered before it is read, which may reset the connection.
        let _ = connection.read_to_string(&mut answer);
        answer
    }

    #[test]
    fn odd_clients_hold_up_nobody() {
        let status =
            Status { stats: Arc::default(), probes: Vec::new(), patience: Duration::from_secs(60) };
        let address = serve("127.0.0.1:0", status).unwrap();
        let mut silent: Vec<_> =
            (0..AT_ONCE + 4).map(|_| TcpStream::connect(address).unwrap()).collect();
        silent[0].write_all(b"GET /hea").unwrap();
        for (request, code) in [
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
            ("GET /metrics HTTP/1.0\n\n", "200"),
            ("GET / HTTP/1.1\r\n\r\n", "404"),
            ("\r\n\r\n", "404"),
            ("\u{0}\u{1}\r\n\r\n", "404"),
        ] {
            let answer = get(address, request.as_bytes());
            assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{request:?}: {answer:?}");
        }
        get(address, &[b'x'; 100_000]);
        assert!(get(address, b"GET /health HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 "));
        // Silent connections are closed in the end.
        for mut connection in silent {
            assert!(matches!(connection.read(&mut [0]), Ok(0) | Err(_)));
        }
    }
}
