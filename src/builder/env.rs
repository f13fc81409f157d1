//! Reading of settings from environment variables.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    time::Duration,
};

use crate::{
    Error, Severity, TimeQuality,
    burst::BurstLimit,
    record::{Level, Severities},
};

/// Looks up variables; the real environment outside of tests.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The program's value, else the variable's, else the default.
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
    let Some(value) = value_of(environment, variable) else { return Ok(default()) };
    let text =
        value.to_str().ok_or_else(|| Error::new(format!("invalid {value:?}: expected UTF-8")));
    text.and_then(read).map_err(|error| error.of(variable))
}

/// The same for a path, which need not be UTF-8.
pub(crate) fn choose_path(
    set: Option<PathBuf>,
    environment: Environment<'_>,
    variable: &str,
) -> Option<PathBuf> {
    set.or_else(|| value_of(environment, variable).map(PathBuf::from))
}

/// A variable without surrounding white space; none if nothing is left.
pub(crate) fn value_of(environment: Environment<'_>, variable: &str) -> Option<OsString> {
    environment(variable).map(trimmed).filter(|value| !value.is_empty())
}

#[cfg(unix)]
fn trimmed(value: OsString) -> OsString {
    use std::os::unix::ffi::OsStrExt as _;
    OsStr::from_bytes(value.as_bytes().trim_ascii()).to_owned()
}

#[cfg(not(unix))]
fn trimmed(value: OsString) -> OsString {
    value.to_str().map(str::trim_ascii).map(OsStr::new).map(OsStr::to_owned).unwrap_or(value)
}

pub(crate) fn truth(text: &str) -> Result<bool, Error> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(Error::new(format!("invalid switch {text:?}: expected true or false"))),
    }
}

pub(crate) fn number(text: &str) -> Result<u32, Error> {
    text.parse()
        .map_err(|_| Error::new(format!("invalid number {text:?}: expected 0 to 4294967295")))
}

pub(crate) fn plain_text(text: &str) -> Result<String, Error> {
    Ok(text.to_owned())
}

/// `none`, or a limit.
pub(crate) fn burst(text: &str) -> Result<Option<BurstLimit>, Error> {
    if text.eq_ignore_ascii_case("none") { Ok(None) } else { text.parse().map(Some) }
}

/// `none`, or a quality.
pub(crate) fn time_quality(text: &str) -> Result<Option<TimeQuality>, Error> {
    if text.eq_ignore_ascii_case("none") { Ok(None) } else { text.parse().map(Some) }
}

/// An interval; zero is never.
pub(crate) fn interval(
    set: Option<Option<Duration>>,
    environment: Environment<'_>,
    variable: &str,
    default: Option<Duration>,
    shortest: Duration,
) -> Result<Option<Duration>, Error> {
    let read = crate::units::optional_duration;
    let interval = choose(set, environment, variable, read, || default)?;
    let interval = interval.filter(|interval| !interval.is_zero());
    match interval.filter(|interval| *interval < shortest) {
        Some(short) => Err(Error::new(format!(
            "invalid interval {short:?} ({variable}): expected {shortest:?} or more, or 0 for never"
        ))),
        None => Ok(interval),
    }
}

/// `info=notice,trace=debug`: levels with another severity than the default.
pub(crate) fn severities(text: &str) -> Result<Severities, Error> {
    let mut severities = Severities::default();
    for pair in text.split(',') {
        let (level, severity) = pair.split_once('=').ok_or_else(|| {
            Error::new(format!(
                "invalid level map {pair:?}: expected LEVEL=SEVERITY, such as info=notice"
            ))
        })?;
        severities.set(level.trim().parse::<Level>()?, severity.trim().parse::<Severity>()?);
    }
    Ok(severities)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::bytes;

    #[test]
    fn builder_overrides_environment_overrides_default() {
        let environment =
            |name: &str| (name == "SYSLOG_MAX_MESSAGE_SIZE").then(|| " 2048\n".into());
        let choose = |set, variable| {
            choose(set, &environment, variable, bytes, || 8096).map_err(|e| e.to_string())
        };
        assert_eq!(choose(Some(1), "SYSLOG_MAX_MESSAGE_SIZE"), Ok(1));
        assert_eq!(choose(None, "SYSLOG_MAX_MESSAGE_SIZE"), Ok(2048));
        assert_eq!(choose(None, "SYSLOG_QUEUE_CAPACITY"), Ok(8096));
    }

    #[test]
    fn what_can_not_be_read_is_quoted_with_its_variable() {
        let environment = |_: &str| Some("many".into());
        let error = choose(None, &environment, "SYSLOG_QUEUE_CAPACITY", bytes, || 0).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("SYSLOG_QUEUE_CAPACITY: invalid size \"many\""), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_is_taken_as_bytes_and_a_text_is_not() {
        use std::os::unix::ffi::OsStringExt as _;
        let caf = OsString::from_vec(b" /var/caf\xe9 ".to_vec());
        let environment = |_: &str| Some(caf.clone());
        let path = choose_path(None, &environment, "SYSLOG_QUEUE_FILE").unwrap();
        assert_eq!(path.into_os_string().into_vec(), b"/var/caf\xe9");
        let error = choose(None, &environment, "SYSLOG_HOSTNAME", plain_text, String::new);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("SYSLOG_HOSTNAME") && error.contains("UTF-8"), "{error}");
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        assert!(truth("on").unwrap() && !truth("0").unwrap());
        let within = TimeQuality::SyncedWithin(Duration::from_micros(50));
        assert_eq!(time_quality("synced:50").unwrap(), Some(within));
        assert_eq!(time_quality("None").unwrap(), None);
        let map = severities("info=notice, trace=info").unwrap();
        assert_eq!(map.of(Level::Info), Severity::Notice);
        assert_eq!(map.of(Level::Trace), Severity::Informational);
        assert_eq!(map.of(Level::Error), Severity::Error);
        for bad in ["info", "loud=info", "info=loud"] {
            assert!(severities(bad).is_err());
        }
        assert!(truth("perhaps").is_err() && number("x").is_err());
    }
}
