//! The `log` logger.

#[cfg(feature = "tracing")]
use std::sync::atomic::Ordering::Relaxed;
use std::{error, fmt, sync::Arc, time::Duration};

use log::{
    Metadata, Record,
    kv::{Error as KvError, Key, Value as KvValue, VisitSource, VisitValue},
};

use super::{LiveFilter, Pipeline};
use crate::{
    encode::Writer,
    record::{Level, Origin, Value},
    reentrancy::is_muted,
};

/// A `log::Log` that ships records with their key-values.
///
/// It ships what [`Builder::filter`](crate::Builder::filter) lets through. With the feature
/// `tracing`, a record also has the fields of the span it was logged in.
///
/// ```no_run
/// let syslog = logship::builder("app-tag").build()?;
/// let logger = syslog.logger();
/// log::set_max_level(logger.max_level());
/// log::set_boxed_logger(Box::new(logger)).expect("no other logger is installed");
/// let _guard = syslog.guard();
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Logger {
    pipeline: Arc<Pipeline>,
    filter: Arc<LiveFilter>,
    flush_timeout: Duration,
    /// Whether other layers of the program's subscriber should see the records.
    forwards: bool,
}

impl Logger {
    pub(crate) fn new(
        pipeline: Arc<Pipeline>,
        filter: Arc<LiveFilter>,
        flush_timeout: Duration,
    ) -> Self {
        filter.note_logger();
        Logger { pipeline, filter, flush_timeout, forwards: false }
    }

    /// The same, for a subscriber with other layers than this crate's.
    #[cfg(feature = "tracing")]
    pub(crate) fn forwarding(self) -> Self {
        Logger { forwards: true, ..self }
    }

    /// The level for `log::set_max_level`, with which disabled records cost nothing.
    #[must_use]
    pub fn max_level(&self) -> log::LevelFilter {
        self.filter.max_level()
    }
}

impl log::Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.forwards || self.filter.wants(Level::from(metadata.level()), metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        #[cfg(feature = "tracing")]
        if self.pipeline.has_layer.load(Relaxed)
            && super::echo::is_echo_of(record, self.pipeline.encoder.id())
        {
            return;
        }
        let level = Level::from(record.level());
        #[cfg(feature = "tracing")]
        if self.forwards {
            if !is_muted() {
                super::forward::forward(record);
            }
            if !self.filter.wants(level, record.target()) {
                return;
            }
        }
        let origin = || Origin {
            severity: self.pipeline.encoder.severities().of(level),
            level,
            target: record.target(),
            file: record.file(),
            line: record.line(),
        };
        self.pipeline.submit(origin, None, |writer, _| {
            writer.text(*record.args());
            // This visitor never fails, so neither does the visit.
            let _ = record.key_values().visit(&mut Pairs { writer });
            #[cfg(feature = "tracing")]
            super::spans::write_current_spans(&self.pipeline, writer);
        });
    }

    /// Waits until everything logged before is acknowledged, or the flush timeout is over.
    fn flush(&self) {
        if !is_muted() {
            self.pipeline.flush(self.flush_timeout);
        }
    }
}

struct Pairs<'w, 'a> {
    writer: &'w mut Writer<'a>,
}

impl<'kvs> VisitSource<'kvs> for Pairs<'_, '_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: KvValue<'kvs>) -> Result<(), KvError> {
        value.visit(Named { writer: self.writer, name: key.as_str() })
    }
}

struct Named<'w, 'a, 'n> {
    writer: &'w mut Writer<'a>,
    name: &'n str,
}

impl Named<'_, '_, '_> {
    /// One method per type, so that each is compiled into few instructions.
    #[inline(always)]
    fn field(&mut self, value: Value<'_>) -> Result<(), KvError> {
        self.writer.named_field(self.name, value);
        Ok(())
    }
}

impl<'v> VisitValue<'v> for Named<'_, '_, '_> {
    fn visit_any(&mut self, value: KvValue<'_>) -> Result<(), KvError> {
        self.field(Value::Display(&value as &dyn fmt::Display))
    }

    /// A missing value is best expressed by a missing field: the text `None` would have another
    /// type than the field's other values.
    fn visit_null(&mut self) -> Result<(), KvError> {
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), KvError> {
        self.field(Value::U64(value))
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), KvError> {
        self.field(Value::I64(value))
    }

    fn visit_u128(&mut self, value: u128) -> Result<(), KvError> {
        self.field(Value::U128(value))
    }

    fn visit_i128(&mut self, value: i128) -> Result<(), KvError> {
        self.field(Value::I128(value))
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), KvError> {
        self.field(Value::F64(value))
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), KvError> {
        self.field(Value::Bool(value))
    }

    fn visit_str(&mut self, value: &str) -> Result<(), KvError> {
        self.field(Value::Str(value))
    }

    fn visit_error(&mut self, error: &(dyn error::Error + 'static)) -> Result<(), KvError> {
        self.field(Value::Error(error))
    }
}
