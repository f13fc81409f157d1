//! The setting that puts fields behind the text.

use super::{
    Builder,
    env::{Environment, choose},
};
use crate::{
    Error, Format, TextFields,
    builder::url::{ServerUrl, agreed},
};

impl Builder {
    /// What stands behind the text of each record: nothing, its fields, or its fields and spans.
    ///
    /// For servers whose files show the text alone: `order accepted order_id=42 customer=ann`. The
    /// structured data stays. A record without a text has its fields as the text in any case. The
    /// formats of RFC 3164 have no other place for fields, so what this leaves out is not sent there.
    /// The URL option `text_fields`, the same for all servers, comes before it. Defaults to
    /// [`TextFields::None`], or [`TextFields::All`] with RFC 3164.
    pub fn text_fields(mut self, text_fields: TextFields) -> Self {
        self.text_fields = Some(text_fields);
        self
    }

    pub(super) fn text_fields_of(
        &self,
        env: Environment<'_>,
        servers: &[ServerUrl],
        format: Format,
    ) -> Result<TextFields, Error> {
        if let Some(asked) = agreed(servers, "text_fields", |server| server.text_fields)? {
            return Ok(asked);
        }
        let natural = || match format {
            Format::Rfc3164 | Format::Rfc3164Local => TextFields::All,
            _ => TextFields::None,
        };
        choose(self.text_fields, env, "SYSLOG_TEXT_FIELDS", str::parse, natural)
    }
}
