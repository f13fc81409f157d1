//! Escaping of content: which bytes may appear where.

use std::{fmt, str::FromStr};

use super::MessageBuf;
use crate::Error;

/// The kind of place that a value is written to; it decides what has to be escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EscapeMode {
    /// PARAM-VALUE: `"`, `\` and `]` get a backslash (RFC 5424 section 6.3.3).
    ParamValue,
    /// MSG: nothing but control characters (RFC 5424 section 6.4).
    Text,
    /// A JSON string.
    Json,
}

/// What happens to control characters in values and texts (`SYSLOG_CONTROL_CHARACTERS`).
///
/// They are the bytes below 32 and 127, the C1 controls, and the characters that reorder or break
/// lines in a viewer (U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069, U+FEFF).
///
/// ```
/// # use logship::ControlCharacters;
/// assert_eq!("keep".parse::<ControlCharacters>()?, ControlCharacters::Keep);
/// assert_eq!(ControlCharacters::Escape.to_string(), "escape");
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ControlCharacters {
    /// Each byte is written as `#` and three octal digits, as rsyslog does: a line end becomes
    /// `#012`. The record looks the same on every server, and no text can forge a record or move a
    /// reader's cursor. In JSON they become `\u` escapes, except NUL, at which rsyslog would end
    /// the text. `escape`.
    #[default]
    Escape,
    /// They are left as they are, except NUL, and counted as four bytes, because a server that
    /// escapes them makes them four. Framing by line ends escapes them anyway. `keep`.
    Keep,
}

impl FromStr for ControlCharacters {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.to_ascii_lowercase().as_str() {
            "escape" => Ok(ControlCharacters::Escape),
            "keep" => Ok(ControlCharacters::Keep),
            _ => Err(Error::new(format!(
                "invalid control characters {text:?}: expected escape or keep"
            ))),
        }
    }
}

impl fmt::Display for ControlCharacters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ControlCharacters::Escape => "escape",
            ControlCharacters::Keep => "keep",
        })
    }
}

/// Appends a text of the settings or the header, whose length was checked before.
pub(super) fn push_escaped(out: &mut MessageBuf, text: &str, mode: EscapeMode) {
    Escaped::new(out, usize::MAX, mode, ControlCharacters::Escape).push(text);
}

/// Appends text to `out`, escaped so that it cannot end its value, up to a limit.
pub(super) struct Escaped<'a> {
    pub(super) out: &'a mut MessageBuf,
    /// The maximum length of `out`.
    pub(super) limit: usize,
    pub(super) place: EscapeMode,
    pub(super) controls: ControlCharacters,
    /// Bytes of the text that did not fit.
    pub(super) cut: usize,
    /// The growth of unescaped control characters on the server, taken off the limit.
    pub(super) growth: usize,
}

impl<'a> Escaped<'a> {
    pub(super) fn new(
        out: &'a mut MessageBuf,
        limit: usize,
        place: EscapeMode,
        controls: ControlCharacters,
    ) -> Self {
        Escaped { out, limit, place, controls, cut: 0, growth: 0 }
    }

    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        if self.cut == 0 && fits_as_it_is(text, self.out.len(), self.limit, self.place) {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.push_checked(text);
        }
    }

    /// Writes an ASCII character in the form of an escaped control character.
    #[cold]
    pub(super) fn push_octal(&mut self, character: char) {
        if self.cut == 0 && self.out.len() + OCTAL <= self.limit {
            push_octal(self.out, character as u8);
        } else {
            self.cut += 1;
        }
    }

    /// Marks the value as cut, with up to [`CUT_MARK`] bytes beyond the limit. `before` bytes were
    /// cut earlier.
    #[inline]
    pub(super) fn mark_cut(&mut self, before: usize) {
        if self.cut + before > 0 {
            let cut = std::mem::take(&mut self.cut) + before;
            self.limit = usize::MAX;
            // This writer accepts everything.
            let _ = fmt::Write::write_fmt(self, format_args!("...[cut {cut} bytes]"));
            self.cut = cut;
        }
    }

    #[cold]
    #[inline(never)]
    fn push_checked(&mut self, text: &str) {
        let mut rest = text;
        while self.cut == 0 {
            let run = rest.bytes().position(|b| class(b, self.place) != PLAIN);
            let (plain, special) = rest.split_at(run.unwrap_or(rest.len()));
            let room = self.limit.saturating_sub(self.out.len());
            let fits = floor_char_boundary(plain, room);
            self.out.extend_from_slice(&plain.as_bytes()[..fits]);
            if fits < plain.len() {
                self.cut = rest.len() - fits;
                return;
            }
            let Some(character) = special.chars().next() else { return };
            let before = self.out.len();
            self.push_special(character);
            if self.out.len() > self.limit {
                self.out.truncate(before);
                self.cut = special.len();
                return;
            }
            rest = &special[character.len_utf8()..];
        }
        self.cut += rest.len();
    }

    fn push_special(&mut self, character: char) {
        let mut utf8 = [0; 4];
        let bytes = character.encode_utf8(&mut utf8).as_bytes();
        match character {
            '"' | '\\' | ']' => self.out.extend_from_slice(&[b'\\', character as u8]),
            _ if !is_control(character) => self.out.extend_from_slice(bytes),
            // Servers written in C take NUL for the end, in whatever form.
            '\0' => push_octal(self.out, 0),
            _ if self.place == EscapeMode::Json => self.push_json_escape(character),
            _ if self.controls == ControlCharacters::Escape => {
                bytes.iter().for_each(|&byte| push_octal(self.out, byte));
            }
            _ => {
                self.out.extend_from_slice(bytes);
                if character < ' ' {
                    self.growth += 3;
                    self.limit = self.limit.saturating_sub(3);
                }
            }
        }
    }

    fn push_json_escape(&mut self, character: char) {
        let short = match character {
            '\n' => b"\\n",
            '\r' => b"\\r",
            '\t' => b"\\t",
            _ => {
                let code = character as u32;
                let digit = |shift: u32| b"0123456789abcdef"[(code >> shift & 15) as usize];
                self.out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
                return;
            }
        };
        self.out.extend_from_slice(short);
    }
}

