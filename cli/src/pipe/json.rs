//! What a line says: its level, text and fields, as JSON or as plain text.

use log::{Level, kv};
use serde_json::{Map, Value};

use super::level;

/// A record as its line has it.
pub(super) struct Said {
    pub(super) level: Level,
    pub(super) target: Option<String>,
    pub(super) text: String,
    pub(super) fields: Vec<(String, Value)>,
}

impl Said {
    pub(super) fn of(line: &str) -> Said {
        let object = line.starts_with('{').then(|| serde_json::from_str(line).ok()).flatten();
        let mut fields = Vec::new();
        flatten(&mut fields, "", object.unwrap_or_default());
        let mut take = |names: &[&str]| {
            let at = fields.iter().position(|(key, _)| names.contains(&key.as_str()))?;
            Some(fields.remove(at).1)
        };
        let text = take(&["message", "msg", "fields.message", "event", "log"]);
        let Some(text) = text else {
            let (level, text) = level::of_line(line);
            let level = take(&LEVELS).and_then(|said| level_of(&said)).or(level);
            let (level, text) = (level.unwrap_or(Level::Info), text.to_owned());
            return Said { level, target: None, text, fields: Vec::new() };
        };
        let said = take(&LEVELS).and_then(|said| level_of(&said));
        let target = take(&["target", "logger", "logger_name", "log.logger"]).map(shown);
        Said { level: said.unwrap_or(Level::Info), target, text: shown(text), fields }
    }
}

/// A field as the `log` crate takes it, with its type; what is null is not there.
pub(super) fn pair((key, value): &(String, Value)) -> Option<(&str, kv::Value<'_>)> {
    let value = match value {
        Value::String(text) => kv::Value::from(text.as_str()),
        Value::Bool(truth) => kv::Value::from(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => kv::Value::from(number),
            (_, Some(number), _) => kv::Value::from(number),
            (_, _, number) => kv::Value::from(number.unwrap_or_default()),
        },
        Value::Array(_) | Value::Object(_) => kv::Value::from_display(value),
        Value::Null => return None,
    };
    Some((key, value))
}

/// Objects in objects become names with dots.
fn flatten(fields: &mut Vec<(String, Value)>, before: &str, object: Map<String, Value>) {
    for (key, value) in object {
        match value {
            Value::Object(inner) => flatten(fields, &format!("{before}{key}."), inner),
            value => fields.push((format!("{before}{key}"), value)),
        }
    }
}

fn shown(value: Value) -> String {
    match value {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// A name, a severity of RFC 5424, or one of the tens that bunyan and pino count in.
fn level_of(value: &Value) -> Option<Level> {
    match value.as_u64() {
        Some(severity @ 0..=7) => Some(level::of_severity(severity as u8)),
        Some(tens) => Some(match tens {
            ..20 => Level::Trace,
            20..30 => Level::Debug,
            30..40 => Level::Info,
            40..50 => Level::Warn,
            50.. => Level::Error,
        }),
        None => level::of_name(value.as_str()?),
    }
}

const LEVELS: [&str; 6] = ["level", "severity", "log.level", "lvl", "levelname", "loglevel"];
