//! How much of what was written has the peer's kernel acknowledged?
#![allow(unsafe_code)]

use socket2::SockRef;

/// Octets that the peer's kernel has acknowledged since the connection began, where the system
/// tells: on Linux, even after a reset. It is the next hop that acknowledges, which may be a
/// proxy, and it is no promise that the server has read them.
#[cfg(target_os = "linux")]
pub(super) fn octets(socket: &SockRef<'_>) -> Option<u64> {
    use std::os::fd::AsRawFd as _;

    let mut info = std::mem::MaybeUninit::<libc::tcp_info>::zeroed();
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
    let end_of_field = std::mem::offset_of!(libc::tcp_info, tcpi_bytes_acked) + size_of::<u64>();
    // An older kernel fills less of it.
    if outcome != 0 || (length as usize) < end_of_field {
        return None;
    }
    // SAFETY: `tcp_info` is made of integers, for which zeroes and anything that the kernel writes
    // are valid.
    Some(unsafe { info.assume_init() }.tcpi_bytes_acked)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn octets(_: &SockRef<'_>) -> Option<u64> {
    None
}
