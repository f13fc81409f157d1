//! What happens to the last records when the process ends?
#![allow(unsafe_code)]

use std::{
    panic::catch_unwind,
    sync::{Arc, Mutex, Once, PoisonError, Weak},
    time::{Duration, Instant},
};

use crate::{fork, queue::Queue, reentrancy::is_muted};

/// Has everything shipped when the process ends: on return from `main` and on
/// `std::process::exit`, whatever became of the guard. To be called while no thread forks.
pub(crate) fn flush_at_exit(queue: Weak<Queue>, timeout: Duration) {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        // SAFETY: `at_exit` is a plain function that lives as long as the process, takes nothing
        // and never unwinds. Were the registration to fail, there would be no last flush, which
        // is no worse than without it.
        unsafe { libc::atexit(at_exit) };
    });
    let generation = fork::generation();
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|last| last.queue.strong_count() > 0);
    all.push(ExitFlush { queue, timeout, generation, timed_out_at: None });
}

/// Notes that a guard has waited in vain: an end that follows at once does not wait as long again.
pub(crate) fn note_flush_timeout(queue: &Arc<Queue>) {
    let _whole = fork::starting();
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = all.iter_mut().find(|last| last.queue.as_ptr() == Arc::as_ptr(queue)) {
        last.timed_out_at = Some(Instant::now());
    }
}

struct ExitFlush {
    /// Its shipper keeps it alive, until everything is sent.
    queue: Weak<Queue>,
    timeout: Duration,
    generation: u32,
    timed_out_at: Option<Instant>,
}

extern "C" fn at_exit() {
    // Unwinding into C would abort the process.
    let _ = catch_unwind(|| {
        let whole = fork::starting();
        let all = std::mem::take(&mut *ALL.lock().unwrap_or_else(PoisonError::into_inner));
        drop(whole);
        let begin = Instant::now();
        for last in all {
            // A forked child has not its parent's shipper, and the shipper can't wait for itself.
            if last.generation == fork::generation() && !is_muted() {
                if last.timed_out_at.is_some_and(|when| when.elapsed() < SKIP_IF_TIMED_OUT_WITHIN) {
                    continue;
                }
                if let Some(queue) = last.queue.upgrade() {
                    queue.flush_and_hang_up(last.timeout.saturating_sub(begin.elapsed()));
                }
            }
        }
    });
}

/// Locked only while no thread forks.
static ALL: Mutex<Vec<ExitFlush>> = Mutex::new(Vec::new());
/// From the guard's end, the rest of `main`'s locals may take so long.
const SKIP_IF_TIMED_OUT_WITHIN: Duration = Duration::from_secs(1);
