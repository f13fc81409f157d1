//! Any record as JSON: is it JSON whatever was cut, and does it say what was said?
#![no_main]

mod said;

use libfuzzer_sys::fuzz_target;
use logship::{Format, collector::parse, fuzzing::encoded};
use serde_json::{Map, Value};

fuzz_target!(|input: said::Input<'_>| {
    let all = input.said();
    let messages = encoded(input.builder().format(Format::Cee), &all).unwrap();
    for (octets, said) in messages.iter().zip(&all) {
        assert!(octets.len() <= input.max_frame(), "{} octets", octets.len());
        let (message, complaints) = parse(octets);
        assert!(complaints.is_empty(), "{complaints:?} {}", octets.escape_ascii());
        let text = message.unwrap().text.unwrap();
        let object: Map<String, Value> =
            serde_json::from_str(text.strip_prefix("@cee: ").unwrap()).unwrap();
        let is = |value: &Value, said: &str| {
            value.as_str().is_some_and(|value| said::is_said(value, said, str::to_owned))
        };
        assert_eq!(object.contains_key("msg"), !said.text.is_empty());
        assert!(said.text.is_empty() || is(&object["msg"], said.text), "{object:?}");
        let omitted = object.get("omitted").and_then(Value::as_u64).unwrap_or_default() as usize;
        let own = ["level", "target", "file", "line", "span", "msg", "omitted"];
        let fields = object.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        let fields: Vec<_> = fields.map(|(_, value)| value).collect();
        // Where not even one has room, only the statistics say so.
        if !fields.is_empty() || octets.len() < input.max_frame() / 4 {
            assert_eq!(fields.len() + omitted, said.fields.len(), "{object:?}");
        }
        for value in fields {
            assert!(said.fields.iter().any(|(_, said)| is(value, said)), "{value:?}: {object:?}");
        }
    }
});
