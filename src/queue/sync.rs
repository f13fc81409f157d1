//! What do the threads of a queue share and wait with, and what does loom look through in its place?

#[cfg(not(logship_loom))]
pub(super) use std::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

#[cfg(logship_loom)]
pub(super) use loom::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};
#[cfg(not(logship_loom))]
pub(super) use tokio::sync::Notify;

/// What tokio's promises for one that waits: a call before the wait ends it, and two are one. The
/// wait blocks its thread, which does nothing else in a model.
#[cfg(logship_loom)]
#[derive(Debug)]
pub(super) struct Notify {
    permit: Mutex<bool>,
    given: Condvar,
}

#[cfg(logship_loom)]
impl Notify {
    pub(super) fn new() -> Self {
        Notify { permit: Mutex::new(false), given: Condvar::new() }
    }

    pub(super) fn notify_one(&self) {
        if let Ok(mut permit) = self.permit.lock() {
            *permit = true;
            self.given.notify_one();
        }
    }

    pub(super) async fn notified(&self) {
        let mut permit = self.permit.lock();
        while let Ok(guard) = permit {
            let mut guard = guard;
            if std::mem::take(&mut *guard) {
                return;
            }
            permit = self.given.wait(guard);
        }
    }
}
