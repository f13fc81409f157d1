//! Visitors of `tracing` values.

use std::{error, fmt};

use tracing_core::field::{Field, Visit};

use crate::record::Value;

/// Passes each field to one function as a `Value`.
pub(super) struct FnVisitor<F>(pub(super) F);

impl<F: FnMut(&Field, Value<'_>)> Visit for FnVisitor<F> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0(field, Value::U64(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0(field, Value::I64(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.0(field, Value::U128(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.0(field, Value::I128(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0(field, Value::F64(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0(field, Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0(field, Value::Str(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn error::Error + 'static)) {
        self.0(field, Value::Error(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0(field, Value::Debug(value));
    }
}
