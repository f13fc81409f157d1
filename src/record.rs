//! Records between `capture` and `encode`: levels, origins and values.

use std::{error, fmt, str::FromStr};

use crate::{Error, Severity};

/// The level of a `tracing` event or a `log` record.
///
/// [`Builder::map_level`](crate::Builder::map_level) sets which severity each becomes.
///
/// ```
/// # use logship::Level;
/// assert_eq!(Level::from(log::Level::Warn), Level::Warn);
/// assert_eq!("warn".parse::<Level>()?.to_string(), "warn");
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Something failed. Severity ERROR by default.
    Error,
    /// Something is wrong, and the program goes on. WARNING by default.
    Warn,
    /// What the program does, for its operators. INFORMATIONAL by default.
    Info,
    /// What the program does, for its developers. DEBUG by default.
    Debug,
    /// Every step. DEBUG by default.
    Trace,
}

impl Level {
    pub(crate) const fn keyword(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
            Level::Trace => "trace",
        }
    }
}

impl FromStr for Level {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let all = [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];
        let found = all.into_iter().find(|l| l.keyword().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            Error::new(format!(
                "invalid level {text:?}: expected error, warn, info, debug or trace"
            ))
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.keyword())
    }
}

impl From<log::Level> for Level {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Error => Level::Error,
            log::Level::Warn => Level::Warn,
            log::Level::Info => Level::Info,
            log::Level::Debug => Level::Debug,
            log::Level::Trace => Level::Trace,
        }
    }
}

#[cfg(feature = "tracing")]
impl From<tracing_core::Level> for Level {
    fn from(level: tracing_core::Level) -> Self {
        match level {
            tracing_core::Level::ERROR => Level::Error,
            tracing_core::Level::WARN => Level::Warn,
            tracing_core::Level::INFO => Level::Info,
            tracing_core::Level::DEBUG => Level::Debug,
            tracing_core::Level::TRACE => Level::Trace,
        }
    }
}

/// The severity of each level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Severities(pub(crate) [Severity; 5]);

impl Severities {
    pub(crate) fn of(&self, level: Level) -> Severity {
        self.0[level as usize]
    }

    pub(crate) fn set(&mut self, level: Level, severity: Severity) {
        self.0[level as usize] = severity;
    }
}

impl Default for Severities {
    fn default() -> Self {
        use Severity::{Debug, Error, Informational, Warning};
        Severities([Error, Warning, Informational, Debug, Debug])
    }
}

/// The origin of a record: everything known before its fields and its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) severity: Severity,
    pub(crate) level: Level,
    pub(crate) target: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
}

/// The value of a field, as passed by its caller.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    U64(u64),
    I64(i64),
    U128(u128),
    I128(i128),
    F64(f64),
    Bool(bool),
    Str(&'a str),
    Display(&'a dyn fmt::Display),
    #[cfg_attr(not(feature = "tracing"), allow(dead_code))]
    Debug(&'a dyn fmt::Debug),
    Error(&'a (dyn error::Error + 'static)),
}

impl Value<'_> {
    /// Whether formatting it runs the program's code.
    #[inline(always)]
    pub(crate) fn may_panic(&self) -> bool {
        matches!(self, Value::Display(_) | Value::Debug(_) | Value::Error(_))
    }
}
