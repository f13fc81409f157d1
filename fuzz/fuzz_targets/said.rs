//! What a log call may say and what must arrive of it, by a simple reading of the rules.
#![allow(dead_code)]

use arbitrary::Arbitrary;
use logship::{Builder, fuzzing::Said};

#[derive(Arbitrary, Debug)]
pub struct Input<'a> {
    pub records: Vec<Record<'a>>,
    pub max_message_size: u16,
    pub sequence_id: bool,
    pub source_location: bool,
}

#[derive(Arbitrary, Debug)]
pub struct Record<'a> {
    pub target: &'a str,
    pub fields: Vec<(&'a str, &'a str)>,
    pub span: Option<(&'a str, Vec<(&'a str, &'a str)>)>,
    pub text: Vec<&'a str>,
}

impl Input<'_> {
    pub fn max_message_size(&self) -> usize {
        480 + usize::from(self.max_message_size) % 7617
    }

    pub fn builder(&self) -> Builder {
        logship::builder("fuzz")
            .hostname("host.example")
            .procid("1")
            .max_message_size(self.max_message_size())
            .sequence_id(self.sequence_id)
            .source_location(self.source_location)
    }

    pub fn said(&self) -> Vec<Said<'_>> {
        let mut said = Vec::new();
        for Record { target, fields, span, text } in self.records.iter().take(4) {
            let span = span.as_ref().map(|(name, fields)| (*name, some(fields)));
            said.push(Said { target, fields: some(fields), span, text });
        }
        said
    }
}

/// More than a small frame has room for. Each of hundreds of fields with one name costs more than the
/// one before, and says nothing new.
fn some<T>(fields: &[T]) -> &[T] {
    &fields[..fields.len().min(32)]
}

/// Whether `found` is the text as it should be written, or a cut of it that says how much is cut.
pub fn is_said(found: &str, text: &str, write: impl Fn(&str) -> String) -> bool {
    if found == write(text) {
        return true;
    }
    let cut = || {
        let (kept, mark) = found.rsplit_once("...[cut ")?;
        let cut: usize = mark.strip_suffix(" bytes]")?.parse().ok()?;
        let kept_of_text = text.get(..text.len().checked_sub(cut)?)?;
        Some(cut > 0 && kept == write(kept_of_text))
    };
    cut() == Some(true)
}

/// Control characters as `#` and three octal digits for each byte.
pub fn escaped(text: &str) -> String {
    let one = |c: char| match is_control(c) {
        true => c.to_string().bytes().map(|byte| format!("#{byte:03o}")).collect(),
        false => c.to_string(),
    };
    text.chars().map(one).collect()
}

/// The same for a whole text: one that begins as JSON does elsewhere must not be taken for it.
pub fn as_text(text: &str) -> String {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
    match start.get(..5) {
        Some(cookie) if cookie.eq_ignore_ascii_case("@cee:") => {
            let (before, after) = text.split_at(text.len() - start.len());
            format!("{}#100{}", escaped(before), escaped(&after[1..]))
        }
        _ => escaped(text),
    }
}

/// RFC 5424 section 6.3.3.
pub fn quoted(text: &str) -> String {
    text.chars()
        .flat_map(|c| matches!(c, '"' | '\\' | ']').then_some('\\').into_iter().chain([c]))
        .collect()
}

pub fn json(text: &str) -> String {
    let one = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        // rsyslog takes it for the end of the text, whatever stands for it.
        '\0' => "#000".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if is_control(c) => format!("\\u{:04x}", c as u32),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}

pub fn is_control(c: char) -> bool {
    let reorders = matches!(c as u32, 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069);
    c.is_control() || reorders || c == '\u{feff}'
}
