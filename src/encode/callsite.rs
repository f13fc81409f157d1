//! What of a message is the same each time its line of code runs, and what does a thread keep?

use super::{
    Clock, ControlCharacters, Encoder, MessageBuf, escape::Escaped, field_names::Names, header,
    inline_bytes::InlineBytes, key_cache::KeyCache, layout::Delimiters,
};
use crate::{Severity, record::Origin};

/// The constant parts of the messages of one callsite, ready to be copied.
#[derive(Debug, Default)]
pub(crate) struct CallsitePrefix {
    pub(super) severity: Option<Severity>,
    /// PRI and VERSION.
    pub(super) pri: InlineBytes,
    /// From HOSTNAME to the first SD-ELEMENTs.
    pub(super) lead: MessageBuf,
    /// What comes before the fields.
    pub(super) body: MessageBuf,
    /// Each field's name with its delimiters, in the order of the callsite.
    pub(super) names: Vec<InlineBytes>,
    /// Which of the fields is the text.
    pub(crate) text_at: Option<usize>,
}

/// What a thread needs to write a message; kept from one message to the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(super) frame: MessageBuf,
    pub(super) text: String,
    /// The error of the record, where it is told apart from the fields.
    pub(super) error: MessageBuf,
    pub(super) names: Names,
    pub(super) learned: KeyCache,
    pub(super) clock: Clock,
    pub(super) thread: Option<(u64, Vec<u8>)>,
    pub(super) contexts: [Context; DOORS],
}

/// What the last record said of its spans, and when that may be said again.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub(super) key: Option<ContextKey>,
    pub(super) octets: Vec<u8>,
}

/// Two records with the same key, from one thread and door, have the same to say of their spans.
pub(crate) type ContextKey = [u64; 4];
/// The doors of the crate that know spans, each with a context of its own.
const DOORS: usize = 2;

impl Encoder {
    /// The constant parts of messages from `origin` with these fields.
    pub(crate) fn site<'a>(
        &self,
        origin: &Origin<'_>,
        fields: impl Iterator<Item = &'a str> + Clone,
    ) -> CallsitePrefix {
        let mut site = CallsitePrefix::default();
        self.rewrite_site(&mut site, origin);
        site.text_at = fields.clone().position(|field| field == "message");
        site.names = self.field_names(fields);
        site
    }

    /// The same, into a site that is used again, without names.
    pub(crate) fn rewrite_site(&self, site: &mut CallsitePrefix, origin: &Origin<'_>) {
        let layout = &self.layout;
        site.severity = Some(origin.severity);
        let pri = header::pri(self.settings.facility, origin.severity);
        let (mut digits, version) = (itoa::Buffer::new(), layout.version.as_bytes());
        site.pri = InlineBytes::joined(&[b"<", digits.format(pri).as_bytes(), b">", version]);
        site.lead.clear();
        site.lead.extend_from_slice(&layout.identity);
        (layout.lead)(&mut site.lead, origin);
        site.lead.extend_from_slice(layout.elements.as_bytes());
        site.body.clear();
        (layout.body)(&mut site.body, origin, &self.settings);
    }

    /// The names of an event's fields with their delimiters, none the same as another.
    pub(crate) fn field_names<'a>(
        &self,
        fields: impl Iterator<Item = &'a str>,
    ) -> Vec<InlineBytes> {
        self.names(self.layout.reserved, fields)
    }

    /// The same for the fields of spans.
    pub(crate) fn span_field_names<'a>(
        &self,
        fields: impl Iterator<Item = &'a str>,
    ) -> Vec<InlineBytes> {
        self.names(self.layout.reserved_in_spans, fields)
    }

    fn names<'a>(
        &self,
        reserved: &[&str],
        fields: impl Iterator<Item = &'a str>,
    ) -> Vec<InlineBytes> {
        let mut names = Names::default();
        names.restart(self.layout.names, reserved);
        let mut delimited = |field: &str| {
            let mut out = MessageBuf::default();
            push_name(&mut out, &self.layout.name, names.take(field));
            self.named(field, &mut out)
        };
        fields.map(&mut delimited).collect()
    }

    /// The name of the field `key`, written with its delimiters at the end of `out`. Behind that
    /// of a secret its value is written too: what stands instead of it.
    pub(super) fn named(&self, key: &str, out: &mut MessageBuf) -> InlineBytes {
        if !self.settings.redact.hides(key) {
            return InlineBytes::new(out);
        }
        if self.layout.typed {
            out.push(b'"');
        }
        out.extend_from_slice(b"***\"");
        InlineBytes::with_value(out)
    }

    /// The thread's name, which follows the constant parts of a callsite.
    pub(super) fn thread_part(&self) -> Vec<u8> {
        let around = &self.layout.thread;
        let mut out = MessageBuf::default();
        out.extend_from_slice(around.open.as_bytes());
        let limit = out.len() + self.settings.longest_constant();
        let thread = std::thread::current();
        Escaped::new(&mut out, limit, self.layout.values, ControlCharacters::Escape)
            .push(thread.name().unwrap_or("unnamed"));
        out.extend_from_slice(around.close.as_bytes());
        out.to_vec()
    }
}

pub(super) fn push_name(out: &mut MessageBuf, around: &Delimiters, name: &[u8]) {
    out.extend_from_slice(around.open.as_bytes());
    out.extend_from_slice(name);
    out.extend_from_slice(around.close.as_bytes());
}
