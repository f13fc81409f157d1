//! The formats by name.

use std::str::FromStr;

use super::{Settings, json, layout::Layout, rfc3164, rfc5424};
use crate::Error;

/// How records are written (`SYSLOG_FORMAT`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// RFC 5424: fields and spans are STRUCTURED-DATA, the text is MSG. `rfc5424`.
    #[default]
    Rfc5424,
    /// A header of RFC 5424, and `@cee:` followed by one JSON object as MSG, which rsyslog's
    /// mmjsonparse reads: numbers and booleans keep their type. `cee`.
    ///
    /// ```text
    /// {"level":"info","target":"shop::cart","code":{"file":"src/main.rs","line":12},"thread":"main",
    ///  "fields":{"order":42},"spans":{"names":["request"],"user":7},"msg":"order accepted"}
    /// ```
    ///
    /// `code` and `thread` stand there where they are asked for, `fields`, `spans` and `msg` where there
    /// is something in them. All that the program names stands in `fields` and `spans`, so that no
    /// name of it meets `host`, `tag`, `@timestamp` or whatever else a receiver puts beside them.
    ///
    /// Keys are made of letters, digits, `-` and `_`, 32 at most; other characters become `_`, one at
    /// the beginning is left out, and no key comes twice in an object. A dot becomes `_` too:
    /// Elasticsearch would take `a.b` for an object and then refuse a record in which `a` is a
    /// number. An integer beyond 64 bits with a sign and a float beyond 32 bits, infinite or no number
    /// are what a field of Elasticsearch's own choice refuses: they are text under a key
    /// of their own, `order_big` for `order`. An error is text, with all that caused it. That one
    /// name always has one type is the program's affair.
    Cee,
    /// The same, under the names of the Elastic Common Schema: `log.level`, `log.logger` (the target),
    /// `log.origin.file.name` and `.line`, `process.thread.name`, `service.name` (the tag), `message`. The
    /// first error among the fields of a record is `error.message`, and `error.stack_trace` with all
    /// that caused it. `fields` and `spans` are as in `cee`: `labels` of the schema are text only.
    /// `@timestamp` and `host` are for the receiver to take from the header. `ecs`.
    Ecs,
    /// The format before RFC 5424 (RFC 3164), in local time: `host tag[pid]: text name="value"`,
    /// and `tag: text` where PROCID is `-`. The tag is cut to 32 octets. `rfc3164`.
    Rfc3164,
    /// RFC 3164 without HOSTNAME, as the socket of a local syslog server expects it. It is the
    /// default where the server is a `unix://` socket. `rfc3164-local`.
    Rfc3164Local,
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.to_ascii_lowercase().as_str() {
            "rfc5424" => Ok(Format::Rfc5424),
            "cee" => Ok(Format::Cee),
            "ecs" => Ok(Format::Ecs),
            "rfc3164" => Ok(Format::Rfc3164),
            "rfc3164-local" => Ok(Format::Rfc3164Local),
            _ => Err(Error::new(format!(
                "{text:?} is no format: use rfc5424, cee, ecs, rfc3164 or rfc3164-local"
            ))),
        }
    }
}

impl Format {
    pub(super) fn layout(self, settings: &Settings) -> Layout {
        match self {
            Format::Rfc5424 => rfc5424::layout(settings),
            Format::Cee => json::layout(settings),
            Format::Ecs => json::ecs(settings),
            Format::Rfc3164 => rfc3164::layout(settings, true),
            Format::Rfc3164Local => rfc3164::layout(settings, false),
        }
    }
}
