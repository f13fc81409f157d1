//! Statistics of many durations.

use serde::{Deserialize, Serialize};

/// Durations in ns.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Parts {
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) longest: f64,
}

impl Parts {
    /// Takes off what reading the clock costs.
    pub(crate) fn of(mut ns: Vec<u32>, clock: f64) -> Self {
        ns.sort_unstable();
        let at = |part: f64| {
            let place = ((ns.len() as f64 * part) as usize).min(ns.len().saturating_sub(1));
            (f64::from(ns.get(place).copied().unwrap_or_default()) - clock).max(0.0)
        };
        Parts { median: at(0.5), p99: at(0.99), p999: at(0.999), longest: at(1.0) }
    }
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}
