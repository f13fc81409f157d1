//! Syslog facilities (RFC 5424 section 6.2.1, table 1).

use std::{fmt, str::FromStr};

use crate::Error;

/// The facility of a syslog message (RFC 5424 section 6.2.1).
///
/// Applications use `User` or one of `Local0` to `Local7`; the others belong to parts of the
/// operating system. The RFC has closed the set, so a `match` may name all.
///
/// ```
/// # use logship::Facility;
/// assert_eq!("local0".parse::<Facility>()?, Facility::Local0);
/// assert_eq!(Facility::try_from(10)?.to_string(), "authpriv");
/// # Ok::<(), logship::Error>(())
/// ```
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facility {
    /// Kernel messages.
    Kern = 0,
    /// User-level messages, the default.
    #[default]
    User = 1,
    /// Mail system.
    Mail = 2,
    /// System daemons.
    Daemon = 3,
    /// Security and authorisation messages.
    Auth = 4,
    /// Messages of the syslog server itself.
    Syslog = 5,
    /// Line printer subsystem.
    Lpr = 6,
    /// Network news subsystem.
    News = 7,
    /// UUCP subsystem.
    Uucp = 8,
    /// Clock daemon (9).
    Cron = 9,
    /// Private security and authorisation messages.
    AuthPriv = 10,
    /// FTP daemon.
    Ftp = 11,
    /// NTP subsystem.
    Ntp = 12,
    /// Log audit.
    Audit = 13,
    /// Log alert.
    Alert = 14,
    /// Clock daemon (15).
    Clock = 15,
    /// Local use 0.
    Local0 = 16,
    /// Local use 1.
    Local1 = 17,
    /// Local use 2.
    Local2 = 18,
    /// Local use 3.
    Local3 = 19,
    /// Local use 4.
    Local4 = 20,
    /// Local use 5.
    Local5 = 21,
    /// Local use 6.
    Local6 = 22,
    /// Local use 7.
    Local7 = 23,
}

impl Facility {
    /// All facilities, so that `ALL[code]` has that code.
    pub const ALL: [Facility; 24] = {
        use Facility::*;
        [
            Kern, User, Mail, Daemon, Auth, Syslog, Lpr, News, Uucp, Cron, AuthPriv, Ftp, Ntp,
            Audit, Alert, Clock, Local0, Local1, Local2, Local3, Local4, Local5, Local6, Local7,
        ]
    };

    /// The number that PRI carries, multiplied by eight there: 0 to 23.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The keyword that syslog configurations use, such as `local0`.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        KEYWORDS[self as usize]
    }

    /// The facility with this keyword or number, whatever the case; allocates nothing.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let by_code = || Facility::ALL.get(word.parse::<usize>().ok()?).copied();
        let is_it = |f: &Facility| f.keyword().eq_ignore_ascii_case(word);
        Facility::ALL.into_iter().find(is_it).or_else(by_code)
    }
}

impl fmt::Display for Facility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.keyword())
    }
}

impl TryFrom<u8> for Facility {
    type Error = Error;

    fn try_from(code: u8) -> Result<Self, Error> {
        let found = Facility::ALL.get(usize::from(code)).copied();
        found.ok_or_else(|| Error::new(format!("invalid facility {code}: expected 0 to 23")))
    }
}

impl FromStr for Facility {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Facility::of_word(text).ok_or_else(|| {
            Error::new(format!(
                "invalid facility {text:?}: expected a number from 0 to 23 or one of {} \
                 (RFC 5424 section 6.2.1)",
                KEYWORDS.join(", ")
            ))
        })
    }
}

/// The facility of all records, and of certain targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facilities {
    pub(crate) general: Facility,
    by_target: Vec<(String, Facility)>,
}

impl Facilities {
    /// The facility of the longest entry that is this target or a parent module of it.
    pub(crate) fn of(&self, target: &str) -> Facility {
        let matches = |of: &str| {
            let rest = target.strip_prefix(of)?;
            (rest.is_empty() || rest.starts_with("::")).then_some(of.len())
        };
        let found = self.by_target.iter().filter_map(|(of, f)| Some((matches(of)?, *f)));
        found.max_by_key(|(length, _)| *length).map_or(self.general, |(_, facility)| facility)
    }

    /// Sets the facility of a target; a package may be named with `-`.
    pub(crate) fn set(&mut self, target: &str, facility: Facility) {
        for name in [target.to_owned(), target.replace('-', "_")] {
            self.by_target.retain(|(of, _)| *of != name);
            self.by_target.push((name, facility));
        }
    }

    /// These facilities, overridden by those of `other`.
    pub(crate) fn overridden_by(mut self, other: &Facilities) -> Self {
        other.by_target.iter().for_each(|(target, facility)| self.set(target, *facility));
        self
    }

    /// Checks a configured target.
    ///
    /// # Errors
    ///
    /// If it is empty, or contains characters that no target has.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '=' | ',');
        match self.by_target.iter().find(|(of, _)| of.is_empty() || of.contains(is_odd)) {
            Some((target, _)) => Err(Error::new(format!(
                "invalid target {target:?}: expected the name of a module, as in audit=authpriv"
            ))),
            None => Ok(()),
        }
    }
}

impl From<Facility> for Facilities {
    fn from(general: Facility) -> Self {
        Facilities { general, by_target: Vec::new() }
    }
}

impl FromStr for Facilities {
    type Err = Error;

    /// `user,audit=authpriv`
    fn from_str(text: &str) -> Result<Self, Error> {
        let (mut facilities, mut has_general) = (Facilities::default(), false);
        for piece in text.split(',').map(str::trim) {
            match piece.split_once('=') {
                Some((target, facility)) => {
                    facilities.set(target.trim(), facility.trim().parse()?);
                }
                None if !std::mem::replace(&mut has_general, true) => {
                    facilities.general = piece.parse()?;
                }
                None => {
                    return Err(Error::new(format!(
                        "invalid facility {text:?}: expected one for all records, and \
                         TARGET=FACILITY for others, as in user,audit=authpriv"
                    )));
                }
            }
        }
        facilities.check().map(|()| facilities)
    }
}

const KEYWORDS: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facility_is_that_of_the_nearest_parent_module() {
        let all: Facilities =
            "local0, audit = authpriv,audit::web=20,my-crate=cron".parse().unwrap();
        for (target, expected) in [
            ("shop", Facility::Local0),
            ("audit", Facility::AuthPriv),
            ("audit::login", Facility::AuthPriv),
            ("audit::web::x", Facility::Local4),
            ("auditor", Facility::Local0),
            ("my_crate::a", Facility::Cron),
            ("my-crate", Facility::Cron),
            ("", Facility::Local0),
        ] {
            assert_eq!(all.of(target), expected, "{target}");
        }
        let mut set = Facilities::default();
        set.set("audit", Facility::Audit);
        assert_eq!(all.overridden_by(&set).of("audit"), Facility::Audit);
        assert_eq!("audit=cron".parse::<Facilities>().unwrap().general, Facility::User);
    }

    #[test]
    fn what_is_no_facility_of_a_target_is_refused() {
        for (text, quoted) in [
            ("user,local0", "\"user,local0\""),
            ("user,audit=loud", "\"loud\""),
            ("=user", "\"\""),
            ("a b=user", "\"a b\""),
            ("user,", "\"user,\""),
            ("audit=24", "\"24\""),
        ] {
            let error = text.parse::<Facilities>().unwrap_err().to_string();
            assert!(error.contains(quoted), "{text}: {error}");
        }
    }
}
