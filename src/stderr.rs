//! A line on standard error that neither blocks nor kills the program.
#![cfg_attr(unix, allow(unsafe_code))]

/// Writes a line if there is room for it now, and drops it otherwise. Takes no lock and allocates
/// nothing.
pub(crate) fn write_line(text: &str) {
    let mut line = [0; LONGEST];
    let length = text.len().min(LONGEST - 1);
    for (to, from) in line.iter_mut().zip(text.as_bytes().iter().take(length)) {
        *to = *from;
    }
    if let Some(end) = line.get_mut(length) {
        *end = b'\n';
    }
    // There is nobody else to tell.
    let _ = write(line.get(..=length).unwrap_or_default());
}

/// Fits a pipe that is full but for a page.
const LONGEST: usize = 4096;

#[cfg(unix)]
fn write(line: &[u8]) -> std::io::Result<()> {
    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        fs::{FileType, fstat},
    };
    use std::os::fd::AsFd as _;

    let stderr = std::io::stderr();
    let stderr = stderr.as_fd();
    let kind = FileType::from_raw_mode(fstat(stderr)?.st_mode);
    if kind == FileType::Socket {
        let flags = libc::MSG_DONTWAIT | NO_SIGNAL;
        return socket2::SockRef::from(&stderr).send_with_flags(line, flags).map(drop);
    }
    let _blocked = SigpipeBlocked::new();
    // The flags of standard error are the program's, and shared with everyone who has the same
    // file.
    #[cfg(target_os = "linux")]
    if kind == FileType::Fifo {
        use rustix::io::{Errno, ReadWriteFlags, pwritev2};

        let parts = [std::io::IoSlice::new(line)];
        match pwritev2(stderr, &parts, u64::MAX, ReadWriteFlags::NOWAIT) {
            // Linux before 6.4.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::SPIPE) => {}
            outcome => return Ok(outcome.map(drop)?),
        }
    }
    let mut ready = [PollFd::new(&stderr, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut ready, Some(&at_once))?;
    let [ready] = &ready;
    if ready.revents() == PollFlags::OUT {
        rustix::io::write(stderr, line)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn write(line: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;

    std::io::stderr().write_all(line)
}

#[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "android"))]
const NO_SIGNAL: libc::c_int = libc::MSG_NOSIGNAL;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "freebsd", target_os = "android"))))]
const NO_SIGNAL: libc::c_int = 0;

/// A missing reader must not kill this thread, whatever the program's SIGPIPE action.
#[cfg(unix)]
struct SigpipeBlocked {
    before: libc::sigset_t,
    only: libc::sigset_t,
    was_pending: bool,
}

#[cfg(unix)]
impl SigpipeBlocked {
    fn new() -> Self {
        use std::mem::MaybeUninit;

        let (mut only, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let was_pending = is_pending();
        // SAFETY: `sigemptyset` initialises the sets that it is given, the other calls read and
        // change those.
        unsafe {
            libc::sigemptyset(only.as_mut_ptr());
            libc::sigemptyset(before.as_mut_ptr());
            libc::sigaddset(only.as_mut_ptr(), libc::SIGPIPE);
            libc::pthread_sigmask(libc::SIG_BLOCK, only.as_ptr(), before.as_mut_ptr());
            SigpipeBlocked { before: before.assume_init(), only: only.assume_init(), was_pending }
        }
    }
}

#[cfg(unix)]
impl Drop for SigpipeBlocked {
    fn drop(&mut self) {
        // SAFETY: both sets are initialised. `sigwait` doesn't wait: the signal is blocked and
        // pending, for this thread, which caused it.
        unsafe {
            if !self.was_pending && is_pending() {
                let mut signal = 0;
                libc::sigwait(&raw const self.only, &raw mut signal);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut());
        }
    }
}

#[cfg(unix)]
fn is_pending() -> bool {
    let mut pending = std::mem::MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initialises the set, and the other calls change and read it.
    unsafe {
        libc::sigemptyset(pending.as_mut_ptr());
        libc::sigpending(pending.as_mut_ptr());
        libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1
    }
}
