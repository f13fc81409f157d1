//! Settings joined from program, environment and defaults: the only reader of the environment.

use std::{
    path::PathBuf,
    process,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{Builder, hostname, pipeline::PipelineConfig};
use crate::{
    ControlCharacters, Error, Facility, Format, Guard, Handle, Overflow,
    builder::env::{self as read, Environment, choose},
    capture::{Filter, panic},
    encode::redact::Redact,
    encode::time_zone::Zone,
    encode::{HOSTNAME, PROCID, Settings, check_field, check_tag},
    endpoint::{Endpoint, Framing, Scheme, parse_list},
    record::Severities,
    resend::ResendBuffer,
    transport::{Server, Timeouts},
};

impl Builder {
    /// Starts the shipper and returns a handle, whose layer and logger go wherever the program
    /// wants them.
    ///
    /// # Errors
    ///
    /// If the tag, a setting or a variable is invalid, or a file that is named cannot be read. A
    /// server that cannot be reached is not an error.
    pub fn build(self) -> Result<Handle, Error> {
        self.build_in(&variable).map(|(handle, _)| handle)
    }

    /// Starts the shipper for the whole program: installs the `tracing` subscriber, the `log`
    /// logger and the panic hook.
    ///
    /// The subscriber has no console layer, so nothing appears on the terminal; use
    /// [`build`](Builder::build) and [`Handle::layer`](crate::Handle::layer) to add one.
    ///
    /// # Errors
    ///
    /// As [`build`](Builder::build), and if a subscriber or logger is already installed.
    #[cfg(any(feature = "tracing", feature = "log"))]
    pub fn try_init(self) -> Result<Guard, Error> {
        #[cfg(feature = "tracing")]
        if tracing_core::dispatcher::has_been_set() {
            return Err(Error::new(TAKEN_TRACING));
        }
        let (handle, panic_hook) = self.build_in(&variable)?;
        #[cfg(feature = "log")]
        {
            let logger = handle.logger();
            let max_level = logger.max_level();
            log::set_boxed_logger(Box::new(logger)).map_err(|_| Error::new(TAKEN_LOG))?;
            log::set_max_level(max_level);
        }
        #[cfg(feature = "tracing")]
        {
            use tracing_subscriber::layer::SubscriberExt as _;
            let subscriber = tracing_subscriber::registry().with(handle.filtered_layer());
            tracing_core::dispatcher::set_global_default(subscriber.into())
                .map_err(|_| Error::new(TAKEN_TRACING))?;
        }
        if let Some(panic_backtrace) = panic_hook {
            panic::install_hook(Arc::downgrade(&handle.pipeline), panic_backtrace);
        }
        Ok(handle.guard())
    }

    /// As [`try_init`](Builder::try_init), for programs that cannot go on without.
    ///
    /// # Panics
    ///
    /// If `try_init` returns an error.
    #[cfg(any(feature = "tracing", feature = "log"))]
    pub fn init(self) -> Guard {
        match self.try_init() {
            Ok(guard) => guard,
            Err(error) => panic!("logging could not be set up: {error}"),
        }
    }

    /// The handle, and whether panics are recorded, with backtraces or without.
    fn build_in(self, environment: Environment<'_>) -> Result<(Handle, Option<bool>), Error> {
        check_tag(&self.tag)?;
        let env = environment;
        let mut endpoints = self.endpoints(env)?;
        let set = self.filter.as_deref().map(Filter::new).transpose()?;
        let default = Filter::new("info")?;
        let filter = Arc::new(choose(set, env, "RUST_LOG", Filter::new, || default)?);
        let seconds = |set, variable, default| {
            choose(set, env, variable, read::seconds, || Duration::from_secs(default))
        };
        let connect = seconds(self.connect_timeout, "SYSLOG_CONNECT_TIMEOUT", 5)?;
        let write = seconds(self.write_timeout, "SYSLOG_WRITE_TIMEOUT", 60)?;
        let user_timeout = seconds(self.user_timeout, "SYSLOG_USER_TIMEOUT", 20)?;
        let flush_timeout = seconds(self.flush_timeout, "SYSLOG_FLUSH_TIMEOUT", 5)?;
        let every = |text: &str| read::seconds(text).map(Some);
        let set = self.stats_interval.map(Some);
        let statistics = choose(set, env, "SYSLOG_STATS_INTERVAL", every, || None)?;
        let statistics = statistics.filter(|every| !every.is_zero());
        if let Some(every) = statistics.filter(|every| *every < SHORTEST_INTERVAL) {
            return Err(Error::new(format!(
                "statistics every {every:?} (SYSLOG_STATS_INTERVAL) won't do: the shortest interval is \
                 {SHORTEST_INTERVAL:?}, and 0 means none"
            )));
        }
        let panic_hook = choose(self.panic_hook, env, "SYSLOG_PANIC_HOOK", read::truth, || true)?;
        let backtrace = self.panic_backtrace;
        let backtrace = choose(backtrace, env, "SYSLOG_PANIC_BACKTRACE", read::truth, || false)?;
        let overflow =
            choose(self.overflow, env, "SYSLOG_OVERFLOW", str::parse, Overflow::default)?;
        let mut settings = self.settings(env, &endpoints)?;
        let is_local = matches!(settings.format, Format::Rfc3164 | Format::Rfc3164Local);
        let (zone, zone_report) =
            if is_local { Zone::new(env("TZ").as_deref()) } else { (Zone::utc(), None) };
        settings.zone = zone;
        let (capacity, queue_file, queue_sync_interval) =
            self.queue(env, settings.max_message_size)?;
        let octets = |text: &str| read::octets(text).map(|octets| Some(ResendBuffer::of(octets)));
        let tail = choose(
            self.resend_buffer.map(|t| Some(ResendBuffer::of(t))),
            env,
            "SYSLOG_RESEND_BUFFER",
            octets,
            || None,
        )?;
        for endpoint in &mut endpoints {
            endpoint.resend_buffer = endpoint.resend_buffer.or(tail);
            if endpoint.resend_buffer.is_some_and(|tail| tail.octets > capacity as u64 / 2) {
                return Err(Error::new(format!(
                    "{endpoint}: the resend buffer may take half of the queue, which holds {capacity} octets"
                )));
            }
        }
        let tls = self.tls.options(env)?;
        for endpoint in endpoints.iter_mut().filter(|endpoint| endpoint.scheme.is_tls()) {
            endpoint.tls.or(&tls);
        }
        let limits = Timeouts { connect, write, user_timeout };
        let servers = endpoints.into_iter().map(|endpoint| Server::new(endpoint, limits));
        let servers = servers.collect::<Result<Vec<_>, _>>()?;
        let warnings: Vec<String> = servers.iter().filter_map(Server::warning).collect();
        let plan = PipelineConfig {
            settings,
            capacity,
            overflow,
            queue_file,
            queue_sync_interval,
            servers: servers.into_iter().map(|server| Arc::new(server.into())).collect(),
            connect_timeout: connect,
            flush_timeout,
            statistics,
            listener: self.on_error,
        };
        let (pipeline, shipper) = plan.start(warnings.iter().chain(&zone_report))?;
        let shipper = Arc::new(Mutex::new(Some(shipper)));
        Ok((Handle { pipeline, filter, flush_timeout, shipper }, panic_hook.then_some(backtrace)))
    }

    /// What the encoder is told, without a variable.
    #[cfg(fuzzing)]
    pub(crate) fn settings_for_fuzzing(&self) -> Result<Settings, Error> {
        self.settings(&|_| None, &[])
    }

    fn endpoints(&self, env: Environment<'_>) -> Result<Vec<Endpoint>, Error> {
        match &self.servers {
            Some(urls) => parse_list(urls),
            None => choose(None, &servers_or_url(env), "SYSLOG_SERVERS", parse_list, Vec::new)
                .and_then(|endpoints| {
                    if endpoints.is_empty() { parse_list(DEFAULT_URL) } else { Ok(endpoints) }
                }),
        }
    }

    /// Octets of the queue, the file that it is in, and how often that goes to the disk.
    fn queue(
        &self,
        env: Environment<'_>,
        max_message_size: usize,
    ) -> Result<(usize, Option<PathBuf>, Option<Duration>), Error> {
        let capacity =
            choose(self.queue_capacity, env, "SYSLOG_QUEUE_CAPACITY", read::octets, || {
                DEFAULT_CAPACITY
            })?;
        let smallest = (FRAMES * max_message_size).max(SMALLEST_CAPACITY);
        if capacity < smallest {
            return Err(Error::new(format!(
                "a queue (SYSLOG_QUEUE_CAPACITY) of {capacity} octets is too small: it must \
                 hold 64 KiB and {FRAMES} frames, here {smallest} octets"
            )));
        }
        if capacity > LARGEST_CAPACITY {
            return Err(Error::new(format!(
                "a queue (SYSLOG_QUEUE_CAPACITY) of {capacity} octets is too large: it may be \
                 {LARGEST_CAPACITY} octets where there is so much memory"
            )));
        }
        let file = self.queue_file.clone().map(Some);
        let queue_file = choose(file, env, "SYSLOG_QUEUE_FILE", read::path, || None)?;
        if let Some(path) = queue_file.as_ref().filter(|path| !path.is_absolute()) {
            return Err(Error::new(format!(
                "{path:?} is no path for a queue file (SYSLOG_QUEUE_FILE): it must be absolute, \
                 since the next start may be in another folder"
            )));
        }
        let every = |text: &str| read::seconds(text).map(Some);
        let queue_sync_interval = choose(
            self.queue_sync_interval.map(Some),
            env,
            "SYSLOG_QUEUE_SYNC_INTERVAL",
            every,
            || None,
        )?;
        if let Some(every) = queue_sync_interval {
            if every < SHORTEST_SYNC || queue_file.is_none() {
                return Err(Error::new(format!(
                    "a queue file can't be synced (SYSLOG_QUEUE_SYNC_INTERVAL) every {every:?}: it must be \
                     10 ms at least, and there must be a queue file (SYSLOG_QUEUE_FILE)"
                )));
            }
        }
        Ok((capacity, queue_file, queue_sync_interval))
    }

    fn settings(&self, env: Environment<'_>, endpoints: &[Endpoint]) -> Result<Settings, Error> {
        let truth = |set, variable| choose(set, env, variable, read::truth, || false);
        let text = |set: &Option<String>, variable, default: fn() -> String| {
            choose(set.clone(), env, variable, read::plain_text, default)
        };
        let is_local = endpoints.first().is_some_and(|first| first.scheme == Scheme::Unix);
        let natural = || if is_local { Format::Rfc3164Local } else { Format::Rfc5424 };
        let max_message_size =
            choose(self.max_message_size, env, "SYSLOG_MAX_MESSAGE_SIZE", read::octets, || {
                DEFAULT_MAX_FRAME
            })?;
        let has_udp = endpoints.iter().any(|endpoint| endpoint.scheme == Scheme::Udp);
        if max_message_size < SMALLEST_FRAME || has_udp && max_message_size > LARGEST_DATAGRAM {
            return Err(Error::new(format!(
                "a longest frame (SYSLOG_MAX_MESSAGE_SIZE) of {max_message_size} octets won't do: it must \
                 be at least {SMALLEST_FRAME} (RFC 5424 section 6.1), and at most \
                 {LARGEST_DATAGRAM} over UDP"
            )));
        }
        let asked = choose(
            self.control_characters,
            env,
            "SYSLOG_CONTROL_CHARACTERS",
            read::control_characters,
            ControlCharacters::default,
        )?;
        let has_lf = endpoints.iter().any(|endpoint| endpoint.framing == Framing::Lf);
        let hostname = text(&self.hostname, "SYSLOG_HOSTNAME", String::new)?;
        check_field("host name (SYSLOG_HOSTNAME)", &hostname, HOSTNAME)?;
        let procid = text(&self.procid, "SYSLOG_PROCID", || process::id().to_string())?;
        check_field("process id (SYSLOG_PROCID)", &procid, PROCID)?;
        let format = match one_format(endpoints)? {
            Some(format) => format,
            None => choose(self.format, env, "SYSLOG_FORMAT", str::parse, natural)?,
        };
        Ok(Settings {
            format,
            facility: choose(self.facility, env, "SYSLOG_FACILITY", str::parse, Facility::default)?,
            severities: choose(
                self.level_map,
                env,
                "SYSLOG_LEVEL_MAP",
                read::severities,
                Severities::default,
            )?,
            tag: self.tag.clone(),
            hostname: if hostname.is_empty() { hostname::detect() } else { hostname },
            procid,
            enterprise_number: choose(
                self.enterprise_number,
                env,
                "SYSLOG_ENTERPRISE_NUMBER",
                read::number,
                || DOCUMENTATION_NUMBER,
            )?,
            // A line end counts as an octet: imptcp takes a full line for one too long.
            max_message_size: if has_lf { max_message_size - 1 } else { max_message_size },
            // A line end in a message would end its frame (RFC 6587 section 3.4.2).
            controls: if has_lf { ControlCharacters::Escape } else { asked },
            source_location: truth(self.source_location, "SYSLOG_SOURCE_LOCATION")?,
            thread_name: truth(self.thread_name, "SYSLOG_THREAD_NAME")?,
            origin: truth(self.origin, "SYSLOG_ORIGIN")?,
            sequence_id: truth(self.sequence_id, "SYSLOG_SEQUENCE_ID")?,
            time_quality: choose(
                self.time_quality,
                env,
                "SYSLOG_TIME_QUALITY",
                read::time_quality,
                || None,
            )?,
            bom: truth(self.bom, "SYSLOG_BOM")?,
            redact: choose(
                self.redact.as_deref().map(str::parse).transpose()?,
                env,
                "SYSLOG_REDACT",
                str::parse,
                Redact::default,
            )?,
            text_fields: self.text_fields_of(env, endpoints, format)?,
            zone: Zone::utc(),
        })
    }
}

/// The format that URLs ask for: records wait as they will be sent, whichever server gets them.
/// `SYSLOG_URL` is what other clients call it, and stands in for `SYSLOG_SERVERS`.
fn servers_or_url(env: Environment<'_>) -> impl Fn(&str) -> Option<String> + '_ {
    move |name| {
        let set = |name: &str| env(name).filter(|text| !text.is_empty());
        set(name).or_else(|| (name == "SYSLOG_SERVERS").then(|| set("SYSLOG_SERVERS")).flatten())
    }
}

fn one_format(endpoints: &[Endpoint]) -> Result<Option<Format>, Error> {
    let mut asked = endpoints.iter().filter(|endpoint| endpoint.format.is_some());
    let Some(first) = asked.next() else { return Ok(None) };
    match asked.find(|other| other.format != first.format) {
        Some(other) => Err(Error::new(format!(
            "{first} and {other} are asked for in different formats: records are written once, \
             before it is known which server gets them"
        ))),
        None => Ok(first.format),
    }
}

/// What isn't UTF-8 is kept, as well as that goes, to be quoted where it is refused.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|text| text.to_string_lossy().into_owned())
}

const DEFAULT_URL: &str = "tcp://localhost:514";
const DEFAULT_CAPACITY: usize = 8 << 20;
const SHORTEST_SYNC: Duration = Duration::from_millis(10);
const SMALLEST_CAPACITY: usize = 64 << 10;
/// Sums with it can't overflow.
const LARGEST_CAPACITY: usize = isize::MAX as usize / 2;
/// Frames that the queue must hold: what it can't use at its end is less than one.
const FRAMES: usize = 8;
const DEFAULT_MAX_FRAME: usize = 8096;
const SMALLEST_FRAME: usize = 480;
const LARGEST_DATAGRAM: usize = 65_507;
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// Reserved for documentation (RFC 5612); it does no harm, and no other is ours to give.
const DOCUMENTATION_NUMBER: u32 = 32_473;
#[cfg(feature = "tracing")]
const TAKEN_TRACING: &str = "a global tracing subscriber is installed already: there can be only \
                             one, so add Handle::layer to it instead";
#[cfg(feature = "log")]
const TAKEN_LOG: &str = "a logger of the log crate is installed already: there can be only one, \
                         so build a Handle and use Handle::layer or Handle::logger";
