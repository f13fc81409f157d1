//! The writer of a record's origin, which is constant for its callsite.

use super::{
    ControlCharacters, EscapeMode, MessageBuf, Settings,
    escape::{Escaped, push_escaped},
};

/// Writes what a format has between the header and the fields. Content has one way in, which
/// escapes it.
pub(super) struct BodyWriter<'a> {
    out: &'a mut MessageBuf,
    mode: EscapeMode,
    pub(super) settings: &'a Settings,
    /// Values that were cut.
    pub(super) cut: u64,
}

impl<'a> BodyWriter<'a> {
    pub(super) fn new(out: &'a mut MessageBuf, mode: EscapeMode, settings: &'a Settings) -> Self {
        BodyWriter { out, mode, settings, cut: 0 }
    }

    /// Writes a literal part of the format.
    pub(super) fn literal(&mut self, text: &'static str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes text that is already escaped.
    pub(super) fn written(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    pub(super) fn number(&mut self, number: u32) {
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Writes a target, a file or a name, cut if it is long.
    pub(super) fn value(&mut self, value: &str) {
        let limit = self.out.len() + self.settings.longest_constant();
        let mut escaped = Escaped::new(self.out, limit, self.mode, ControlCharacters::Escape);
        escaped.push(value);
        escaped.mark_cut(0);
        self.cut += u64::from(escaped.cut > 0);
    }

    /// Writes a value that is never cut: people search for it, and it is short by its own rules.
    pub(super) fn whole_value(&mut self, value: &str) {
        push_escaped(self.out, value, self.mode);
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Truncates the output to this length.
    pub(super) fn truncate(&mut self, length: usize) {
        self.out.truncate(length);
    }
}
