//! How is one value written?

use std::{
    error,
    fmt::{self, Write as _},
};

use super::{
    ControlCharacters, Place,
    escape::{Escaped, fits_as_it_is},
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
pub(super) fn push(out: &mut Vec<u8>, value: Value<'_>, limit: usize, style: Style) -> Pushed {
    match value {
        Value::U64(number) => push_number(out, itoa::Buffer::new().format(number), style),
        Value::I64(number) => push_number(out, itoa::Buffer::new().format(number), style),
        Value::F64(number) if style.typed && !number.is_finite() => out.extend_from_slice(b"null"),
        Value::F64(number) => push_number(out, zmij::Buffer::new().format(number), style),
        Value::Bool(truth) => push_number(out, if truth { "true" } else { "false" }, style),
        Value::U128(number) => match u64::try_from(number) {
            Ok(number) => push_number(out, itoa::Buffer::new().format(number), style),
            Err(_) => push_big(out, itoa::Buffer::new().format(number), style),
        },
        Value::I128(number) => match i64::try_from(number) {
            Ok(number) => push_number(out, itoa::Buffer::new().format(number), style),
            Err(_) => push_big(out, itoa::Buffer::new().format(number), style),
        },
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
            return push_text(out, limit, style, |out| ignore(write_chain(out, error)));
        }
    }
    Pushed::default()
}

fn push_text(
    out: &mut Vec<u8>,
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
fn push_number(out: &mut Vec<u8>, digits: &str, style: Style) {
    out.extend_from_slice(digits.as_bytes());
    if !style.typed {
        out.push(b'"');
    }
}

/// A number that receivers can't hold in 64 bits is text everywhere.
fn push_big(out: &mut Vec<u8>, digits: &str, style: Style) {
    if style.typed {
        out.push(b'"');
    }
    push_number(out, digits, Style { typed: false, ..style });
}

/// An error and all that caused it, the outermost first.
fn write_chain(out: &mut Escaped<'_>, error: &(dyn error::Error + 'static)) -> fmt::Result {
    write!(out, "{error}")?;
    let mut source = error.source();
    // A chain that leads back to itself must end somewhere.
    for _ in 0..LONGEST_CHAIN {
        let Some(cause) = source else { break };
        write!(out, ": {cause}")?;
        source = cause.source();
    }
    Ok(())
}

/// A `Display` that fails has said what it could; there is nobody to tell.
fn ignore(_: fmt::Result) {}

/// Octets that the longest number takes, with quotes.
pub(super) const LONGEST_NUMBER: usize = 42;
const LONGEST_CHAIN: usize = 32;
