//! Warnings about settings that have no effect.

use super::{Builder, env::Environment, env::value_of, tls::Tls};
use crate::{
    ControlCharacters, Error, Format,
    encode::Settings,
    transport::endpoint::{Endpoint, Framing},
};

impl Builder {
    /// The warnings about such settings.
    ///
    /// # Errors
    ///
    /// If the program sets TLS options but no server uses TLS: it would rely on protection that it
    /// does not get.
    pub(super) fn without_effect(
        &self,
        env: Environment<'_>,
        endpoints: &[Endpoint],
        settings: &Settings,
    ) -> Result<Vec<String>, Error> {
        let mut told = Vec::new();
        let shown = endpoints.iter().map(Endpoint::to_string).collect::<Vec<_>>().join(", ");
        if !endpoints.iter().any(|endpoint| endpoint.info().is_tls) {
            if let Some(name) = self.tls.first_set() {
                return Err(Error::new(format!(
                    "invalid setting {name} for {shown}: expected a tls:// or relp+tls:// server"
                )));
            }
            told.extend(Tls::variables(env).map(|name| {
                format!(
                    "{name} has no effect: {shown} is without TLS, expected tls:// or relp+tls://"
                )
            }));
        }
        let mut tell = |is_set: bool, name: &str, variable: &str, why: String| {
            let set_in = match is_set {
                true => name,
                false if value_of(env, variable).is_some() => variable,
                false => return,
            };
            told.push(format!("{set_in} has no effect: {why}"));
        };
        if !endpoints.iter().any(|endpoint| endpoint.info().keeps_sent) {
            let why = format!("{shown} has no resend buffer, expected tcp://, tls:// or unix://");
            let is_set = self.resend_buffer.is_some();
            tell(is_set, "resend_buffer", "SYSLOG_RESEND_BUFFER", why);
        }
        if !endpoints.iter().any(|endpoint| endpoint.info().is_tcp) {
            let why = format!("{shown} does not use TCP");
            tell(self.user_timeout.is_some(), "user_timeout", "SYSLOG_USER_TIMEOUT", why);
        }
        let is_keep = self.control_characters == Some(ControlCharacters::Keep);
        let has_lf = endpoints.iter().any(|endpoint| endpoint.framing == Framing::Lf);
        if has_lf && (is_keep || self.control_characters.is_none()) {
            let why = "framing=lf escapes control characters".to_owned();
            tell(is_keep, "control_characters", "SYSLOG_CONTROL_CHARACTERS", why);
        }
        if let Format::Rfc3164 | Format::Rfc3164Local = settings.format {
            let why = || format!("the format {} has no place for it", settings.format);
            let time_quality = self.time_quality.is_some_and(|quality| quality.is_some());
            for (is_used, is_set, name, variable) in [
                (
                    settings.sequence_id,
                    self.sequence_id.is_some(),
                    "sequence_id",
                    "SYSLOG_SEQUENCE_ID",
                ),
                (settings.bom, self.bom.is_some(), "bom", "SYSLOG_BOM"),
                (settings.origin, self.origin.is_some(), "origin", "SYSLOG_ORIGIN"),
                (
                    settings.time_quality.is_some(),
                    time_quality,
                    "time_quality",
                    "SYSLOG_TIME_QUALITY",
                ),
                (
                    true,
                    self.enterprise_number.is_some(),
                    "enterprise_number",
                    "SYSLOG_ENTERPRISE_NUMBER",
                ),
            ] {
                if is_used {
                    tell(is_set, name, variable, why());
                }
            }
        }
        Ok(told)
    }
}
