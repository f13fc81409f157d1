//! The least that ships: the floor's message into a buffer, which a thread swaps and writes.
//!
//! It loses everything with its connection, counts nothing, and never looks at the server: what
//! logship takes beyond it is the price of all that.

use std::{
    error::Error,
    io::Write as _,
    net::TcpStream,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

use super::{Running, Setup};
use crate::{event, floor::Floor};

pub(super) fn start(setup: &Setup) -> Result<Running, Box<dyn Error>> {
    let mut server = TcpStream::connect(setup.server)?;
    tracing::subscriber::set_global_default(Floor(push))?;
    let writer = thread::spawn(move || {
        let mut ready = Vec::with_capacity(CAPACITY);
        loop {
            {
                let mut filled = lock();
                while filled.is_empty() && !IS_OVER.load(SeqCst) {
                    filled = FILLED.wait(filled).unwrap_or_else(PoisonError::into_inner);
                }
                std::mem::swap(&mut *filled, &mut ready);
            }
            SWAPPED.notify_all();
            if ready.is_empty() || server.write_all(&ready).is_err() {
                return;
            }
            ready.clear();
        }
    });
    let writer = Mutex::new(Some(writer));
    Ok(Running::new(event::tracing, move || {
        IS_OVER.store(true, SeqCst);
        drop(lock());
        FILLED.notify_all();
        let writer = writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        writer.map(thread::JoinHandle::join);
    }))
}

fn push(message: &[u8]) {
    let mut filled = lock();
    while filled.len() + message.len() + LONGEST_COUNT > CAPACITY {
        filled = SWAPPED.wait(filled).unwrap_or_else(PoisonError::into_inner);
    }
    let was_empty = filled.is_empty();
    filled.extend_from_slice(itoa::Buffer::new().format(message.len()).as_bytes());
    filled.push(b' ');
    filled.extend_from_slice(message);
    drop(filled);
    if was_empty {
        FILLED.notify_one();
    }
}

fn lock() -> MutexGuard<'static, Vec<u8>> {
    BUFFER.lock().unwrap_or_else(PoisonError::into_inner)
}

static BUFFER: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static FILLED: Condvar = Condvar::new();
static SWAPPED: Condvar = Condvar::new();
static IS_OVER: AtomicBool = AtomicBool::new(false);
/// Each of the two buffers; logship's default queue has as much for both.
const CAPACITY: usize = 4 << 20;
/// The octet count and the blank after it.
const LONGEST_COUNT: usize = 8;
