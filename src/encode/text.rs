//! How is the text of a record kept, and written at its end?

use std::fmt::{self, Write as _};

use super::{
    Writer,
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
        let mut escaped = Escaped::new(frame, limit, layout.text_place, controls);
        if self.text_cut == 0 {
            escaped.push(text);
        }
        if self.text_cut + escaped.cut > 0 {
            escaped.out.truncate(start);
            let limit = limit.saturating_sub(CUT_MARK);
            escaped = Escaped::new(frame, limit, layout.text_place, controls);
            escaped.push(text);
            escaped.mark_cut(self.text_cut);
            self.encoder.counters.count_cut();
        }
        if !layout.text.close.is_empty() {
            frame.extend_from_slice(layout.text.close.as_bytes());
        }
    }
}

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
