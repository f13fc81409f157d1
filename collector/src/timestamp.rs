//! Parser of TIMESTAMP.

use super::complaint::{Complaint, quote};

// TIMESTAMP = NILVALUE / FULL-DATE "T" FULL-TIME
pub(super) fn check(value: &[u8], complaints: &mut Vec<Complaint>) {
    if value == b"-" {
        return;
    }
    let mut upper = value.to_vec();
    if value.iter().any(|byte| matches!(byte, b't' | b'z')) {
        complain("has a lower-case t or z", value, complaints);
        upper.make_ascii_uppercase();
    }
    if let Err(fault) = date_time(&upper) {
        complain(&fault, value, complaints);
    }
}

fn complain(fault: &str, value: &[u8], complaints: &mut Vec<Complaint>) {
    complaints
        .push(Complaint::new("RFC 5424 6.2.3", format!("TIMESTAMP {} {fault}", quote(value))));
}

fn date_time(value: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(value).map_err(|_| String::from("is not ASCII"))?;
    let (date, time) = text.split_once('T').ok_or("has no T between date and time")?;
    full_date(date)?;
    if let Some(time) = time.strip_suffix('Z') {
        return partial_time(time);
    }
    let at = time.rfind(['+', '-']).ok_or("has no time offset (Z or +hh:mm)")?;
    let (time, offset) = time.split_at_checked(at).ok_or("has no time offset")?;
    partial_time(time)?;
    let offset = offset.get(1..).unwrap_or_default();
    let (hour, minute) = offset.split_once(':').ok_or("has an offset that is not hh:mm")?;
    in_range("offset hour", hour, 2, 0..=23)?;
    in_range("offset minute", minute, 2, 0..=59)?;
    Ok(())
}

// FULL-DATE = DATE-FULLYEAR "-" DATE-MONTH "-" DATE-MDAY
fn full_date(date: &str) -> Result<(), String> {
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(String::from("has a date that is not yyyy-mm-dd"));
    };
    let year = in_range("year", year, 4, 0..=9999)?;
    let month = in_range("month", month, 2, 1..=12)?;
    in_range("day", day, 2, 1..=days(year, month))?;
    Ok(())
}

// PARTIAL-TIME = TIME-HOUR ":" TIME-MINUTE ":" TIME-SECOND [TIME-SECFRAC]
fn partial_time(time: &str) -> Result<(), String> {
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, Some(fraction)),
        None => (time, None),
    };
    let mut parts = time.split(':');
    let (Some(hour), Some(minute), Some(second), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(String::from("has a time that is not hh:mm:ss"));
    };
    in_range("hour", hour, 2, 0..=23)?;
    in_range("minute", minute, 2, 0..=59)?;
    // A leap second, :60, MUST NOT be sent.
    in_range("second", second, 2, 0..=59)?;
    match fraction {
        Some(digits) if !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(format!("has a fraction {digits:?} that is not digits"))
        }
        Some("") => Err(String::from("has a point without fraction digits")),
        Some(digits) if digits.len() > 6 => {
            Err(format!("has {} fraction digits, more than 6", digits.len()))
        }
        _ => Ok(()),
    }
}

fn in_range(
    name: &str,
    text: &str,
    digits: usize,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32, String> {
    let number = match text.parse::<u32>() {
        Ok(number) if text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()) => number,
        _ => return Err(format!("has {name} {text:?} that is not {digits} digits")),
    };
    if range.contains(&number) {
        return Ok(number);
    }
    Err(format!("has {name} {text}, outside {:02} to {:02}", range.start(), range.end()))
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}
