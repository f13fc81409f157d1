//! The setting that repeats fields after the text.

use super::{
    Builder,
    env::{Environment, choose},
};
use crate::{
    Error, Format, TextFields,
    builder::url::{ServerUrl, agreed},
};

impl Builder {
    /// Sets what follows the text of each record: nothing, its fields, or its fields and spans.
    ///
    /// Change it for servers whose files show only the text: `order accepted order_id=42
    /// customer=ann`. Structured data stays. If a record has no text, its fields are the text in
    /// any case. The RFC 3164 formats have no other place for fields, so what this leaves out is
    /// not sent there. The URL option is `text_fields`, the same for all servers.
    ///
    /// Defaults to [`TextFields::None`], or [`TextFields::All`] with RFC 3164.
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
