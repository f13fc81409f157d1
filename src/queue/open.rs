//! Opening a queue: what it starts with.

use std::collections::TryReserveError;

use super::{
    QueueFile,
    ring::{Consumer, Producer, ring},
};
#[cfg(unix)]
use super::{directory, file};

/// A ring, and what its file held.
#[derive(Debug)]
pub(super) struct OpenedRing {
    pub(super) producer: Producer,
    pub(super) consumer: Consumer,
    pub(super) adopted: u64,
    pub(super) damaged: u64,
    pub(super) report: Option<String>,
    /// Files of dead processes for which there was no room.
    pub(super) left: Vec<std::path::PathBuf>,
}

impl OpenedRing {
    /// # Errors
    ///
    /// If there is not so much memory.
    pub(super) fn in_memory(
        capacity: usize,
        report: Option<String>,
    ) -> Result<Self, TryReserveError> {
        let (producer, consumer) = ring(capacity)?;
        Ok(OpenedRing { producer, consumer, adopted: 0, damaged: 0, report, left: Vec::new() })
    }

    /// # Errors
    ///
    /// In words, why that can't be.
    #[cfg(unix)]
    pub(super) fn at(place: &QueueFile<'_>, capacity: usize) -> Result<Self, String> {
        match place {
            QueueFile { path, tag, .. } if directory::is_directory(path) => {
                directory::open(path, tag, capacity)
            }
            QueueFile { path, .. } => file::open(path, capacity),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn at(place: &QueueFile<'_>, _: usize) -> Result<Self, String> {
        // `Builder::build` refuses it before.
        Err(format!("the queue file {} can't be used on this system", place.path.display()))
    }
}
