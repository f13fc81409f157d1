//! Parsing of durations and sizes.

use std::time::Duration;

use crate::Error;

/// Seconds, or a number with a unit: `5`, `0.5`, `5s`, `500ms`, `2m`, `1h`.
pub(crate) fn duration(text: &str) -> Result<Duration, Error> {
    let end = text.find(|c: char| c.is_ascii_alphabetic() || c == 'µ').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "us" | "µs" => Some(1e-6),
        "ms" => Some(1e-3),
        "" | "s" | "sec" => Some(1.0),
        "m" | "min" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    };
    let number = number.trim().parse::<f64>().ok();
    let seconds = number.zip(unit).map(|(number, unit)| number * unit);
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(|| {
        Error::new(format!("invalid duration {text:?}: expected seconds, or as in 500ms, 5s or 2m"))
    })
}

/// Like [`duration`]; `off`, `none` and zero are none.
pub(crate) fn optional_duration(text: &str) -> Result<Option<Duration>, Error> {
    match text.to_ascii_lowercase().as_str() {
        "off" | "none" => Ok(None),
        _ => duration(text).map(|duration| Some(duration).filter(|duration| !duration.is_zero())),
    }
}

/// Bytes, with `k`, `M` or `G` for the powers of 1024, whether followed by `B`, `iB` or nothing.
pub(crate) fn bytes(text: &str) -> Result<usize, Error> {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(0),
        "k" | "kb" | "kib" => Some(10),
        "m" | "mb" | "mib" => Some(20),
        "g" | "gb" | "gib" => Some(30),
        _ => None,
    };
    let bytes = number.trim().parse::<usize>().ok().zip(shift);
    bytes.and_then(|(bytes, shift)| bytes.checked_mul(1 << shift)).ok_or_else(|| {
        Error::new(format!("invalid size {text:?}: expected bytes, or as in 64k, 64M or 1GiB"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_people_write_them() {
        for (text, millis) in [
            ("5", 5_000),
            ("5s", 5_000),
            ("0.5", 500),
            ("500ms", 500),
            ("2m", 120_000),
            ("1 h", 3_600_000),
        ] {
            assert_eq!(duration(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
        for (text, size) in [
            ("8388608", 8 << 20),
            ("64k", 64 << 10),
            ("64K", 64 << 10),
            ("64M", 64 << 20),
            ("64MB", 64 << 20),
            ("64 MiB", 64 << 20),
            ("1GiB", 1 << 30),
        ] {
            assert_eq!(bytes(text).unwrap(), size, "{text}");
        }
        assert_eq!(optional_duration("0").unwrap(), None);
        assert_eq!(optional_duration("off").unwrap(), None);
    }

    #[test]
    fn nonsense_is_quoted() {
        for text in ["", "-1", "soon", "5x", "s", "inf", "nan", "1e400"] {
            assert!(duration(text).unwrap_err().to_string().contains(&format!("{text:?}")));
        }
        for text in ["", "-1", "8X", "1.5M", "99999999999G"] {
            assert!(bytes(text).unwrap_err().to_string().contains(&format!("{text:?}")));
        }
    }
}
