//! The floor: formatting alone, and nothing at all.

use std::{error::Error, hint::black_box};

use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

use super::{Running, Setup};
use crate::{
    event,
    floor::{Floor, LogFloor},
};

pub(super) fn empty(_: &Setup) -> Result<Running, Box<dyn Error>> {
    tracing::subscriber::set_global_default(Nothing)?;
    Ok(Running::new(event::tracing, || {}))
}

pub(super) fn tracing(_: &Setup) -> Result<Running, Box<dyn Error>> {
    tracing::subscriber::set_global_default(Floor(|message| {
        black_box(message);
    }))?;
    Ok(Running::new(event::tracing, || {}))
}

pub(super) fn log(_: &Setup) -> Result<Running, Box<dyn Error>> {
    log::set_boxed_logger(Box::new(LogFloor))?;
    log::set_max_level(log::LevelFilter::Info);
    Ok(Running::new(event::log, || {}))
}

/// tracing's own filter, which refuses what is less severe than INFO.
pub(crate) fn refusing() -> Result<(), Box<dyn Error>> {
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).finish();
    tracing::subscriber::set_global_default(subscriber)?;
    log::set_max_level(log::LevelFilter::Info);
    Ok(())
}

/// Takes every event and looks at none.
struct Nothing;

impl Subscriber for Nothing {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn event(&self, _: &Event<'_>) {}
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
