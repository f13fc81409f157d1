//! What does a busy application look like in the log store?
//!
//! `cargo run --example shop -- tcp://localhost:514 3000` logs 3,000 records under three tags, with
//! severities as they come in real life and fields of every type, as JSON with numbered records. It
//! succeeds when all of them are with the server.

use std::{env, error::Error, time::Duration};

use logship::{Format, Handle, Overflow};
use tracing::{Dispatch, debug, error, info, warn};
use tracing_subscriber::layer::SubscriberExt as _;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().ok_or(USAGE)?;
    let count: u64 = arguments.next().ok_or(USAGE)?.parse().map_err(|_| USAGE)?;
    let format = arguments.next().map_or(Ok(Format::Cee), |format| format.parse())?;
    let application = |tag| {
        logship::builder(tag)
            .servers(&url)
            .format(format)
            .sequence_id(true)
            .queue_capacity(64 << 20)
            .overflow(Overflow::Block(WAIT))
            .build()
    };
    let all = [application("shop")?, application("billing")?, application("mail")?];
    let dispatches = all.each_ref().map(|handle: &Handle| {
        Dispatch::new(tracing_subscriber::registry().with(handle.unfiltered_layer()))
    });
    for n in 0..count {
        // Half of it comes from the shop, and what goes wrong is seldom.
        let who = [0, 0, 1, 2][n as usize % 4];
        tracing::dispatcher::with_default(&dispatches[who], || say(n));
    }
    let has_all = all.iter().all(|handle| handle.flush(WAIT));
    if has_all { Ok(()) } else { Err("not everything has arrived".into()) }
}

fn say(n: u64) {
    let (total, express) = (n as f64 / 8.0 + 0.5, n.is_multiple_of(2));
    match n % 50 {
        7 => error!(n, total, express, customer = "ann", "card refused"),
        17 | 33 => warn!(n, total, express, customer = "bob", "running low on teapots"),
        40..50 => debug!(n, total, express, customer = "zoë", "cart saved"),
        _ => info!(n, total, express, customer = "ann", "order accepted"),
    }
}

const USAGE: &str = "usage: shop URL COUNT [cee|ecs|rfc5424]";
const WAIT: Duration = Duration::from_secs(300);
