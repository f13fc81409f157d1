//! Is this still the process that was set up, or a child that was forked from it?
//!
//! A child has none of its parent's threads, shares its queue file and its connections, and may
//! find any lock taken for ever. So it uses nothing of its parent's: it notices at its first record
//! that it is another process, and starts anew. A child that never logs pays nothing.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// How many forks lie between this process and the first one.
#[inline]
pub(crate) fn generation() -> u32 {
    GENERATION.load(Relaxed)
}

static GENERATION: AtomicU32 = AtomicU32::new(0);

#[cfg(unix)]
pub(crate) use self::handlers::{leave_to_parent, may_fork_between, starting, take_back, watch};

#[cfg(not(unix))]
mod none {
    pub(crate) fn watch() {}
    pub(crate) fn starting() {}
    pub(crate) fn may_fork_between<T>(poll: impl FnOnce() -> T) -> T {
        poll()
    }
}
#[cfg(not(unix))]
pub(crate) use none::{may_fork_between, starting, watch};

#[cfg(unix)]
mod handlers {
    use std::{
        cell::RefCell,
        os::fd::{AsRawFd as _, BorrowedFd, RawFd},
        sync::{
            Mutex, MutexGuard, Once, PoisonError, RwLock, RwLockWriteGuard,
            atomic::{AtomicU32, Ordering},
        },
        thread,
        time::{Duration, Instant},
    };

    use super::GENERATION;
    use crate::reentrancy::is_muted;

    /// Has forks noticed from now on.
    pub(crate) fn watch() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: the handlers are plain functions that live as long as the process, take
            // nothing and never unwind. Were the registration to fail, for want of memory, a child
            // would take itself for its parent, which is no worse than without it.
            unsafe { libc::pthread_atfork(Some(prepare), Some(go_on), Some(begin)) };
        });
    }

    /// While this lives no other thread forks: what is started now is there whole, or not at all.
    pub(crate) fn starting() -> MutexGuard<'static, ()> {
        STARTS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a step of a shipper. Between two of them it holds no lock, of its own or of a library,
    /// so that is where a fork waits for.
    pub(crate) fn may_fork_between<T>(step: impl FnOnce() -> T) -> T {
        while FORKING.load(Ordering::Relaxed) > 0 {
            thread::sleep(A_MOMENT);
        }
        let _step = STEPS.read().unwrap_or_else(PoisonError::into_inner);
        step()
    }

    /// A child gives this file up: with it, it would hold its parent's lock after its parent's end.
    pub(crate) fn leave_to_parent(file: BorrowedFd<'_>) {
        PARENTS.lock().unwrap_or_else(PoisonError::into_inner).push(file.as_raw_fd());
    }

    /// The file is about to be closed.
    pub(crate) fn take_back(file: BorrowedFd<'_>) {
        let mut all = PARENTS.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|fd| *fd != file.as_raw_fd());
    }

    struct Held {
        parents: MutexGuard<'static, Vec<RawFd>>,
        _starts: MutexGuard<'static, ()>,
        _steps: Option<RwLockWriteGuard<'static, ()>>,
    }

    thread_local!(static HELD: RefCell<Option<Held>> = const { RefCell::new(None) });

    extern "C" fn prepare() {
        // At the end of a thread there is no place to hold anything in; such a fork is on its own.
        let _ = HELD.try_with(|held| {
            let starts = starting();
            let steps = between_steps();
            let parents = PARENTS.lock().unwrap_or_else(PoisonError::into_inner);
            *held.borrow_mut() = Some(Held { parents, _starts: starts, _steps: steps });
        });
    }

    extern "C" fn go_on() {
        let _ = HELD.try_with(|held| held.borrow_mut().take());
    }

    extern "C" fn begin() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        let held = HELD.try_with(|held| held.borrow_mut().take());
        for fd in held.ok().flatten().into_iter().flat_map(|mut held| held.parents.split_off(0)) {
            give_up(fd);
        }
    }

    /// Waits until no shipper is in a step, but not for long: it may be in an application's
    /// listener, which may wait for us.
    fn between_steps() -> Option<RwLockWriteGuard<'static, ()>> {
        // The shipper's own thread is in one.
        if is_muted() {
            return None;
        }
        FORKING.fetch_add(1, Ordering::Relaxed);
        let begin = Instant::now();
        let steps = loop {
            match STEPS.try_write() {
                Ok(steps) => break Some(steps),
                Err(_) if begin.elapsed() > LONGEST_WAIT => break None,
                Err(_) => thread::sleep(A_MOMENT),
            }
        };
        FORKING.fetch_sub(1, Ordering::Relaxed);
        steps
    }

    /// Puts nothing in the place of an open file, whose number may still be closed by its owner.
    fn give_up(fd: RawFd) {
        // SAFETY: `open`, `dup2` and `close` may be called in a forked child; the path is a constant
        // that ends in a zero. `fd` is ours: it is taken from the list before it is closed, and
        // that list is not changed while a process forks.
        unsafe {
            let nothing = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
            if nothing >= 0 {
                libc::dup2(nothing, fd);
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
                libc::close(nothing);
            }
        }
    }

    static STARTS: Mutex<()> = Mutex::new(());
    static STEPS: RwLock<()> = RwLock::new(());
    static FORKING: AtomicU32 = AtomicU32::new(0);
    static PARENTS: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());
    /// A shipper's nap is ten times as long.
    const A_MOMENT: Duration = Duration::from_micros(50);
    const LONGEST_WAIT: Duration = Duration::from_millis(50);
}
