//! Caches of callsites, per thread and shared, and a thread's buffers.

use std::{
    cell::Cell,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, PoisonError, RwLock},
};

use super::Pipeline;
#[cfg(feature = "tracing")]
use crate::encode::SpanPrefix;
use crate::{
    Severity,
    encode::{CallsitePrefix, Scratch},
    record::{Level, Origin},
};

/// The constant parts of all callsites seen.
#[derive(Debug, Default)]
pub(super) struct Sites {
    events: Known<usize, CallsitePrefix>,
    #[cfg(feature = "tracing")]
    spans: Known<usize, SpanPrefix>,
    /// The parts of records without a callsite, by a hash of their origin.
    origins: Known<u64, OriginPrefix>,
    state: RandomState,
}

#[derive(Debug)]
struct Known<K, T>(RwLock<HashMap<K, Arc<T>>>);

impl<K, T> Default for Known<K, T> {
    fn default() -> Self {
        Known(RwLock::default())
    }
}

impl<K: Copy + Eq + std::hash::Hash, T> Known<K, T> {
    #[cold]
    #[inline(never)]
    fn find(&self, key: K, is_it: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> Arc<T> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&key).filter(|found| is_it(found)) {
            return Arc::clone(found);
        }
        let is_full = known.len() >= MOST;
        drop(known);
        let made = Arc::new(make());
        if !is_full {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(key, Arc::clone(&made));
        }
        made
    }
}

/// A callsite: its address and its fields.
#[derive(Clone, Copy)]
pub(super) struct Callsite {
    #[cfg(feature = "tracing")]
    pub(super) metadata: &'static tracing_core::Metadata<'static>,
    #[cfg(not(feature = "tracing"))]
    pub(super) never: std::convert::Infallible,
}

impl Callsite {
    #[cfg(feature = "tracing")]
    fn key(self) -> usize {
        std::ptr::from_ref(self.metadata).addr()
    }

    #[cfg(not(feature = "tracing"))]
    fn key(self) -> usize {
        match self.never {}
    }

    #[cfg(feature = "tracing")]
    fn fields(self) -> impl Iterator<Item = &'static str> + Clone {
        let fields: Vec<_> = self.metadata.fields().iter().map(|field| field.name()).collect();
        fields.into_iter()
    }

    #[cfg(not(feature = "tracing"))]
    fn fields(self) -> impl Iterator<Item = &'static str> + Clone {
        std::iter::empty()
    }
}

/// The constant parts of records from one origin.
#[derive(Debug)]
struct OriginPrefix {
    encoder: u64,
    severity: Severity,
    level: Level,
    target: String,
    file: Option<String>,
    line: Option<u32>,
    site: CallsitePrefix,
}

impl OriginPrefix {
    #[cold]
    fn new(pipeline: &Pipeline, origin: &Origin<'_>) -> Self {
        OriginPrefix {
            encoder: pipeline.encoder.id(),
            severity: origin.severity,
            level: origin.level,
            target: origin.target.to_owned(),
            file: origin.file.map(str::to_owned),
            line: origin.line,
            site: pipeline.encoder.site(origin, std::iter::empty()),
        }
    }

    #[inline]
    fn is_of(&self, encoder: u64, origin: &Origin<'_>) -> bool {
        self.encoder == encoder
            && self.line == origin.line
            && self.severity == origin.severity
            && self.level == origin.level
            && self.target == origin.target
            && self.file.as_deref() == origin.file
    }
}

/// One thread's buffers, and the callsites it used last.
#[derive(Default)]
pub(super) struct ThreadCache {
    scratch: Scratch,
    events: Slots<CallsiteSlot<CallsitePrefix>>,
    #[cfg(feature = "tracing")]
    spans: Slots<CallsiteSlot<SpanPrefix>>,
    origins: Slots<Arc<OriginPrefix>>,
    nowhere: CallsitePrefix,
}

struct CallsiteSlot<T> {
    encoder: u64,
    callsite: usize,
    site: Arc<T>,
}

