//! The burst limit of a callsite; within it a record costs a look at the clock and one atomic.

use std::{
    str::FromStr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::{Error, record::Origin, units};

/// How many records of one callsite are shipped within an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BurstLimit {
    most: u32,
    interval: Duration,
}

impl BurstLimit {
    pub(crate) fn new(most: u32, interval: Duration) -> Result<Self, Error> {
        if most > 0 && (SHORTEST..=LONGEST).contains(&interval) {
            return Ok(BurstLimit { most, interval });
        }
        Err(Error::new(format!(
            "invalid burst limit {most} in {interval:?} (SYSLOG_BURST): expected 1 or more in \
             {SHORTEST:?} to {LONGEST:?}, as in 100/1s"
        )))
    }
}

#[cfg(feature = "serde")]
impl BurstLimit {
    pub(crate) fn parts(self) -> (u32, Duration) {
        (self.most, self.interval)
    }
}

impl FromStr for BurstLimit {
    type Err = Error;

    /// `100/1s`
    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || {
            let (most, interval) = text.split_once('/')?;
            Some((most.trim().parse().ok()?, units::duration(interval.trim()).ok()?))
        };
        let (most, interval) = read().ok_or_else(|| {
            Error::new(format!("invalid burst limit {text:?}: expected none or as in 100/1s"))
        })?;
        BurstLimit::new(most, interval)
    }
}

/// The state of one callsite.
#[derive(Debug)]
pub(crate) struct Burst {
    limit: BurstLimit,
    begin: Instant,
    /// The current interval, and its number of records.
    state: AtomicU64,
    suppressed: Mutex<Suppressed>,
    target: String,
    place: Option<(String, u32)>,
}

/// Suppressed records that are not reported yet.
#[derive(Debug, Default)]
struct Suppressed {
    count: u64,
    last: String,
    /// When to report them.
    due: Option<Instant>,
}

/// The content of a report.
#[derive(Debug)]
pub(crate) struct BurstReport<'a> {
    pub(crate) count: u64,
    pub(crate) interval: Duration,
    pub(crate) target: &'a str,
    pub(crate) place: Option<(&'a str, u32)>,
    /// The text of the last one.
    pub(crate) last: &'a str,
}

impl Burst {
    pub(crate) fn new(limit: BurstLimit, origin: &Origin<'_>) -> Self {
        let file = origin.file.map(str::to_owned);
        Burst {
            limit,
            begin: Instant::now(),
            state: AtomicU64::new(0),
            suppressed: Mutex::default(),
            target: origin.target.to_owned(),
            place: file.zip(origin.line),
        }
    }

    /// Whether one more record is within the limit.
    #[inline]
    pub(crate) fn admits(&self) -> bool {
        self.admits_after(self.begin.elapsed())
    }

    fn admits_after(&self, elapsed: Duration) -> bool {
        let interval = (elapsed.as_nanos() / self.limit.interval.as_nanos()) as u32;
        let next = |state: u64| match (state >> 32) as u32 == interval {
            true if state as u32 >= self.limit.most => None,
            true => Some(state + 1),
            false => Some(u64::from(interval) << 32 | 1),
        };
        self.state.fetch_update(Relaxed, Relaxed, next).is_ok()
    }

    /// Counts a record over the limit; returns whether it is the first to be reported.
    pub(crate) fn suppress(&self, text: &str) -> bool {
        let mut suppressed = self.suppressed.lock().unwrap_or_else(PoisonError::into_inner);
        suppressed.count += 1;
        suppressed.last.clear();
        let end = text.char_indices().nth(LONGEST_TEXT).map_or(text.len(), |(at, _)| at);
        suppressed.last.push_str(text.get(..end).unwrap_or_default());
        let is_first = suppressed.due.is_none();
        if is_first {
            let over = self.begin.elapsed().as_nanos() % self.limit.interval.as_nanos();
            let left = self.limit.interval.saturating_sub(Duration::from_nanos(over as u64));
            suppressed.due = Some(Instant::now() + left);
        }
        is_first
    }

    /// Calls `tell` with the suppressed records whose interval is over; returns when to call again,
    /// none if there are no others.
    pub(crate) fn report(
        &self,
        now: Instant,
        tell: impl FnOnce(BurstReport<'_>) -> bool,
    ) -> Option<Duration> {
        let mut suppressed = self.suppressed.lock().unwrap_or_else(PoisonError::into_inner);
        let due = suppressed.due?;
        if due > now {
            return Some(due - now);
        }
        let report = BurstReport {
            count: suppressed.count,
            interval: self.limit.interval,
            target: &self.target,
            place: self.place.as_ref().map(|(file, line)| (file.as_str(), *line)),
            last: &suppressed.last,
        };
        if !tell(report) {
            return Some(RETRY);
        }
        (suppressed.count, suppressed.due) = (0, None);
        None
    }
}

/// How soon a report that found no room is tried again.
const RETRY: Duration = Duration::from_millis(200);
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(86_400);
/// The most characters of the last text that are kept.
const LONGEST_TEXT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, Severity};

    #[test]
    fn each_interval_admits_as_many() {
        let origin = Origin {
            severity: Severity::Informational,
            level: Level::Info,
            target: "t",
            file: None,
            line: None,
        };
        let burst = Burst::new("3/1s".parse().unwrap(), &origin);
        for second in [0, 1, 5] {
            let admitted = (0..10).filter(|n| {
                burst.admits_after(Duration::from_secs(second) + Duration::from_millis(n * 99))
            });
            assert_eq!(admitted.count(), 3, "second {second}");
        }
    }

    #[test]
    fn what_is_no_limit_is_quoted() {
        for text in ["", "100", "0/1s", "100/0", "a/1s", "1/2/3", "-1/1s", "1/1ms", "4294967296/1s"]
        {
            let error = text.parse::<BurstLimit>().unwrap_err().to_string();
            assert!(error.contains("100/1s"), "{error}");
        }
        assert_eq!("5 / 2m".parse::<BurstLimit>().unwrap().interval, Duration::from_secs(120));
    }
}
