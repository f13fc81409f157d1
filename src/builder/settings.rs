//! The encoder's settings, joined from program and environment.

use std::process;

use super::{
    Builder,
    env::{self as read, Environment, choose},
    hostname,
};
use crate::{
    ControlCharacters, Error, Format,
    builder::url::{ServerUrl, agreed},
    burst::BurstLimit,
    encode::redact::Redact,
    encode::time_zone::Zone,
    encode::{HOSTNAME, PROCID, Settings, check_field},
    facility::Facilities,
    record::Severities,
    transport::endpoint::{Framing, Location},
    units,
};

impl Builder {
    /// The encoder's settings without an environment.
    #[cfg(fuzzing)]
    pub(crate) fn settings_for_fuzzing(&self) -> Result<Settings, Error> {
        self.settings(&|_| None, &[])
    }

    pub(super) fn settings(
        &self,
        env: Environment<'_>,
        servers: &[ServerUrl],
    ) -> Result<Settings, Error> {
        let truth = |set, variable| choose(set, env, variable, read::truth, || false);
        let text = |set: &Option<String>, variable, default: fn() -> String| {
            choose(set.clone(), env, variable, read::plain_text, default)
        };
        let is_local =
            servers.first().is_some_and(|first| first.endpoint.info().location == Location::Path);
        let natural = || if is_local { Format::Rfc3164Local } else { Format::Rfc5424 };
        let max_message_size =
            choose(self.max_message_size, env, "SYSLOG_MAX_MESSAGE_SIZE", units::bytes, || {
                DEFAULT_MAX_FRAME
            })?;
        let has_udp = servers.iter().any(|server| server.endpoint.info().is_udp);
        if max_message_size < SMALLEST_FRAME || has_udp && max_message_size > LARGEST_DATAGRAM {
            return Err(Error::new(format!(
                "invalid maximum message size (SYSLOG_MAX_MESSAGE_SIZE) {max_message_size}: expected \
                 at least {SMALLEST_FRAME} bytes (RFC 5424 section 6.1), and at most \
                 {LARGEST_DATAGRAM} over UDP"
            )));
        }
        let asked = choose(
            self.control_characters,
            env,
            "SYSLOG_CONTROL_CHARACTERS",
            str::parse,
            ControlCharacters::default,
        )?;
        let has_lf = servers.iter().any(|server| server.endpoint.framing == Framing::Lf);
        let hostname = text(&self.hostname, "SYSLOG_HOSTNAME", String::new)?;
        check_field("host name (SYSLOG_HOSTNAME)", &hostname, HOSTNAME)?;
        let procid = text(&self.procid, "SYSLOG_PROCID", || process::id().to_string())?;
        check_field("process id (SYSLOG_PROCID)", &procid, PROCID)?;
        let format = match agreed(servers, "format", |server| server.format)? {
            Some(format) => format,
            None => choose(self.format, env, "SYSLOG_FORMAT", str::parse, natural)?,
        };
        Ok(Settings {
            format,
            facilities: self.facilities(env)?,
            severities: choose(
                self.level_map,
                env,
                "SYSLOG_LEVEL_MAP",
                read::severities,
                Severities::default,
            )?,
            tag: self.tag.clone(),
            labels: self.labels(env)?,
            hostname: if hostname.is_empty() { hostname::detect() } else { hostname },
            procid,
            enterprise_number: choose(
                self.enterprise_number,
                env,
                "SYSLOG_ENTERPRISE_NUMBER",
                read::number,
                || DOCUMENTATION_NUMBER,
            )?,
            // A line end counts as a byte: imptcp rejects a full line otherwise.
            max_message_size: if has_lf { max_message_size - 1 } else { max_message_size },
            // A line end in a message would end its frame (RFC 6587 section 3.4.2).
            controls: if has_lf { ControlCharacters::Escape } else { asked },
            source_location: truth(self.source_location, "SYSLOG_SOURCE_LOCATION")?,
            thread_name: truth(self.thread_name, "SYSLOG_THREAD_NAME")?,
            origin: truth(self.origin, "SYSLOG_ORIGIN")?,
            sequence_id: truth(self.sequence_id, "SYSLOG_SEQUENCE_ID")?,
            time_quality: choose(
                self.time_quality,
                env,
                "SYSLOG_TIME_QUALITY",
                read::time_quality,
                || None,
            )?,
            bom: truth(self.bom, "SYSLOG_BOM")?,
            burst: choose(
                self.burst.map(|(most, time)| BurstLimit::new(most, time)).transpose()?.map(Some),
                env,
                "SYSLOG_BURST",
                read::burst,
                || None,
            )?,
            redact: choose(
                self.redact.as_deref().map(str::parse).transpose()?,
                env,
                "SYSLOG_REDACT",
                str::parse,
                Redact::default,
            )?,
            text_fields: self.text_fields_of(env, servers, format)?,
            zone: Zone::utc(),
        })
    }
}

impl Builder {
    /// The facility of all records and by target: the program's, then the variable's.
    fn facilities(&self, env: Environment<'_>) -> Result<Facilities, Error> {
        self.facilities.check()?;
        let mut facilities: Facilities =
            choose(None, env, "SYSLOG_FACILITY", str::parse, Facilities::default)?;
        if let Some(facility) = self.facility {
            facilities.general = facility;
        }
        Ok(facilities.overridden_by(&self.facilities))
    }
}

const DEFAULT_MAX_FRAME: usize = 8096;
const SMALLEST_FRAME: usize = 480;
const LARGEST_DATAGRAM: usize = 65_507;
/// Reserved for documentation (RFC 5612).
const DOCUMENTATION_NUMBER: u32 = 32_473;
