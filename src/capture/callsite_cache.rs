//! What does a thread keep from one log call to the next?

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::Pipeline;
use crate::{
    Severity,
    encode::{CallsitePrefix, Scratch},
    record::{Level, Origin},
};

/// The constant parts of all callsites seen, by address.
#[derive(Debug, Default)]
pub(super) struct Sites(RwLock<HashMap<usize, Arc<CallsitePrefix>>>);

/// A callsite: its address, and the fields it has.
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
}

impl Sites {
    #[cold]
    fn find(
        &self,
        pipeline: &Pipeline,
        origin: &Origin<'_>,
        callsite: Callsite,
    ) -> Arc<CallsitePrefix> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(site) = known.get(&callsite.key()) {
            return Arc::clone(site);
        }
        drop(known);
        #[cfg(feature = "tracing")]
        let fields = callsite.metadata.fields().iter().map(|field| field.name());
        #[cfg(not(feature = "tracing"))]
        let fields = std::iter::empty();
        let fields: Vec<_> = fields.collect();
        let site = Arc::new(pipeline.encoder.site(origin, fields.into_iter()));
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(callsite.key(), Arc::clone(&site));
        site
    }
}

/// One thread's buffers, and the callsites it used last.
pub(super) struct ThreadCache {
    scratch: Scratch,
    passing: Vec<DynamicSlot>,
    recent: Vec<Option<CallsiteSlot>>,
    nowhere: CallsitePrefix,
}

/// The constant parts of records that have no callsite, and what they were made of.
#[derive(Default)]
struct DynamicSlot {
    encoder: Option<u64>,
    severity: Option<Severity>,
    target: String,
    file: Option<String>,
    line: Option<u32>,
    level: Option<Level>,
    site: CallsitePrefix,
}

impl DynamicSlot {
    #[inline]
    fn is_of(&self, encoder: u64, origin: &Origin<'_>) -> bool {
        self.encoder == Some(encoder)
            && self.line == origin.line
            && self.severity == Some(origin.severity)
            && self.level == Some(origin.level)
            && self.target == origin.target
            && self.file.as_deref() == origin.file
    }

    #[cold]
    fn rewrite(&mut self, pipeline: &Pipeline, origin: &Origin<'_>) {
        self.encoder = Some(pipeline.encoder.id());
        (self.severity, self.level) = (Some(origin.severity), Some(origin.level));
        self.target.clear();
        self.target.push_str(origin.target);
        match (&mut self.file, origin.file) {
            (Some(file), Some(new)) => {
                file.clear();
                file.push_str(new);
            }
            (file, new) => *file = new.map(str::to_owned),
        }
        self.line = origin.line;
        pipeline.encoder.rewrite_site(&mut self.site, origin);
    }
}

struct CallsiteSlot {
    encoder: u64,
    callsite: usize,
    site: Arc<CallsitePrefix>,
}

impl ThreadCache {
    #[cold]
    #[inline(never)]
    fn new() -> Self {
        let recent = std::iter::repeat_with(|| None).take(RECENT).collect();
        ThreadCache {
            scratch: Scratch::default(),
            passing: Vec::new(),
            recent,
            nowhere: CallsitePrefix::default(),
        }
    }

    /// What is needed to write a record of `callsite`, or of a record that has none.
    #[inline]
    pub(super) fn parts<'o>(
        &mut self,
        pipeline: &Pipeline,
        origin: impl Fn() -> Origin<'o>,
        callsite: Option<Callsite>,
    ) -> (&mut Scratch, &CallsitePrefix) {
        let Some(callsite) = callsite else {
            let origin = origin();
            if self.passing.is_empty() {
                self.passing.resize_with(PASSING, DynamicSlot::default);
            }
            let line = origin.line.unwrap_or_default() as usize;
            let place = (origin.target.as_ptr().addr() >> 3 ^ line) % PASSING;
            let Some(passing) = self.passing.get_mut(place) else {
                return (&mut self.scratch, &self.nowhere);
            };
            if !passing.is_of(pipeline.encoder.id(), &origin) {
                passing.rewrite(pipeline, &origin);
            }
            return (&mut self.scratch, &passing.site);
        };
        let (key, encoder) = (callsite.key(), pipeline.encoder.id());
        // Metadata are a few words long; their addresses differ in the bits above those.
        let place = (key >> 4 ^ key >> 12) % RECENT;
        let Some(slot) = self.recent.get_mut(place) else {
            return (&mut self.scratch, &self.nowhere);
        };
        match slot {
            Some(recent) if recent.callsite == key && recent.encoder == encoder => {}
            _ => {
                let site = pipeline.sites.find(pipeline, &origin(), callsite);
                *slot = Some(CallsiteSlot { encoder, callsite: key, site });
            }
        }
        let site = slot.as_ref().map_or(&self.nowhere, |recent| &recent.site);
        (&mut self.scratch, site)
    }
}

/// Lends this thread's buffers; a log call within a log call, or at the end of a thread, gets
/// new ones.
#[inline]
pub(super) fn with_scratch<T>(work: impl FnOnce(&mut ThreadCache) -> T) -> T {
    thread_local!(static KEPT: Cell<Option<Box<ThreadCache>>> = const { Cell::new(None) });
    let mut kept =
        KEPT.try_with(Cell::take).ok().flatten().unwrap_or_else(|| Box::new(ThreadCache::new()));
    let result = work(&mut kept);
    // At the end of a thread there is no place left to keep them.
    let _ = KEPT.try_with(|place| place.set(Some(kept)));
    result
}

const RECENT: usize = 256;
const PASSING: usize = 128;
