//! Parts of the header that a record sets itself.
//!
//! `syslog.severity`, `syslog.facility`, `syslog.msgid` and `syslog.appname` are not shipped as
//! fields: a valid value becomes part of the header, which is rewritten at the end of the record.
//! An invalid value, or a second one, is a field like any other, so that nothing is lost.

use std::fmt::{self, Write as _};

use super::{
    EscapeMode, MessageBuf, Scratch, Writer,
    escape::push_escaped,
    header::{self, APP_NAME, MSGID},
    structured_data::META_OPEN,
};
use crate::{Facility, Severity, record::Value};

/// A part of the header that a field can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderField {
    Severity,
    Facility,
    MsgId,
    AppName,
}

impl HeaderField {
    /// The part that a field of this name sets.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name.strip_prefix("syslog.")? {
            "severity" => Some(HeaderField::Severity),
            "facility" => Some(HeaderField::Facility),
            "msgid" => Some(HeaderField::MsgId),
            "appname" => Some(HeaderField::AppName),
            _ => None,
        }
    }
}

/// What the current record has set.
#[derive(Debug, Default)]
pub(super) struct HeaderChanges {
    severity: Option<Severity>,
    facility: Option<Facility>,
    msgid: Option<Word>,
    appname: Option<Word>,
    /// The name of a key that may set a part.
    name: MessageBuf,
    /// The message with its new header, while it is built.
    rewritten: MessageBuf,
}

impl Writer<'_> {
    /// Sets the part from the value; false if it is invalid.
    #[cold]
    #[inline(never)]
    pub(super) fn takes_header(&mut self, part: HeaderField, value: Value<'_>) -> bool {
        if !self.has_header {
            let changes = &mut self.scratch.header;
            (changes.severity, changes.facility) = (None, None);
            (changes.msgid, changes.appname) = (None, None);
        }
        let is_taken = self.set_header(part, value).is_some();
        self.has_header |= is_taken;
        is_taken
    }

    /// The same for a key whose name has just been written, from `before` on.
    #[cold]
    #[inline(never)]
    pub(super) fn named_header(&mut self, part: HeaderField, value: Value<'_>, before: usize) {
        // Written for now: formatting the value may panic.
        let Scratch { frame, header, .. } = &mut *self.scratch;
        header.name.clear();
        header.name.extend_from_slice(frame.get(before..).unwrap_or_default());
        frame.truncate(before);
        if !self.takes_header(part, value) {
            let Scratch { frame, header, .. } = &mut *self.scratch;
            frame.extend_from_slice(&header.name);
            self.push_value(value);
        } else if before == self.first_name {
            // An element that was opened for it alone is removed.
            self.scratch.frame.truncate(self.fields_at.start);
            self.is_in_fields = false;
        }
    }

    fn set_header(&mut self, part: HeaderField, value: Value<'_>) -> Option<()> {
        let word = Word::of(value)?;
        let changes = &self.scratch.header;
        match part {
            HeaderField::Severity if changes.severity.is_none() => {
                let severity = severity(word.as_str())?;
                self.keep_for_header(PRI_GROWTH);
                self.severity = severity;
                self.scratch.header.severity = Some(severity);
            }
            HeaderField::Facility if changes.facility.is_none() => {
                let facility = Facility::of_word(word.as_str())?;
                self.keep_for_header(PRI_GROWTH);
                self.scratch.header.facility = Some(facility);
            }
            HeaderField::MsgId if changes.msgid.is_none() && self.encoder.layout.has_msgid => {
                let text = word.as_str();
                let is_valid = (1..=MSGID).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_graphic());
                self.make_room(is_valid.then_some(text.len() + SOURCE_GROWTH)?)?;
                self.scratch.header.msgid = Some(word);
            }
            HeaderField::AppName if changes.appname.is_none() => {
                let text = word.as_str();
                // JSON repeats it, with quotes escaped.
                let growth = header::broken_rule(text).is_none().then_some(3 * text.len())?;
                self.make_room(growth)?;
                self.scratch.header.appname = Some(word);
            }
            _ => return None,
        }
        Some(())
    }

    /// Reserves this many bytes for a longer header, unless fields have taken them.
    fn make_room(&mut self, bytes: usize) -> Option<()> {
        self.has_room(bytes).then(|| self.keep_for_header(bytes))
    }

    fn keep_for_header(&mut self, bytes: usize) {
        self.fields_limit = self.fields_limit.saturating_sub(bytes);
        self.max_message_size = self.max_message_size.saturating_sub(bytes);
    }

    /// Rewrites the header with what the record has set, in front of the rest of the message.
    #[cold]
    #[inline(never)]
    pub(super) fn rewrite_header(&mut self) {
        let (start, settings) = (self.start, &self.encoder.settings);
        let layout = &self.encoder.layout;
        let changes = &mut self.scratch.header;
        let (frame, out) = (&mut self.scratch.frame, &mut changes.rewritten);
        out.clear();
        let part = |from: usize, to: usize| frame.get(from..to).unwrap_or_default();

        let pri_end = frame.iter().position(|byte| *byte == b'>').unwrap_or_default();
        let pri = std::str::from_utf8(part(1, pri_end)).ok().and_then(|pri| pri.parse::<u8>().ok());
        let pri = pri.unwrap_or_default();
        let facility = changes.facility.map_or(pri / 8, Facility::code);
        let severity = changes.severity.map_or(pri % 8, Severity::code);
        out.push(b'<');
        out.extend_from_slice(itoa::Buffer::new().format(facility * 8 + severity).as_bytes());

        let elements = self.number_at.map_or(start, |at| at.saturating_sub(META_OPEN.len()));
        let msgid_end = elements.saturating_sub(layout.elements.len());
        let msgid = match layout.has_msgid {
            // It contains no blank, and there is one before and after it.
            true => part(0, msgid_end.saturating_sub(1))
                .iter()
                .rposition(|byte| *byte == b' ')
                .map(|b| b + 1),
            false => None,
        };
        let identity_end = msgid.unwrap_or(msgid_end);
        out.extend_from_slice(part(pri_end, identity_end.saturating_sub(layout.identity.len())));
        match &changes.appname {
            Some(name) => (layout.push_identity)(out, settings, name.as_str()),
            None => out.extend_from_slice(&layout.identity),
        }
        let target =
            msgid.map(|msgid| part(msgid, msgid_end.saturating_sub(1))).unwrap_or_default();
        match (&changes.msgid, msgid) {
            (Some(text), Some(_)) => {
                out.extend_from_slice(text.as_str().as_bytes());
                out.push(b' ');
            }
            _ => out.extend_from_slice(part(identity_end, msgid_end)),
        }
        out.extend_from_slice(part(msgid_end, start));
        self.number_at = self.number_at.map(|at| (at + out.len()).saturating_sub(start));

        let mut rest = start;
        if changes.msgid.is_some() && layout.target_is_msgid && target != b"-" {
            rest += push_target(out, target, part(start, frame.len()), settings.enterprise_number);
        } else if let (Some(name), Some(at)) = (&changes.appname, layout.tag_in_body) {
            out.extend_from_slice(part(start, start + at));
            let tag_at = out.len();
            push_escaped(out, &settings.tag, layout.values);
            rest += at + out.len() - tag_at;
            out.truncate(tag_at);
            push_escaped(out, name.as_str(), layout.values);
        }
        out.extend_from_slice(part(rest, frame.len()));
        std::mem::swap(frame, out);
    }
}

