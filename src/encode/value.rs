//! Encoding of a single value.

use std::{
    error,
    fmt::{self, Write as _},
};

use super::{
    ControlCharacters, EscapeMode, MessageBuf,
    escape::{Escaped, fits_as_it_is},
    field_names::BIG,
};
use crate::record::Value;

/// How values are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) place: EscapeMode,
    pub(super) controls: ControlCharacters,
    /// Whether numbers and booleans are written without quotes, which a name then does not open.
    pub(super) typed: bool,
}

/// The outcome of writing a value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    /// The growth of unescaped control characters on the server, in bytes.
    pub(super) growth: usize,
    pub(super) is_cut: bool,
}

/// Appends `value`, quoted if the format requires it; `out` grows to at most `limit` bytes.
///
/// The caller has made sure that a number fits ([`LONGEST_NUMBER`]). The mark of a cut goes beyond
/// the limit.
#[inline(always)]
pub(super) fn push(out: &mut MessageBuf, value: Value<'_>, limit: usize, style: Style) -> Written {
    match value {
        Value::U64(number) if style.typed && number > LONGEST => {
            push_big(out, itoa::Buffer::new().format(number), style);
        }
        Value::U64(number) => push_number(out, itoa::Buffer::new().format(number), style),
        Value::I64(number) => push_number(out, itoa::Buffer::new().format(number), style),
        Value::F64(number) if style.typed && (number.is_nan() || number.abs() > LARGEST) => {
            push_big(out, zmij::Buffer::new().format(number), style);
        }
        Value::F64(number) => push_number(out, zmij::Buffer::new().format(number), style),
        Value::Bool(truth) => push_number(out, if truth { "true" } else { "false" }, style),
        Value::U128(number) if style.typed && number > u128::from(LONGEST) => {
            push_big(out, itoa::Buffer::new().format(number), style);
        }
        Value::U128(number) => push_number(out, itoa::Buffer::new().format(number), style),
        Value::I128(number) if style.typed && i64::try_from(number).is_err() => {
            push_big(out, itoa::Buffer::new().format(number), style);
        }
        Value::I128(number) => push_number(out, itoa::Buffer::new().format(number), style),
        Value::Str(text) if fits_as_it_is(text, out.len() + 1, limit, style.place) => {
            if style.typed {
                out.push(b'"');
            }
            out.extend_from_slice(text.as_bytes());
            out.push(b'"');
        }
        Value::Str(text) => return push_text(out, limit, style, |out| out.push(text)),
        Value::Display(value) => {
            return push_text(out, limit, style, |out| ignore(write!(out, "{value}")));
        }
        Value::Debug(value) => {
            return push_text(out, limit, style, |out| ignore(write!(out, "{value:?}")));
        }
        Value::Error(error) => {
            return push_text(out, limit, style, |out| ignore(write_chain(out, error, ": ")));
        }
    }
    Written::default()
}

