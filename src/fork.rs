//! Detection of forks.
//!
//! A child has none of its parent's threads, and may find any lock held forever. So it uses nothing
//! of its parent's: its records are counted, and reported once.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The number of forks between the first process and this one.
#[inline]
pub(crate) fn generation() -> u32 {
    GENERATION.load(Relaxed)
}

/// Reports, once per process, that a child's records are lost.
#[cold]
pub(crate) fn tell_of_lost_records() {
    static TOLD: AtomicU32 = AtomicU32::new(0);
    let generation = generation();
    if TOLD.swap(generation, Relaxed) != generation {
        crate::stderr::write_line(
            "logship: records logged in a forked child are dropped: set up logging after the fork",
        );
    }
}

static GENERATION: AtomicU32 = AtomicU32::new(0);

#[cfg(unix)]
pub(crate) use self::handler::{leave_to_parent, take_back, watch};

#[cfg(not(unix))]
pub(crate) fn watch() {}

#[cfg(unix)]
mod handler {
    use std::{
        os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, RawFd},
        sync::{
            Once,
            atomic::{AtomicI32, AtomicU64, Ordering::Relaxed},
        },
    };

    use rustix::fs::fstat;

    use super::GENERATION;

    /// Detects forks from now on.
    pub(crate) fn watch() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: the handler is a plain function that lives as long as the process, takes
            // nothing and never unwinds. Were the registration to fail, for want of memory, a child
            // would take itself for its parent, which is no worse than without it.
            unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        });
    }

    /// Takes no lock and allocates nothing: another thread of the parent may have been doing
    /// either.
    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Relaxed);
        PARENTS.iter().for_each(Slot::give_up);
    }

    /// A child closes this file: otherwise it would hold its parent's lock after its parent's end.
    /// If there are too many, it does.
    pub(crate) fn leave_to_parent(file: BorrowedFd<'_>) {
        let _ = PARENTS.iter().find(|slot| slot.fill(file));
    }

    /// The file is about to be closed.
    pub(crate) fn take_back(file: BorrowedFd<'_>) {
        let fd = file.as_raw_fd();
        for slot in &PARENTS {
            let _ = slot.fd.compare_exchange(fd, FREE, Relaxed, Relaxed);
        }
    }

    struct Slot {
        fd: AtomicI32,
        /// A program may close all its files, and the number may belong to another one now.
        inode: AtomicU64,
    }

    impl Slot {
        const fn new() -> Self {
            Slot { fd: AtomicI32::new(FREE), inode: AtomicU64::new(0) }
        }

        fn fill(&self, file: BorrowedFd<'_>) -> bool {
            let Ok(found) = fstat(file) else { return false };
            if self.fd.compare_exchange(FREE, TAKEN, Relaxed, Relaxed).is_err() {
                return false;
            }
            self.inode.store(found.st_ino, Relaxed);
            self.fd.store(file.as_raw_fd(), Relaxed);
            true
        }

        fn give_up(&self) {
            let fd = self.fd.swap(FREE, Relaxed);
            if fd >= 0 {
                // SAFETY: nobody closes it meanwhile, a child has one thread.
                let file = unsafe { BorrowedFd::borrow_raw(fd) };
                if fstat(file).is_ok_and(|now| now.st_ino == self.inode.load(Relaxed)) {
                    replace(file.as_fd().as_raw_fd());
                }
            }
        }
    }

    /// Replaces the file with `/dev/null`, since its owner may still close the number.
    fn replace(fd: RawFd) {
        // SAFETY: `open`, `dup2` and `close` may be called in a forked child; the path is a constant
        // that ends in a zero. `fd` is ours: it was looked at just now, and a child has one thread.
        unsafe {
            let nothing = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
            if nothing >= 0 {
                libc::dup2(nothing, fd);
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
                libc::close(nothing);
            }
        }
    }

    const FREE: RawFd = -1;
    const TAKEN: RawFd = -2;
    /// Two for each handle with a queue file.
    static PARENTS: [Slot; 32] = [const { Slot::new() }; 32];
}
