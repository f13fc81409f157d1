//! Two pages over HTTP: `/health` for a balancer, `/metrics` for Prometheus.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _},
    sync::Arc,
    thread,
    time::Duration,
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

/// Answers from now on, each connection in a thread of its own.
///
/// # Errors
///
/// If the address cannot be bound.
pub(super) fn serve(address: &str, status: Status) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let bound = listener.local_addr()?;
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let status = status.clone();
            // Who goes away without an answer did not want one.
            thread::spawn(move || drop(answer(&connection, &status)));
        }
    });
    Ok(bound)
}

fn answer(mut connection: &TcpStream, status: &Status) -> io::Result<()> {
    connection.set_read_timeout(Some(TIMEOUT))?;
    connection.set_write_timeout(Some(TIMEOUT))?;
    let mut reader = BufReader::new(connection.take(8 << 10));
    let mut first = String::new();
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
    }
    let (code, kind, body) = match first.split(' ').nth(1).unwrap_or_default() {
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