/// A small direct-mapped cache, allocated on first use.
struct Slots<T>(Vec<Option<T>>);

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots(Vec::new())
    }
}

impl<T> Slots<T> {
    /// The cached value, or the result of `find`.
    #[inline]
    fn get(
        &mut self,
        place: usize,
        is_it: impl Fn(&T) -> bool,
        find: impl Fn() -> T,
    ) -> Option<&T> {
        if self.0.is_empty() {
            self.0.resize_with(SLOTS, || None);
        }
        let slot = self.0.get_mut(place % SLOTS)?;
        match slot {
            Some(known) if is_it(known) => {}
            _ => *slot = Some(find()),
        }
        slot.as_ref()
    }
}

impl<T> Slots<CallsiteSlot<T>> {
    #[inline]
    fn of_callsite(
        &mut self,
        encoder: u64,
        key: usize,
        find: impl Fn() -> Arc<T>,
    ) -> Option<&Arc<T>> {
        // Metadata are a few words long, so the lowest bits of their addresses carry no
        // information.
        let slot = self.get(
            key >> 4 ^ key >> 10,
            |slot| slot.callsite == key && slot.encoder == encoder,
            || CallsiteSlot { encoder, callsite: key, site: find() },
        );
        slot.map(|slot| &slot.site)
    }
}

impl ThreadCache {
    /// The buffers and constant parts for a record of `callsite`, or for one without.
    #[inline]
    pub(super) fn parts<'o>(
        &mut self,
        pipeline: &Pipeline,
        origin: impl Fn() -> Origin<'o>,
        callsite: Option<Callsite>,
    ) -> (&mut Scratch, &CallsitePrefix) {
        let encoder = pipeline.encoder.id();
        let site = if let Some(callsite) = callsite {
            let find = || {
                let make = || pipeline.encoder.site(&origin(), callsite.fields());
                pipeline.sites.events.find(callsite.key(), |_| true, make)
            };
            self.events.of_callsite(encoder, callsite.key(), find).map(|site| &**site)
        } else {
            let origin = origin();
            let line = origin.line.unwrap_or_default() as usize;
            let is_it = |known: &OriginPrefix| known.is_of(encoder, &origin);
            let find = || {
                let Origin { severity, target, file, line, .. } = origin;
                let key = pipeline.sites.state.hash_one((severity.code(), target, file, line));
                let make = || OriginPrefix::new(pipeline, &origin);
                pipeline.sites.origins.find(key, is_it, make)
            };
            let place = origin.target.as_ptr().addr() >> 3 ^ line;
            self.origins.get(place, |known| is_it(known), find).map(|known| &known.site)
        };
        (&mut self.scratch, site.unwrap_or(&self.nowhere))
    }

    /// The buffers and names for the fields of a span.
    #[cfg(feature = "tracing")]
    #[inline]
    pub(super) fn span_parts(
        &mut self,
        pipeline: &Pipeline,
        metadata: &'static tracing_core::Metadata<'static>,
    ) -> Option<(&mut Scratch, &Arc<SpanPrefix>)> {
        let callsite = Callsite { metadata };
        let find = || {
            let make = || pipeline.encoder.span_prefix(metadata.name(), callsite.fields());
            pipeline.sites.spans.find(callsite.key(), |_| true, make)
        };
        let prefix = self.spans.of_callsite(pipeline.encoder.id(), callsite.key(), find)?;
        Some((&mut self.scratch, prefix))
    }
}

/// Lends this thread's buffers; a log call within a log call, or while the thread ends, gets new
/// ones.
#[inline]
pub(super) fn with_scratch<T>(work: impl FnOnce(&mut ThreadCache) -> T) -> T {
    thread_local!(static KEPT: Cell<Option<Box<ThreadCache>>> = const { Cell::new(None) });
    let mut kept = KEPT.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = work(&mut kept);
    // While a thread ends, its storage is gone.
    let _ = KEPT.try_with(|place| place.set(Some(kept)));
    result
}

const SLOTS: usize = 64;
/// The most callsites cached for all threads: a program may make up targets without end.
const MOST: usize = 4096;
