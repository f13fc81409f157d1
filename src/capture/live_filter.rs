//! The filter of a handle, which can be replaced at run time.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use arc_swap::ArcSwap;

use super::{Filter, filter::log_level};
use crate::record::Level;

/// The filter shared by all layers and loggers of a handle. Reading takes no lock.
pub(crate) struct LiveFilter {
    current: ArcSwap<Filter>,
    /// The level at which it lets every target through: most records need no look at the rest.
    everywhere: AtomicUsize,
    /// The program's filter, which is restored when an operator's override ends.
    base: Mutex<Arc<Filter>>,
    /// Whether there is a logger, and whether it is the program's only one.
    has_logger: AtomicBool,
    owns_log: AtomicBool,
    /// The level of `log` that other layers need in any case.
    floor: AtomicUsize,
}

impl LiveFilter {
    pub(crate) fn new(filter: Filter) -> Self {
        let filter = Arc::new(filter);
        LiveFilter {
            everywhere: AtomicUsize::new(filter.everywhere() as usize),
            current: ArcSwap::new(Arc::clone(&filter)),
            base: Mutex::new(filter),
            has_logger: AtomicBool::new(false),
            owns_log: AtomicBool::new(false),
            floor: AtomicUsize::new(0),
        }
    }

    #[inline]
    pub(super) fn wants(&self, level: Level, target: &str) -> bool {
        log_level(level) as usize <= self.everywhere.load(Relaxed)
            || self.current.load().wants(level, target)
    }

    /// The most verbose level that any target may be logged at.
    pub(crate) fn max_level(&self) -> log::LevelFilter {
        self.current.load().max_level()
    }

    /// Replaces the program's filter.
    pub(crate) fn set_base(&self, filter: Filter) {
        let mut base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        *base = Arc::new(filter);
        self.apply(Arc::clone(&base));
    }

    /// Overrides the filter for now; `None` restores the program's.
    pub(crate) fn set_for_now(&self, filter: Option<Filter>) {
        let base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        self.apply(filter.map_or_else(|| Arc::clone(&base), Arc::new));
    }

    /// One at a time, under the lock of the base, so that the maximum level matches the filter.
    fn apply(&self, filter: Arc<Filter>) {
        self.everywhere.store(filter.everywhere() as usize, Relaxed);
        self.current.store(filter);
        #[cfg(feature = "tracing")]
        tracing_core::callsite::rebuild_interest_cache();
        let max = self.max_level().max(self.floor());
        // Another logger of the program may need more verbose records than this one.
        if self.owns_log.load(Relaxed) || self.has_logger.load(Relaxed) && max > log::max_level() {
            log::set_max_level(max);
        }
    }

    #[cfg(feature = "log")]
    pub(crate) fn note_logger(&self) {
        self.has_logger.store(true, Relaxed);
    }

    /// Notes that this crate's logger is the program's: its maximum level follows the filter.
    #[cfg(feature = "log")]
    pub(crate) fn take_log(&self, floor: log::LevelFilter) {
        let _base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        self.owns_log.store(true, Relaxed);
        self.floor.store(floor as usize, Relaxed);
        log::set_max_level(self.max_level().max(floor));
    }

    fn floor(&self) -> log::LevelFilter {
        let level = log::LevelFilter::iter().nth(self.floor.load(Relaxed));
        level.unwrap_or(log::LevelFilter::Off)
    }
}

impl std::fmt::Debug for LiveFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.current.load().fmt(f)
    }
}
