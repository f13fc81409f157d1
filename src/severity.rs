//! Syslog severities (RFC 5424 section 6.2.1, table 2).

use std::{fmt, str::FromStr};

use crate::Error;

/// The severity of a syslog message (RFC 5424 section 6.2.1). A lower code is more urgent.
///
/// The RFC has closed the set, so a `match` may name all eight.
///
/// ```
/// # use logship::Severity;
/// assert_eq!("crit".parse::<Severity>()?, Severity::Critical);
/// assert_eq!(Severity::try_from(4)?.to_string(), "warning");
/// # Ok::<(), logship::Error>(())
/// ```
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The system is unusable.
    Emergency = 0,
    /// Action must be taken at once.
    Alert = 1,
    /// Critical conditions; a panic of the application is logged so.
    Critical = 2,
    /// Error conditions; level ERROR unless set otherwise.
    Error = 3,
    /// Warning conditions; level WARN unless set otherwise.
    Warning = 4,
    /// Normal but significant.
    Notice = 5,
    /// Informational; level INFO unless set otherwise.
    Informational = 6,
    /// Messages for debugging; levels DEBUG and TRACE unless set otherwise.
    Debug = 7,
}

impl Severity {
    /// All severities, the most urgent first, so that `ALL[code]` has that code.
    pub const ALL: [Severity; 8] = [
        Severity::Emergency,
        Severity::Alert,
        Severity::Critical,
        Severity::Error,
        Severity::Warning,
        Severity::Notice,
        Severity::Informational,
        Severity::Debug,
    ];

    /// The number that PRI carries, 0 to 7.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The severity with this code; only the lowest three bits count.
    pub(crate) const fn from_code(code: u8) -> Severity {
        Severity::ALL[(code & 7) as usize]
    }

    /// The keyword that syslog configurations use, such as `warning`.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        KEYWORDS[self as usize]
    }

    /// The severity with this keyword or other name, whatever the case; allocates nothing.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let is_it = |name: &str| name.eq_ignore_ascii_case(word);
        let by_name = || OTHER_NAMES.iter().find(|(name, _)| is_it(name)).map(|(_, s)| *s);
        Severity::ALL.into_iter().find(|s| is_it(s.keyword())).or_else(by_name)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.keyword())
    }
}

impl TryFrom<u8> for Severity {
    type Error = Error;

    fn try_from(code: u8) -> Result<Self, Error> {
        let found = Severity::ALL.get(usize::from(code)).copied();
        found.ok_or_else(|| Error::new(format!("invalid severity {code}: expected 0 to 7")))
    }
}

impl FromStr for Severity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Severity::of_word(text).ok_or_else(|| {
            Error::new(format!(
                "invalid severity {text:?}: expected one of {} (RFC 5424 section 6.2.1)",
                KEYWORDS.join(", ")
            ))
        })
    }
}

const OTHER_NAMES: [(&str, Severity); 6] = [
    ("emergency", Severity::Emergency),
    ("panic", Severity::Emergency),
    ("critical", Severity::Critical),
    ("error", Severity::Error),
    ("warn", Severity::Warning),
    ("informational", Severity::Informational),
];
const KEYWORDS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
