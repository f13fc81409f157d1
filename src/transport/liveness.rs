//! Limits on silence and stalls: write timeout, TCP_USER_TIMEOUT, keepalive.
//!
//! A silent peer does not even acknowledge: the network drops everything, or the machine is gone. A
//! stalled peer acknowledges, and says that it has no room. The kernel's user timeout (RFC 5482)
//! ends both alike, so while the peer's window is closed it is as long as the write timeout.

use std::{
    io,
    time::{Duration, Instant},
};

use socket2::{SockRef, TcpKeepalive};
use tokio::{io::AsyncWriteExt as _, time::timeout};

use super::{
    Timeouts,
    connection::{Connection, ended, has_input},
    failure::failure,
    tcp_info,
};
use crate::ErrorKind;

/// The timeouts of a connection, and the one that is set in the kernel.
#[derive(Debug)]
pub(super) struct Liveness {
    timeouts: Timeouts,
    is_stalled: bool,
}

impl Liveness {
    pub(super) fn new(timeouts: Timeouts) -> Self {
        Liveness { timeouts, is_stalled: false }
    }

    /// Writes the first of these bytes, at least one, unless the peer accepts none for too long.
    pub(super) async fn write(
        &mut self,
        connection: &mut dyn Connection,
        bytes: &[u8],
    ) -> io::Result<usize> {
        let begin = Instant::now();
        loop {
            let step = self.timeouts.write.saturating_sub(begin.elapsed()).min(LOOK);
            match timeout(step, connection.write(bytes)).await {
                Ok(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(outcome) => return outcome,
                Err(_) => {
                    // On systems that do not report it, the peer's end is seen only once its data
                    // is read.
                    has_input(connection)?;
                    self.look(&connection.socket(), begin, "a write")?;
                }
            }
        }
    }

    /// Checks for a stalled peer during a wait.
    ///
    /// # Errors
    ///
    /// If the peer has closed its half, since it may never make room again, or if the wait has
    /// lasted as long as a write may take.
    pub(super) fn look(
        &mut self,
        socket: &SockRef<'_>,
        begin: Instant,
        what: &str,
    ) -> io::Result<()> {
        let seen = tcp_info::query(socket, 0);
        if seen.is_some_and(|seen| seen.has_ended) {
            return Err(ended());
        }
        self.note(socket, seen.is_some_and(|seen| seen.is_stalled));
        if begin.elapsed() < self.timeouts.write {
            return Ok(());
        }
        let text = format!("no answer to {what} within {:?}", self.timeouts.write);
        Err(failure(ErrorKind::Timeout, text))
    }

    /// Notes whether the peer stalls: that ends a connection later than silence does.
    pub(super) fn note(&mut self, socket: &SockRef<'_>, is_stalled: bool) {
        if is_stalled != self.is_stalled && !self.timeouts.user_timeout.is_zero() {
            self.is_stalled = is_stalled;
            let limit = if is_stalled { self.timeouts.write } else { self.timeouts.user_timeout };
            set_user_timeout(socket, limit.max(self.timeouts.user_timeout));
        }
    }

    /// How long to wait until the next check.
    pub(super) fn step(&self) -> Duration {
        LOOK.min(self.timeouts.write)
    }
}

/// Makes the kernel end a connection whose peer does not answer, busy or idle.
///
/// # Errors
///
/// If it is not a TCP socket.
pub(super) fn set_keepalive(socket: &SockRef<'_>, user_timeout: Duration) -> io::Result<()> {
    let usual = if user_timeout.is_zero() { USUAL } else { user_timeout };
    // The kernel counts these in whole seconds, at least one.
    let part = |of: u32| (usual / of).clamp(SECOND, LONGEST_KEEPALIVE);
    let keepalive = TcpKeepalive::new().with_time(part(2));
    #[cfg(not(target_os = "openbsd"))]
    let keepalive = keepalive.with_interval(part(4));
    // Windows before 10, and wine, refuse the number of probes.
    #[cfg(not(any(target_os = "openbsd", windows)))]
    let keepalive = keepalive.with_retries(KEEPALIVE_TRIES);
    socket.set_tcp_keepalive(&keepalive)?;
    if !user_timeout.is_zero() {
        set_user_timeout(socket, user_timeout);
    }
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_user_timeout(socket: &SockRef<'_>, limit: Duration) {
    // Every Linux since 2.6.37 has this option; without it keepalive remains.
    let _ = socket.set_tcp_user_timeout(Some(limit.max(Duration::from_millis(1))));
}

#[cfg(target_os = "macos")]
fn set_user_timeout(socket: &SockRef<'_>, limit: Duration) {
    tcp_info::set_retransmit_limit(socket, limit);
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
fn set_user_timeout(_: &SockRef<'_>, _: Duration) {}

/// How soon a stalled peer is noticed; the user timeout is at least as long.
const LOOK: Duration = Duration::from_millis(250);
/// For keepalive if no silence is too long.
const USUAL: Duration = Duration::from_secs(20);
const SECOND: Duration = Duration::from_secs(1);
/// The kernel's own limit for keepalive, in seconds.
const LONGEST_KEEPALIVE: Duration = Duration::from_secs(32_767);
#[cfg(not(any(target_os = "openbsd", windows)))]
const KEEPALIVE_TRIES: u32 = 3;
