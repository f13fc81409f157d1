//! Whether anybody has a file open for writing.

#![allow(unsafe_code, reason = "no crate has words for a lease")]

use std::{fs::File, io, os::fd::AsRawFd as _};

/// Whether no process has it open for writing, in this container or any other.
///
/// The kernel grants a read lease on a file only if it is open for writing nowhere. The lease is given
/// back at once. It needs the file's owner, or root.
///
/// # Errors
///
/// Anything else that the kernel reports, such as a file of another user.
pub(super) fn nobody_writes(file: &File) -> io::Result<bool> {
    match set_lease(file, libc::F_RDLCK) {
        Ok(()) => set_lease(file, libc::F_UNLCK).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

fn set_lease(file: &File, kind: libc::c_int) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as `file` is borrowed, and F_SETLEASE takes an integer.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, kind) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[test]
fn a_writer_anywhere_is_noticed() {
    let path = std::env::temp_dir().join(format!("logship-lease-{}", std::process::id()));
    let writer = File::create(&path).unwrap();
    let reader = File::open(&path).unwrap();
    assert!(!nobody_writes(&reader).unwrap());
    drop(writer);
    assert!(nobody_writes(&reader).unwrap());
    std::fs::remove_file(path).unwrap();
}
