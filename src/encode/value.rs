//! How is one value written?

use std::{
    error,
    fmt::{self, Write as _},
};

use super::{
    ControlCharacters, Frame, Place,
    escape::{Escaped, fits_as_it_is},
    names::BIG,
};
use crate::record::Value;

/// Where and how values are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) place: Place,
    pub(super) controls: ControlCharacters,
    /// Whether numbers and booleans stand without quotes, and a name opens none.
    pub(super) typed: bool,
}

/// What became of a value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pushed {
    /// Octets that kept control characters will grow by on the server.
    pub(super) growth: usize,
    pub(super) is_cut: bool,
}

/// Appends `value`, quoted as the format asks; `out` grows to at most `limit` octets.
///
/// The caller has seen to it that a number has room ([`LONGEST_NUMBER`]). A cut is marked
/// beyond the limit.
#[inline(always)]
pub(super) fn push(out: &mut Frame, value: Value<'_>, limit: usize, style: Style) -> Pushed {
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
    Pushed::default()
}

fn push_text(
    out: &mut Frame,
    limit: usize,
    style: Style,
    write: impl FnOnce(&mut Escaped<'_>),
) -> Pushed {
    if style.typed {
        out.push(b'"');
    }
    let mut escaped = Escaped::new(out, limit, style.place, style.controls);
    write(&mut escaped);
    escaped.mark_cut(0);
    let pushed = Pushed { growth: escaped.growth, is_cut: escaped.cut > 0 };
    out.push(b'"');
    pushed
}

#[inline]
fn push_number(out: &mut Frame, digits: &str, style: Style) {
    out.extend_from_slice(digits.as_bytes());
    if !style.typed {
        out.push(b'"');
    }
}

/// A number that a receiver's `long` or `float` refuses, and the whole record with it, is text
/// under a name of its own: no number is changed, and no other record's type is.
#[cold]
#[inline(never)]
fn push_big(out: &mut Frame, digits: &str, style: Style) {
    if out.ends_with(b"\":") {
        out.truncate(out.len() - 2);
        out.extend_from_slice(BIG.as_bytes());
        out.extend_from_slice(b"\":");
    }
    push_text(out, usize::MAX, style, |out| out.push(digits));
}

/// An error and all that caused it, the outermost first.
pub(super) fn write_chain(
    out: &mut impl fmt::Write,
    error: &(dyn error::Error + 'static),
    between: &str,
) -> fmt::Result {
    write!(out, "{error}")?;
    let mut source = error.source();
    // A chain that leads back to itself must end somewhere.
    for _ in 0..LONGEST_CHAIN {
        let Some(cause) = source else { break };
        write!(out, "{between}{cause}")?;
        source = cause.source();
    }
    Ok(())
}

/// A `Display` that fails has said what it could; there is nobody to tell.
pub(super) fn ignore(_: fmt::Result) {}

/// Octets that the longest number takes, with quotes and what its name grows by.
pub(super) const LONGEST_NUMBER: usize = 46;
/// Elasticsearch makes a `long` of an integer that it meets first.
const LONGEST: u64 = i64::MAX as u64;
/// And of a number with a fraction a `float`.
const LARGEST: f64 = f32::MAX as f64;
const LONGEST_CHAIN: usize = 32;
