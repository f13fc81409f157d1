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

/// Is ready when everything pushed before it was made has arrived: true; or when nobody reads any
/// more: false.
#[derive(Debug)]
pub(crate) struct Flush {
    queue: Arc<Queue>,
    goal: Cursor,
    id: u64,
}

/// Whom to wake when there is progress.
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

/// Those to be woken, once the lock is let go: what that does is the program's.
pub(super) fn take(state: &mut State) -> Vec<Waiting> {
    std::mem::take(&mut state.wakers)
}

pub(super) fn wake(all: Vec<Waiting>) {
    all.into_iter().for_each(|waiting| waiting.waker.wake());
}
