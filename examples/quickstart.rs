//! Does it work, and what arrives?
//!
//! `cargo run --example quickstart` needs no server: it brings one along.
//! With `SYSLOG_URL=tcp://logs.example.com:514` before it, the same records go there instead.

#![allow(clippy::print_stdout, reason = "showing is what it is for")]

use std::{error::Error, ffi::CString, time::Duration};

use logship::{Facility, Severity, Stats};
use logship_collector::{Collector, Received};

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(url) = std::env::var("SYSLOG_SERVERS").ok().filter(|url| !url.is_empty()) {
        let guard = logship::init_syslog("quickstart")?;
        say_what_a_shop_says();
        let all_arrived = guard.flush(Duration::from_secs(10));
        println!("Look for APP-NAME quickstart at {url}, as in: grep quickstart /var/log/syslog");
        print_stats(guard.handle().shutdown(Duration::from_secs(10))?);
        return if all_arrived { Ok(()) } else { Err("not everything has arrived".into()) };
    }
    // To the end of the process, as a real server.
    let collector = Box::leak(Box::new(Collector::tcp()?));
    let guard =
        logship::builder("quickstart").servers(collector.url()).filter("info").try_init()?;
    say_what_a_shop_says();
    let records = collector.wait_for(5, Duration::from_secs(10));
    records.iter().for_each(print);
    let raw = records.first().ok_or("nothing has arrived")?;
    let (length, bytes) = (raw.bytes.len(), String::from_utf8_lossy(&raw.bytes));
    println!("\nThe first one as it was sent, with its length:\n{length} {bytes}");
    print_stats(guard.handle().shutdown(Duration::from_secs(10))?);
    println!("No SYSLOG_SERVERS was set: all this went to a server in this process.");
    let is_right = records.len() == 5 && records.iter().all(|record| record.complaints.is_empty());
    if is_right { Ok(()) } else { Err("that is not what was said".into()) }
}

/// Nothing in here knows of syslog.
fn say_what_a_shop_says() {
    let order = tracing::info_span!("order", id = 42, customer = "Zoë \"Z\" Ünal").entered();
    tracing::info!(items = 3, total = 59.97, express = true, "order accepted");
    tracing::debug!("not shipped, since the level is info unless RUST_LOG says otherwise");
    log::warn!(left = 2, item = "teapot"; "running low, says the log crate");
    drop(order);
    if let Err(error) = CString::from(c"caf\xe9").into_string() {
        tracing::error!(error = &error as &dyn Error, "unreadable price list");
    }
    tracing::info!(target: "shop::door", "two lines\nare one record");
    tracing::info!("closed");
}

fn print_stats(stats: Stats) {
    let (captured, delivered, pending) = (stats.captured, stats.delivered, stats.pending);
    let dropped = stats.dropped;
    println!(
        "\n{captured} captured = {delivered} delivered + {pending} pending + {dropped} dropped"
    );
}

fn print(record: &Received) {
    let Some(message) = &record.message else { return };
    let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    let facility = Facility::ALL[usize::from(message.facility)];
    let severity = Severity::ALL[usize::from(message.severity)];
    println!("\nPRI              {} = {facility}.{severity}", message.prival());
    println!("TIMESTAMP        {}", part(&message.timestamp));
    println!("HOSTNAME         {}", part(&message.hostname));
    println!("APP-NAME         {}, the tag", part(&message.app_name));
    println!("PROCID           {}", part(&message.procid));
    println!("MSGID            {}, the target", part(&message.msgid));
    for element in &message.structured_data {
        let params = element.params.iter().map(|(name, value)| format!(" {name}={value:?}"));
        println!("STRUCTURED-DATA  {}:{}", element.id, params.collect::<String>());
    }
    println!("MSG              {}", message.text.as_deref().unwrap_or_default());
}
