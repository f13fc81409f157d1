//! The builder: all settings, with their variables and defaults.

mod check;
mod config;
mod console;
#[cfg(feature = "serde")]
mod deserialize;
pub(crate) mod env;
mod fields;
mod filter_file;
mod hostname;
#[cfg(any(feature = "tracing", feature = "log"))]
mod install;
mod panics;
mod pipeline;
mod queue;
mod record;
mod server_list;
mod settings;
mod srv_name;
mod text_fields;
mod tls;
pub(crate) mod url;
mod variables;
mod without_effect;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

pub(crate) use self::filter_file::Report;
pub use self::{check::ServerCheck, server_list::ServerList};
use crate::{
    ControlCharacters, Event, Facility, Format, Overflow, ShipError, TextFields, TimeQuality,
    builder::url::without_secrets, facility::Facilities, record::Severities, ship::Callbacks,
};

/// All settings of a shipper; start with [`builder`](crate::builder).
///
/// What the program sets comes before the environment, and that before the default:
///
/// | setting | variable | default |
/// |---|---|---|
/// | [`servers`](Builder::servers) | `SYSLOG_SERVERS` (or `SYSLOG_URL`) | `tcp://localhost:514` |
/// | [`filter`](Builder::filter) | `RUST_LOG` | `info` |
/// | [`filter_file`](Builder::filter_file) | `SYSLOG_FILTER_FILE`, a path | none |
/// | `console`, with the feature `console` | `SYSLOG_CONSOLE`, a filter | none |
/// | [`facility`](Builder::facility), [`facility_for`](Builder::facility_for) | `SYSLOG_FACILITY`, by target as in `user,audit=authpriv` | `user` |
/// | [`field`](Builder::field) | `SYSLOG_FIELDS`, as in `env=prod,version=1.2.3` | none |
/// | [`format`](Builder::format) | `?format=` in the URL, `SYSLOG_FORMAT`: `rfc5424`, `cee`, `ecs`, `rfc3164`, `rfc3164-local` | `rfc5424`; `rfc3164-local` for a `unix://` socket |
/// | [`map_level`](Builder::map_level) | `SYSLOG_LEVEL_MAP`, as in `info=notice,trace=debug` | `error=err,warn=warning,info=info,debug=debug,trace=debug` |
/// | [`hostname`](Builder::hostname) | `SYSLOG_HOSTNAME` | the fully qualified name, else the host name, else an address |
/// | [`procid`](Builder::procid) | `SYSLOG_PROCID` | the process id |
/// | [`enterprise_number`](Builder::enterprise_number) | `SYSLOG_ENTERPRISE_NUMBER` | 32473 |
/// | [`queue_capacity`](Builder::queue_capacity) | `SYSLOG_QUEUE_CAPACITY`, bytes, or as in `64M` | 8 MiB |
/// | [`queue_file`](Builder::queue_file) | `SYSLOG_QUEUE_FILE`, an absolute path | none: in memory |
/// | [`queue_sync_interval`](Builder::queue_sync_interval) | `SYSLOG_QUEUE_SYNC_INTERVAL`, as in `5` or `500ms` | never |
/// | [`overflow`](Builder::overflow) | `SYSLOG_OVERFLOW`: `drop-least-severe`, `drop-newest`, `block:100ms` | `drop-least-severe` |
/// | [`max_message_size`](Builder::max_message_size) | `SYSLOG_MAX_MESSAGE_SIZE`, bytes | 8,096 |
/// | [`control_characters`](Builder::control_characters) | `SYSLOG_CONTROL_CHARACTERS`: `escape`, `keep` | `escape` |
/// | [`redact`](Builder::redact) | `SYSLOG_REDACT`: `none`, `default`, or names as in `default,iban` | `none` |
/// | [`text_fields`](Builder::text_fields) | `SYSLOG_TEXT_FIELDS`: `none`, `fields`, `all` | `none`; `all` with RFC 3164 |
/// | [`source_location`](Builder::source_location) | `SYSLOG_SOURCE_LOCATION` | off |
/// | [`thread_name`](Builder::thread_name) | `SYSLOG_THREAD_NAME` | off |
/// | [`origin`](Builder::origin) | `SYSLOG_ORIGIN` | off |
/// | [`sequence_id`](Builder::sequence_id) | `SYSLOG_SEQUENCE_ID` | off |
/// | [`time_quality`](Builder::time_quality) | `SYSLOG_TIME_QUALITY`: `none`, `unsynced`, `synced`, `synced:50` | none |
/// | [`bom`](Builder::bom) | `SYSLOG_BOM` | off |
/// | [`burst`](Builder::burst) | `SYSLOG_BURST`: `none`, or records of a callsite in a time, as in `100/1s` | none |
/// | [`panic_hook`](Builder::panic_hook) | `SYSLOG_PANIC_HOOK` | on |
/// | [`panic_backtrace`](Builder::panic_backtrace) | `SYSLOG_PANIC_BACKTRACE` | off |
/// | [`resend_buffer`](Builder::resend_buffer) | `SYSLOG_RESEND_BUFFER`, bytes, or as in `1M` | adapts, up to 1 MiB |
/// | [`tls_ca_file`](Builder::tls_ca_file) | `SYSLOG_TLS_CA_FILE`, a path | the system's authorities |
/// | [`tls_identity`](Builder::tls_identity) | `SYSLOG_TLS_CERT_FILE` and `SYSLOG_TLS_KEY_FILE`, paths | none |
/// | [`tls_fingerprint`](Builder::tls_fingerprint) | `SYSLOG_TLS_FINGERPRINT`, separated by blanks, commas or `;` | none |
/// | [`tls_server_name`](Builder::tls_server_name) | `SYSLOG_TLS_SERVER_NAME` | the host in the URL |
/// | [`tls_min_version`](Builder::tls_min_version) | `SYSLOG_TLS_MIN_VERSION`: `1.2`, `1.3` | `1.2` |
/// | [`tls_backend`](Builder::tls_backend) | `SYSLOG_TLS_BACKEND`: `native-tls`, `rustls` | `native-tls`, if it is built in |
/// | [`connect_timeout`](Builder::connect_timeout) | `SYSLOG_CONNECT_TIMEOUT`, as in `5` or `500ms` | 5 s |
/// | [`write_timeout`](Builder::write_timeout) | `SYSLOG_WRITE_TIMEOUT`, as in `5` or `500ms` | 60 s |
/// | [`user_timeout`](Builder::user_timeout) | `SYSLOG_USER_TIMEOUT`, as in `5` or `500ms` | 20 s |
/// | [`flush_timeout`](Builder::flush_timeout) | `SYSLOG_FLUSH_TIMEOUT`, as in `5` or `500ms` | 5 s |
/// | [`stats_interval`](Builder::stats_interval) | `SYSLOG_STATS_INTERVAL`, as in `5` or `500ms` | none |
/// | [`on_error`](Builder::on_error) | | a line on standard error, once a minute |
/// | [`on_event`](Builder::on_event) | | |
///
/// An empty variable counts as unset, and white space around a value does not count. Durations are
/// seconds or have a unit (`500ms`, `5s`, `2m`), sizes are bytes or powers of 1024 (`64k`, `64M`,
/// `64MiB`). What has no effect, an unknown `SYSLOG_` variable for example, is reported at the start
/// as [`on_error`](Builder::on_error) says.
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    tag: String,
    servers: Option<ServerList>,
    filter: Option<String>,
    filter_file: Option<PathBuf>,
    console: Option<String>,
    facility: Option<Facility>,
    facilities: Facilities,
    fields: Vec<(String, String)>,
    format: Option<Format>,
    level_map: Option<Severities>,
    hostname: Option<String>,
    procid: Option<String>,
    enterprise_number: Option<u32>,
    queue_capacity: Option<usize>,
    queue_file: Option<PathBuf>,
    queue_sync_interval: Option<Option<Duration>>,
    overflow: Option<Overflow>,
    max_message_size: Option<usize>,
    control_characters: Option<ControlCharacters>,
    redact: Option<String>,
    text_fields: Option<TextFields>,
    source_location: Option<bool>,
    thread_name: Option<bool>,
    origin: Option<bool>,
    sequence_id: Option<bool>,
    time_quality: Option<Option<TimeQuality>>,
    bom: Option<bool>,
    burst: Option<(u32, Duration)>,
    panic_hook: Option<bool>,
    panic_backtrace: Option<bool>,
    resend_buffer: Option<usize>,
    connect_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    user_timeout: Option<Option<Duration>>,
    flush_timeout: Option<Duration>,
    stats_interval: Option<Option<Duration>>,
    callbacks: Callbacks,
    tls: tls::Tls,
}

