//! The formats by name.

use std::{fmt, str::FromStr};

use super::{Settings, json, layout::Layout, rfc3164, rfc5424};
use crate::Error;

/// How records are written (`SYSLOG_FORMAT`).
///
/// All servers of one handle share a format. The guide on formats shows a record in each.
///
/// ```
/// # use logship::Format;
/// let format: Format = "ecs".parse()?;
/// assert_eq!((format, format.to_string().as_str()), (Format::Ecs, "ecs"));
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// RFC 5424, with fields and spans as STRUCTURED-DATA. `rfc5424`.
    #[default]
    Rfc5424,
    /// An RFC 5424 header, and `@cee:` with one JSON object as MSG, which rsyslog's mmjsonparse
    /// reads. Numbers and booleans keep their type. `cee`.
    ///
    /// `[json@32473 schema="cee"]` in the header says so: a receiver should take JSON only from such
    /// records, since any other text may have been typed by a user. In the formats without JSON a
    /// text that begins with `@cee:` is written `#100cee:`.
    ///
    /// ```text
    /// {"level":"info","target":"shop::cart","code":{"file":"src/main.rs","line":12},"thread":"main",
    ///  "fields":{"order":42},"spans":{"names":["request"],"user":7},"msg":"order accepted"}
    /// ```
    ///
    /// `code`, `labels` and `thread` are there if they are set; `fields`, `spans` and `msg` if there
    /// is something in them. Everything that the program names is in `fields` and `spans`, so it
    /// cannot collide with `host`, `tag`, `@timestamp` or whatever else a receiver adds.
    ///
    /// Keys consist of letters, digits, `-` and `_`, at most 32; other characters, dots included,
    /// become `_`, and no key comes twice in an object. An integer beyond a signed 64 bits, and a
    /// float that is beyond 32 bits, infinite or not a number, becomes text under a key of its own,
    /// `order_big` for `order`, since Elasticsearch's own choice of field would reject it. An error
    /// is text, with all its sources. One name should always have one type.
    Cee,
    /// As [`Cee`](Format::Cee), under the names of the Elastic Common Schema. `ecs`.
    ///
    /// They are `log.level`, `log.logger` (the target), `log.origin.file.name` and `.line`,
    /// `process.thread.name`, `service.name` (the tag) and `message`. The first error among the
    /// fields is `error.message`, and `error.stack_trace` with all its sources. `fields` and
    /// `spans` are as in `cee`: the schema's `labels` are text only. `@timestamp` and `host` are
    /// for the receiver to take from the header.
    Ecs,
    /// RFC 3164, in local time: `host tag[pid]: text name="value"`, and `tag: text` if PROCID is
    /// `-`. The tag is cut to 32 bytes. `rfc3164`.
    Rfc3164,
    /// RFC 3164 without HOSTNAME, as the socket of a local syslog server expects it; the default
    /// for `unix://`. `rfc3164-local`.
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
                "invalid format {text:?}: expected rfc5424, cee, ecs, rfc3164 or rfc3164-local"
            ))),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Rfc5424 => "rfc5424",
            Format::Cee => "cee",
            Format::Ecs => "ecs",
            Format::Rfc3164 => "rfc3164",
            Format::Rfc3164Local => "rfc3164-local",
        })
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
