//! Deserialization of settings from a program's own configuration.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

use super::{Builder, env, server_list::ServerList};
use crate::{Error, facility::Facilities, units};

/// The tag as `tag`, and the settings under their names in the table at [`Builder`]; an unknown key
/// is an error.
///
/// A value is written as in its variable, or natively: as a number, a boolean, a list, or a table
/// for `facility`, `fields` and `map_level`. The fields of every record are `fields`, and a client
/// certificate is `tls_cert_file` with `tls_key_file`. Needs the feature `serde`.
///
/// ```
/// let builder: logship::Builder = serde_json::from_str(
///     r#"{"tag": "app-tag", "servers": ["udp://127.0.0.1:514"], "queue_capacity": "4M",
///         "facility": "user,audit=authpriv", "fields": {"env": "prod"}}"#,
/// )?;
/// let syslog = builder.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<'de> Deserialize<'de> for Builder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Settings)
    }
}

struct Settings;

impl<'de> Visitor<'de> for Settings {
    type Value = Builder;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings of logship, with a tag")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Builder, A::Error> {
        let (mut builder, mut seen) = (Builder::new(""), HashSet::new());
        let (mut certificate, mut key) = (None, None);
        while let Some(name) = map.next_key::<String>()? {
            let Some(known) = NAMES.iter().find(|known| **known == name) else {
                return Err(de::Error::unknown_field(&name, NAMES));
            };
            if !seen.insert(*known) {
                return Err(de::Error::duplicate_field(known));
            }
            let value = map.next_value::<Text>()?;
            match *known {
                "tls_cert_file" => certificate = Some(value.joined()),
                "tls_key_file" => key = Some(value.joined()),
                _ => {
                    let set = builder.set(known, value);
                    builder = set.map_err(|e| de::Error::custom(format_args!("{known}: {e}")))?;
                }
            }
        }
        if !seen.contains("tag") {
            return Err(de::Error::missing_field("tag"));
        }
        match (certificate, key) {
            (Some(certificate), Some(key)) => builder = builder.tls_identity(certificate, key),
            (None, None) => {}
            (Some(_), None) => return Err(de::Error::missing_field("tls_key_file")),
            (None, Some(_)) => return Err(de::Error::missing_field("tls_cert_file")),
        }
        Ok(builder)
    }
}

impl Builder {
    fn set(mut self, name: &str, value: Text) -> Result<Self, Error> {
        if let ("fields", Text::Pairs(pairs)) = (name, &value) {
            self.fields.clone_from(pairs);
            return Ok(self);
        }
        let text = value.joined();
        let text = text.as_str();
        let truth = || env::truth(text).map(Some);
        let words = || Some(text.to_owned());
        let path = || Some(text.into());
        let time = || units::duration(text).map(Some);
        let size = || units::bytes(text).map(Some);
        match name {
            "tag" => self.tag = text.to_owned(),
            "servers" => self.servers = Some(ServerList::from(text)),
            "filter" => self.filter = words(),
            "filter_file" => self.filter_file = path(),
            "console" => self.console = words(),
            "facility" => {
                let facilities: Facilities = text.parse()?;
                let has_general = text.split(',').any(|piece| !piece.contains('='));
                self.facility = has_general.then_some(facilities.general);
                self.facilities = facilities;
            }
            "fields" => self.fields = super::fields::read(text)?,
            "format" => self.format = Some(text.parse()?),
            "map_level" => self.level_map = Some(env::severities(text)?),
            "hostname" => self.hostname = words(),
            "procid" => self.procid = words(),
            "enterprise_number" => self.enterprise_number = Some(env::number(text)?),
            "queue_capacity" => self.queue_capacity = size()?,
            "queue_file" => self.queue_file = path(),
            "queue_sync_interval" => {
                self.queue_sync_interval = Some(units::optional_duration(text)?);
            }
            "overflow" => self.overflow = Some(text.parse()?),
            "max_message_size" => self.max_message_size = size()?,
            "control_characters" => self.control_characters = Some(text.parse()?),
            "redact" => self.redact = words(),
            "text_fields" => self.text_fields = Some(text.parse()?),
            "source_location" => self.source_location = truth()?,
            "thread_name" => self.thread_name = truth()?,
            "origin" => self.origin = truth()?,
            "sequence_id" => self.sequence_id = truth()?,
            "time_quality" => self.time_quality = Some(env::time_quality(text)?),
            "bom" => self.bom = truth()?,
            "burst" => self.burst = env::burst(text)?.map(|limit| limit.parts()),
            "panic_hook" => self.panic_hook = truth()?,
            "panic_backtrace" => self.panic_backtrace = truth()?,
            "resend_buffer" => self.resend_buffer = size()?,
            "connect_timeout" => self.connect_timeout = time()?,
            "write_timeout" => self.write_timeout = time()?,
            "user_timeout" => self.user_timeout = Some(units::optional_duration(text)?),
            "flush_timeout" => self.flush_timeout = time()?,
            "stats_interval" => self.stats_interval = Some(units::optional_duration(text)?),
            "tls_ca_file" => self = self.tls_ca_file(text),
            "tls_fingerprint" => {
                for one in text.split([',', ';', ' ']).filter(|one| !one.is_empty()) {
                    self = self.tls_fingerprint(one);
                }
            }
            "tls_server_name" => self = self.tls_server_name(text),
            "tls_min_version" => self = self.tls_min_version(text.parse()?),
            "tls_backend" => self = self.tls_backend(text.parse()?),
            _ => return Err(Error::new("it cannot be set here")),
        }
        Ok(self)
    }
}

