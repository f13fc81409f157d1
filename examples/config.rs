//! How do I put settings into my program's own configuration?
//!
//! ```text
//! cargo run --features serde --example config
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use logship_collector::Collector;
use serde::Deserialize;

/// The configuration of a program: its own part, and that of logging.
#[derive(Deserialize)]
struct Config {
    listen: String,
    logging: logship::Builder,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Stands in for rsyslog; in your program the servers are in the file.
    let server = Collector::tcp()?;
    let text = format!(
        r#"
listen = "127.0.0.1:8080"

[logging]
tag = "shop"
servers = ["{}"]
filter = "info,shop::db=debug"
queue_capacity = "4M"
flush_timeout = 2

[logging.facility]
audit = "authpriv"

[logging.fields]
env = "prod"
"#,
        server.url()
    );
    let config: Config = toml::from_str(&text)?;
    let guard = config.logging.try_init()?;
    tracing::info!(target: "audit", listen = config.listen, "started");
    let _ = guard.flush(Duration::from_secs(5));
    for record in server.wait_for(1, Duration::from_secs(5)) {
        println!("{}", String::from_utf8_lossy(&record.bytes));
    }

    let wrong: Result<Config, _> = toml::from_str(&text.replace("filter =", "fitler ="));
    if let Err(error) = wrong {
        println!("\n{error}");
    }
    guard.shutdown(Duration::from_secs(5))?;
    Ok(())
}
