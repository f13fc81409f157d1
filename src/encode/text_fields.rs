//! Fields repeated in the text, for readers who see nothing else.

use std::{fmt, str::FromStr};

use super::{EscapeMode, Scratch, Writer};
use crate::Error;

/// What is repeated after the text of each record; structured data has it as well.
///
/// If a record has no text, its fields are the text in any case: `order_id=42 customer=ann`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextFields {
    /// Nothing.
    #[default]
    None,
    /// The fields of the record.
    Fields,
    /// The fields of the record, the names of its spans and their fields, and the fields of every
    /// record.
    All,
}

impl FromStr for TextFields {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.to_ascii_lowercase().as_str() {
            "none" => Ok(TextFields::None),
            "fields" => Ok(TextFields::Fields),
            "all" => Ok(TextFields::All),
            _ => Err(Error::new(format!(
                "invalid text fields {text:?}: expected none, fields or all"
            ))),
        }
    }
}

impl fmt::Display for TextFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TextFields::None => "none",
            TextFields::Fields => "fields",
            TextFields::All => "all",
        })
    }
}

impl Writer<'_> {
    /// Appends the fields to the text. They are read from the encoded message, so that both agree,
    /// secrets included.
    #[inline]
    pub(super) fn add_fields_to_text(&mut self) {
        let wanted = self.encoder.settings.text_fields;
        let is_empty = self.scratch.text.is_empty();
        // A cut text has no room for more.
        if (is_empty || wanted != TextFields::None) && self.text_cut == 0 {
            self.push_fields_to_text(wanted == TextFields::All);
        }
    }

    /// The same for formats whose fields follow the text anyway: removes what does not belong
    /// there.
    #[inline]
    pub(super) fn leave_out_fields(&mut self) {
        let wanted = self.encoder.settings.text_fields;
        if wanted == TextFields::All {
            return;
        }
        let Scratch { frame, text, .. } = &mut *self.scratch;
        let fields = self.fields_at.clone();
        let length = if wanted == TextFields::Fields || text.is_empty() { fields.len() } else { 0 };
        if let Some(parts) = frame.get_mut(self.start..fields.end) {
            parts.rotate_right(fields.len());
        }
        frame.truncate(self.start + length);
    }

    #[cold]
    #[inline(never)]
    fn push_fields_to_text(&mut self, with_spans: bool) {
        let mode = self.encoder.layout.values;
        let (fields, spans) = (self.fields_at.clone(), self.spans_at.clone());
        let Scratch { frame, text, error, .. } = &mut *self.scratch;
        let said = text.len();
        let mut add = |name: &str, value: &str| push_pair(text, name, value, mode);
        read(frame.get(fields).unwrap_or_default(), mode, &mut add);
        if self.has_error {
            // The error's text comes first there, and then the text with its sources, which repeats
            // it.
            let mut is_first = true;
            read(error, mode, &mut |_, value| {
                if std::mem::take(&mut is_first) {
                    add("error", value);
                }
            });
        }
        if with_spans {
            read(frame.get(spans).unwrap_or_default(), mode, &mut add);
            read(&self.encoder.layout.labels, mode, &mut add);
        }
        self.added = text.len() - said;
    }
}

/// Extracts names and values from what the writer has written between the delimiters of a layout;
/// the values are still escaped.
fn read(written: &[u8], mode: EscapeMode, add: &mut dyn FnMut(&str, &str)) {
    // The writer writes nothing else.
    let Ok(written) = std::str::from_utf8(written) else { return };
    match mode {
        EscapeMode::Json => read_json(written, add),
        _ => read_params(written, add),
    }
}

/// `[fields@32473 n="1" who="ann"]`
fn read_params(written: &str, add: &mut dyn FnMut(&str, &str)) {
    let mut rest = written;
    while let Some((_, param)) = rest.split_once(' ') {
        let Some((name, value)) = param.split_once("=\"") else { return };
        let (value, after) = split_at_quote(value);
        add(name, value);
        rest = after;
    }
}