impl Builder {
    /// Starts with the tag, the APP-NAME of all records; all else has its default.
    ///
    /// ```
    /// let builder = logship::Builder::new("app-tag").filter("info,my_crate=debug");
    /// let syslog = builder.servers(["udp://127.0.0.1:514", "udp://127.0.0.1:1514"]).build()?;
    /// # Ok::<(), logship::Error>(())
    /// ```
    pub fn new(tag: impl Into<String>) -> Self {
        Builder {
            tag: tag.into(),
            servers: None,
            filter: None,
            filter_file: None,
            console: None,
            facility: None,
            facilities: Facilities::default(),
            fields: Vec::new(),
            format: None,
            level_map: None,
            hostname: None,
            procid: None,
            enterprise_number: None,
            queue_capacity: None,
            queue_file: None,
            queue_sync_interval: None,
            overflow: None,
            max_message_size: None,
            control_characters: None,
            redact: None,
            text_fields: None,
            source_location: None,
            thread_name: None,
            origin: None,
            sequence_id: None,
            time_quality: None,
            bom: None,
            burst: None,
            panic_hook: None,
            panic_backtrace: None,
            resend_buffer: None,
            connect_timeout: None,
            write_timeout: None,
            user_timeout: None,
            flush_timeout: None,
            stats_interval: None,
            callbacks: Callbacks::default(),
            tls: tls::Tls::default(),
        }
    }

