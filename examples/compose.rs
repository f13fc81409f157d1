//! How does the layer stand beside a console layer, each with its own filter?
//!
//! `cargo run --example compose`

use std::{error::Error, time::Duration};

use logship::Facility;
use logship_collector::Collector;
use tracing::{Level, debug, info, warn};
use tracing_subscriber::{
    Layer as _, filter::LevelFilter, filter::Targets, fmt, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

fn main() -> Result<(), Box<dyn Error>> {
    // A program of yours has no server in it, and leaves `url` out: SYSLOG_SERVERS decides.
    let server = Box::leak(Box::new(Collector::tcp()?));
    let syslog =
        logship::builder("compose").servers(server.url()).facility(Facility::Local3).build()?;

    let to_syslog = Targets::new().with_default(Level::INFO).with_target("chatty", Level::WARN);
    tracing_subscriber::registry()
        .with(syslog.unfiltered_layer().with_filter(to_syslog))
        .with(fmt::layer().with_filter(LevelFilter::DEBUG))
        .init();
    // `init` does not know of the guard that `init_syslog` would give.
    let _guard = syslog.guard();

    debug!("on the console only");
    info!(answer = 42, "in both places");
    info!(target: "chatty", "on the console only");
    warn!(target: "chatty", "in both places");
    log::info!("from the log crate, in both places: tracing-subscriber bridges it");

    if !syslog.flush(Duration::from_secs(10)) {
        return Err("the server has not taken everything".into());
    }
    let shipped = server.wait_for(3, Duration::from_secs(10)).len();
    if shipped == 3 { Ok(()) } else { Err(format!("{shipped} records shipped, not 3").into()) }
}
