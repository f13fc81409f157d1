//! Where content gets into a record.

use std::{error, fmt, sync::OnceLock};

use log::Log as _;
use logship::Logger;
use tracing::{
    Event, Level, Metadata, Span,
    callsite::{Callsite, Identifier},
    field::{FieldSet, Value, debug, display},
    metadata::Kind,
    subscriber::Interest,
};

/// One place, how something is said there, and where in a stored record it should be seen.
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) say: fn(&Logger, usize, &'static str),
    pub(super) seen: Seen,
}

/// Where a stored record shows what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is the text.
    Text,
    /// It is the value of the field `value`.
    Value,
    /// It is that, after Rust's own `{:?}`.
    Debugged,
    /// It is the name of the field whose value is `v`.
    Name,
    /// It is among the names of the spans.
    SpanName,
    /// It is the value of the span's field `inner`.
    SpanValue,
    /// It is the name of the span's field whose value is `v`.
    SpanField,
    /// It is the target, and so MSGID.
    Target,
}

pub(super) const PLACES: &[Place] = &[
    Place {
        name: "text",
        seen: Seen::Text,
        say: |_, n, text| event("t", &["case", "message", "after"], n, &display(text)),
    },
    Place {
        name: "text of log",
        seen: Seen::Text,
        say: |logger, n, text| {
            log_record(logger, "t", &[("case", n.to_string().as_str()), ("after", "intact")], text);
        },
    },
    Place {
        name: "value",
        seen: Seen::Value,
        say: |_, n, text| event("t", &["case", "value", "after"], n, &text),
    },
    Place {
        name: "value as Display",
        seen: Seen::Value,
        say: |_, n, text| event("t", &["case", "value", "after"], n, &display(InPieces(text))),
    },
    Place {
        name: "value as Debug",
        seen: Seen::Debugged,
        say: |_, n, text| event("t", &["case", "value", "after"], n, &debug(text)),
    },
    Place {
        name: "value as Error",
        seen: Seen::Value,
        say: |_, n, text| {
            let error: &(dyn error::Error + 'static) = &Failure(text);
            event("t", &["case", "value", "after"], n, &error);
        },
    },
    Place {
        name: "value of log",
        seen: Seen::Value,
        say: |logger, n, text| {
            let number = n.to_string();
            log_record(
                logger,
                "t",
                &[("case", &number), ("value", text), ("after", "intact")],
                "t",
            );
        },
    },
    Place {
        name: "name",
        seen: Seen::Name,
        say: |_, n, text| event("t", leak(&["case", text, "after"]), n, &"v"),
    },
    Place {
        name: "key of log",
        seen: Seen::Name,
        say: |logger, n, text| {
            let number = n.to_string();
            log_record(logger, "t", &[("case", &number), (text, "v"), ("after", "intact")], "t");
        },
    },
    Place {
        name: "span",
        seen: Seen::SpanName,
        say: |_, n, text| {
            span(text, &["inner"], &"v").in_scope(|| event("t", &["case", "after"], n, &"intact"));
        },
    },
    Place {
        name: "value of a span",
        seen: Seen::SpanValue,
        say: |_, n, text| {
            span("s", &["inner"], &text).in_scope(|| event("t", &["case", "after"], n, &"intact"));
        },
    },
    Place {
        name: "name in a span",
        seen: Seen::SpanField,
        say: |_, n, text| {
            let span = span("s", leak(&[text]), &"v");
            span.in_scope(|| event("t", &["case", "after"], n, &"intact"));
        },
    },
    Place {
        name: "target",
        seen: Seen::Target,
        say: |_, n, text| event(text, &["case", "after"], n, &"intact"),
    },
    Place {
        name: "target of log",
        seen: Seen::Target,
        say: |logger, n, text| {
            log_record(logger, text, &[("case", n.to_string().as_str()), ("after", "intact")], "t");
        },
    },
];

/// A record that nothing is wrong with, before and after each.
pub(super) fn say_sentinel(n: usize) {
    event("guard", &["case", "after"], n, &"sentinel");
}

/// An event of a callsite of its own; its last field is `after`, the one before it gets `value`.
fn event(target: &'static str, fields: &'static [&'static str], n: usize, value: &dyn Value) {
    let metadata = site("event", target, fields, Level::INFO, Kind::EVENT);
    let of = |at: usize| metadata.fields().iter().nth(at).expect("there is such a field");
    let number = n as u64;
    match fields.len() {
        2 => Event::dispatch(
            metadata,
            &metadata
                .fields()
                .value_set(&[(&of(0), Some(&number as &dyn Value)), (&of(1), Some(value))]),
        ),
        _ => Event::dispatch(
            metadata,
            &metadata.fields().value_set(&[
                (&of(0), Some(&number as &dyn Value)),
                (&of(1), Some(value)),
                (&of(2), Some(&"intact" as &dyn Value)),
            ]),
        ),
    }
}

fn span(name: &'static str, fields: &'static [&'static str], value: &dyn Value) -> Span {
    let metadata = site(name, "t", fields, Level::INFO, Kind::SPAN);
    let field = metadata.fields().iter().next().expect("there is a field");
    Span::new(metadata, &metadata.fields().value_set(&[(&field, Some(value))]))
}

fn log_record(logger: &Logger, target: &str, pairs: &[(&str, &str)], text: &str) {
    let pairs = pairs.to_vec();
    let mut record = log::Record::builder();
    record.level(log::Level::Info).target(target).key_values(&pairs);
    logger.log(&record.args(format_args!("{text}")).build());
}

/// What the macros make at compile time, with names that no macro takes.
pub(super) fn site(
    name: &'static str,
    target: &'static str,
    fields: &'static [&'static str],
    level: Level,
    kind: Kind,
) -> &'static Metadata<'static> {
    struct Site(OnceLock<Metadata<'static>>);
    impl Callsite for Site {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            self.0.get().expect("it was filled at once")
        }
    }
    let site: &'static Site = Box::leak(Box::new(Site(OnceLock::new())));
    site.0.get_or_init(|| {
        let fields = FieldSet::new(fields, Identifier(site));
        Metadata::new(name, target, level, None, None, None, fields, kind)
    })
}

fn leak(names: &[&'static str]) -> &'static [&'static str] {
    names.to_vec().leak()
}

/// Character by character, as a `Display` of somebody else's may write.
struct InPieces(&'static str);

impl fmt::Display for InPieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| write!(f, "{c}"))
    }
}

#[derive(Debug)]
struct Failure(&'static str);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl error::Error for Failure {}
