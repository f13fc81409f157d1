//! The fixed fields of every record.

use super::{
    EscapeMode, MessageBuf, Settings,
    escape::push_escaped,
    field_names::{Names, Rule, hash_of},
};

/// ` env="prod" version="1.2.3"`, without the names in `reserved`.
pub(super) fn params(settings: &Settings, reserved: &[&str]) -> MessageBuf {
    let mut out = MessageBuf::default();
    for (name, value) in named(settings, Rule::SdName, reserved) {
        out.push(b' ');
        out.extend_from_slice(&name);
        out.extend_from_slice(b"=\"");
        push_escaped(&mut out, value, EscapeMode::ParamValue);
        out.push(b'"');
    }
    out
}

/// `,"labels":{"env":"prod","version":"1.2.3"}`, or nothing if there are none.
pub(super) fn json(settings: &Settings) -> MessageBuf {
    let mut out = MessageBuf::default();
    let mut open: &[u8] = b",\"labels\":{\"";
    for (name, value) in named(settings, Rule::Key, &[]) {
        out.extend_from_slice(std::mem::replace(&mut open, b",\""));
        out.extend_from_slice(&name);
        out.extend_from_slice(b"\":\"");
        push_escaped(&mut out, value, EscapeMode::Json);
        out.push(b'"');
    }
    if !out.is_empty() {
        out.push(b'}');
    }
    out
}

/// Each field under a unique name.
fn named<'a>(
    settings: &'a Settings,
    rule: Rule,
    reserved: &[&str],
) -> impl Iterator<Item = (Vec<u8>, &'a str)> {
    let mut names = Names::default();
    let reserved: Vec<u64> = reserved.iter().map(|name| hash_of(name.as_bytes())).collect();
    names.restart(&reserved);
    settings.labels.iter().map(move |(field, value)| {
        let mut name = Vec::new();
        rule.push(&mut name, field);
        if !names.claim(hash_of(&name)) {
            name = names.number(&name).to_vec();
        }
        (name, if settings.redact.hides(field) { "***" } else { value })
    })
}
