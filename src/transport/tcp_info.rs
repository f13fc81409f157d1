//! TCP_INFO: what the peer's kernel has acknowledged.
#![allow(unsafe_code)]

use socket2::SockRef;

/// What the system knows about the other end of a TCP connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct TcpInfo {
    /// Bytes acknowledged since the connection was opened, by the next hop, which may be a proxy.
    /// It does not mean that the server has read them.
    pub(super) bytes: u64,
    /// The peer's window is closed: it acknowledges but accepts no more.
    pub(super) is_stalled: bool,
    /// The peer has closed its half, though its data may not be read yet.
    pub(super) has_ended: bool,
}

/// Bytes that the peer's kernel has acknowledged, if the system reports it.
pub(super) fn bytes(socket: &SockRef<'_>) -> Option<u64> {
    query(socket, 0).map(|seen| seen.bytes)
}

/// Linux reports it even after a reset.
#[cfg(target_os = "linux")]
pub(super) fn query(socket: &SockRef<'_>, _: u64) -> Option<TcpInfo> {
    use std::{
        mem::{MaybeUninit, offset_of},
        os::fd::AsRawFd as _,
    };

    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: `info` is writable memory of `length` bytes, which the kernel does not exceed; the
    // descriptor is open as long as `socket` is borrowed.
    let outcome = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let has = |field: usize, bytes: usize| (length as usize) >= field + bytes;
    // An older kernel fills in less.
    if outcome != 0 || !has(offset_of!(libc::tcp_info, tcpi_bytes_acked), size_of::<u64>()) {
        return None;
    }
    // SAFETY: `tcp_info` is made of integers, for which zeroes and anything that the kernel writes
    // are valid.
    let info = unsafe { info.assume_init() };
    // Data that does not fit a segment is held, and the kernel only probes from time to time.
    let tells_window = has(offset_of!(libc::tcp_info, tcpi_snd_wnd), size_of::<u32>());
    let is_stalled = tells_window && info.tcpi_snd_wnd < info.tcpi_snd_mss;
    let has_ended = info.tcpi_state == CLOSE_WAIT;
    Some(TcpInfo { bytes: info.tcpi_bytes_acked, is_stalled, has_ended })
}

/// macOS reports it while the connection lasts. It counts what is in the send buffer and not what
/// has arrived, so the answer is relative to `written`, which may be less than what was written.
#[cfg(target_os = "macos")]
pub(super) fn query(socket: &SockRef<'_>, written: u64) -> Option<TcpInfo> {
    use std::{mem::MaybeUninit, os::fd::AsRawFd as _};

    let mut info = MaybeUninit::<libc::tcp_connection_info>::zeroed();
    let mut length = size_of::<libc::tcp_connection_info>() as libc::socklen_t;
    // SAFETY: `info` is writable memory of `length` bytes, which the kernel does not exceed; the
    // descriptor is open as long as `socket` is borrowed.
    let outcome = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_CONNECTION_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    // SAFETY: `tcp_connection_info` is made of integers, for which zeroes and anything that the
    // kernel writes are valid.
    let info = unsafe { info.assume_init() };
    // After a reset the buffer is empty, which does not mean that it has arrived.
    if outcome != 0 || info.tcpi_state < ESTABLISHED {
        return None;
    }
    Some(TcpInfo {
        bytes: written.saturating_sub(u64::from(info.tcpi_snd_sbbytes)),
        is_stalled: info.tcpi_snd_wnd < info.tcpi_maxseg,
        has_ended: info.tcpi_state == CLOSE_WAIT,
    })
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn query(_: &SockRef<'_>, _: u64) -> Option<TcpInfo> {
    None
}

/// Makes macOS end a connection whose peer acknowledges nothing for this long: its user timeout.
#[cfg(target_os = "macos")]
pub(super) fn set_retransmit_limit(socket: &SockRef<'_>, limit: std::time::Duration) {
    use std::os::fd::AsRawFd as _;

    let seconds = libc::c_int::try_from(limit.as_secs().max(1)).unwrap_or(libc::c_int::MAX);
    // SAFETY: the option takes an integer, which outlives the call, and its size is said; the
    // descriptor is open as long as `socket` is borrowed. Were it refused, keepalive is left.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            TCP_RXT_CONNDROPTIME,
            (&raw const seconds).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        );
    }
}

/// `netinet/tcp.h` of macOS: seconds of retransmission after which a connection is dropped.
#[cfg(target_os = "macos")]
const TCP_RXT_CONNDROPTIME: libc::c_int = 0x80;
/// `TCPS_ESTABLISHED`; the states before it, `TCPS_CLOSED` among them, are smaller.
#[cfg(target_os = "macos")]
const ESTABLISHED: u8 = 4;
/// `TCPS_CLOSE_WAIT`.
#[cfg(target_os = "macos")]
const CLOSE_WAIT: u8 = 5;
/// `TCP_CLOSE_WAIT` of the kernel's list of states.
#[cfg(target_os = "linux")]
const CLOSE_WAIT: u8 = 8;
