//! How is a shipper started, and started anew in a forked child?

use std::{
    collections::TryReserveError, fmt, io, path::PathBuf, process, sync::Arc, time::Duration,
};

use crate::{
    Error, Overflow,
    capture::{Pipeline, SelfReport},
    encode::{Encoder, Settings},
    exit::flush_at_exit,
    fork,
    queue::{QueueFile, Tell, queue},
    reentrancy::muted,
    ship::{ErrorCallback, ErrorReporter, ServerEntry, Servers, Shipper, spawn},
    stats::Counters,
};

/// All that is needed to start: read, checked, and kept for children.
pub(super) struct PipelineConfig {
    pub(super) settings: Settings,
    /// PROCID is this process's id, and not something that was set.
    pub(super) is_own_id: bool,
    pub(super) capacity: usize,
    pub(super) overflow: Overflow,
    pub(super) queue_file: Option<PathBuf>,
    pub(super) queue_sync_interval: Option<Duration>,
    pub(super) servers: Vec<Arc<ServerEntry>>,
    pub(super) connect_timeout: Duration,
    pub(super) flush_timeout: Duration,
    pub(super) statistics: Option<Duration>,
    pub(super) listener: Option<ErrorCallback>,
}

impl PipelineConfig {
    /// Starts in the process that was set up, and tells what was wrong with it.
    ///
    /// # Errors
    ///
    /// Where a frame is too short for the header, or the system gives no thread or not enough memory.
    pub(super) fn start<'a>(
        self,
        reports: impl Iterator<Item = &'a String>,
    ) -> Result<Arc<Pipeline>, Error> {
        fork::watch();
        let encoder = Encoder::new(self.settings.clone())?;
        reports.for_each(|report| self.trouble().tell_at_start(report));
        let _whole = fork::starting();
        let (pipeline, started) = Arc::new(self).start_with(encoder, true)?;
        started.map_err(|e| Error::because("the shipper's thread can't be started", e))?;
        Ok(pipeline)
    }

    /// Starts anew in a forked child, whose queue is in memory: the file is its parent's.
    fn start_in_child(self: &Arc<Self>) -> Option<Arc<Pipeline>> {
        let mut settings = self.settings.clone();
        if self.is_own_id {
            settings.procid = process::id().to_string();
        }
        let tell = |error: &dyn fmt::Display| {
            self.trouble().tell_at_start(&format!("a forked child can't ship: {error}"));
        };
        let started = self.start_with(Encoder::new(settings).ok()?, false);
        let (pipeline, started) = started.inspect_err(|error| tell(error)).ok()?;
        if let Err(error) = started {
            // Its queue is closed by now: what is logged is counted.
            tell(&error);
        }
        Some(pipeline)
    }

    fn start_with(
        self: &Arc<Self>,
        encoder: Encoder,
        is_first: bool,
    ) -> Result<(Arc<Pipeline>, io::Result<()>), Error> {
        let queue_file = self.queue_file.as_deref().filter(|_| is_first);
        let place = queue_file.map(|path| {
            let mut trouble = self.trouble();
            let tell: Tell = Box::new(move |what| trouble.tell_at_start(what));
            let sync = self.queue_sync_interval.map(|every| (every, tell));
            QueueFile { path, tag: &self.settings.tag, sync }
        });
        let (queue, reader, report) =
            queue(self.capacity, self.overflow, place).map_err(|e| no_memory(self.capacity, e))?;
        let mut trouble = self.trouble();
        if let Some(report) = report {
            trouble.tell_at_start(&report);
        }
        let counters = Arc::new(Counters::default());
        let plan = Arc::clone(self);
        let heir = Box::new(move || muted(|| plan.start_in_child()));
        let pipeline = Arc::new(Pipeline::new(encoder, queue, Arc::clone(&counters), heir));
        let mut report = SelfReport::new(Arc::downgrade(&pipeline), self.statistics);
        let servers = Servers::new(self.servers.clone(), self.connect_timeout);
        let housekeeping = Box::new(move |is_urgent| report.housekeeping(is_urgent));
        let started = spawn(Shipper::new(
            reader,
            servers,
            trouble,
            counters,
            housekeeping,
            self.flush_timeout,
        ));
        flush_at_exit(Arc::downgrade(&pipeline.queue), self.flush_timeout);
        Ok((pipeline, started))
    }

    fn trouble(&self) -> ErrorReporter {
        ErrorReporter::new(&self.settings.tag, self.listener.clone())
    }
}

fn no_memory(capacity: usize, error: TryReserveError) -> Error {
    let what = format!("a queue (SYSLOG_QUEUE_CAPACITY) of {capacity} octets finds no memory");
    Error::because(what, error)
}
