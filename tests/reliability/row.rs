//! One row of the table, and what it must show.

use std::{fmt, time::Duration};

/// What became of the records of one trial.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// Servers, programs or connections ended.
    pub(crate) ends: usize,
    pub(crate) records: u64,
    pub(crate) lost: u64,
    /// How many may be lost in a million.
    pub(crate) lost_allowed: u64,
    pub(crate) copies: u64,
    /// At each end, at most.
    pub(crate) copies_allowed: u64,
    pub(crate) damaged: u64,
    /// The largest difference between captured, and delivered, dropped and waiting, at any moment.
    pub(crate) unaccounted: u64,
    pub(crate) took: Duration,
}

impl Row {
    pub(crate) const HEAD: &str = "\
        | ended, and how | times | records | lost | copies | copies each time | damaged | unaccounted | s |\n\
        |---|--:|--:|--:|--:|--:|--:|--:|--:|";

    /// What isn't as it was promised.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.lost * 1_000_000 > self.lost_allowed * self.records {
            faults.push(format!("{} of {} records are lost", self.lost, self.records));
        }
        if self.copies > self.copies_allowed * self.ends as u64 {
            faults.push(format!(
                "{} copies, more than {} each time",
                self.copies, self.copies_allowed
            ));
        }
        if self.damaged + self.unaccounted > 0 {
            faults.push(format!("{} damaged, {} unaccounted", self.damaged, self.unaccounted));
        }
        faults
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.copies as f64 / self.ends.max(1) as f64;
        let Row { name, ends, records, lost, copies, damaged, unaccounted, took, .. } = self;
        let seconds = took.as_secs();
        write!(
            f,
            "| {name} | {ends} | {records} | {lost} | {copies} | {each:.0} | {damaged} | \
             {unaccounted} | {seconds} |"
        )
    }
}
