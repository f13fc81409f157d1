//! Which formats are there?

use std::str::FromStr;

use super::{Settings, grammar::Grammar, json, rfc3164, rfc5424};
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
    Cee,
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
            "rfc3164" => Ok(Format::Rfc3164),
            "rfc3164-local" => Ok(Format::Rfc3164Local),
            _ => Err(Error::new(format!(
                "{text:?} is no format: use rfc5424, cee, rfc3164 or rfc3164-local"
            ))),
        }
    }
}

impl Format {
    pub(super) fn grammar(self, settings: &Settings) -> Grammar {
        match self {
            Format::Rfc5424 => rfc5424::grammar(settings),
            Format::Cee => json::grammar(settings),
            Format::Rfc3164 => rfc3164::grammar(settings, true),
            Format::Rfc3164Local => rfc3164::grammar(settings, false),
        }
    }
}
