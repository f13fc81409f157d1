//! Errors among the fields of a record, for formats with a place for them.

use std::{error, fmt::Write as _};

use super::{
    EscapeMode, Writer,
    escape::{CUT_MARK, Escaped},
    layout::Errors,
    value::{ignore, write_chain},
    writer::OMITTED,
};
use crate::record::Value;

impl Writer<'_> {
    /// Whether this is the record's error, which the format writes apart from the fields.
    #[inline(always)]
    pub(super) fn takes_apart(&mut self, value: Value<'_>) -> bool {
        match (value, self.encoder.layout.errors) {
            (Value::Error(error), Errors::Apart { message, chain }) if !self.has_error => {
                self.keep_error(error, message, chain);
                true
            }
            _ => false,
        }
    }

    #[cold]
    fn keep_error(&mut self, error: &(dyn error::Error + 'static), message: &str, chain: &str) {
        let out = &mut self.scratch.error;
        let controls = self.encoder.settings.controls;
        let free = self.fields_limit.saturating_sub(self.scratch.frame.len());
        let around = message.len() + chain.len() + 2 * CUT_MARK + ERROR_END.len() + OMITTED;
        if free < around {
            self.omitted += 1;
            return;
        }
        let share = (free - around) / ERROR_SHARE;
        out.clear();
        let mut is_cut = false;
        for (open, with_causes) in [(message, false), (chain, true)] {
            out.extend_from_slice(open.as_bytes());
            let limit = out.len() + share;
            let mut text = Escaped::new(out, limit, EscapeMode::Json, controls);
            ignore(match with_causes {
                true => write_chain(&mut text, error, "\nCaused by: "),
                false => write!(text, "{error}"),
            });
            text.mark_cut(0);
            is_cut |= text.cut > 0;
        }
        out.extend_from_slice(ERROR_END);
        if is_cut {
            self.encoder.counters.count_cut();
        }
        self.fields_limit -= out.len();
        self.has_error = true;
    }
}

/// The share of the room for an error's text, and again for the text with its sources: one part in
/// so many, each.
const ERROR_SHARE: usize = 4;
const ERROR_END: &[u8] = b"\"}";
