//! The floor: the message of the benchmarks' event, written by hand into one warm buffer.
//!
//! No queue, no limits, no spans, names prepared for these four fields alone. Shared by
//! `benches/call.rs` and `benches/peers`.

use std::{cell::RefCell, fmt::Write as _, time::SystemTime};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

/// A `tracing` subscriber that formats each event, and hands the message to a function.
pub(crate) struct Floor(pub(crate) fn(&[u8]));

impl Subscriber for Floor {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::always()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        MESSAGE.with_borrow_mut(|message| {
            message.begin();
            event.record(&mut Fields(message));
            let text = std::mem::take(&mut message.text);
            message.end(&text);
            message.text = text;
            (self.0)(&message.out);
        });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Fields<'a>(&'a mut Message);

impl Visit for Fields<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.number(prepared(field.name()), itoa::Buffer::new().format(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.number(prepared(field.name()), itoa::Buffer::new().format(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.number(prepared(field.name()), zmij::Buffer::new().format(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.text(prepared(field.name()), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            // A String takes all that is written to it.
            let _ = write!(self.0.text, "{value:?}");
        }
    }
}

/// The same as a logger.
pub(crate) struct LogFloor;

impl log::Log for LogFloor {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        MESSAGE.with_borrow_mut(|message| {
            message.begin();
            // The visitor never fails.
            let _ = record.key_values().visit(&mut Pairs(message));
            match record.args().as_str() {
                Some(text) => message.end(text),
                None => message.end(&record.args().to_string()),
            }
            std::hint::black_box(&message.out);
        });
    }

    fn flush(&self) {}
}

struct Pairs<'a>(&'a mut Message);

impl<'kvs> log::kv::VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(
        &mut self,
        key: log::kv::Key<'kvs>,
        value: log::kv::Value<'kvs>,
    ) -> Result<(), log::kv::Error> {
        value.visit(Pair(self.0, prepared(key.as_str())))
    }
}

struct Pair<'a>(&'a mut Message, &'static str);

impl<'v> log::kv::VisitValue<'v> for Pair<'_> {
    fn visit_any(&mut self, value: log::kv::Value<'_>) -> Result<(), log::kv::Error> {
        self.0.text(self.1, &value.to_string());
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), log::kv::Error> {
        self.0.number(self.1, itoa::Buffer::new().format(value));
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), log::kv::Error> {
        self.0.number(self.1, itoa::Buffer::new().format(value));
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), log::kv::Error> {
        self.0.number(self.1, zmij::Buffer::new().format(value));
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), log::kv::Error> {
        self.0.text(self.1, value);
        Ok(())
    }
}

/// One message, written by hand into a buffer that stays warm.
struct Message {
    out: Vec<u8>,
    text: String,
    second: u64,
    prefix: String,
}

thread_local!(static MESSAGE: RefCell<Message> = const {
    RefCell::new(Message { out: Vec::new(), text: String::new(), second: 0, prefix: String::new() })
});

impl Message {
    fn begin(&mut self) {
        self.out.clear();
        self.text.clear();
        self.out.extend_from_slice(b"<14>1 ");
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        if now.as_secs() != self.second {
            self.second = now.as_secs();
            let utc = chrono::DateTime::from_timestamp(now.as_secs().cast_signed(), 0);
            self.prefix = utc.unwrap_or_default().format("%Y-%m-%dT%H:%M:%S.").to_string();
        }
        self.out.extend_from_slice(self.prefix.as_bytes());
        let mut digits = [b'0'; 7];
        digits[6] = b'Z';
        let mut rest = now.subsec_micros();
        for digit in digits[..6].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.out.extend_from_slice(&digits);
        self.out.extend_from_slice(b" bench.example bench 4711 shop::checkout [fields@32473");
    }

    fn number(&mut self, name: &str, digits: &str) {
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(digits.as_bytes());
        self.out.push(b'"');
    }

    fn text(&mut self, name: &str, value: &str) {
        self.out.extend_from_slice(name.as_bytes());
        let special = |byte: u8| byte < 0x20 || matches!(byte, b'"' | b'\\' | b']' | 0x7f..);
        if value.bytes().fold(false, |found, byte| found | special(byte)) {
            self.out.extend(value.bytes().flat_map(std::ascii::escape_default));
        } else {
            self.out.extend_from_slice(value.as_bytes());
        }
        self.out.push(b'"');
    }

    fn end(&mut self, text: &str) {
        self.out.extend_from_slice(b"] ");
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// The name with its delimiters, as a table made for the callsite would have it.
fn prepared(name: &str) -> &'static str {
    match name.len() {
        6 => " amount=\"",
        10 => " latency_ms=\"",
        _ if name.starts_with('o') => " order_id=\"",
        _ => " customer=\"",
    }
}