/// A value in the form of its variable.
enum Text {
    One(String),
    List(Vec<String>),
    Pairs(Vec<(String, String)>),
}

impl Text {
    fn joined(self) -> String {
        match self {
            Text::One(text) => text,
            Text::List(texts) => texts.join(","),
            Text::Pairs(pairs) => {
                let pairs = pairs.into_iter().map(|(name, value)| format!("{name}={value}"));
                pairs.collect::<Vec<_>>().join(",")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyText)
    }
}

struct AnyText;

impl<'de> Visitor<'de> for AnyText {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a boolean, a list or a table of those")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Text, E> {
        Ok(Text::One(value.trim().to_owned()))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Text, E> {
        Ok(Text::One(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Text, E> {
        Ok(Text::One(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Text, E> {
        Ok(Text::One(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Text, E> {
        Ok(Text::One(value.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element::<Text>()? {
            texts.push(text.joined());
        }
        Ok(Text::List(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, text)) = map.next_entry::<String, Text>()? {
            pairs.push((name, text.joined()));
        }
        Ok(Text::Pairs(pairs))
    }
}

const NAMES: &[&str] = &[
    "tag",
    "servers",
    "filter",
    "filter_file",
    #[cfg(feature = "console")]
    "console",
    "facility",
    "fields",
    "format",
    "map_level",
    "hostname",
    "procid",
    "enterprise_number",
    "queue_capacity",
    "queue_file",
    "queue_sync_interval",
    "overflow",
    "max_message_size",
    "control_characters",
    "redact",
    "text_fields",
    "source_location",
    "thread_name",
    "origin",
    "sequence_id",
    "time_quality",
    "bom",
    "burst",
    "panic_hook",
    "panic_backtrace",
    "resend_buffer",
    "connect_timeout",
    "write_timeout",
    "user_timeout",
    "flush_timeout",
    "stats_interval",
    "tls_ca_file",
    "tls_cert_file",
    "tls_key_file",
    "tls_fingerprint",
    "tls_server_name",
    "tls_min_version",
    "tls_backend",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Facility;

    fn read(json: &str) -> Result<Builder, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_as_in_variables_or_what_they_are() {
        let text = r#"{"tag": "t", "servers": "udp://a,udp://b", "queue_capacity": "1M",
            "flush_timeout": "500ms", "sequence_id": "on", "facility": "audit=authpriv",
            "fields": "env=prod", "burst": "100/1s", "enterprise_number": "7"}"#;
        let typed = r#"{"tag": "t", "servers": ["udp://a", "udp://b"], "queue_capacity": 1048576,
            "flush_timeout": 0.5, "sequence_id": true, "facility": {"audit": "authpriv"},
            "fields": {"env": "prod"}, "burst": "100/1s", "enterprise_number": 7}"#;
        for json in [text, typed] {
            let builder = read(json).unwrap();
            assert_eq!(builder.servers, Some(ServerList::from("udp://a,udp://b")));
            assert_eq!(builder.queue_capacity, Some(1 << 20));
            assert_eq!(builder.flush_timeout, Some(std::time::Duration::from_millis(500)));
            assert_eq!((builder.sequence_id, builder.facility), (Some(true), None));
            assert_eq!(builder.facilities.of("audit"), Facility::AuthPriv);
            assert_eq!(builder.fields, [("env".to_owned(), "prod".to_owned())]);
            assert_eq!((builder.burst.unwrap().0, builder.enterprise_number), (100, Some(7)));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, part) in [
            (r#"{}"#, "missing field `tag`"),
            (r#"{"tag": "t", "facilty": "user"}"#, "unknown field `facilty`"),
            (r#"{"tag": "t", "facility": "loud"}"#, "facility: invalid facility \"loud\""),
            (r#"{"tag": "t", "queue_capacity": -1}"#, "queue_capacity: invalid size \"-1\""),
            (r#"{"tag": "t", "tag": "u"}"#, "duplicate field `tag`"),
            (r#"{"tag": "t", "bom": 2}"#, "bom: invalid switch \"2\""),
            (r#"{"tag": "t", "bom": null}"#, "expected a text"),
            (r#"{"tag": "t", "tls_cert_file": "c.pem"}"#, "missing field `tls_key_file`"),
            (r#"{"tag": "t", "on_error": "x"}"#, "unknown field"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(part), "{json}: {error}");
        }
    }

    /// Every setting in the table can be set.
    #[test]
    fn the_names_are_those_of_the_table() {
        let table = include_str!("mod.rs").split("/// | [`").skip(1);
        let names = table.filter_map(|row| row.split_once('`')).map(|(name, _)| name);
        for name in names.filter(|name| !matches!(*name, "on_error" | "on_event" | "tls_identity"))
        {
            let name = if name == "field" { "fields" } else { name };
            assert!(NAMES.contains(&name), "{name}");
        }
        for name in NAMES {
            let error = Builder::new("t").set(name, Text::One("\u{0}".to_owned()));
            let is_known = error.err().is_none_or(|e| e.to_string() != "it cannot be set here");
            assert!(is_known || name.starts_with("tls_"), "{name}");
        }
    }
}
