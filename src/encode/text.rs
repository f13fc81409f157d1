//! The text of a record: kept while fields come, and written at the end.

use std::fmt::{self, Write as _};

use super::{
    EscapeMode, Writer,
    escape::{CUT_MARK, Escaped, floor_char_boundary},
};

impl Writer<'_> {
    /// The text of the record; what is given in several pieces is joined.
    #[inline]
    pub(crate) fn text(&mut self, text: fmt::Arguments<'_>) {
        let mut buffer = Capped {
            out: &mut self.scratch.text,
            limit: self.encoder.settings.max_message_size,
            cut: &mut self.text_cut,
        };
        // The buffer takes all that is written to it; a `Display` that fails said what it could.
        let _ = match text.as_str() {
            Some(text) => buffer.write_str(text),
            None => buffer.write_fmt(text),
        };
    }

    pub(super) fn push_text(&mut self) {
        let layout = &self.encoder.layout;
        let closing = layout.text.close.len() + layout.end.len();
        let limit = self.max_message_size.saturating_sub(closing);
        let (frame, text) = (&mut self.scratch.frame, self.scratch.text.as_str());
        self.encoder.text_open.push_to(frame);
        if layout.bom && !text.is_ascii() {
            frame.extend_from_slice("\u{feff}".as_bytes());
        }
        let start = frame.len();
        let controls = self.encoder.settings.controls;
        let mut push = |text: &str, limit: usize, cut_before: usize| {
            frame.truncate(start);
            let mut escaped = Escaped::new(frame, limit, layout.text_place, controls);
            push_no_cookie(&mut escaped, text);
            escaped.mark_cut(cut_before);
            escaped.cut
        };
        if self.text_cut > 0 || push(text, limit, 0) > 0 {
            // With room for the mark.
            let cut = push(text, limit.saturating_sub(CUT_MARK), self.text_cut);
            let said = text.len() - self.added;
            if cut + self.text_cut > self.added
                && (self.added == 0 || push(text.get(..said).unwrap_or_default(), limit, 0) > 0)
            {
                let limit = limit.saturating_sub(CUT_MARK);
                push(text.get(..said).unwrap_or_default(), limit, self.text_cut);
                self.encoder.counters.count_cut();
            }
        }
        if !layout.text.close.is_empty() {
            frame.extend_from_slice(layout.text.close.as_bytes());
        }
    }
}

/// A text that looks like the JSON of the other formats must not be taken for it by a receiver: its
/// cookie is written as a control character would be.
#[inline]
fn push_no_cookie(escaped: &mut Escaped<'_>, text: &str) {
    match cookie_in(text) {
        Some(at) if escaped.place != EscapeMode::Json => {
            let (blanks, cookie) = text.split_at(at);
            escaped.push(blanks);
            escaped.push_octal('@');
            escaped.push(cookie.get(1..).unwrap_or_default());
        }
        _ => escaped.push(text),
    }
}

/// Where the cookie stands that a text begins with, behind blanks.
#[inline]
fn cookie_in(text: &str) -> Option<usize> {
    let first = text.as_bytes().first()?;
    // Nearly all texts begin with a letter.
    if !first.is_ascii_alphanumeric() {
        let start = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        let cookie = start.as_bytes().get(..COOKIE.len())?;
        return cookie.eq_ignore_ascii_case(COOKIE).then(|| text.len() - start.len());
    }
    None
}

const COOKIE: &[u8] = b"@cee:";

/// Takes a text up to a limit and counts the rest, so that 100 MB of it cost no memory.
struct Capped<'a> {
    out: &'a mut String,
    limit: usize,
    cut: &'a mut usize,
}

impl fmt::Write for Capped<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.limit.saturating_sub(self.out.len());
        if text.len() <= room && *self.cut == 0 {
            self.out.push_str(text);
        } else {
            let fits = if *self.cut == 0 { floor_char_boundary(text, room) } else { 0 };
            self.out.push_str(text.get(..fits).unwrap_or_default());
            *self.cut += text.len() - fits;
        }
        Ok(())
    }
}
