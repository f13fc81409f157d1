//! Settings joined from program, environment and defaults: the only reader of the environment.

use std::{
    ffi::OsString,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{Builder, console::Console, filter_file, pipeline::PipelineConfig, variables};
use crate::{
    Error, Format, Handle, Overflow,
    builder::env::{self as read, Environment, choose, value_of},
    builder::url::{ServerUrl, parse_list},
    capture::{Filter, LiveFilter},
    encode::check_tag,
    encode::time_zone::Zone,
    resend::ResendBuffer,
    transport::endpoint::Endpoint,
    transport::{Server, Timeouts},
    units,
};

/// Everything needed to start, read and checked.
pub(super) struct Plan {
    pub(super) config: PipelineConfig,
    filter: Filter,
    pub(super) filter_file: Option<PathBuf>,
    /// Warnings, to be reported at the start.
    pub(super) reports: Vec<String>,
    /// Whether panics are recorded.
    pub(super) panic_hook: bool,
    panic_backtrace: bool,
    pub(super) console: Option<Console>,
}

impl Builder {
    /// Starts the shipper and returns a handle, whose layer and logger go wherever the program
    /// wants them.
    ///
    /// # Errors
    ///
    /// If the tag, a setting or a variable is invalid, or a configured file cannot be read. An
    /// unreachable server is not an error.
    pub fn build(self) -> Result<Handle, Error> {
        self.plan(&variable)?.start()
    }

    pub(super) fn plan(&self, env: Environment<'_>) -> Result<Plan, Error> {
        check_tag(&self.tag)?;
        let mut reports: Vec<String> = env_names().filter_map(|n| variables::unknown(&n)).collect();
        let servers = self.server_urls(env)?;
        let (filter, odd) = self.read_filter(env)?;
        reports.extend(odd);
        let filter_file = self.filter_file_of(env)?;
        let console = self.console_of(env, &mut reports)?;
        let timeouts = self.timeouts(env)?;
        let flush_timeout =
            choose(self.flush_timeout, env, "SYSLOG_FLUSH_TIMEOUT", units::duration, || {
                DEFAULT_FLUSH
            })?;
        let set = self.stats_interval;
        let statistics =
            read::interval(set, env, "SYSLOG_STATS_INTERVAL", None, SHORTEST_INTERVAL)?;
        let panic_hook = choose(self.panic_hook, env, "SYSLOG_PANIC_HOOK", read::truth, || true)?;
        let backtrace = self.panic_backtrace;
        let backtrace = choose(backtrace, env, "SYSLOG_PANIC_BACKTRACE", read::truth, || false)?;
        let overflow =
            choose(self.overflow, env, "SYSLOG_OVERFLOW", str::parse, Overflow::default)?;
        let mut settings = self.settings(env, &servers)?;
        if matches!(settings.format, Format::Rfc3164 | Format::Rfc3164Local) {
            let tz = env("TZ").map(|tz| tz.to_string_lossy().into_owned());
            let (zone, report) = Zone::new(tz.as_deref());
            settings.zone = zone;
            reports.extend(report);
        }
        let mut endpoints: Vec<_> = servers.into_iter().map(|server| server.endpoint).collect();
        reports.extend(self.without_effect(env, &endpoints, &settings)?);
        let (capacity, queue_file, queue_sync_interval) =
            self.queue(env, settings.max_message_size)?;
        self.fill(&mut endpoints, env, capacity)?;
        let connect_timeout = timeouts.connect;
        let servers = endpoints.into_iter().map(|endpoint| Server::new(endpoint, timeouts));
        let servers = servers.collect::<Result<Vec<_>, _>>()?;
        reports.extend(servers.iter().filter_map(Server::warning));
        let config = PipelineConfig {
            settings,
            capacity,
            overflow,
            queue_file,
            queue_sync_interval,
            servers: servers.into_iter().map(|server| Arc::new(server.into())).collect(),
            connect_timeout,
            flush_timeout,
            statistics,
            callbacks: self.callbacks.clone(),
        };
        Ok(Plan {
            config,
            filter,
            filter_file,
            reports,
            panic_hook,
            panic_backtrace: backtrace,
            console,
        })
    }

    pub(super) fn server_urls(&self, env: Environment<'_>) -> Result<Vec<ServerUrl>, Error> {
        if let Some(urls) = &self.servers {
            return parse_list(urls.as_str());
        }
        // The name of this variable in other clients.
        let names = ["SYSLOG_SERVERS", "SYSLOG_URL"];
        let variable = names.into_iter().find(|name| value_of(env, name).is_some());
        choose(None, env, variable.unwrap_or(names[0]), parse_list, Vec::new).and_then(|servers| {
            if servers.is_empty() { parse_list(DEFAULT_URL) } else { Ok(servers) }
        })
    }

    fn read_filter(&self, env: Environment<'_>) -> Result<(Filter, Vec<String>), Error> {
        match &self.filter {
            Some(directives) => Filter::new(directives),
            None => {
                let directives = value_of(env, "RUST_LOG").unwrap_or_default();
                Ok(Filter::of_environment(&directives.to_string_lossy()))
            }
        }
    }

    fn timeouts(&self, env: Environment<'_>) -> Result<Timeouts, Error> {
        let timeout = |set, variable, default| {
            let chosen = choose(set, env, variable, units::duration, || default)?;
            match chosen.is_zero() {
                false => Ok(chosen),
                true => Err(Error::new(format!(
                    "invalid timeout 0 ({variable}): expected more, such as {default:?}"
                ))),
            }
        };
        let user_timeout = choose(
            self.user_timeout,
            env,
            "SYSLOG_USER_TIMEOUT",
            units::optional_duration,
            || Some(DEFAULT_USER_TIMEOUT),
        )?;
        Ok(Timeouts {
            connect: timeout(self.connect_timeout, "SYSLOG_CONNECT_TIMEOUT", DEFAULT_CONNECT)?,
            write: timeout(self.write_timeout, "SYSLOG_WRITE_TIMEOUT", DEFAULT_WRITE)?,
            user_timeout: user_timeout.unwrap_or_default(),
        })
    }

    /// Applies the settings to servers whose URLs do not override them.
    fn fill(
        &self,
        endpoints: &mut [Endpoint],
        env: Environment<'_>,
        capacity: usize,
    ) -> Result<(), Error> {
        let set = self.resend_buffer.map(Some);
        let resend_buffer =
            choose(set, env, "SYSLOG_RESEND_BUFFER", |text| units::bytes(text).map(Some), || None)?;
        let tls = self.tls.options(env)?;
        for endpoint in endpoints {
            let general = resend_buffer.map(ResendBuffer::of);
            endpoint.resend_buffer = endpoint.resend_buffer.or(general);
            let bytes = endpoint.resend_buffer.map_or(0, |buffer| buffer.bytes);
            if bytes > capacity as u64 / 2 {
                return Err(Error::new(format!(
                    "invalid resend buffer of {bytes} bytes for {endpoint}: expected at most half \
                     of the queue's {capacity} bytes"
                )));
            }
            if endpoint.info().is_tls {
                endpoint.tls.or(&tls);
            }
        }
        Ok(())
    }
}

impl Plan {
    pub(super) fn start(self) -> Result<Handle, Error> {
        let flush_timeout = self.config.flush_timeout;
        let report = self.config.report();
        let (pipeline, shipper) = self.config.start(self.reports.iter())?;
        let shipper = Arc::new(Mutex::new(Some(shipper)));
        let filter = Arc::new(LiveFilter::new(self.filter));
        if let Some(path) = self.filter_file {
            let (pipeline, filter) = (Arc::downgrade(&pipeline), Arc::clone(&filter));
            filter_file::watch(path, pipeline, filter, Arc::clone(&report))?;
        }
        let panic_backtrace = self.panic_backtrace;
        Ok(Handle {
            pipeline,
            filter,
            report,
            panic_backtrace,
            #[cfg(feature = "metrics")]
            ages: Arc::default(),
            flush_timeout,
            shipper,
        })
    }
}

pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn env_names() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

const DEFAULT_URL: &str = "tcp://localhost:514";
const DEFAULT_CONNECT: Duration = Duration::from_secs(5);
const DEFAULT_WRITE: Duration = Duration::from_secs(60);
const DEFAULT_USER_TIMEOUT: Duration = Duration::from_secs(20);
const DEFAULT_FLUSH: Duration = Duration::from_secs(5);
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
