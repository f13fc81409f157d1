//! What happens to the last records when the process ends?
#![allow(unsafe_code)]

use std::{
    panic::catch_unwind,
    sync::{Arc, Mutex, Once, PoisonError, Weak},
    time::{Duration, Instant},
};

use crate::{fork, muted::is_muted, queue::Queue};

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
    all.push(Last { queue, timeout, generation, in_vain: None });
}

/// Notes that a guard has waited in vain: an end that follows at once does not wait as long again.
pub(crate) fn waited_in_vain(queue: &Arc<Queue>) {
    let _whole = fork::starting();
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = all.iter_mut().find(|last| last.queue.as_ptr() == Arc::as_ptr(queue)) {
        last.in_vain = Some(Instant::now());
    }
}

struct Last {
    /// Its shipper keeps it alive, until everything is sent.
    queue: Weak<Queue>,
    timeout: Duration,
    generation: u32,
    in_vain: Option<Instant>,
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
                if last.in_vain.is_some_and(|when| when.elapsed() < SOON) {
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
static ALL: Mutex<Vec<Last>> = Mutex::new(Vec::new());
/// From the guard's end, the rest of `main`'s locals may take so long.
const SOON: Duration = Duration::from_secs(1);
