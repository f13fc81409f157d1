//! What rsyslog stored, read back.

use std::path::Path;

use serde_json::Value;

/// One record as rsyslog understood it.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Name of the [`Input`](super::Input) it came through.
    pub(crate) input: String,
    /// Bytes of the whole message as it was received, without framing.
    pub(crate) bytes: u64,
    pub(crate) pri: String,
    pub(crate) facility: u64,
    pub(crate) severity: u64,
    /// The sender's own timestamp, in its own precision and zone.
    pub(crate) timestamp: String,
    pub(crate) hostname: String,
    /// `tag[pid]:` of RFC 3164; of RFC 5424, what rsyslog makes up for old templates.
    pub(crate) tag: String,
    pub(crate) app_name: String,
    pub(crate) procid: String,
    pub(crate) msgid: String,
    /// STRUCTURED-DATA as it was sent.
    pub(crate) sd_text: String,
    /// STRUCTURED-DATA as mmpstrucdata parsed it: an object of objects of strings, or null.
    pub(crate) sd: Value,
    /// What followed `@cee:` as mmjsonparse parsed it, or null.
    pub(crate) cee: Value,
    pub(crate) msg: String,
}

impl Record {
    /// The value of a parameter in an element of the structured data.
    pub(crate) fn parameter(&self, id: &str, name: &str) -> Option<&str> {
        self.sd.get(id)?.get(name)?.as_str()
    }

    /// The value of a field of the event, or a failure that shows the record.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.parameter("fields@32473", name)
            .unwrap_or_else(|| panic!("the record has no field `{name}`: {self:#?}"))
    }

    pub(crate) fn parse(line: &[u8]) -> Record {
        let fail = |what: &str| -> ! {
            panic!("{what} in what rsyslog stored: {}", String::from_utf8_lossy(line))
        };
        // Bytes, not text: invalid UTF-8 on the wire must fail here, not be mended.
        let value: Value = serde_json::from_slice(line).unwrap_or_else(|error| {
            fail(&format!("no valid JSON ({error})"));
        });
        let text = |key: &str| match value[key].as_str() {
            Some(text) => text.to_owned(),
            None => fail(&format!("no text `{key}`")),
        };
        let number = |key: &str| value[key].as_u64().unwrap_or_else(|| fail("no number"));
        Record {
            input: text("input"),
            bytes: number("bytes"),
            pri: text("pri"),
            facility: number("facility"),
            severity: number("severity"),
            timestamp: text("timestamp"),
            hostname: text("hostname"),
            tag: text("tag"),
            app_name: text("app_name"),
            procid: text("procid"),
            msgid: text("msgid"),
            sd_text: text("sd_text"),
            sd: value["sd"].clone(),
            cee: value["cee"].clone(),
            msg: text("msg"),
        }
    }
}

/// Something rsyslogd said about itself.
#[derive(Debug, Clone)]
pub(crate) struct Complaint {
    pub(crate) severity: u64,
    pub(crate) text: String,
}

/// The records of one file. A last line without its end is not counted: it is still being
/// written, or its writer was killed.
pub(crate) fn read_records(file: &Path) -> Vec<Record> {
    complete_lines(file, Record::parse)
}

/// What rsyslogd complained of: its own messages without the news of its start and end.
pub(crate) fn read_complaints(file: &Path) -> Vec<Complaint> {
    let mut complaints = complete_lines(file, |line| {
        let value: Value = serde_json::from_slice(line)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(line).into_owned()));
        Complaint {
            severity: value["severity"].as_u64().unwrap_or(0),
            text: value["text"].as_str().map_or_else(|| value.to_string(), str::to_owned),
        }
    });
    complaints.retain(|complaint| complaint.severity < INFORMATIONAL);
    complaints
}

fn complete_lines<T>(file: &Path, parse: impl Fn(&[u8]) -> T) -> Vec<T> {
    // No file: nothing was ever written.
    let bytes = std::fs::read(file).unwrap_or_default();
    bytes
        .split_inclusive(|&byte| byte == b'\n')
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(parse)
        .collect()
}

const INFORMATIONAL: u64 = 6;
