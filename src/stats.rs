//! Counters of the outcome of every record.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use crate::{ConnectionInfo, Severity, fork};

/// The counters of a handle at one moment.
///
/// `captured = delivered + dropped + pending`, always: a record is in exactly one of the
/// three states.
/// ```
/// let syslog = logship::builder("app-tag").servers("udp://127.0.0.1:514").build()?;
/// let logship::Stats { captured, delivered, dropped, pending, .. } = syslog.stats();
/// assert_eq!(captured, delivered + dropped + pending);
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Records of the application that passed the filter. The reports that the crate ships about
    /// itself are counted nowhere.
    pub captured: u64,
    /// Records known to have arrived: a RELP server has answered for them, or the connection has
    /// stayed up for 10 s since the kernel of the peer acknowledged them (TCP, TLS), or has taken
    /// 32 MiB more, or was closed cleanly. Nobody acknowledges datagrams: a UDP record counts
    /// once a second has passed without word that nobody listens.
    pub delivered: u64,
    /// Records lost, whatever the reason; see [`dropped_for`](Stats::dropped_for) and
    /// [`dropped_of`](Stats::dropped_of).
    pub dropped: u64,
    /// Records in the queue, or sent and not yet known to be delivered.
    pub pending: u64,
    /// Records found in the queue file at the start, with the reports among them; they count as
    /// captured.
    pub recovered: u64,
    /// Damaged stretches of the queue file found at the start, each with at least one lost record,
    /// and records that did not fit into a smaller queue. They do not count as captured.
    pub corrupted: u64,
    /// Bytes of the queue in use, including the resend buffer.
    pub queue_bytes: u64,
    /// Lost records by reason and severity.
    pub(crate) losses: Losses,
    /// Records sent again after a connection broke; each counts as delivered once.
    pub resent: u64,
    /// Connections made after the first one.
    pub reconnects: u64,
    /// Texts and values that were cut to the maximum size of a message.
    pub truncated: u64,
    /// Fields omitted because the message had no room for them.
    pub omitted_fields: u64,
    /// Records in which a value panicked while it was formatted, and fields of spans that did.
    pub format_panics: u64,
}

impl Stats {
    /// Records lost for this reason.
    #[must_use]
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.losses.0[reason as usize].iter().sum()
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn dropped_as(&self, reason: DropReason, severity: Severity) -> u64 {
        self.losses.0[reason as usize][severity as usize]
    }

    /// These counters as if nothing had been lost for this reason.
    pub(crate) fn forget(&mut self, reason: DropReason) {
        self.dropped -= self.dropped_for(reason);
        self.losses.0[reason as usize] = [0; 8];
    }

    /// Records of this severity lost, whatever the reason.
    #[must_use]
    pub fn dropped_of(&self, severity: Severity) -> u64 {
        self.losses.0.iter().map(|by_severity| by_severity[severity as usize]).sum()
    }
}

/// Why a record was lost.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue had no room for its severity.
    QueueFull = 0,
    /// It is longer than half of the queue, or than a datagram can be.
    TooLong = 1,
    /// It was logged from within the formatting of a record, several levels deep.
    Recursion = 2,
    /// Several servers or connections in a row ended right after it was sent.
    Refused = 3,
    /// It was logged after the last handle was gone.
    Closed = 4,
    /// It was logged in a forked child, which ships nothing through its parent's handle.
    Forked = 5,
    /// A connection took it and ended before its delivery was confirmed, and the queue had no room
    /// to keep it meanwhile: it may have arrived.
    Unconfirmed = 6,
    /// Its callsite exceeded the limit of [`Builder::burst`](crate::Builder::burst).
    Burst = 7,
}

impl DropReason {
    /// All reasons.
    pub const ALL: &'static [DropReason] = &[
        DropReason::QueueFull,
        DropReason::TooLong,
        DropReason::Recursion,
        DropReason::Refused,
        DropReason::Closed,
        DropReason::Forked,
        DropReason::Unconfirmed,
        DropReason::Burst,
    ];

    /// The reason in words, such as `queue full`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            DropReason::QueueFull => "queue full",
            DropReason::TooLong => "too long",
            DropReason::Recursion => "logged while logging",
            DropReason::Refused => "refused by the server",
            DropReason::Closed => "logged after the end",
            DropReason::Forked => "logged in a forked child",
            DropReason::Unconfirmed => "not confirmed",
            DropReason::Burst => "beyond the burst limit",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Records lost, by reason and severity.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Losses([[u64; 8]; REASONS]);