/// `,"fields":{ "n":1,"who":"ann"}`, `,"spans":{"names":["a","b"],"n":1}` and
/// `,"error":{"message":"it is gone"}`
fn read_json(written: &str, add: &mut dyn FnMut(&str, &str)) {
    let Some((_, mut rest)) = written.split_once('{') else { return };
    while let Some((_, member)) = rest.split_once('"') {
        let Some((name, value)) = member.split_once("\":") else { return };
        if let Some(value) = value.strip_prefix('"') {
            let (value, after) = split_at_quote(value);
            add(name, value);
            rest = after;
        } else if let Some(names) = value.strip_prefix("[\"") {
            let (first, mut after) = split_at_quote(names);
            let mut names = first.to_owned();
            while let Some((name, behind)) = after.strip_prefix(",\"").map(split_at_quote) {
                names.push(':');
                names.push_str(name);
                after = behind;
            }
            add("spans", &names);
            rest = after;
        } else {
            let end = value.find([',', '}']).unwrap_or(value.len());
            let (value, after) = value.split_at(end);
            add(name, value);
            rest = after;
        }
    }
}

/// Splits at the quote that ends a value.
fn split_at_quote(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => {
                return (
                    text.get(..at).unwrap_or_default(),
                    text.get(at + 1..).unwrap_or_default(),
                );
            }
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    (text, "")
}

/// Writes `name=value` as in logfmt, quoting the value if necessary.
fn push_pair(text: &mut String, name: &str, escaped: &str, mode: EscapeMode) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(name);
    text.push('=');
    let is_plain = !escaped.is_empty() && !escaped.contains([' ', '=', '"', '\\']);
    if is_plain {
        text.push_str(escaped);
        return;
    }
    text.push('"');
    let mut rest = escaped.chars();
    while let Some(character) = rest.next() {
        let character = match character {
            '\\' => match (mode, rest.next()) {
                (EscapeMode::Json, Some('n')) => '\n',
                (EscapeMode::Json, Some('r')) => '\r',
                (EscapeMode::Json, Some('t')) => '\t',
                (EscapeMode::Json, Some('u')) => {
                    let digits = rest.as_str().get(..4).unwrap_or_default();
                    rest = rest.as_str().get(4..).unwrap_or_default().chars();
                    let code = u32::from_str_radix(digits, 16).ok();
                    code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
                (_, other) => other.unwrap_or('\\'),
            },
            character => character,
        };
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logfmt(written: &str, mode: EscapeMode) -> String {
        let mut text = String::new();
        read(written.as_bytes(), mode, &mut |name, value| push_pair(&mut text, name, value, mode));
        text
    }

    #[test]
    fn what_is_written_is_read() {
        for (written, mode, expected) in [
            (
                r#"[fields@32473 n="1" who="ann lee" q="a\"b\\\]" e="" x="a=b" p="a]b"]"#,
                EscapeMode::ParamValue,
                r#"n=1 who="ann lee" q="a\"b\\]" e="" x="a=b" p=a]b"#,
            ),
            (
                r#","fields":{ "n":1,"who":"ann lee","q":"a\"b\\]\n","e":"","t":true,"u":"\u001b{"}"#,
                EscapeMode::Json,
                "n=1 who=\"ann lee\" q=\"a\\\"b\\\\]\n\" e=\"\" t=true u=\"\u{1b}{\"",
            ),
            (
                r#","spans":{"names":["a","]b\"","c"],"n":1,"m":"x"}"#,
                EscapeMode::Json,
                r#"spans="a:]b\":c" n=1 m=x"#,
            ),
            (r#","spans":{"names":["a"]}"#, EscapeMode::Json, "spans=a"),
            (" n=\"1\"", EscapeMode::ParamValue, "n=1"),
            ("", EscapeMode::ParamValue, ""),
            ("", EscapeMode::Json, ""),
        ] {
            assert_eq!(logfmt(written, mode), expected, "{written}");
        }
    }
}
