//! The crate's own threads: muted, and with the program's signals blocked.
#![cfg_attr(unix, allow(unsafe_code))]

use std::{io, thread};

use crate::reentrancy::mute_thread;

/// Starts a thread whose log calls are not captured and to which no signal of the program is
/// delivered: a program that waits for SIGTERM with `sigwait` or a `signalfd` still gets it.
///
/// # Errors
///
/// If the thread cannot be started.
pub(crate) fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> io::Result<thread::JoinHandle<()>> {
    let _blocked = SignalsBlocked::new();
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        mute_thread();
        run();
    })
}

/// Blocks signals on this thread, and on those that it starts, until this is dropped.
#[cfg(unix)]
struct SignalsBlocked(libc::sigset_t);

#[cfg(unix)]
impl SignalsBlocked {
    fn new() -> Self {
        use std::mem::MaybeUninit;

        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: `sigfillset` and `sigemptyset` initialise the sets that they are given; the calls
        // behind them read and change one that is initialised, and the signals are constants that
        // exist.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::sigemptyset(before.as_mut_ptr());
            // These report a fault of the thread itself, and end the process if they are blocked.
            for signal in SYNCHRONOUS {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
            SignalsBlocked(before.assume_init())
        }
    }
}

#[cfg(unix)]
impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: the set is the one that `pthread_sigmask` gave; none is wanted back.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut())
        };
    }
}

#[cfg(not(unix))]
struct SignalsBlocked;

#[cfg(not(unix))]
impl SignalsBlocked {
    fn new() -> Self {
        SignalsBlocked
    }
}

#[cfg(unix)]
const SYNCHRONOUS: [libc::c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];