    /// Sets the servers, a list or separated by commas, in order of preference.
    ///
    /// The first that answers is used, and a preferred one again once it is back. One that stalls,
    /// or whose connections end early, comes last for a while. A name is resolved on every connect.
    ///
    /// | URL | default port | |
    /// |---|---|---|
    /// | `udp://host` | 514 | one record in each datagram |
    /// | `tcp://host` | 514 | octet counting; `framing=lf` for servers that do not know it |
    /// | `tls://host` | 6514 | RFC 5425 |
    /// | `relp://host`, `relp+tls://host` | 2514 | the server answers for each record |
    /// | `unix:///dev/log` | | a local server |
    /// | `srv://_syslog-tls._tcp.example.com` | | the servers of a domain's SRV records; needs the feature `dns-srv` |
    ///
    /// Options follow a `?` and are separated by `&`. They apply to one server and come before the
    /// setting of the same purpose: `format` and `text_fields` (the same for all servers),
    /// `resend_buffer` (TCP, TLS, Unix), `framing` (TCP, Unix: `octet-counting` or `lf`),
    /// `nameserver` (an address; needs the feature `dns-srv`), and with TLS `ca_file`, `cert_file`,
    /// `key_file`, `fingerprint`, `server_name`, `min_version`, `tls_backend` and
    /// `danger_accept_invalid_certs=true`.
    ///
    /// Defaults to `tcp://localhost:514`.
    pub fn servers(mut self, servers: impl Into<ServerList>) -> Self {
        self.servers = Some(servers.into());
        self
    }

    /// Sets which levels of which targets are shipped, as in `info,my_crate=debug`.
    ///
    /// Change it to ship more or less than the console shows. It applies to everything that this
    /// crate captures: [`init`](Builder::init), [`Handle::logger`](crate::Handle::logger) and
    /// [`Handle::layer`](crate::Handle::layer). A word that is no level is a target; a `-` in it stands
    /// for `_`, too. An invalid directive is an error here; in `RUST_LOG` it is reported and ignored.
    ///
    /// The filter decides by level and target, once for each callsite. It has no directives for spans
    /// and fields: those would be decided on every call, and mean nothing to a `log` record. If you
    /// need them, put an `EnvFilter` around [`Handle::unfiltered_layer`](crate::Handle::unfiltered_layer).
    /// [`Handle::set_filter`](crate::Handle::set_filter) replaces the filter while the program runs.
    ///
    /// Defaults to `RUST_LOG`, else `info`.
    pub fn filter(mut self, levels: impl Into<String>) -> Self {
        self.filter = Some(levels.into());
        self
    }

