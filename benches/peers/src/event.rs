//! The event that every peer logs.
//!
//! INFO, target `shop::checkout`, text `order accepted`, and four fields. The number of the
//! order has ten digits always, so that all records of a peer are about as long.

use std::hint::black_box;

pub(crate) const FIRST_ORDER: u64 = 1_000_000_000;
pub(crate) const CUSTOMER: &str = "ann-of-ghent";
pub(crate) const AMOUNT: f64 = 129.95;
pub(crate) const LATENCY_MS: u64 = 42;
pub(crate) const TARGET: &str = "shop::checkout";
/// Stands once in every record, however a peer writes it.
pub(crate) const MARKER: &str = "order accepted";

/// Through `tracing`.
pub(crate) fn tracing(order_id: u64) {
    tracing::info!(
        target: "shop::checkout",
        order_id = black_box(order_id),
        customer = black_box(CUSTOMER),
        amount = black_box(AMOUNT),
        latency_ms = black_box(LATENCY_MS),
        "order accepted"
    );
}

/// Through `log`, with key-values.
pub(crate) fn log(order_id: u64) {
    log::info!(
        target: "shop::checkout",
        order_id = black_box(order_id),
        customer = black_box(CUSTOMER),
        amount = black_box(AMOUNT),
        latency_ms = black_box(LATENCY_MS);
        "order accepted"
    );
}

/// Through `log`, for peers that know no fields: they format them into the text.
pub(crate) fn log_text(order_id: u64) {
    log::info!(
        target: "shop::checkout",
        "order accepted order_id={} customer={} amount={} latency_ms={}",
        black_box(order_id), black_box(CUSTOMER), black_box(AMOUNT), black_box(LATENCY_MS)
    );
}

/// Does something inside two spans of two fields each.
pub(crate) fn in_two_spans<T>(action: impl FnOnce() -> T) -> T {
    let _outer = tracing::info_span!("request", user = 7, path = "/checkout").entered();
    let _inner = tracing::info_span!("checkout", cart = 8, step = "pay").entered();
    action()
}
