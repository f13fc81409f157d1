//! Entry points of the encoder for the fuzz targets.
#![allow(missing_docs)]

use super::{Encoder, MessageBuf, Scratch, Settings, SpanFields, escape};
use crate::{
    ControlCharacters, Error, Severity,
    record::{Level, Origin, Value},
};

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
pub enum EscapeMode {
    ParamValue,
    Text,
    Json,
}

/// What a log call says.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    pub target: &'a str,
    pub fields: &'a [(&'a str, &'a str)],
    /// A span's name and its fields.
    pub span: Option<(&'a str, &'a [(&'a str, &'a str)])>,
    /// In the pieces that it is given in.
    pub text: &'a [&'a str],
}

/// A text as it is escaped within a limit, and how many bytes of it had no room.
pub fn escaped(
    text: &str,
    place: EscapeMode,
    controls: ControlCharacters,
    limit: usize,
) -> (Vec<u8>, usize) {
    let place = match place {
        EscapeMode::ParamValue => escape::EscapeMode::ParamValue,
        EscapeMode::Text => escape::EscapeMode::Text,
        EscapeMode::Json => escape::EscapeMode::Json,
    };
    let mut out = MessageBuf::default();
    let mut writer = escape::Escaped::new(&mut out, limit, place, controls);
    writer.push(text);
    let cut = writer.cut;
    (out.to_vec(), cut)
}

/// The message that each log call becomes, all said by one thread.
pub(crate) fn messages(settings: Settings, said: &[Said<'_>]) -> Result<Vec<Vec<u8>>, Error> {
    let encoder = Encoder::new(settings)?;
    let mut scratch = Scratch::default();
    let mut messages = Vec::new();
    for said in said {
        let (file, line) = (Some("src/a]\"b.rs"), Some(42));
        let (severity, level) = (Severity::Error, Level::Error);
        let origin = Origin { severity, level, target: said.target, file, line };
        let site = encoder.site(&origin, std::iter::empty());
        let mut writer = encoder.begin(&mut scratch, &site);
        // One after the other, and within one call.
        let (first, rest) = said.text.split_at(said.text.len() / 2);
        first.iter().for_each(|piece| writer.text(format_args!("{piece}")));
        if let [one, other, more @ ..] = rest {
            writer.text(format_args!("{one}{other}"));
            more.iter().for_each(|piece| writer.text(format_args!("{piece}")));
        } else {
            rest.iter().for_each(|piece| writer.text(format_args!("{piece}")));
        }
        for (name, value) in said.fields {
            writer.named_field(name, Value::Str(value));
        }
        if let Some((name, fields)) = said.span {
            let prefix = encoder.span_prefix(name, fields.iter().map(|(name, _)| *name));
            let mut written = MessageBuf::default();
            for (index, (_, value)) in fields.iter().enumerate() {
                encoder.push_span_field(&mut written, &prefix, index, Value::Display(value));
            }
            writer.begin_spans();
            writer.add_span(&prefix, &SpanFields::new(&written));
            writer.end_spans();
        }
        let before = messages.len() as u64;
        messages.push(writer.finish().numbered(before).to_vec());
    }
    Ok(messages)
}
