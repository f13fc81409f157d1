//! What does a queue begin with?

use std::collections::TryReserveError;

use super::{
    Place,
    ring::{Front, Tail, ring},
};
#[cfg(unix)]
use super::{file, folder};

/// A ring, and what its file held.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) tail: Tail,
    pub(super) front: Front,
    pub(super) adopted: u64,
    pub(super) damaged: u64,
    pub(super) report: Option<String>,
}

impl Opened {
    /// # Errors
    ///
    /// Where there is not so much memory.
    pub(super) fn in_memory(
        capacity: usize,
        report: Option<String>,
    ) -> Result<Self, TryReserveError> {
        let (tail, front) = ring(capacity)?;
        Ok(Opened { tail, front, adopted: 0, damaged: 0, report })
    }

    /// # Errors
    ///
    /// In words, why that can't be.
    #[cfg(unix)]
    pub(super) fn at(place: &Place<'_>, capacity: usize) -> Result<Self, String> {
        match place {
            Place { path, tag, .. } if folder::is_folder(path) => folder::open(path, tag, capacity),
            Place { path, .. } => file::open(path, capacity),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn at(place: &Place<'_>, _: usize) -> Result<Self, String> {
        Err(format!("the queue file {} can't be used on this system", place.path.display()))
    }
}