fn push_text(
    out: &mut MessageBuf,
    limit: usize,
    style: Style,
    write: impl FnOnce(&mut Escaped<'_>),
) -> Written {
    if style.typed {
        out.push(b'"');
    }
    let mut escaped = Escaped::new(out, limit, style.place, style.controls);
    write(&mut escaped);
    escaped.mark_cut(0);
    let pushed = Written { growth: escaped.growth, is_cut: escaped.cut > 0 };
    out.push(b'"');
    pushed
}

/// Ends a text whose own formatting panicked, and marks it.
pub(super) fn end_panicked(out: &mut MessageBuf, style: Style) {
    Escaped::new(out, usize::MAX, style.place, style.controls).push(PANICKED);
    out.push(b'"');
}

#[inline]
fn push_number(out: &mut MessageBuf, digits: &str, style: Style) {
    out.extend_from_slice(digits.as_bytes());
    if !style.typed {
        out.push(b'"');
    }
}

/// A number that a receiver's `long` or `float` would reject, and the whole record with it, is text
/// under another name: no number is changed, and no field changes its type.
#[cold]
#[inline(never)]
fn push_big(out: &mut MessageBuf, digits: &str, style: Style) {
    if out.ends_with(b"\":") {
        out.truncate(out.len() - 2);
        out.extend_from_slice(BIG.as_bytes());
        out.extend_from_slice(b"\":");
    }
    push_text(out, usize::MAX, style, |out| out.push(digits));
}

/// An error and its sources, outermost first.
pub(super) fn write_chain(
    out: &mut impl fmt::Write,
    error: &(dyn error::Error + 'static),
    between: &str,
) -> fmt::Result {
    write!(out, "{error}")?;
    let mut source = error.source();
    // A cyclic chain must end somewhere.
    for _ in 0..LONGEST_CHAIN {
        let Some(cause) = source else { break };
        write!(out, "{between}{cause}")?;
        source = cause.source();
    }
    Ok(())
}

/// A failed `Display` has written what it could; there is nobody to tell.
pub(super) fn ignore(_: fmt::Result) {}

/// Replaces the rest of a value that panicked.
pub(super) const PANICKED: &str = "[a value panicked while it was being formatted]";
/// Bytes of the longest number, with quotes and the longer name.
pub(super) const LONGEST_NUMBER: usize = 46;
/// Elasticsearch maps the first integer of a field to `long`.
const LONGEST: u64 = i64::MAX as u64;
/// And the first number with a fraction to `float`.
const LARGEST: f64 = f32::MAX as f64;
const LONGEST_CHAIN: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn style(typed: bool) -> Style {
        let place = if typed { EscapeMode::Json } else { EscapeMode::ParamValue };
        Style { place, controls: ControlCharacters::Escape, typed }
    }

    fn pushed(value: Value<'_>, typed: bool, limit: usize) -> (String, bool) {
        let mut out = MessageBuf::default();
        out.extend_from_slice(if typed { b"\"num\":" } else { b" num=\"" });
        let is_cut = push(&mut out, value, limit, style(typed)).is_cut;
        (String::from_utf8(out.to_vec()).unwrap(), is_cut)
    }

    #[test]
    fn oversized_number_becomes_text_under_another_name() {
        let long = i64::MAX as u64;
        let float = f64::from(f32::MAX);
        for (value, typed, text) in [
            (Value::U64(long), "\"num\":9223372036854775807", "9223372036854775807"),
            (Value::U64(long + 1), "\"num_big\":\"9223372036854775808\"", "9223372036854775808"),
            (Value::U128(long.into()), "\"num\":9223372036854775807", "9223372036854775807"),
            (
                Value::U128(u128::from(long) + 1),
                "\"num_big\":\"9223372036854775808\"",
                "9223372036854775808",
            ),
            (Value::I128(-1), "\"num\":-1", "-1"),
            (
                Value::I128(i128::from(i64::MIN) - 1),
                "\"num_big\":\"-9223372036854775809\"",
                "-9223372036854775809",
            ),
            (Value::F64(float), "\"num\":3.4028234663852886e+38", "3.4028234663852886e+38"),
            (Value::F64(-1e39), "\"num_big\":\"-1e+39\"", "-1e+39"),
            (Value::F64(f64::NAN), "\"num_big\":\"NaN\"", "NaN"),
            (Value::I64(-1), "\"num\":-1", "-1"),
            (Value::Bool(true), "\"num\":true", "true"),
        ] {
            assert_eq!(pushed(value, true, 99), (typed.to_owned(), false));
            assert_eq!(pushed(value, false, 99), (format!(" num=\"{text}\""), false));
        }
    }

    #[test]
    fn text_is_cut_at_its_limit() {
        // The name grows by six bytes, and the quote of a typed one is a seventh.
        let value = Value::Str("abc");
        assert_eq!(pushed(value, false, 9), (" num=\"abc\"".to_owned(), false));
        assert_eq!(pushed(value, false, 8), (" num=\"ab...[cut 1 bytes\\]\"".to_owned(), true));
        assert_eq!(pushed(value, true, 10), ("\"num\":\"abc\"".to_owned(), false));
        assert_eq!(pushed(value, true, 9), ("\"num\":\"ab...[cut 1 bytes]\"".to_owned(), true));
    }

    #[test]
    fn an_error_tells_its_causes_and_ends() {
        #[derive(Debug)]
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("e")
            }
        }
        impl error::Error for Endless {
            fn source(&self) -> Option<&(dyn error::Error + 'static)> {
                Some(&Endless)
            }
        }
        let (text, _) = pushed(Value::Error(&Endless), false, 999);
        assert_eq!(text, format!(" num=\"e{}\"", ": e".repeat(LONGEST_CHAIN)));
    }

    #[test]
    fn kept_controls_are_reported() {
        let keep = Style { controls: ControlCharacters::Keep, ..style(false) };
        let pushed = push(&mut MessageBuf::default(), Value::Str("a\nb\n"), 99, keep);
        assert_eq!((pushed.growth, pushed.is_cut), (6, false));
    }
}
