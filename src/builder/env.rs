//! How settings are read from environment variables.

use std::{path::PathBuf, time::Duration};

use crate::{
    ControlCharacters, Error, Severity, TimeQuality,
    record::{Level, Severities},
};

/// Variables by name; the real ones outside of tests.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the program set comes first, then the environment, then the default.
pub(crate) fn choose<T>(
    set: Option<T>,
    environment: Environment<'_>,
    variable: &str,
    read: impl FnOnce(&str) -> Result<T, Error>,
    default: impl FnOnce() -> T,
) -> Result<T, Error> {
    if let Some(value) = set {
        return Ok(value);
    }
    match environment(variable).filter(|text| !text.is_empty()) {
        Some(text) => read(&text).map_err(|error| error.of(variable)),
        None => Ok(default()),
    }
}

pub(crate) fn truth(text: &str) -> Result<bool, Error> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(Error::new(format!("{text:?} is neither true nor false"))),
    }
}

pub(crate) fn number(text: &str) -> Result<u32, Error> {
    text.parse().map_err(|_| Error::new(format!("{text:?} is no number from 0 to 4294967295")))
}

/// Octets, with `k`, `M` or `G` for the powers of 1024.
pub(crate) fn octets(text: &str) -> Result<usize, Error> {
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'M')) => (&text[..at], 20),
        Some((at, 'G')) => (&text[..at], 30),
        _ => (text, 0),
    };
    let octets = digits.parse::<usize>().ok().and_then(|n| n.checked_mul(1 << shift));
    octets.ok_or_else(|| {
        Error::new(format!("{text:?} is no number of octets, such as 8388608 or 8M"))
    })
}

pub(crate) fn seconds(text: &str) -> Result<Duration, Error> {
    let seconds = text.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
    seconds.ok_or_else(|| Error::new(format!("{text:?} is no number of seconds, such as 5 or 0.5")))
}

pub(crate) fn plain_text(text: &str) -> Result<String, Error> {
    Ok(text.to_owned())
}

pub(crate) fn path(text: &str) -> Result<Option<PathBuf>, Error> {
    Ok(Some(PathBuf::from(text)))
}

pub(crate) fn control_characters(text: &str) -> Result<ControlCharacters, Error> {
    match text.to_ascii_lowercase().as_str() {
        "escape" => Ok(ControlCharacters::Escape),
        "keep" => Ok(ControlCharacters::Keep),
        _ => Err(Error::new(format!("{text:?} is neither escape nor keep"))),
    }
}

/// `none`, `unsynced`, `synced`, or `synced:MICROSECONDS`.
pub(crate) fn time_quality(text: &str) -> Result<Option<TimeQuality>, Error> {
    match text.to_ascii_lowercase().split_once(':') {
        None if text.eq_ignore_ascii_case("none") => Ok(None),
        None if text.eq_ignore_ascii_case("unsynced") => Ok(Some(TimeQuality::Unsynced)),
        None if text.eq_ignore_ascii_case("synced") => Ok(Some(TimeQuality::Synced)),
        Some(("synced", micros)) => Ok(Some(TimeQuality::SyncedWithin(number(micros)?))),
        _ => Err(Error::new(format!(
            "{text:?} is no quality of time: use none, unsynced, synced or synced:MICROSECONDS"
        ))),
    }
}

/// `info=notice,trace=debug`: levels that become another severity than by default.
pub(crate) fn severities(text: &str) -> Result<Severities, Error> {
    let mut severities = Severities::default();
    for pair in text.split(',') {
        let (level, severity) = pair.split_once('=').ok_or_else(|| {
            Error::new(format!("{pair:?} is no pair of level and severity, such as info=notice"))
        })?;
        severities.set(level.trim().parse::<Level>()?, severity.trim().parse::<Severity>()?);
    }
    Ok(severities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_comes_before_the_environment_and_that_before_the_default() {
        let environment =
            |name: &str| (name == "SYSLOG_MAX_MESSAGE_SIZE").then(|| "2048".to_owned());
        let choose = |set, variable| {
            choose(set, &environment, variable, octets, || 8096).map_err(|e| e.to_string())
        };
        assert_eq!(choose(Some(1), "SYSLOG_MAX_MESSAGE_SIZE"), Ok(1));
        assert_eq!(choose(None, "SYSLOG_MAX_MESSAGE_SIZE"), Ok(2048));
        assert_eq!(choose(None, "SYSLOG_QUEUE_CAPACITY"), Ok(8096));
    }

    #[test]
    fn what_can_not_be_read_is_quoted_with_its_variable() {
        let environment = |_: &str| Some("many".to_owned());
        let error = choose(None, &environment, "SYSLOG_QUEUE_CAPACITY", octets, || 0).unwrap_err();
        assert!(
            error.to_string().starts_with("SYSLOG_QUEUE_CAPACITY: \"many\" is no number"),
            "{error}"
        );
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        assert_eq!(octets("8M").unwrap(), 8 << 20);
        assert_eq!(octets("64k").unwrap(), 64 << 10);
        assert_eq!(seconds("0.5").unwrap(), Duration::from_millis(500));
        assert!(truth("on").unwrap() && !truth("0").unwrap());
        let within = Some(TimeQuality::SyncedWithin(50));
        assert_eq!(time_quality("synced:50").unwrap(), within);
        let map = severities("info=notice, trace=info").unwrap();
        assert_eq!(map.of(Level::Info), Severity::Notice);
        assert_eq!(map.of(Level::Trace), Severity::Informational);
        assert_eq!(map.of(Level::Error), Severity::Error);
        for bad in ["info", "loud=info", "info=loud"] {
            assert!(severities(bad).is_err());
        }
        assert!(octets("8X").is_err() && octets("").is_err() && octets("99999999999G").is_err());
        assert!(seconds("-1").is_err() && truth("perhaps").is_err() && number("x").is_err());
    }
}
