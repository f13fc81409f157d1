//! Opening a queue, with what its file holds.

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
    /// Files of dead processes that did not fit.
    pub(super) left: Vec<std::path::PathBuf>,
}

impl OpenedRing {
    /// # Errors
    ///
    /// If the allocation fails.
    pub(super) fn in_memory(
        capacity: usize,
        report: Option<String>,
    ) -> Result<Self, TryReserveError> {
        let (producer, consumer) = ring(capacity)?;
        Ok(OpenedRing { producer, consumer, adopted: 0, damaged: 0, report, left: Vec::new() })
    }

    /// # Errors
    ///
    /// A sentence that says why not.
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
        // `Builder::build` refuses it earlier.
        Err(format!("queue files are not supported on this system: {}", place.path.display()))
    }
}
