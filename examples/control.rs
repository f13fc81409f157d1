//! What can be changed while a program runs, and what does a loop that runs away do?
//!
//! The session in `docs/operations.md` is of this program:
//!
//! ```text
//! SYSLOG_FILTER_FILE=/run/shop/filter SYSLOG_BURST=20/2s SYSLOG_FACILITY=user,audit=authpriv \
//!     cargo run --example control
//! ```

use std::{
    thread,
    time::{Duration, Instant},
};

fn main() -> Result<(), logship::Error> {
    let _guard = logship::builder("shop").field("env", "prod").try_init()?;
    tracing::info!(target: "audit", { syslog.severity = "notice", user = "ann" }, "logged in");
    let begin = Instant::now();
    for order in 1_u32.. {
        tracing::debug!(target: "shop::db", order, "query");
        tracing::debug!(target: "shop::web", order, "request");
        tracing::info!(target: "shop::cart", order, "order accepted");
        if order == 6 {
            for attempt in 1..=5000 {
                tracing::warn!(target: "shop::pay", attempt, "the bank does not answer");
            }
        }
        if begin.elapsed() > Duration::from_secs(12) {
            break;
        }
        thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}
