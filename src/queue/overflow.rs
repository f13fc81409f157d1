//! Overflow policies.

use std::{fmt, str::FromStr, time::Duration};

use crate::{Error, Severity, units};

/// What happens to a record for which the queue has no room (`SYSLOG_OVERFLOW`).
///
/// Each dropped record is counted, see [`Stats`](crate::Stats).
///
/// ```
/// # use std::time::Duration;
/// # use logship::Overflow;
/// let block = Overflow::Block(Duration::from_millis(100));
/// assert_eq!("block:100ms".parse::<Overflow>()?, block);
/// assert_eq!(block.to_string(), "block:100ms");
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// Drops the least severe first (RFC 5424 section 8.6): DEBUG from 70 % of the queue, INFO and
    /// NOTICE from 90 %; the rest is reserved for WARNING and worse. `drop-least-severe`.
    #[default]
    DropLeastSevere,
    /// Drops what does not fit, whatever its severity. `drop-newest`.
    DropNewest,
    /// Lets the log call wait for room, at most this long, then drops the record. `block:100ms`.
    Block(Duration),
}

impl Overflow {
    /// Up to how many of `capacity` bytes each severity may fill the queue.
    pub(super) fn limits(self, capacity: usize) -> [usize; 8] {
        Severity::ALL.map(|severity| self.share(severity, capacity))
    }

    fn share(self, severity: Severity, capacity: usize) -> usize {
        let percent = match self {
            Overflow::DropNewest | Overflow::Block(_) => 100,
            Overflow::DropLeastSevere => match severity {
                Severity::Debug => 70,
                Severity::Notice | Severity::Informational => 90,
                Severity::Emergency
                | Severity::Alert
                | Severity::Critical
                | Severity::Error
                | Severity::Warning => 100,
            },
        };
        capacity / 100 * percent + capacity % 100 * percent / 100
    }

    /// How long a log call may wait for room.
    pub(super) fn patience(self) -> Option<Duration> {
        match self {
            Overflow::Block(limit) => Some(limit),
            Overflow::DropLeastSevere | Overflow::DropNewest => None,
        }
    }
}

impl FromStr for Overflow {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.to_ascii_lowercase().as_str() {
            "drop-least-severe" => Some(Overflow::DropLeastSevere),
            "drop-newest" => Some(Overflow::DropNewest),
            other => other
                .strip_prefix("block:")
                .and_then(|limit| units::duration(limit).ok().map(Overflow::Block)),
        }
        .ok_or_else(|| {
            Error::new(format!(
                "invalid overflow policy {text:?}: expected drop-least-severe, drop-newest or \
                 block:100ms"
            ))
        })
    }
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Overflow::DropLeastSevere => f.pad("drop-least-severe"),
            Overflow::DropNewest => f.pad("drop-newest"),
            Overflow::Block(limit) => write!(f, "block:{limit:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_severe_go_first_and_a_reserve_stays() {
        let share = |severity| Overflow::DropLeastSevere.share(severity, 1000);
        assert_eq!(share(Severity::Debug), 700);
        assert_eq!(share(Severity::Informational), 900);
        assert_eq!(share(Severity::Warning), 1000);
        assert_eq!(Overflow::DropNewest.share(Severity::Debug, 1000), 1000);
        assert_eq!(Overflow::DropNewest.share(Severity::Debug, usize::MAX), usize::MAX);
    }

    #[test]
    fn policies_are_read_and_nonsense_is_quoted() {
        assert_eq!("drop-least-severe".parse::<Overflow>().unwrap(), Overflow::DropLeastSevere);
        let block = Overflow::Block(Duration::from_millis(250));
        assert_eq!("block:250ms".parse::<Overflow>().unwrap(), block);
        for limit in [Duration::from_nanos(1_500_000), Duration::from_secs(90)] {
            let block = Overflow::Block(limit);
            assert_eq!(block.to_string().parse::<Overflow>().unwrap(), block);
        }
        for bad in ["", "block", "block:", "block:-1s", "oldest"] {
            let error = bad.parse::<Overflow>().unwrap_err().to_string();
            assert!(error.contains(&format!("{bad:?}")), "{error}");
        }
    }
}
