//! The flush at the end of the process.
#![allow(unsafe_code)]

use std::{
    panic::catch_unwind,
    ptr::null_mut,
    sync::{
        Arc, Mutex, Once, PoisonError, Weak,
        atomic::{AtomicPtr, Ordering},
        mpsc::channel,
    },
    time::{Duration, Instant},
};

use crate::{fork, queue::Queue, reentrancy::is_muted, threads};

/// Reports how many records were lost at the end, after how long.
pub(crate) type TellLoss = Box<dyn FnMut(u64, Duration) + Send>;

/// Registers an exit handler that flushes this queue on return from `main` and on
/// `std::process::exit`, even if the guard was dropped early.
pub(crate) fn flush_at_exit(queue: Weak<Queue>, timeout: Duration, tell_loss: TellLoss) {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        // SAFETY: `at_exit` is a plain function that lives as long as the process, takes nothing
        // and never unwinds. Were the registration to fail, there would be no last flush, which
        // is no worse than without it.
        unsafe { libc::atexit(at_exit) };
    });
    let before = EXIT.load(Ordering::Acquire);
    let list = list(before).unwrap_or_else(|| {
        let exit = Mutex::default();
        // Leaked on purpose: the last flush needs it.
        let fresh = Box::into_raw(Box::new(ExitList { generation: fork::generation(), exit }));
        // Another thread may have come first.
        let _ = EXIT.compare_exchange(before, fresh, Ordering::AcqRel, Ordering::Acquire);
        // SAFETY: see `list`.
        unsafe { &(*EXIT.load(Ordering::Acquire)).exit }
    });
    let mut exit = list.lock().unwrap_or_else(PoisonError::into_inner);
    exit.queues.retain(|last| last.queue.strong_count() > 0);
    exit.queues.push(ExitFlush { queue, timeout, tell_loss });
}

/// Flushes as the end of the process does. However many queues a process has, the end takes no
/// longer than for one: while it waits for one, the others ship, too.
pub(crate) fn flush_at_end(queue: &Arc<Queue>, timeout: Duration) {
    let Some(exit) = exit() else { return };
    let waited = exit.lock().unwrap_or_else(PoisonError::into_inner).waited_in_vain();
    let begin = Instant::now();
    if !queue.flush_at_end(timeout.saturating_sub(waited)) {
        let mut exit = exit.lock().unwrap_or_else(PoisonError::into_inner);
        exit.in_vain = Some((waited + begin.elapsed(), Instant::now()));
    }
}

/// The queues of one process.
struct ExitList {
    generation: u32,
    exit: Mutex<Exit>,
}

#[derive(Default)]
struct Exit {
    queues: Vec<ExitFlush>,
    /// How long dropped guards have waited without success, and when the last of them gave up.
    in_vain: Option<(Duration, Instant)>,
}

impl Exit {
    /// How long guards have already waited, if this is the same end.
    fn waited_in_vain(&self) -> Duration {
        let waited = self.in_vain.filter(|(_, when)| when.elapsed() < SAME_END);
        waited.map_or(Duration::ZERO, |(waited, _)| waited)
    }
}

struct ExitFlush {
    /// Its shipper keeps it alive until everything is sent.
    queue: Weak<Queue>,
    timeout: Duration,
    tell_loss: TellLoss,
}

fn exit() -> Option<&'static Mutex<Exit>> {
    list(EXIT.load(Ordering::Acquire))
}

/// None for a list of the parent: a forked child has none of its shippers, and may find its lock
/// held.
fn list(list: *mut ExitList) -> Option<&'static Mutex<Exit>> {
    // SAFETY: `list` was read from `EXIT`: it is null, or was leaked from a box in `flush_at_exit`
    // and is never freed.
    let list = unsafe { list.as_ref() }?;
    (list.generation == fork::generation()).then_some(&list.exit)
}

extern "C" fn at_exit() {
    // Unwinding into C would abort the process.
    let _ = catch_unwind(|| {
        // The shipper cannot wait for itself.
        let Some(exit) = exit().filter(|_| !is_muted()) else { return };
        let (queues, waited) = {
            let mut exit = exit.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut exit.queues), exit.waited_in_vain())
        };
        let queues = queues.into_iter().filter_map(|last| Some((last.queue.upgrade()?, last)));
        let queues: Vec<_> = queues.collect();
        queues.iter().for_each(|(queue, _)| queue.urge());
        let begin = Instant::now();
        for (queue, last) in queues {
            let waited = || waited + begin.elapsed();
            if queue.flush_at_end(last.timeout.saturating_sub(waited())) {
                queue.hang_up(last.timeout.saturating_sub(waited()).max(GOODBYE));
            }
            let lost = queue.at_stake();
            if lost > 0 {
                tell(last.tell_loss, lost, waited());
            }
        }
    });
}

/// Tells on a thread of its own: a callback may call `std::process::exit`, which Rust lets every
/// thread wait in but the one that is exiting.
fn tell(mut tell_loss: TellLoss, lost: u64, waited: Duration) {
    let (done, is_done) = channel();
    let tell = move || {
        tell_loss(lost, waited);
        let _ = done.send(());
    };
    if threads::spawn("logship-exit", tell).is_ok() {
        let _ = is_done.recv_timeout(CALLBACK);
    }
}

/// The list of this process; null without a handle.
static EXIT: AtomicPtr<ExitList> = AtomicPtr::new(null_mut());
/// The most time between the end of a guard and the end of `main`.
const SAME_END: Duration = Duration::from_secs(1);
/// How long a callback may take at the end of the process.
const CALLBACK: Duration = Duration::from_secs(1);
/// A server that has acknowledged everything closes within this time.
const GOODBYE: Duration = Duration::from_millis(200);
