//! `logship listen`: a strict syslog server that prints what arrives and which rule it breaks.

use std::{io::Write as _, process::ExitCode, sync::mpsc, thread, time::Duration};

use anstyle::{AnsiColor, Style};
use logship_collector::{Collector, Received};
use serde_json::json;

use crate::Outcome;

/// Print the records that arrive, with their parts named and the rules they break.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to listen: udp://127.0.0.1:5514, tcp://…, unix:///path,
    /// tls://127.0.0.1:6514?cert_file=/cert.pem&key_file=/key.pem.
    #[arg(value_name = "URL", default_values = ["udp://127.0.0.1:5514", "tcp://127.0.0.1:5514"])]
    urls: Vec<String>,
    /// End after this many records.
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Print each record as a JSON object on a line of its own.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let (sender, records) = mpsc::channel();
    for url in &args.urls {
        let (collector, sender) = (Collector::bind(url)?, sender.clone());
        anstream::eprintln!("listening at {}", collector.url());
        thread::spawn(move || {
            let arriving = std::iter::repeat_with(|| collector.next(Duration::from_secs(1)));
            arriving.flatten().all(|record| sender.send(record).is_ok())
        });
    }
    drop(sender);
    let mut output = anstream::stdout().lock();
    for record in records.into_iter().take(args.count.unwrap_or(usize::MAX)) {
        match args.json {
            true => writeln!(output, "{}", to_json(&record))?,
            false => write!(output, "{}", to_text(&record))?,
        }
        output.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn to_json(record: &Received) -> serde_json::Value {
    let message = record.message.as_ref();
    let elements = message.map(|message| {
        let elements = message.structured_data.iter();
        let params = |params: &[(String, String)]| -> Vec<_> {
            params.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
        };
        elements
            .map(|element| json!({ "id": element.id, "params": params(&element.params) }))
            .collect::<Vec<_>>()
    });
    json!({
        "raw": String::from_utf8_lossy(&record.bytes),
        "facility": message.map(|m| m.facility),
        "severity": message.map(|m| m.severity),
        "timestamp": message.and_then(|m| m.timestamp.as_ref()),
        "hostname": message.and_then(|m| m.hostname.as_ref()),
        "app_name": message.and_then(|m| m.app_name.as_ref()),
        "procid": message.and_then(|m| m.procid.as_ref()),
        "msgid": message.and_then(|m| m.msgid.as_ref()),
        "structured_data": elements,
        "text": message.and_then(|m| m.text.as_ref()),
        "violations": record.complaints.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn to_text(record: &Received) -> String {
    use std::fmt::Write as _;

    let mut text = String::new();
    let raw = String::from_utf8_lossy(&record.bytes).replace(char::is_control, "\u{FFFD}");
    let _ = writeln!(text, "\n{DIM}{raw}{DIM:#}");
    if let Some(message) = &record.message {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".into());
        let (facility, severity) = (message.facility, message.severity);
        let colour = match severity {
            0..=3 => RED,
            4 => YELLOW,
            _ => GREEN,
        };
        let _ = writeln!(
            text,
            "  facility {facility}  severity {colour}{severity}{colour:#}  TIMESTAMP {}",
            part(&message.timestamp)
        );
        let (host, app) = (part(&message.hostname), part(&message.app_name));
        let _ = writeln!(text, "  HOSTNAME {host}  APP-NAME {app}");
        let (procid, msgid) = (part(&message.procid), part(&message.msgid));
        let _ = writeln!(text, "  PROCID {procid}  MSGID {msgid}");
        for element in &message.structured_data {
            let _ = writeln!(text, "  {} {:?}", element.id, element.params);
        }
        let said = message.text.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  MSG {BOLD}{said:?}{BOLD:#}");
    }
    for complaint in &record.complaints {
        let _ = writeln!(text, "  {RED}WRONG: {complaint}{RED:#}");
    }
    text
}

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
