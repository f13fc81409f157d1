//! Errors of setting up logging.

use std::{error, fmt};

/// Why logging could not be set up.
///
/// It is about a tag, a URL, a setting, a configured file, or a logger that is already installed.
/// An unreachable server is never an error. The text quotes the value and says what is expected;
/// `Debug` gives the same text and its sources, since `fn main() -> Result<…>` prints that.
///
/// ```
/// let error = logship::builder("app-tag").servers("logs.example.com").build().unwrap_err();
/// assert!(error.is_config());
/// assert!(format!("{error:?}").contains("\"logs.example.com\""));
/// ```
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Config,
    AlreadyInitialized,
    System,
}

impl Error {
    /// Whether a `tracing` subscriber or a `log` logger is already installed for the whole program.
    #[must_use]
    pub fn is_already_initialized(&self) -> bool {
        self.kind == Kind::AlreadyInitialized
    }

    /// Whether the tag, a setting, a variable or a file that one of them names is invalid.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.kind == Kind::Config
    }

    pub(crate) fn new(message: impl Into<String>) -> Self {
        Error { kind: Kind::Config, message: message.into(), source: None }
    }

    pub(crate) fn because(
        message: impl Into<String>,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        Error { kind: Kind::Config, message: message.into(), source: Some(source.into()) }
    }

    pub(crate) fn already_initialized(message: impl Into<String>) -> Self {
        Error { kind: Kind::AlreadyInitialized, ..Error::new(message) }
    }

    /// The system refused a thread or memory.
    pub(crate) fn system(
        message: impl Into<String>,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        Error { kind: Kind::System, ..Error::because(message, source) }
    }

    /// Adds where the value came from, such as an environment variable.
    pub(crate) fn of(self, origin: &str) -> Self {
        Error { message: format!("{origin}: {}", self.message), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut source = error::Error::source(self);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        // The source's text is part of Display already, and would be repeated in a printed chain.
        self.source.as_deref().and_then(|source| source.source())
    }
}

/// The closest of `known` to `text`, ignoring case; none if none is close.
pub(crate) fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let text = text.to_ascii_lowercase();
    let near = known.iter().map(|name| (distance(&text, &name.to_ascii_lowercase()), *name));
    let limit = (text.chars().count() / 3).clamp(1, 3);
    near.filter(|(far, _)| *far <= limit).min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// The number of characters to insert, delete, replace or transpose.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn debug_is_the_text_with_each_source_once() {
        let inner = io::Error::other(io::Error::other("the disk is full"));
        let error = Error::because("cannot read \"x\"", inner).of("SYSLOG_TLS_CA_FILE");
        let text = format!("{error:?}");
        assert!(text.starts_with("SYSLOG_TLS_CA_FILE: cannot read \"x\": "), "{text}");
        assert_eq!(format!("{:?}", Error::new("as it is")), "as it is");
    }

    #[test]
    fn a_typing_error_is_recognised() {
        let known = ["error", "warn", "info", "debug", "trace"];
        for (text, meant) in [
            ("inof", Some("info")),
            ("wanr", Some("warn")),
            ("Debugg", Some("debug")),
            ("eror", Some("error")),
            ("shop", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, &known), meant, "{text}");
        }
        assert_eq!(nearest("SYSLOG_FACILTY", &["SYSLOG_FACILITY"]), Some("SYSLOG_FACILITY"));
    }
}
