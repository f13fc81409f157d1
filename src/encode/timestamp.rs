//! When was it said? RFC 5424 section 6.2.3, and the older form of RFC 3164.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local, Utc};

/// Writes timestamps; what changes once a second is kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    utc: Prefix,
    /// The last timestamp that `utc` began.
    stamp: [u8; STAMP],
    local: Prefix,
}

#[derive(Debug, Default)]
struct Prefix {
    second: Option<u64>,
    text: String,
}

impl Clock {
    /// ```text
    /// TIMESTAMP = FULL-DATE "T" FULL-TIME, six digits of fraction, "Z"
    /// ```
    /// NILVALUE where the system's clock stands before 1970 or after 9999.
    #[inline]
    pub(super) fn push_rfc5424(&mut self, out: &mut Vec<u8>, now: SystemTime) {
        let Some((second, micros)) = split(now) else { return out.push(b'-') };
        if self.utc.second != Some(second) {
            self.utc.turn(second, |text, utc| {
                // As "%Y-%m-%dT%H:%M:%S.", which would allocate.
                write_into(text, format_args!("{:?}.", utc.naive_utc()));
            });
            self.stamp = [b'Z'; STAMP];
            self.stamp.iter_mut().zip(self.utc.text.bytes()).for_each(|(to, from)| *to = from);
        }
        self.stamp[PREFIX..PREFIX + 6].copy_from_slice(&six_digits(micros));
        out.extend_from_slice(&self.stamp);
    }

    /// `Mmm dd hh:mm:ss` in local time (RFC 3164 section 4.1.2).
    pub(super) fn push_rfc3164(&mut self, out: &mut Vec<u8>, now: SystemTime) {
        let (second, _) = split(now).unwrap_or_default();
        if self.local.second != Some(second) {
            self.local.turn(second, |text, utc| {
                let local = utc.with_timezone(&Local);
                write_into(text, format_args!("{}", local.format("%b %e %H:%M:%S")));
            });
        }
        out.extend_from_slice(self.local.text.as_bytes());
    }
}

impl Prefix {
    #[cold]
    fn turn(&mut self, second: u64, write: fn(&mut String, DateTime<Utc>)) {
        let seconds = i64::try_from(second).unwrap_or_default();
        write(&mut self.text, DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default());
        self.second = Some(second);
    }
}

fn write_into(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.clear();
    // A String takes all that is written to it.
    let _ = std::fmt::Write::write_fmt(text, arguments);
}

#[inline]
fn split(now: SystemTime) -> Option<(u64, u32)> {
    let since = now.duration_since(UNIX_EPOCH).ok()?;
    (since.as_secs() < YEAR_10000).then(|| (since.as_secs(), since.subsec_micros()))
}

#[inline]
fn six_digits(micros: u32) -> [u8; 6] {
    let pair = |number: u32| [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
    let [a, b] = pair(micros / 10_000);
    let [c, d] = pair(micros / 100 % 100);
    let [e, f] = pair(micros % 100);
    [a, b, c, d, e, f]
}

/// Octets of a timestamp, and of its part before the fraction.
const STAMP: usize = "1970-01-01T00:00:00.000000Z".len();
const PREFIX: usize = "1970-01-01T00:00:00.".len();
const YEAR_10000: u64 = 253_402_300_800;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rfc5424(clock: &mut Clock, now: SystemTime) -> String {
        let mut out = Vec::new();
        clock.push_rfc5424(&mut out, now);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn always_six_digits_and_upper_case() {
        let mut clock = Clock::default();
        let at = |nanos| UNIX_EPOCH + Duration::new(1_709_210_096, nanos);
        assert_eq!(rfc5424(&mut clock, at(0)), "2024-02-29T12:34:56.000000Z");
        assert_eq!(rfc5424(&mut clock, at(999_999_999)), "2024-02-29T12:34:56.999999Z");
        assert_eq!(rfc5424(&mut clock, UNIX_EPOCH), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn a_clock_that_makes_no_sense_gives_nilvalue() {
        let mut clock = Clock::default();
        assert_eq!(rfc5424(&mut clock, UNIX_EPOCH - Duration::from_secs(1)), "-");
        assert_eq!(rfc5424(&mut clock, UNIX_EPOCH + Duration::from_secs(YEAR_10000)), "-");
        let last = UNIX_EPOCH + Duration::from_secs(YEAR_10000 - 1);
        assert_eq!(rfc5424(&mut clock, last), "9999-12-31T23:59:59.000000Z");
    }

    #[test]
    fn rfc3164_pads_the_day_with_a_blank() {
        let mut clock = Clock::default();
        let mut out = Vec::new();
        clock.push_rfc3164(&mut out, UNIX_EPOCH + Duration::from_secs(5 * 86_400));
        assert_eq!(out.len(), "Jan  6 00:00:00".len());
        assert!(out.starts_with(b"Jan  "));
    }
}
