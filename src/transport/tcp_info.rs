//! What the peer's kernel has acknowledged, asked of the socket.
#![allow(unsafe_code)]

use socket2::SockRef;

/// What the system knows of the other end of a TCP connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct TcpInfo {
    /// Octets acknowledged since the connection began. It is the next hop that acknowledges,
    /// which may be a proxy, and it is no promise that the server has read them.
    pub(super) octets: u64,
    /// The peer's window is closed: it acknowledges, and takes no more.
    pub(super) is_stalled: bool,
    /// The peer has closed its half, though what it said before may not be read yet.
    pub(super) has_ended: bool,
}

/// Octets that the peer's kernel has acknowledged, where the system tells.
pub(super) fn octets(socket: &SockRef<'_>) -> Option<u64> {
    query(socket).map(|seen| seen.octets)
}

/// Where the system tells: on Linux, even after a reset.
#[cfg(target_os = "linux")]
pub(super) fn query(socket: &SockRef<'_>) -> Option<TcpInfo> {
    use std::{
        mem::{MaybeUninit, offset_of},
        os::fd::AsRawFd as _,
    };

    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: `info` is writable memory of `length` octets, which the kernel does not exceed; the
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
    let has = |field: usize, octets: usize| (length as usize) >= field + octets;
    // An older kernel fills less of it.
    if outcome != 0 || !has(offset_of!(libc::tcp_info, tcpi_bytes_acked), size_of::<u64>()) {
        return None;
    }
    // SAFETY: `tcp_info` is made of integers, for which zeroes and anything that the kernel writes
    // are valid.
    let info = unsafe { info.assume_init() };
    // What doesn't fit a segment doesn't leave, and the kernel only asks from time to time.
    let tells_window = has(offset_of!(libc::tcp_info, tcpi_snd_wnd), size_of::<u32>());
    let is_stalled = tells_window && info.tcpi_snd_wnd < info.tcpi_snd_mss;
    let has_ended = info.tcpi_state == CLOSE_WAIT;
    Some(TcpInfo { octets: info.tcpi_bytes_acked, is_stalled, has_ended })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn query(_: &SockRef<'_>) -> Option<TcpInfo> {
    None
}

/// `TCP_CLOSE_WAIT` of the kernel's list of states.
#[cfg(target_os = "linux")]
const CLOSE_WAIT: u8 = 8;
