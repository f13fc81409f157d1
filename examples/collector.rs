//! What arrives at a syslog server, and is it right?
//!
//! `cargo run --example collector -- [--count N] [URL ...]`, with URLs
//! such as `udp://127.0.0.1:5514`, `tcp://127.0.0.1:5514`, `unix:///tmp/log` and
//! `tls://127.0.0.1:6514?cert_file=/cert.pem&key_file=/key.pem`.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::{error::Error, sync::mpsc, thread, time::Duration};

use logship_collector::{Collector, Received};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut urls, mut count) = (Vec::new(), usize::MAX);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--count" => count = arguments.next().ok_or("--count needs a number")?.parse()?,
            url => urls.push(url.to_owned()),
        }
    }
    if urls.is_empty() {
        urls = vec!["udp://127.0.0.1:5514".into(), "tcp://127.0.0.1:5514".into()];
    }

    let (sender, records) = mpsc::channel();
    for url in urls {
        let (collector, sender) = (Collector::bind(&url)?, sender.clone());
        println!("listening at {}", collector.url());
        thread::spawn(move || {
            let arriving = std::iter::repeat_with(|| collector.next(Duration::from_secs(1)));
            arriving.flatten().all(|record| sender.send(record).is_ok())
        });
    }
    records.into_iter().take(count).for_each(|record| print(&record));
    Ok(())
}

fn print(record: &Received) {
    println!("\n{}", String::from_utf8_lossy(&record.bytes).replace(char::is_control, "\u{FFFD}"));
    if let Some(message) = &record.message {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".into());
        let (facility, severity) = (message.facility, message.severity);
        println!(
            "  facility {facility}  severity {severity}  TIMESTAMP {}",
            part(&message.timestamp)
        );
        println!("  HOSTNAME {}  APP-NAME {}", part(&message.hostname), part(&message.app_name));
        println!("  PROCID {}  MSGID {}", part(&message.procid), part(&message.msgid));
        for element in &message.structured_data {
            println!("  {} {:?}", element.id, element.params);
        }
        println!("  MSG {:?}", message.text.as_deref().unwrap_or_default());
    }
    for complaint in &record.complaints {
        println!("  WRONG: {complaint}");
    }
}
