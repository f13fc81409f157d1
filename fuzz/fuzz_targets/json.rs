//! Any record as JSON: valid whatever was cut, and true to the record.
#![no_main]

mod said;

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use logship::{Format, fuzzing::encoded};
use logship_collector::parse;
use serde_json::{Map, Value};

fuzz_target!(|input: said::Input<'_>| {
    let all = input.said();
    // One of the input's bits that this format makes no other use of.
    let is_ecs = input.max_message_size % 2 == 1;
    let (format, text_key) = if is_ecs { (Format::Ecs, "message") } else { (Format::Cee, "msg") };
    // What leaves too little of a frame is an error at the start.
    let Ok(messages) = encoded(input.builder().format(format), &all) else { return };
    for (bytes, said) in messages.iter().zip(&all) {
        assert!(bytes.len() <= input.max_message_size(), "{} bytes", bytes.len());
        let (message, complaints) = parse(bytes);
        assert!(complaints.is_empty(), "{complaints:?} {}", bytes.escape_ascii());
        let text = message.unwrap().text.unwrap();
        let object: Map<String, Value> =
            serde_json::from_str(text.strip_prefix("@cee: ").unwrap()).unwrap();
        let written = |text: &str| text.replace('\0', "#000");
        let is = |value: &Value, said: &str| {
            value.as_str().is_some_and(|value| said::is_said(value, said, written))
        };
        let all = said.text.concat();
        // Without a text the fields are the text.
        let has_text = !all.is_empty() || object.contains_key("fields");
        assert_eq!(object.contains_key(text_key), has_text);
        assert!(all.is_empty() || is(&object[text_key], &all), "{object:?}");
        let own = ["level", "target", "code", "ecs", "service", "log", "fields", "spans", text_key];
        assert!(object.keys().all(|key| own.contains(&key.as_str())), "{object:?}");
        let Some(Value::Object(mut fields)) = object.get("fields").cloned() else {
            // Where not even one has room, only the statistics say so.
            assert!(said.fields.is_empty() || bytes.len() >= input.max_message_size() / 4);
            continue;
        };
        let omitted = fields.remove("omitted").and_then(|n| n.as_u64()).unwrap_or_default();
        assert_eq!(fields.len() + omitted as usize, said.fields.len(), "{object:?}");
        let mut keys = BTreeSet::new();
        for (key, value) in &fields {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            assert!(!key.is_empty() && !key.starts_with('_') && key.chars().all(plain), "{key:?}");
            assert!(keys.insert(key.to_ascii_lowercase()), "{key:?} twice");
            assert!(said.fields.iter().any(|(_, said)| is(value, said)), "{value:?}: {object:?}");
        }
    }
});