    /// Sets how many bytes of acknowledged messages are kept and sent again after a break (TCP,
    /// TLS, Unix streams); at most half of the queue, 0 keeps none.
    ///
    /// Raise it to what a server has unread when it dies: its kernel buffers up to the third number
    /// of `net.ipv4.tcp_rmem` for a connection, and rsyslog's imtcp reads 128 KiB at once. Each
    /// break makes as many duplicates; 0 keeps nothing, and trusts the acknowledgement. RELP does not
    /// need it. The URL option is `resend_buffer`.
    ///
    /// Defaults to what was acknowledged within the last seconds, at most 1 MiB and an eighth of
    /// the queue.
    pub fn resend_buffer(mut self, bytes: usize) -> Self {
        self.resend_buffer = Some(bytes);
        self
    }

    /// Sets how long each step of a connect may take: resolving the name, connecting to an address,
    /// the TLS handshake.
    ///
    /// Defaults to 5 s.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = Some(connect_timeout);
        self
    }

    /// Sets how long a server may stall before the connection is given up: it acknowledges but
    /// reads nothing, or answers no RELP transaction, or the system has no room for a datagram.
    ///
    /// Keep it long: the stalled server's kernel may hold records that it will still read.
    ///
    /// Defaults to 60 s.
    pub fn write_timeout(mut self, write_timeout: Duration) -> Self {
        self.write_timeout = Some(write_timeout);
        self
    }

    /// Sets how long a server may be silent before the connection is given up: not even an
    /// acknowledgement comes, because the network swallows everything or the machine is gone.
    ///
    /// This is the user timeout of RFC 5482, with TCP keepalive while there is nothing to send.
    /// Values below 1 s make no sense; zero leaves it to the system, which takes a quarter of an
    /// hour. Outside of Linux a silent server is noticed only while there is nothing to send.
    ///
    /// Defaults to 20 s.
    pub fn user_timeout(mut self, user_timeout: impl Into<Option<Duration>>) -> Self {
        self.user_timeout = Some(user_timeout.into());
        self
    }

    /// Sets how long the end of the process, a dropped [`Guard`](crate::Guard) and
    /// `log::Log::flush` may wait.
    ///
    /// Keep it below the time between SIGTERM and SIGKILL: 10 s with Docker, 30 s with Kubernetes.
    ///
    /// Defaults to 5 s.
    pub fn flush_timeout(mut self, flush_timeout: Duration) -> Self {
        self.flush_timeout = Some(flush_timeout);
        self
    }

    /// Sets how often the crate ships a record of its own counters; at least 1 s, zero turns it
    /// off.
    ///
    /// The record has severity INFORMATIONAL, the MSGID `logship::statistics`, and the names of
    /// [`Stats`](crate::Stats) as fields, with what was dropped by reason and by severity. It is
    /// shipped while a server is connected.
    ///
    /// ```text
    /// [fields@32473 captured="120000" delivered="119400" dropped="100" pending="500"
    ///  queue_bytes="118000" resent="0" reconnects="1" recovered="0" corrupted="0" truncated="0"
    ///  omitted_fields="0" format_panics="0" dropped_queue_full="100" dropped_debug="100"]
    /// logship: 120000 captured = 119400 delivered + 100 dropped + 500 pending
    /// ```
    ///
    /// Defaults to off.
    pub fn stats_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.stats_interval = Some(interval.into());
        self
    }

    /// Sets a function that is called with each error of shipping, such as a server that cannot be
    /// reached.
    ///
    /// Use it to pass errors to the program's own monitoring, by [`kind`](ShipError::kind); nothing is
    /// written to standard error then. It runs on the shipper's thread, which ships nothing meanwhile,
    /// and at the end of the process on another one, for a second at most. What it logs is not
    /// captured. It may do anything, also end the process; a flush in it returns at once.
    ///
    /// Defaults to a line on standard error, once a minute at most.
    pub fn on_error(mut self, callback: impl Fn(&ShipError) + Send + Sync + 'static) -> Self {
        self.callbacks.on_error = Some(Arc::new(callback));
        self
    }

    /// Sets a function that is called with each event of shipping: connects, losses and recoveries
    /// as well as errors.
    ///
    /// Use it for alerts that end when the problem does. It runs on the shipper's thread, as
    /// [`on_error`](Builder::on_error) does, and leaves standard error as it is.
    ///
    /// Defaults to nothing.
    pub fn on_event(mut self, callback: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.callbacks.on_event = Some(Arc::new(callback));
        self
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("tag", &self.tag)
            .field("url", &self.servers.as_ref().map(|servers| without_secrets(servers.as_str())))
            .finish_non_exhaustive()
    }
}
