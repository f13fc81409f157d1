//! A stand-in for the mapping of an index template.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// The mapping of an index template, and what has become of its dynamic fields.
pub(crate) struct Mapping {
    root: Value,
    /// The type of each field that the template leaves open: that of the first document.
    learned: HashMap<String, &'static str>,
}

impl Mapping {
    /// Of a composable template, or of one from before Elasticsearch 6 with its type `logs`.
    pub(crate) fn of(template: &Value) -> Mapping {
        let composable = template.pointer("/template/mappings");
        let mappings = composable.unwrap_or(&template["mappings"]["logs"]);
        assert!(mappings["properties"].is_object(), "no mapping in {template}");
        Mapping { root: mappings.clone(), learned: HashMap::new() }
    }

    /// The types of the fields that the template leaves open, by path.
    pub(crate) fn learned(&self) -> &HashMap<String, &'static str> {
        &self.learned
    }

    /// Whether this document is taken, and if not, why.
    pub(crate) fn take(&mut self, document: &Value) -> Result<(), String> {
        let object = document.as_object().ok_or("a document is an object")?;
        check(&self.root, true, object, "", &mut self.learned)
    }
}

fn check(
    mapping: &Value,
    inherited: bool,
    object: &Map<String, Value>,
    path: &str,
    learned: &mut HashMap<String, &'static str>,
) -> Result<(), String> {
    let is_dynamic = mapping["dynamic"].as_bool().unwrap_or(inherited);
    for (key, value) in object {
        let path = format!("{path}{key}");
        match mapping["properties"].get(key) {
            Some(field) if field["properties"].is_object() || field["type"] == "object" => {
                let object = value
                    .as_object()
                    .ok_or_else(|| format!("[{path}] is an object, not the value {value}"))?;
                check(field, is_dynamic, object, &format!("{path}."), learned)?;
            }
            Some(field) => check_typed(field["type"].as_str().unwrap_or_default(), value, &path)?,
            None if is_dynamic => learn(&path, value, learned)?,
            // Elasticsearch would keep it and index nothing: then nobody could search for it.
            None => return Err(format!("the template does not know [{path}]: {value}")),
        }
    }
    Ok(())
}

fn check_typed(kind: &str, value: &Value, path: &str) -> Result<(), String> {
    let is_right = match kind {
        "long" => value.is_i64(),
        "double" | "float" => value.is_number(),
        "boolean" => value.is_boolean(),
        "keyword" | "text" => value.is_string(),
        "flattened" | "flat_object" => value.is_object(),
        "date" | "date_nanos" => value.as_str().is_some_and(is_timestamp),
        other => return Err(format!("[{path}] is of the type {other}, which nobody knows here")),
    };
    if is_right { Ok(()) } else { Err(format!("[{path}] is of the type {kind}: {value}")) }
}

/// A field takes the type of what it sees first, and refuses what does not fit later.
fn learn(
    path: &str,
    value: &Value,
    learned: &mut HashMap<String, &'static str>,
) -> Result<(), String> {
    let kind = match value {
        Value::Null => return Ok(()),
        Value::Array(elements) => {
            return elements.iter().try_for_each(|element| learn(path, element, learned));
        }
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "double",
        Value::Number(number) if number.is_i64() => "long",
        Value::Number(number) => return Err(format!("[{path}] is out of range of long: {number}")),
        Value::String(_) => "keyword",
        Value::Object(_) => "object",
    };
    let known = *learned.entry(path.to_owned()).or_insert(kind);
    let fits = match known {
        "keyword" => kind != "object",
        "long" | "double" => kind == "long" || kind == "double" || is_number_as_text(value),
        other => kind == other,
    };
    if !fits {
        return Err(format!("failed to parse field [{path}] of type [{known}]: {value}"));
    }
    if let Value::Object(object) = value {
        object.iter().try_for_each(|(key, v)| learn(&format!("{path}.{key}"), v, learned))?;
    }
    Ok(())
}

/// RFC 3339 with six digits of a second's fraction, in UTC: as rsyslog writes them.
fn is_timestamp(text: &str) -> bool {
    let shape = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
    ["0000-00-00T00:00:00.000000+00:00", "0000-00-00T00:00:00+00:00"].contains(&shape.as_str())
}

fn is_number_as_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<f64>().is_ok())
}

#[test]
fn a_field_keeps_the_type_that_it_saw_first() {
    let template = serde_json::json!({"template": {"mappings": {"dynamic": false, "properties": {
        "n": {"type": "long"}, "fields": {"type": "object", "dynamic": true}}}}});
    let mut mapping = Mapping::of(&template);
    let mut take = |text: &str| mapping.take(&serde_json::from_str(text).unwrap());
    for good in [
        r#"{"n":1,"fields":{"a":1,"b":"x","c":{"d":true}}}"#,
        r#"{"fields":{"a":"2","b":3,"c":{"d":false}}}"#,
    ] {
        take(good).unwrap();
    }
    for bad in [
        r#"{"n":"1"}"#,
        r#"{"n":1.5}"#,
        r#"{"other":1}"#,
        r#"{"fields":1}"#,
        r#"{"fields":{"a":"two"}}"#,
        r#"{"fields":{"b":{}}}"#,
        r#"{"fields":{"c":1}}"#,
        r#"{"fields":{"c":{"d":1}}}"#,
    ] {
        take(bad).unwrap_err();
    }
}
