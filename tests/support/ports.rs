//! Loopback ports that stay ours while the server behind them is down.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Sixteen neighbouring ports. The first is held by this value as a lock and never given away,
/// so two test processes cannot share a block, not even between a server's stop and next start.
pub(crate) struct PortBlock {
    lock: TcpListener,
}

impl PortBlock {
    pub(crate) fn reserve() -> PortBlock {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // Processes start at different places, so they seldom fight over the same block.
        let offset = (std::process::id() % u32::from(BLOCKS)) as u16;
        for _ in 0..BLOCKS {
            let index = (offset + NEXT.fetch_add(1, Ordering::Relaxed)) % BLOCKS;
            let base = FIRST + index * SIZE;
            let Ok(lock) = TcpListener::bind(("127.0.0.1", base)) else { continue };
            let block = PortBlock { lock };
            if (1..SIZE).all(|n| is_free(block.port(n))) {
                return block;
            }
        }
        panic!("no {SIZE} neighbouring loopback ports are free between {FIRST} and 32000");
    }

    /// The `n`th port of the block, from 1.
    pub(crate) fn port(&self, n: u16) -> u16 {
        assert!((1..SIZE).contains(&n), "a block has the ports 1 to {}", SIZE - 1);
        self.lock.local_addr().expect("a bound listener has an address").port() + n
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
        && std::net::UdpSocket::bind(("127.0.0.1", port)).is_ok()
}

/// Whether some process listens on this TCP port, asked without connecting: a connection would
/// be a failed handshake in the server's error file.
pub(crate) fn tcp_listens(port: u16) -> bool {
    // 0A is TCP_LISTEN.
    table_has("/proc/net/tcp", port, Some("0A")) || table_has("/proc/net/tcp6", port, Some("0A"))
}

/// Whether some process has bound this UDP port.
pub(crate) fn udp_listens(port: u16) -> bool {
    table_has("/proc/net/udp", port, None) || table_has("/proc/net/udp6", port, None)
}

fn table_has(table: &str, port: u16, state: Option<&str>) -> bool {
    let suffix = format!(":{port:04X}");
    std::fs::read_to_string(table).unwrap_or_default().lines().skip(1).any(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let local = columns.next().unwrap_or_default();
        local.ends_with(&suffix) && state.is_none_or(|wanted| columns.nth(1) == Some(wanted))
    })
}

// Below the kernel's ephemeral range (32768 and up), so that no outgoing connection takes a
// port away while its server is stopped.
const FIRST: u16 = 16_000;
const SIZE: u16 = 16;
const BLOCKS: u16 = 1_000;
