//! The start of a pipeline and its shipper.

use std::{
    collections::TryReserveError,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use super::Report;
use crate::{
    Error, ErrorKind, Overflow,
    capture::{Pipeline, SelfReport},
    encode::{Encoder, Settings},
    exit::flush_at_exit,
    fork,
    queue::{QueueFile, Tell, queue},
    ship::{Callbacks, ErrorReporter, ServerEntry, Servers, Shipper, spawn},
    stats::Counters,
};

/// Everything needed to start, read and checked.
pub(super) struct PipelineConfig {
    pub(super) settings: Settings,
    pub(super) capacity: usize,
    pub(super) overflow: Overflow,
    pub(super) queue_file: Option<PathBuf>,
    pub(super) queue_sync_interval: Option<Duration>,
    pub(super) servers: Vec<Arc<ServerEntry>>,
    pub(super) connect_timeout: Duration,
    pub(super) flush_timeout: Duration,
    pub(super) statistics: Option<Duration>,
    pub(super) callbacks: Callbacks,
}

impl PipelineConfig {
    /// Starts, and reports the warnings.
    ///
    /// # Errors
    ///
    /// If a frame is too short for the header, or the system has no thread or too little memory.
    pub(super) fn start<'a>(
        self,
        reports: impl Iterator<Item = &'a String>,
    ) -> Result<(Arc<Pipeline>, JoinHandle<()>), Error> {
        fork::watch();
        let encoder = Encoder::new(self.settings.clone())?;
        reports.for_each(|report| self.errors().report_at_start(ErrorKind::Config, report));
        let place = self.queue_file.as_deref().map(|path| {
            let mut errors = self.errors();
            let tell: Tell =
                Box::new(move |what| errors.report_at_start(ErrorKind::QueueFile, what));
            let sync = self.queue_sync_interval.map(|every| (every, tell));
            QueueFile { path, tag: &self.settings.tag, sync }
        });
        let (queue, reader, report) =
            queue(self.capacity, self.overflow, place).map_err(|e| no_memory(self.capacity, e))?;
        let mut errors = self.errors();
        if let Some(report) = report {
            errors.report_at_start(ErrorKind::QueueFile, &report);
        }
        let counters = Arc::new(Counters::default());
        let limit = self.flush_timeout;
        let pipeline = Arc::new(Pipeline::new(encoder, queue, Arc::clone(&counters), limit));
        let mut report = SelfReport::new(Arc::downgrade(&pipeline), self.statistics);
        let housekeeping = Box::new(move |is_urgent| report.housekeeping(is_urgent));
        let mut last_errors = self.errors();
        let last_state = Arc::clone(&counters);
        let servers = Servers::new(self.servers, self.connect_timeout);
        let thread = spawn(Shipper::new(reader, servers, errors, counters, housekeeping))
            .map_err(|e| Error::system("cannot start the shipper's thread", e))?;
        let tell = move |lost, waited| last_errors.report_loss(lost, waited, &last_state.state());
        flush_at_exit(Arc::downgrade(&pipeline.queue), limit, Box::new(tell));
        Ok((pipeline, thread))
    }

    /// Reports a problem with a setting that was changed later.
    pub(super) fn report(&self) -> Report {
        let mut errors = self.errors();
        Arc::new(Mutex::new(move |what: &str| errors.report_at_start(ErrorKind::Config, what)))
    }

    fn errors(&self) -> ErrorReporter {
        ErrorReporter::new(&self.settings.tag, self.callbacks.clone())
    }
}

fn no_memory(capacity: usize, error: TryReserveError) -> Error {
    let what = format!("cannot allocate the queue (SYSLOG_QUEUE_CAPACITY) of {capacity} bytes");
    Error::system(what, error)
}