/// Writes the target that was displaced from MSGID as the first parameter of `source`; returns how
/// much of `body` was copied with it.
fn push_target(out: &mut MessageBuf, target: &[u8], body: &[u8], number: u32) -> usize {
    let begin = out.len();
    out.extend_from_slice(b"[source@");
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    let open = out.get(begin..).unwrap_or_default();
    let (is_there, has_target) = match body.strip_prefix(open) {
        Some(rest) => (true, rest.starts_with(b" target=\"")),
        None => (false, false),
    };
    let open = open.len();
    if !has_target {
        out.extend_from_slice(b" target=\"");
        push_escaped(out, std::str::from_utf8(target).unwrap_or_default(), EscapeMode::ParamValue);
        out.push(b'"');
    }
    if is_there {
        return open;
    }
    out.push(b']');
    // There was no structured data otherwise.
    usize::from(body.first() == Some(&b'-'))
}

/// A keyword or another name, in any case, or a number from 0 to 7.
fn severity(word: &str) -> Option<Severity> {
    let by_code = || Severity::ALL.get(word.parse::<usize>().ok()?).copied();
    Severity::of_word(word).or_else(by_code)
}

/// A short text without a heap allocation.
#[derive(Debug)]
struct Word {
    bytes: [u8; APP_NAME],
    length: usize,
}

impl Word {
    /// The text of a value, if it is short enough and of a suitable type.
    fn of(value: Value<'_>) -> Option<Self> {
        let mut word = Word { bytes: [0; APP_NAME], length: 0 };
        match value {
            Value::Str(text) => word.write_str(text),
            Value::U64(number) => write!(word, "{number}"),
            Value::I64(number) => write!(word, "{number}"),
            Value::U128(number) => write!(word, "{number}"),
            Value::I128(number) => write!(word, "{number}"),
            Value::Display(text) => write!(word, "{text}"),
            Value::Debug(text) => write!(word, "{text:?}"),
            Value::F64(_) | Value::Bool(_) | Value::Error(_) => return None,
        }
        .ok()?;
        Some(word)
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Write for Word {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let place = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// `<0>` may become `<191>`.
const PRI_GROWTH: usize = 2;
/// `[source@4294967295 target=""]` around a target of which each byte may be escaped.
const SOURCE_GROWTH: usize = 29 + 2 * MSGID;
