//! How do the counters get onto a page for Prometheus?
//!
//! ```text
//! cargo run --features metrics --example metrics            # prints the page once
//! cargo run --features metrics --example metrics -- serve   # and serves it until Ctrl-C
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    time::Duration,
};

use logship_collector::Collector;
use metrics_exporter_prometheus::PrometheusBuilder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let page = PrometheusBuilder::new().install_recorder()?;
    // Stands in for rsyslog.
    let server = Collector::tcp()?;
    let syslog = logship::builder("shop").servers(server.url()).try_init()?;
    for order in 1..=3 {
        tracing::info!(order, "order accepted");
    }
    let _ = syslog.flush(Duration::from_secs(5));

    syslog.record_metrics();
    println!("{}", page.render());
    if std::env::args().nth(1).as_deref() == Some("serve") {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        println!("http://{}/metrics", listener.local_addr()?);
        for (order, connection) in (4_u32..).zip(listener.incoming()) {
            let mut connection = connection?;
            tracing::info!(order, "order accepted");
            let _ = connection.read(&mut [0; 4096])?;
            syslog.record_metrics();
            let body = page.render();
            let length = body.len();
            write!(
                connection,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )?;
        }
    }
    syslog.shutdown(Duration::from_secs(5))?;
    Ok(())
}