impl fmt::Write for Escaped<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // What does not fit is counted, not refused: a `Display` that meets an error may panic.
        self.push(text);
        Ok(())
    }
}

/// The longest prefix of at most `room` bytes that ends at a character boundary.
pub(super) fn floor_char_boundary(text: &str, room: usize) -> usize {
    if room >= text.len() {
        return text.len();
    }
    (0..=room).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn push_octal(out: &mut MessageBuf, byte: u8) {
    out.extend_from_slice(&[b'#', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
}

fn is_control(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a text may be appended unchanged.
#[inline]
pub(super) fn fits_as_it_is(text: &str, before: usize, limit: usize, place: EscapeMode) -> bool {
    before + text.len() <= limit && is_plain(text, place)
}

/// Eight bytes at a time: the answer is nearly always yes, and has to be cheap.
#[inline]
fn is_plain(text: &str, place: EscapeMode) -> bool {
    let bytes = text.as_bytes();
    suspects_in(bytes, place) == 0 || bytes.iter().all(|&b| class(b, place) == PLAIN)
}

/// Like [`suspects`], for any number of bytes. A remainder is checked together with its neighbours,
/// or padded with bytes that are never suspects.
#[inline]
fn suspects_in(bytes: &[u8], place: EscapeMode) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let ends = suspects(u64::from_le_bytes(*first), place)
            | suspects(u64::from_le_bytes(*last), place);
        let between = bytes.get(8..bytes.len() - 8).unwrap_or_default();
        between.chunks(8).fold(ends, |found, chunk| found | suspects_in_short(chunk, place))
    } else {
        suspects_in_short(bytes, place)
    }
}

/// At most eight bytes.
#[inline]
fn suspects_in_short(bytes: &[u8], place: EscapeMode) -> u64 {
    let word = if let Some(whole) = bytes.first_chunk() {
        u64::from_le_bytes(*whole)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
    } else {
        bytes.iter().fold(ONES * u64::from(b'x'), |word, &byte| word << 8 | u64::from(byte))
    };
    suspects(word, place)
}

/// Not 0 if any of eight bytes may need escaping; a false positive costs only time.
///
/// Bytes from 128 on have their high bit set, 127 gets it by adding one, and one below 32 by
/// subtracting 32. Carries between bytes only come from bytes that are suspects themselves.
#[inline]
fn suspects(word: u64, place: EscapeMode) -> u64 {
    let mut found = word | word.wrapping_add(ONES) | word.wrapping_sub(ONES * 0x20);
    if place != EscapeMode::Text {
        found |= (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
        // The backslash and the bracket, 92 and 93, differ in their lowest bit only.
        found |= ((word | ONES) ^ (ONES * u64::from(b']'))).wrapping_sub(ONES);
    }
    found & ONES << 7
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// First bytes of characters that need a closer look, in texts and in quoted values.
#[inline]
fn class(byte: u8, place: EscapeMode) -> u8 {
    let asked = match place {
        EscapeMode::Text => CONTROL,
        EscapeMode::Json => CONTROL | QUOTE,
        EscapeMode::ParamValue => CONTROL | QUOTE | BRACKET,
    };
    CLASSES[byte as usize] & asked
}

/// Bytes of an escaped control character.
const OCTAL: usize = 4;
/// The most bytes that the mark of a cut takes, escaped: its `]` may get a backslash.
pub(super) const CUT_MARK: usize = 40;

const PLAIN: u8 = 0;
const CONTROL: u8 = 1;
const QUOTE: u8 = 2;
const BRACKET: u8 = 4;

const CLASSES: [u8; 256] = {
    let mut classes = [PLAIN; 256];
    let mut byte = 0;
    while byte < 0x20 {
        classes[byte] = CONTROL;
        byte += 1;
    }
    classes[0x7f] = CONTROL;
    // The lead bytes of C1, U+061C, U+20xx and U+FEFF.
    classes[0xc2] = CONTROL;
    classes[0xd8] = CONTROL;
    classes[0xe2] = CONTROL;
    classes[0xef] = CONTROL;
    classes[b'"' as usize] = QUOTE;
    classes[b'\\' as usize] = QUOTE;
    classes[b']' as usize] = BRACKET;
    classes
};

#[cfg(test)]
#[path = "escape_tests.rs"]
mod tests;
