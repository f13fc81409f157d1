//! What socket threads and the collector share.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::received::Received;

#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) records: VecDeque<Received>,
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) accepted: u64,
    /// The connections that are open, by number.
    pub(super) open: Vec<u64>,
    pub(super) failures: VecDeque<String>,
    pub(super) draining: bool,
    pub(super) paused: bool,
    pub(super) stopped: bool,
    /// Connections up to this number are to be closed.
    pub(super) closed: u64,
    waiters: usize,
}

/// What one read brought.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) records: Vec<Received>,
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

impl Inbox {
    /// Poison is no reason to stop: every change of the state is complete in itself.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let result = how(&mut state);
        // Waking costs a system call, even where nobody waits.
        if state.waiters > 0 {
            self.changed.notify_all();
        }
        result
    }

    /// Waits until `done`, or for `timeout`, whichever comes first.
    pub(super) fn wait(
        &self,
        timeout: Duration,
        done: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.waiters += 1;
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, timeout, |state| !done(state))
            .unwrap_or_else(PoisonError::into_inner);
        state.waiters -= 1;
        state
    }

    /// Holds a socket's thread while the collector is paused; `false`: it is to close.
    pub(super) fn may_read(&self, connection: u64) -> bool {
        let mut state = self.state();
        while state.paused && !state.is_closed(connection) {
            drop(state);
            let goes_on = |state: &State| !state.paused || state.is_closed(connection);
            state = self.wait(PAUSE, goes_on);
        }
        !state.is_closed(connection)
    }

    pub(super) fn put(&self, batch: Batch) {
        if batch.messages == 0 {
            return;
        }
        self.change(|state| {
            state.messages += batch.messages;
            state.bytes += batch.bytes;
            state.records.extend(batch.records);
        });
    }

    pub(super) fn fail(&self, what: String) {
        self.change(|state| {
            if state.failures.len() == FAILURES {
                state.failures.pop_front();
            }
            state.failures.push_back(what);
        });
    }
}

impl State {
    fn is_closed(&self, connection: u64) -> bool {
        self.stopped || (connection != 0 && connection <= self.closed)
    }
}

/// Any length would do: a resume wakes the thread.
const PAUSE: Duration = Duration::from_secs(60);
/// A client that comes again and again with a certificate we refuse must not fill the memory.
pub(super) const FAILURES: usize = 1000;
