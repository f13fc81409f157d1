//! The local time zone, needed for RFC 3164 timestamps.

use std::sync::Arc;

use tz::TimeZone;

/// The time zone of this machine, read once.
///
/// Not through libc: `localtime` reads the environment, which another thread may be writing to. Nor
/// is it read again, so that it survives a `chroot`.
#[derive(Clone, Debug)]
pub(crate) struct Zone(Arc<TimeZone>);

impl Zone {
    pub(crate) fn utc() -> Self {
        Zone(Arc::new(TimeZone::utc()))
    }

    /// The zone of `TZ` (POSIX 8.3, or a name such as `Europe/Berlin`), or the system's own if it
    /// is not set. What cannot be read is UTC, as for libc, and reported.
    pub(crate) fn new(tz: Option<&str>) -> (Self, Option<String>) {
        let zone = match tz {
            // These need no file.
            Some("" | "UTC" | "GMT" | "Etc/UTC" | ":UTC" | ":Etc/UTC") => Ok(TimeZone::utc()),
            Some(tz) => TimeZone::from_posix_tz(tz),
            None => TimeZone::local(),
        };
        match zone {
            Ok(zone) => (Zone(Arc::new(zone)), None),
            // A machine without the file has no zone: UTC is right.
            Err(tz::Error::Io(_)) if tz.is_none() => (Zone::utc(), None),
            Err(error) => {
                let from = tz.map_or("/etc/localtime".to_owned(), |tz| format!("TZ={tz:?}"));
                let told = format!("invalid time zone {from}, records are in UTC: {error}");
                (Zone::utc(), Some(told))
            }
        }
    }

    /// The UTC offset in seconds at this Unix time.
    pub(crate) fn offset(&self, second: u64) -> i32 {
        let second = i64::try_from(second).unwrap_or(i64::MAX);
        let zone = TimeZone::as_ref(&self.0);
        match zone.find_local_time_type(second) {
            Ok(kind) => kind.ut_offset(),
            // After the last transition in the file, its type stays in effect.
            Err(_) => {
                let last = zone.transitions().last().map(|last| last.local_time_type_index());
                last.and_then(|at| zone.local_time_types().get(at)).map_or(0, |t| t.ut_offset())
            }
        }
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMER_2026: u64 = 1_782_864_000;

    #[test]
    fn a_zone_is_read_as_people_write_it() {
        for (tz, offset) in [
            (Some(""), 0),
            (Some("UTC"), 0),
            (Some("UTC0"), 0),
            (Some("CET-1CEST,M3.5.0,M10.5.0/3"), 7200),
            (Some("<+0545>-5:45"), 20_700),
            (Some("EST5"), -18_000),
        ] {
            let (zone, told) = Zone::new(tz);
            assert_eq!((zone.offset(SUMMER_2026), told), (offset, None), "{tz:?}");
        }
    }

    #[test]
    fn invalid_zone_is_utc_and_reported() {
        for tz in ["No/Such", "CET-1CEST,M99", "\u{7f}", ":/dev/null"] {
            let (zone, told) = Zone::new(Some(tz));
            assert_eq!(zone.offset(SUMMER_2026), 0, "{tz:?}");
            let told = told.unwrap();
            assert!(told.contains(&format!("{tz:?}")) && told.contains("UTC"), "{told}");
        }
    }
}
