//! A flush as a future.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use super::{Cursor, Queue, State};

/// Resolves to true once everything pushed before its creation is acknowledged, or to false if
/// nobody reads the queue any more.
#[derive(Debug)]
pub(crate) struct Flush {
    queue: Arc<Queue>,
    goal: Cursor,
    id: u64,
}

/// Wakers to call on progress.
#[derive(Debug)]
pub(super) struct Waiting {
    id: u64,
    waker: Waker,
}

impl Flush {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut state = queue.lock();
        let goal = state.producer.head();
        state.flushes += 1;
        state.is_parked = false;
        queue.wake();
        drop(state);
        Flush { queue, goal, id: NEXT.fetch_add(1, Relaxed) }
    }
}

impl Future for Flush {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.queue.lock();
        if state.acked >= self.goal || !state.has_reader {
            return Poll::Ready(state.acked >= self.goal);
        }
        let waker = context.waker().clone();
        state.wakers.retain(|waiting| waiting.id != self.id);
        state.wakers.push(Waiting { id: self.id, waker });
        Poll::Pending
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.flushes -= 1;
        state.wakers.retain(|waiting| waiting.id != self.id);
    }
}

/// Wakers to call after the lock is released: they run the program's code.
pub(super) fn take(state: &mut State) -> Vec<Waiting> {
    std::mem::take(&mut state.wakers)
}

pub(super) fn wake(all: Vec<Waiting>) {
    all.into_iter().for_each(|waiting| waiting.waker.wake());
}
