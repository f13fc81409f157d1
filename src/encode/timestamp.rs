//! Timestamps of RFC 5424 (section 6.2.3) and RFC 3164.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

use crate::encode::time_zone::Zone;

use super::MessageBuf;

/// Writes timestamps; parts that change once a second are cached.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    utc: Prefix,
    /// The second of the cached part in `utc`.
    stamp: [u8; STAMP],
    local: Prefix,
    /// The zone of the cached part in `local`.
    zone: Option<Zone>,
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
    /// NILVALUE if the system's clock is before 1970 or after 9999.
    #[inline]
    pub(super) fn push_rfc5424(&mut self, out: &mut MessageBuf, now: SystemTime, _: &Zone) {
        let Some((second, micros)) = split(now) else { return out.push(b'-') };
        if self.utc.second != Some(second) {
            self.utc.turn(second, 0, |text, at| {
                // Like "%Y-%m-%dT%H:%M:%S.", which would allocate.
                write_into(text, format_args!("{:?}.", at.naive_utc()));
            });
            self.stamp = [b'Z'; STAMP];
            self.stamp.iter_mut().zip(self.utc.text.bytes()).for_each(|(to, from)| *to = from);
        }
        self.stamp[PREFIX..PREFIX + 6].copy_from_slice(&six_digits(micros));
        out.push_some(&self.stamp, STAMP);
    }

    /// `Mmm dd hh:mm:ss` in local time (RFC 3164 section 4.1.2), the day padded with a blank.
    pub(super) fn push_rfc3164(&mut self, out: &mut MessageBuf, now: SystemTime, zone: &Zone) {
        let (second, _) = split(now).unwrap_or_default();
        if self.local.second != Some(second) || self.zone.as_ref() != Some(zone) {
            self.local.turn(second, zone.offset(second), |text, at| {
                write_into(text, format_args!("{}", at.format("%b %e %H:%M:%S")));
            });
            self.zone = Some(zone.clone());
        }
        out.extend_from_slice(self.local.text.as_bytes());
    }
}

impl Prefix {
    /// Writes the time of `second` at this UTC offset.
    #[cold]
    fn turn(&mut self, second: u64, offset: i32, write: fn(&mut String, DateTime<Utc>)) {
        let seconds = i64::try_from(second).unwrap_or_default() + i64::from(offset);
        // `split` rejects any year that this does not know.
        let Some(at) = DateTime::from_timestamp(seconds, 0) else { return };
        write(&mut self.text, at);
        self.second = Some(second);
    }
}

fn write_into(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.clear();
    // Writing to a String does not fail.
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

/// Bytes of a timestamp, and of its part before the fraction.
const STAMP: usize = "1970-01-01T00:00:00.000000Z".len();
const PREFIX: usize = "1970-01-01T00:00:00.".len();
const YEAR_10000: u64 = 253_402_300_800;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rfc5424(clock: &mut Clock, now: SystemTime) -> String {
        let mut out = MessageBuf::default();
        clock.push_rfc5424(&mut out, now, &Zone::utc());
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn always_six_digits_and_upper_case() {
        let mut clock = Clock::default();
        let at = |nanos| UNIX_EPOCH + Duration::new(1_709_210_096, nanos);
        assert_eq!(rfc5424(&mut clock, at(0)), "2024-02-29T12:34:56.000000Z");
        assert_eq!(rfc5424(&mut clock, at(123_456_789)), "2024-02-29T12:34:56.123456Z");
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

    fn rfc3164(clock: &mut Clock, seconds: u64, zone: &Zone) -> String {
        let mut out = MessageBuf::default();
        clock.push_rfc3164(&mut out, UNIX_EPOCH + Duration::from_secs(seconds), zone);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn rfc3164_pads_the_day_with_a_blank() {
        let mut clock = Clock::default();
        assert_eq!(rfc3164(&mut clock, 5 * 86_400, &Zone::utc()), "Jan  6 00:00:00");
        assert_eq!(rfc3164(&mut clock, 1_709_210_096, &Zone::utc()), "Feb 29 12:34:56");
        assert_eq!(rfc3164(&mut clock, 1_798_761_599, &Zone::utc()), "Dec 31 23:59:59");
    }

    #[test]
    fn rfc3164_is_local_time_on_both_sides_of_a_change() {
        let mut clock = Clock::default();
        let (berlin, told) = Zone::new(Some("CET-1CEST,M3.5.0,M10.5.0/3"));
        assert_eq!(told, None);
        // 2026-03-29 01:00 UTC: two o'clock becomes three.
        assert_eq!(rfc3164(&mut clock, 1_774_745_999, &berlin), "Mar 29 01:59:59");
        assert_eq!(rfc3164(&mut clock, 1_774_746_000, &berlin), "Mar 29 03:00:00");
        // 2026-10-25 01:00 UTC: three o'clock becomes two.
        assert_eq!(rfc3164(&mut clock, 1_792_889_999, &berlin), "Oct 25 02:59:59");
        assert_eq!(rfc3164(&mut clock, 1_792_890_000, &berlin), "Oct 25 02:00:00");
        // One thread, two handles, one second.
        assert_eq!(rfc3164(&mut clock, 1_792_890_000, &Zone::utc()), "Oct 25 01:00:00");
        let (west, _) = Zone::new(Some("XXX+3:30"));
        assert_eq!(rfc3164(&mut clock, 1_767_225_600, &west), "Dec 31 20:30:00");
    }
}
