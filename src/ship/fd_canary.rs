//! Are our files still open, or has the program closed all that it has?
//!
//! Daemons do so. The numbers of our files may be those of others by then: what we think is ours
//! must be left alone, and another runtime started.

#[cfg(unix)]
use std::{mem, os::unix::net::UnixDatagram};

#[cfg(unix)]
use rustix::fs::fstat;

/// A file that is good for nothing but to be missed.
#[derive(Debug)]
pub(super) struct FdCanary {
    #[cfg(unix)]
    socket: Option<UnixDatagram>,
    /// No other socket has this number while ours is open.
    #[cfg(unix)]
    inode: u64,
}

#[cfg(unix)]
impl FdCanary {
    pub(super) fn new() -> Self {
        let socket = UnixDatagram::unbound().ok();
        let inode = socket.as_ref().and_then(|socket| fstat(socket).ok()).map_or(0, |s| s.st_ino);
        FdCanary { socket, inode }
    }

    pub(super) fn is_there(&self) -> bool {
        let Some(socket) = &self.socket else { return true };
        fstat(socket).is_ok_and(|file| file.st_ino == self.inode)
    }
}

#[cfg(unix)]
impl Drop for FdCanary {
    fn drop(&mut self) {
        if !self.is_there() {
            // To close the number would close another's file.
            mem::forget(self.socket.take());
        }
    }
}

#[cfg(not(unix))]
impl FdCanary {
    pub(super) fn new() -> Self {
        FdCanary {}
    }

    pub(super) fn is_there(&self) -> bool {
        true
    }
}
