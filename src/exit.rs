//! The last flush, when the process ends.
#![allow(unsafe_code)]

use std::{
    panic::catch_unwind,
    ptr::null_mut,
    sync::{
        Arc, Mutex, Once, PoisonError, Weak,
        atomic::{AtomicPtr, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{queue::Queue, reentrancy::is_muted};

/// Has everything shipped when the process ends: on return from `main` and on
/// `std::process::exit`, whatever became of the guard.
pub(crate) fn flush_at_exit(queue: Weak<Queue>, timeout: Duration) {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        // SAFETY: `at_exit` is a plain function that lives as long as the process, takes nothing
        // and never unwinds. Were the registration to fail, there would be no last flush, which
        // is no worse than without it.
        unsafe { libc::atexit(at_exit) };
    });
    let all = all().unwrap_or_else(|| {
        let fresh = Box::into_raw(Box::default());
        // Nobody frees it: this process's last flush needs it.
        let _ = ALL.compare_exchange(null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire);
        // SAFETY: see `all`.
        unsafe { &*ALL.load(Ordering::Acquire) }
    });
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|last| last.queue.strong_count() > 0);
    all.push(ExitFlush { queue, timeout, timed_out_at: None });
}

/// Notes that a guard has waited in vain: an end that follows at once does not wait as long again.
pub(crate) fn note_flush_timeout(queue: &Arc<Queue>) {
    let Some(all) = all() else { return };
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = all.iter_mut().find(|last| last.queue.as_ptr() == Arc::as_ptr(queue)) {
        last.timed_out_at = Some(Instant::now());
    }
}

/// A forked child has none of its parent's shippers, and its parent may hold the lock.
pub(crate) fn forget_parent() {
    ALL.store(null_mut(), Ordering::Release);
}

struct ExitFlush {
    /// Its shipper keeps it alive, until everything is sent.
    queue: Weak<Queue>,
    timeout: Duration,
    timed_out_at: Option<Instant>,
}

type All = Mutex<Vec<ExitFlush>>;

fn all() -> Option<&'static All> {
    // SAFETY: it is null, or was leaked from a box in `flush_at_exit` and is never freed.
    unsafe { ALL.load(Ordering::Acquire).as_ref() }
}

extern "C" fn at_exit() {
    // Unwinding into C would abort the process.
    let _ = catch_unwind(|| {
        let Some(all) = all() else { return };
        let all = std::mem::take(&mut *all.lock().unwrap_or_else(PoisonError::into_inner));
        let begin = Instant::now();
        for last in all {
            // The shipper can't wait for itself.
            if is_muted() {
                return;
            }
            if last.timed_out_at.is_some_and(|when| when.elapsed() < SKIP_IF_TIMED_OUT_WITHIN) {
                continue;
            }
            if let Some(queue) = last.queue.upgrade() {
                queue.flush_and_hang_up(last.timeout.saturating_sub(begin.elapsed()));
            }
        }
    });
}

/// This process's; null where it has no handle.
static ALL: AtomicPtr<All> = AtomicPtr::new(null_mut());
/// From the guard's end, the rest of `main`'s locals may take so long.
const SKIP_IF_TIMED_OUT_WITHIN: Duration = Duration::from_secs(1);
