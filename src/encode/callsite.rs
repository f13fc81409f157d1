//! Parts of a message that are constant for a callsite, and a thread's encoding buffers.

use std::sync::Arc;

use super::{
    Clock, ControlCharacters, Encoder, MessageBuf,
    body::BodyWriter,
    context::Spans,
    escape::Escaped,
    field_names::{Names, hash_of},
    header,
    header_fields::{HeaderChanges, HeaderField},
    inline_bytes::{InlineBytes, NameKind},
    key_cache::KeyCache,
};
use crate::{Severity, burst::Burst, record::Origin};

/// The constant parts of the messages of one callsite, ready to be copied.
#[derive(Debug, Default)]
pub(crate) struct CallsitePrefix {
    pub(super) severity: Option<Severity>,
    /// PRI and VERSION.
    pub(super) pri: InlineBytes,
    /// From HOSTNAME to the first SD-ELEMENTs.
    pub(super) lead: Vec<u8>,
    /// What precedes the fields.
    pub(super) body: Vec<u8>,
    /// Parts of it that did not fit.
    pub(super) cut: u64,
    /// Each field's name with its delimiters, in the order of the callsite.
    pub(super) names: Vec<InlineBytes>,
    /// The burst counter of the callsite, if there is a limit.
    pub(crate) burst: Option<Arc<Burst>>,
    /// The index of the field that is the text.
    pub(crate) text_at: Option<usize>,
}

/// A thread's buffers for messages; reused from one message to the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(super) frame: MessageBuf,
    pub(super) text: String,
    /// The record's error, if the format has a place for it apart from the fields.
    pub(super) error: MessageBuf,
    pub(super) header: HeaderChanges,
    pub(super) keys: KeyCache,
    pub(super) spans: Spans,
    pub(super) clock: Clock,
    pub(super) thread: Option<(u64, Vec<u8>)>,
    pub(super) context: Context,
}

/// The encoded spans of the previous record, and the key under which they may be reused.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub(super) key: Option<ContextKey>,
    pub(super) bytes: Vec<u8>,
    /// The offset of the spans, after the trace ids.
    pub(super) spans_from: usize,
    /// Whether the span names were too long.
    pub(super) is_cut: bool,
}

/// Two records of one thread with the same key have the same spans.
pub(crate) type ContextKey = [u64; 5];

impl Scratch {
    /// The text of the last record.
    pub(crate) fn last_text(&self) -> &str {
        &self.text
    }

    /// An empty buffer for something other than a message.
    pub(crate) fn buffer(&mut self) -> &mut MessageBuf {
        self.frame.clear();
        &mut self.frame
    }
}

impl Encoder {
    /// The constant parts of messages from `origin` with these fields.
    pub(crate) fn site<'a>(
        &self,
        origin: &Origin<'_>,
        fields: impl Iterator<Item = &'a str> + Clone,
    ) -> CallsitePrefix {
        let layout = &self.layout;
        let pri = header::pri(self.settings.facilities.of(origin.target), origin.severity);
        let (mut digits, version) = (itoa::Buffer::new(), layout.version.as_bytes());
        let mut lead = MessageBuf::default();
        lead.extend_from_slice(&layout.identity);
        if layout.has_msgid {
            header::push_msgid(&mut lead, origin);
        }
        lead.extend_from_slice(layout.elements.as_bytes());
        let mut body = MessageBuf::default();
        let mut writer = BodyWriter::new(&mut body, layout.values, &self.settings);
        (layout.body)(&mut writer, origin);
        let cut = writer.cut;
        CallsitePrefix {
            severity: Some(origin.severity),
            pri: InlineBytes::joined(&[b"<", digits.format(pri).as_bytes(), b">", version]),
            lead: lead.to_vec(),
            body: body.to_vec(),
            cut,
            burst: self.settings.burst.map(|limit| Arc::new(Burst::new(limit, origin))),
            text_at: fields.clone().position(|field| field == "message"),
            names: self.event_names(fields),
        }
    }

    /// The same, knowing which fields set a part of the header.
    fn event_names<'a>(&self, fields: impl Iterator<Item = &'a str> + Clone) -> Vec<InlineBytes> {
        let mut names = self.field_names(fields.clone());
        for (name, field) in names.iter_mut().zip(fields) {
            if let (Some(part), NameKind::Field) = (HeaderField::of(field), name.kind()) {
                *name = name.with_kind(NameKind::Header(part));
            }
        }
        names
    }

    /// The names of an event's fields with their delimiters, made unique.
    pub(crate) fn field_names<'a>(
        &self,
        fields: impl Iterator<Item = &'a str>,
    ) -> Vec<InlineBytes> {
        self.names(&self.reserved, fields).map(|(_, name)| name).collect()
    }

    /// Each field's name, and the name with its delimiters.
    pub(super) fn names<'a>(
        &self,
        reserved: &[u64],
        fields: impl Iterator<Item = &'a str>,
    ) -> impl Iterator<Item = (Vec<u8>, InlineBytes)> {
        let mut names = Names::default();
        names.restart(reserved);
        fields.map(move |field| {
            let mut bare = Vec::new();
            self.layout.names.push(&mut bare, field);
            if !names.claim(hash_of(&bare)) {
                bare = names.number(&bare).to_vec();
            }
            let delimited = self.delimited(&bare, self.settings.redact.hides(field));
            (bare, delimited)
        })
    }

    /// A name with its delimiters. For a secret, its replacement value follows.
    pub(super) fn delimited(&self, name: &[u8], is_secret: bool) -> InlineBytes {
        let around = &self.layout.name;
        let (open, close) = (around.open.as_bytes(), around.close.as_bytes());
        let stars: &[u8] = if self.layout.typed { b"\"***\"" } else { b"***\"" };
        match is_secret {
            true => InlineBytes::joined(&[open, name, close, stars]).with_kind(NameKind::Secret),
            false => InlineBytes::joined(&[open, name, close]),
        }
    }

    /// The thread's name, which follows the constant parts of a callsite.
    pub(super) fn thread_part(&self) -> Vec<u8> {
        let around = &self.layout.thread;
        let mut out = MessageBuf::default();
        out.extend_from_slice(around.open.as_bytes());
        let limit = out.len() + self.settings.longest_constant();
        let thread = std::thread::current();
        let mut escaped =
            Escaped::new(&mut out, limit, self.layout.values, ControlCharacters::Escape);
        escaped.push(thread.name().unwrap_or("unnamed"));
        escaped.mark_cut(0);
        out.extend_from_slice(around.close.as_bytes());
        out.to_vec()
    }
}
