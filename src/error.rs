//! Errors of the setup.

use std::{error, fmt};

/// Why logging could not be set up.
///
/// It is only ever about what was written: a tag, a URL, a setting, a file that is named, or a
/// logger that is already installed. A server that cannot be reached is never an error. The text
/// quotes the value and names the rule.
#[derive(Debug)]
pub struct Error {
    message: String,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Error { message: message.into(), source: None }
    }

    pub(crate) fn because(
        message: impl Into<String>,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        Error { message: message.into(), source: Some(source.into()) }
    }

    /// Says where the value came from, such as an environment variable.
    pub(crate) fn of(self, origin: &str) -> Self {
        Error { message: format!("{origin}: {}", self.message), source: self.source }
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

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        // The source's own text is part of Display already: what prints a chain would say it twice.
        self.source.as_deref().and_then(|source| source.source())
    }
}
