//! How does a program that is ended by SIGTERM deliver its last records?
//!
//! `SYSLOG_URL=tcp://logs.example.com cargo run --example sigterm`, then Ctrl-C, or `kill` from
//! elsewhere.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use tracing::info;

fn main() -> Result<(), Box<dyn Error>> {
    let _guard = logship::init_syslog("sigterm")?;
    let is_over = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // The second one is from somebody who doesn't want to wait: it ends the process at once.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&is_over))?;
        // The first one only sets the flag: a signal handler may do next to nothing, and not log.
        flag::register(signal, Arc::clone(&is_over))?;
    }
    let mut orders = 0_u64;
    while !is_over.load(SeqCst) {
        info!(order = orders, "order accepted");
        orders += 1;
        thread::sleep(Duration::from_millis(5));
    }
    info!(orders, "closed");
    // The end of `main` flushes, for SYSLOG_FLUSH_TIMEOUT at most: 5 s, well within the 10 s that
    // Docker gives, the 30 s of Kubernetes and the 90 s of systemd.
    Ok(())
}
