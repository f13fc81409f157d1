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
        let lower = text.to_ascii_lowercase();
        let by_code = || Facility::ALL.get(lower.parse::<usize>().ok()?).copied();
        Facility::ALL.into_iter().find(|f| f.keyword() == lower).or_else(by_code).ok_or_else(|| {
            Error::new(format!(
                "invalid facility {text:?}: expected a number from 0 to 23 or one of {} \
                 (RFC 5424 section 6.2.1)",
                KEYWORDS.join(", ")
            ))
        })
    }
}

const KEYWORDS: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];
