//! The text of a record: buffered while fields are written, and appended at the end.

use std::fmt::{self, Write as _};

use super::{
    EscapeMode, Writer,
    escape::{CUT_MARK, Escaped, floor_char_boundary},
};

impl Writer<'_> {
    /// Sets the text of the record; several pieces are joined.
    #[inline]
    pub(crate) fn text(&mut self, text: fmt::Arguments<'_>) {
        let mut buffer = Capped {
            out: &mut self.scratch.text,
            limit: self.encoder.settings.max_message_size,
            cut: &mut self.text_cut,
        };
        // The buffer accepts everything; a failed `Display` has written what it could.
        let _ = match text.as_str() {
            Some(text) => buffer.write_str(text),
            None => buffer.write_fmt(text),
        };
    }

    #[inline]
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
        let mut escaped = Escaped::new(frame, limit, layout.text_place, controls);
        push_no_cookie(&mut escaped, text);
        if self.text_cut + escaped.cut > 0 {
            self.push_cut_text(start, limit);
        }
        if !layout.text.close.is_empty() {
            self.scratch.frame.extend_from_slice(layout.text.close.as_bytes());
        }
    }

    /// Writes as much of an overlong text as fits beside the mark. The part that repeats fields is
    /// cut first.
    #[cold]
    #[inline(never)]
    fn push_cut_text(&mut self, start: usize, limit: usize) {
        let (layout, controls) = (&self.encoder.layout, self.encoder.settings.controls);
        let (frame, text) = (&mut self.scratch.frame, self.scratch.text.as_str());
        let mut push = |text: &str, limit: usize, cut_before: usize| {
            frame.truncate(start);
            let mut escaped = Escaped::new(frame, limit, layout.text_place, controls);
            push_no_cookie(&mut escaped, text);
            escaped.mark_cut(cut_before);
            escaped.cut
        };
        let with_mark = limit.saturating_sub(CUT_MARK);
        let cut = push(text, with_mark, self.text_cut);
        if self.text_cut + cut > self.added {
            let said = text.get(..text.len() - self.added).unwrap_or_default();
            if self.text_cut > 0 || push(said, limit, 0) > 0 {
                push(said, with_mark, self.text_cut);
                self.encoder.counters.count_cut();
            }
        }
    }
}

/// A receiver must not take a text for the JSON of the other formats, so its cookie is written like
/// a control character.
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

/// The offset of a cookie that the text begins with, after blanks.
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

/// Accepts a text up to a limit and counts the rest, so that 100 MB of it cost no memory.
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