impl Losses {
    /// Losses since `before`: reason, severity and number.
    pub(crate) fn since(
        &self,
        before: &Losses,
    ) -> impl Iterator<Item = (DropReason, Severity, u64)> {
        let (now, before) = (self.0, before.0);
        DropReason::ALL.iter().zip(now).zip(before).flat_map(|((reason, now), before)| {
            let counts = Severity::ALL.into_iter().zip(now).zip(before);
            counts
                .map(|((severity, now), before)| (*reason, severity, now.saturating_sub(before)))
                .filter(|(_, _, count)| *count > 0)
        })
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().flatten().sum()
    }

    pub(crate) fn add(&mut self, reason: DropReason, severity: Severity) {
        self.add_many(reason, severity, 1);
    }

    pub(crate) fn add_many(&mut self, reason: DropReason, severity: Severity, count: u64) {
        self.0[reason as usize][severity as usize] += count;
    }
}

/// The losses that are not zero, such as `{QueueFull debug: 3}`.
impl fmt::Debug for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (reason, counts) in DropReason::ALL.iter().zip(&self.0) {
            for (severity, count) in Severity::ALL.iter().zip(counts).filter(|(_, n)| **n > 0) {
                map.entry(&format_args!("{reason:?} {severity}"), count);
            }
        }
        map.finish()
    }
}

/// The shipper's counters.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connects: AtomicU64,
    pub(crate) resent: AtomicU64,
    is_cut_off: AtomicBool,
    /// The shipper's state in words.
    state: Mutex<String>,
    connected: Mutex<Option<ConnectionInfo>>,
}

impl Counters {
    pub(crate) fn tell(&self, stats: &mut Stats) {
        stats.reconnects = self.connects.load(Relaxed).saturating_sub(1);
        stats.resent = self.resent.load(Relaxed);
    }

    pub(crate) fn connection(&self) -> Option<ConnectionInfo> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn state(&self) -> String {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_state(&self, state: String) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Whether the connection was lost or failed, rather than not yet opened.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.is_cut_off.load(Relaxed)
    }

    pub(crate) fn set_connection(&self, connected: Option<ConnectionInfo>) {
        self.is_cut_off.store(connected.is_none(), Relaxed);
        *self.connected.lock().unwrap_or_else(PoisonError::into_inner) = connected;
    }
}

/// A forked child's records by severity, with the number of its process. Without a lock, since a
/// child may find any lock held forever.
#[derive(Debug, Default)]
pub(crate) struct ForkedCounters([AtomicU64; 8]);

impl ForkedCounters {
    pub(crate) fn count(&self, severity: Severity) {
        let generation = u64::from(fork::generation());
        // The counts of a parent that is a child itself are not this process's.
        let next = |value: u64| match value >> COUNT_BITS == generation {
            true => Some(value + 1),
            false => Some((generation << COUNT_BITS) + 1),
        };
        let _ = self.0[severity as usize].fetch_update(Relaxed, Relaxed, next);
    }

    pub(crate) fn tell(&self, stats: &mut Stats) {
        let generation = u64::from(fork::generation());
        for (severity, value) in self.0.iter().enumerate() {
            let value = value.load(Relaxed);
            if value >> COUNT_BITS == generation {
                let count = value & ((1 << COUNT_BITS) - 1);
                stats.captured += count;
                stats.dropped += count;
                stats.losses.0[DropReason::Forked as usize][severity] = count;
            }
        }
    }
}

const COUNT_BITS: u32 = 40;

/// How often a message differs from what was logged. Counted on rare paths only.
#[derive(Debug, Default)]
pub(crate) struct EncodeCounters {
    pub(crate) cut: AtomicU64,
    pub(crate) omitted: AtomicU64,
    pub(crate) panicked: AtomicU64,
}

impl EncodeCounters {
    pub(crate) fn count_cut(&self) {
        self.cut.fetch_add(1, Relaxed);
    }

    pub(crate) fn tell(&self, stats: &mut Stats) {
        stats.truncated = self.cut.load(Relaxed);
        stats.omitted_fields = self.omitted.load(Relaxed);
        stats.format_panics = self.panicked.load(Relaxed);
    }
}

const REASONS: usize = 8;
