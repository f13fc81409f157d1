//! The limits of the machine, whoever sends.

use std::{
    error::Error,
    io::{IoSlice, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    os::fd::AsRawFd as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::sys::socket::{
    MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg as send_many, setsockopt,
    sockopt::UdpGsoSegment,
};

use crate::{cpu, deliver::Sent};

const FRAME: &str = "173 <14>1 2026-11-22T12:34:56.123456Z bench.example bench 4711 \
                     shop::checkout [fields@32473 order_id=\"1000000000\" customer=\"ann-of-ghent\" \
                     amount=\"129.95\" latency_ms=\"42\"] order accepted";

/// The same without the count in front.
const DATAGRAM: &str = FRAME.split_at(4).1;

/// Ready frames over TCP, 64 KiB at a time.
pub(crate) fn tcp(server: SocketAddr, length: Duration) -> std::io::Result<Sent> {
    let mut stream = TcpStream::connect(server)?;
    let frames = FRAME.repeat(64 * 1024 / FRAME.len());
    let in_one = (frames.len() / FRAME.len()) as u64;
    run(length, in_one, || stream.write_all(frames.as_bytes()))
}

/// The same through TLS, a record of the longest length at a time.
pub(crate) fn tls(server: SocketAddr, length: Duration) -> Result<Sent, Box<dyn Error>> {
    let connector =
        native_tls::TlsConnector::builder().danger_accept_invalid_certs(true).build()?;
    let mut stream = connector.connect("127.0.0.1", TcpStream::connect(server)?)?;
    let frames = FRAME.repeat(16 * 1024 / FRAME.len());
    let in_one = (frames.len() / FRAME.len()) as u64;
    let sent = run(length, in_one, || stream.write_all(frames.as_bytes()))?;
    stream.shutdown()?;
    Ok(sent)
}

/// One `send` for each datagram.
pub(crate) fn udp(server: SocketAddr, length: Duration) -> std::io::Result<Sent> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(server)?;
    run(length, 1, || socket.send(DATAGRAM.as_bytes()).map(|_| ()))
}

/// 64 datagrams in one call.
pub(crate) fn sendmmsg(server: SocketAddr, length: Duration) -> std::io::Result<Sent> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(server)?;
    let datagrams = [[IoSlice::new(DATAGRAM.as_bytes())]; 64];
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(64, None);
    run(length, 64, || {
        let flags = MsgFlags::empty();
        send_many(socket.as_raw_fd(), &mut headers, &datagrams, [None; 64], [], flags)?;
        Ok(())
    })
}

/// 64 datagrams in one buffer, which the kernel cuts.
pub(crate) fn gso(server: SocketAddr, length: Duration) -> std::io::Result<Sent> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(server)?;
    setsockopt(&socket, UdpGsoSegment, &(DATAGRAM.len() as i32))?;
    let datagrams = DATAGRAM.repeat(64);
    run(length, 64, || socket.send(datagrams.as_bytes()).map(|_| ()))
}

fn run(
    length: Duration,
    in_one: u64,
    mut write: impl FnMut() -> std::io::Result<()>,
) -> std::io::Result<Sent> {
    let cpu = cpu::taken();
    let end = Instant::now() + length;
    let mut calls = 0;
    while Instant::now() < end {
        write()?;
        calls += in_one;
    }
    let cpu_us = (cpu::taken() - cpu).as_secs_f64() * 1e6;
    Ok(Sent { calls, cpu_us, longest_ms: 0.0 })
}

/// Whether syslog-ng's load generator is in the path. Don't install its Debian package,
/// syslog-ng-core, where rsyslog is needed: the two conflict, and apt removes rsyslog with all its
/// modules. Unpack it beside instead (`apt-get download`, `dpkg -x`).
pub(crate) fn has_loggen() -> bool {
    let mut loggen = Command::new("loggen");
    loggen.arg("--help").stdout(Stdio::null()).stderr(Stdio::null());
    loggen.status().is_ok_and(|status| status.success())
}

/// Lets syslog-ng's load generator send as fast as it can.
pub(crate) fn loggen(server: SocketAddr, is_udp: bool, length: Duration) -> std::io::Result<()> {
    let seconds = length.as_secs().max(1).to_string();
    let mut loggen = Command::new("loggen");
    loggen.args(["--inet", if is_udp { "--dgram" } else { "--stream" }]);
    loggen.args(["--rate", "100000000", "--size", "173", "--interval", &seconds, "--quiet"]);
    loggen.args([server.ip().to_string(), server.port().to_string()]);
    loggen.stdout(Stdio::null()).stderr(Stdio::null()).status().map(|_| ())
}

/// Stands once in every message of loggen.
pub(crate) const LOGGEN_MARKER: &str = "seq: ";
