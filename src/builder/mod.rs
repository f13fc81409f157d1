//! The builder: all settings, with their variables and defaults.

mod config;
pub(crate) mod env;
mod hostname;
mod pipeline;
mod queue;
mod text_fields;
mod tls;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use crate::{
    ControlCharacters, Facility, Format, Level, Overflow, Severity, TextFields, TimeQuality,
    endpoint::without_secrets, record::Severities, ship::ErrorCallback,
};

/// Sets up logging, setting by setting. Start with [`builder`](crate::builder).
///
/// What the program sets comes first, then the environment, then the default:
///
/// | setting | variable | default |
/// |---|---|---|
/// | [`servers`](Builder::servers) | `SYSLOG_URL` | `tcp://localhost:514` |
/// | [`filter`](Builder::filter) | `RUST_LOG` | `info` |
/// | [`facility`](Builder::facility) | `SYSLOG_FACILITY` | `user` |
/// | [`format`](Builder::format) | `?format=` in the URL, `SYSLOG_FORMAT`: `rfc5424`, `cee`, `ecs`, `rfc3164`, `rfc3164-local` | `rfc5424`; `rfc3164-local` for a `unix://` socket |
/// | [`map_level`](Builder::map_level) | `SYSLOG_LEVEL_MAP`, as in `info=notice,trace=debug` | `error=err,warn=warning,info=info,debug=debug,trace=debug` |
/// | [`hostname`](Builder::hostname) | `SYSLOG_HOSTNAME` | the fully qualified name, else the host name, else an address |
/// | [`procid`](Builder::procid) | `SYSLOG_PROCID` | the process id |
/// | [`enterprise_number`](Builder::enterprise_number) | `SYSLOG_ENTERPRISE_NUMBER` | 32473 |
/// | [`queue_capacity`](Builder::queue_capacity) | `SYSLOG_QUEUE_CAPACITY`, octets, or as in `64M` | 8 MiB |
/// | [`queue_file`](Builder::queue_file) | `SYSLOG_QUEUE_FILE`, an absolute path | none: in memory |
/// | [`queue_sync_interval`](Builder::queue_sync_interval) | `SYSLOG_QUEUE_SYNC_INTERVAL`, seconds | never |
/// | [`overflow`](Builder::overflow) | `SYSLOG_OVERFLOW`: `shed`, `newest`, `block:100ms` | `shed` |
/// | [`max_message_size`](Builder::max_message_size) | `SYSLOG_MAX_MESSAGE_SIZE`, octets | 8,096 |
/// | [`control_characters`](Builder::control_characters) | `SYSLOG_CONTROL_CHARACTERS`: `escape`, `keep` | `escape` |
/// | [`redact`](Builder::redact) | `SYSLOG_REDACT`: `none`, `default`, or names as in `default,iban` | `none` |
/// | [`text_fields`](Builder::text_fields) | `SYSLOG_TEXT_FIELDS`: `none`, `fields`, `all` | `none`; `all` with RFC 3164 |
/// | [`source_location`](Builder::source_location) | `SYSLOG_SOURCE_LOCATION` | off |
/// | [`thread_name`](Builder::thread_name) | `SYSLOG_THREAD_NAME` | off |
/// | [`origin`](Builder::origin) | `SYSLOG_ORIGIN` | off |
/// | [`sequence_id`](Builder::sequence_id) | `SYSLOG_SEQUENCE_ID` | off |
/// | [`time_quality`](Builder::time_quality) | `SYSLOG_TIME_QUALITY`: `none`, `unsynced`, `synced`, `synced:50` | none |
/// | [`bom`](Builder::bom) | `SYSLOG_BOM` | off |
/// | [`panic_hook`](Builder::panic_hook) | `SYSLOG_PANIC_HOOK` | on |
/// | [`panic_backtrace`](Builder::panic_backtrace) | `SYSLOG_PANIC_BACKTRACE` | off |
/// | [`resend_buffer`](Builder::resend_buffer) | `SYSLOG_RESEND_BUFFER`, octets, or as in `1M` | adapts, up to 1 MiB |
/// | [`tls_ca_file`](Builder::tls_ca_file) | `SYSLOG_TLS_CA_FILE`, a path | the system's authorities |
/// | [`tls_identity`](Builder::tls_identity) | `SYSLOG_TLS_CERT_FILE` and `SYSLOG_TLS_KEY_FILE`, paths | none |
/// | [`tls_fingerprint`](Builder::tls_fingerprint) | `SYSLOG_TLS_FINGERPRINT`, separated by blanks | none |
/// | [`tls_server_name`](Builder::tls_server_name) | `SYSLOG_TLS_SERVER_NAME` | the host in the URL |
/// | [`tls_min_version`](Builder::tls_min_version) | `SYSLOG_TLS_MIN_VERSION`: `1.2`, `1.3` | `1.2` |
/// | [`tls_backend`](Builder::tls_backend) | `SYSLOG_TLS_BACKEND`: `system`, `rustls` | `system`, where it is built in |
/// | [`connect_timeout`](Builder::connect_timeout) | `SYSLOG_CONNECT_TIMEOUT`, seconds | 5 s |
/// | [`write_timeout`](Builder::write_timeout) | `SYSLOG_WRITE_TIMEOUT`, seconds | 60 s |
/// | [`user_timeout`](Builder::user_timeout) | `SYSLOG_USER_TIMEOUT`, seconds | 20 s |
/// | [`flush_timeout`](Builder::flush_timeout) | `SYSLOG_FLUSH_TIMEOUT`, seconds | 5 s |
/// | [`stats_interval`](Builder::stats_interval) | `SYSLOG_STATS_INTERVAL`, seconds | none |
/// | [`on_error`](Builder::on_error) | | a line on standard error, once a minute |
///
/// A variable that is empty counts as not set.
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    tag: String,
    servers: Option<String>,
    filter: Option<String>,
    facility: Option<Facility>,
    format: Option<Format>,
    level_map: Option<Severities>,
    hostname: Option<String>,
    procid: Option<String>,
    enterprise_number: Option<u32>,
    queue_capacity: Option<usize>,
    queue_file: Option<PathBuf>,
    queue_sync_interval: Option<Duration>,
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
    panic_hook: Option<bool>,
    panic_backtrace: Option<bool>,
    resend_buffer: Option<usize>,
    connect_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    user_timeout: Option<Duration>,
    flush_timeout: Option<Duration>,
    stats_interval: Option<Duration>,
    on_error: Option<ErrorCallback>,
    tls: tls::Tls,
}

impl Builder {
    pub(crate) fn new(tag: String) -> Self {
        Builder {
            tag,
            servers: None,
            filter: None,
            facility: None,
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
            panic_hook: None,
            panic_backtrace: None,
            resend_buffer: None,
            connect_timeout: None,
            write_timeout: None,
            user_timeout: None,
            flush_timeout: None,
            stats_interval: None,
            on_error: None,
            tls: tls::Tls::default(),
        }
    }

    /// The server, or several separated by commas in the order of preference: the first that
    /// answers is used, and a preferred one again once it is back. One that
    /// [stalled](Builder::write_timeout) comes last for five minutes.
    ///
    /// `udp://host:514`, `tcp://host:514`, `tls://host:6514`, `unix:///dev/log`, and with the feature `dns-srv` the
    /// servers that the SRV records of a domain name, as in `srv://_syslog._tcp.example.com`. Options follow a
    /// `?`: `framing=lf` (`tcp`, `unix`) for servers that don't count octets; with TLS `ca_file`, `cert_file`, `key_file`
    /// (PEM files), `fingerprint`, `server_name`, `min_version`, `tls_backend`, which come before the settings of
    /// the same purpose here, and `danger_accept_invalid_certs=true`, which can only be set here; `nameserver`, an
    /// address that is asked instead of the system (with the feature `dns-srv`); `format`, the same for all,
    /// comes before [`format`](Builder::format). The name is looked up anew
    /// on every connect. Defaults to `tcp://localhost:514`.
    pub fn servers(mut self, url: impl Into<String>) -> Self {
        self.servers = Some(url.into());
        self
    }

    /// Which levels of which targets are shipped, as in `info,my_crate=debug`. It holds for
    /// [`init`](Builder::init) and for [`Handle::logger`](crate::Handle::logger); a [`Layer`](crate::Layer) takes filters of
    /// its own. Defaults to `info`.
    pub fn filter(mut self, levels: impl Into<String>) -> Self {
        self.filter = Some(levels.into());
        self
    }

    /// The facility of all records. Defaults to [`Facility::User`].
    pub fn facility(mut self, facility: Facility) -> Self {
        self.facility = Some(facility);
        self
    }

    /// How records are written. Local time, for RFC 3164, follows `TZ` or else the system's zone, as
    /// they were when the handle was built. Defaults to [`Format::Rfc5424`], or [`Format::Rfc3164Local`] where the
    /// first server is a `unix://` socket.
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// The severity that a level becomes. Defaults to ERROR 3, WARN 4, INFO 6, DEBUG and TRACE 7.
    pub fn map_level(mut self, level: Level, severity: Severity) -> Self {
        self.level_map.get_or_insert_default().set(level, severity);
        self
    }

    /// HOSTNAME, 255 octets of printable US-ASCII at most. Defaults to what RFC 5424 section 6.2.4
    /// prefers and this machine knows without asking the network.
    pub fn hostname(mut self, hostname: impl Into<String>) -> Self {
        self.hostname = Some(hostname.into());
        self
    }

    /// PROCID, 128 octets of printable US-ASCII at most. Defaults to the process id.
    pub fn procid(mut self, procid: impl Into<String>) -> Self {
        self.procid = Some(procid.into());
        self
    }

    /// The private enterprise number in SD-IDs such as `fields@32473` (RFC 5424 section 7.2.2).
    /// Defaults to 32473, which stands for documentation; an organisation with a number of its own
    /// sets it here.
    pub fn enterprise_number(mut self, enterprise_number: u32) -> Self {
        self.enterprise_number = Some(enterprise_number);
        self
    }

    /// Octets of the longest message. Longer texts and values are cut between two characters, and say
    /// so. At least 480 (RFC 5424 section 6.1), at most 65,507 over UDP. Defaults to 8,096: a stock
    /// rsyslog splits what is longer, and the rest becomes a record of its own.
    pub fn max_message_size(mut self, max_message_size: usize) -> Self {
        self.max_message_size = Some(max_message_size);
        self
    }

    /// What happens to control characters. Defaults to [`ControlCharacters::Escape`].
    pub fn control_characters(mut self, control_characters: ControlCharacters) -> Self {
        self.control_characters = Some(control_characters);
        self
    }

    /// Replaces the values of fields, span fields and key-values with these names by `***`.
    ///
    /// A list of names, separated by commas; a name hides every field that has it as a word, without
    /// regard to case and to what separates words: `card_number` hides `cardNumber` and
    /// `customer.card-number.0`. `default` in it hides, wherever it stands in a name, `password`,
    /// `passwd`, `passphrase`, `passcode`, `pwd`, `secret`, `token`, `authorization`, `bearer`, `jwt`,
    /// `api_key`, `access_key`, `private_key`, `signing_key`, `encryption_key`, `credential` and
    /// `cookie`, and the words `pass` and `auth`; when in doubt it hides, but not `token_count`,
    /// `max_tokens` and their like, `passwordless` and `secretary`. `none` hides nothing.
    ///
    /// Only values of fields are replaced. What a program writes into the text, into a span's name
    /// or within the value of another field, such as a URL or a whole struct, is not looked at.
    /// Names are looked at once for each callsite, so a call costs the same. Defaults to `none`.
    pub fn redact(mut self, names: impl Into<String>) -> Self {
        self.redact = Some(names.into());
        self
    }

    /// Whether file and line go with each record. Defaults to false.
    pub fn source_location(mut self, source_location: bool) -> Self {
        self.source_location = Some(source_location);
        self
    }

    /// Whether the name of the thread goes with each record. Defaults to false.
    pub fn thread_name(mut self, thread_name: bool) -> Self {
        self.thread_name = Some(thread_name);
        self
    }

    /// Whether `origin` names this crate as the software (RFC 5424 section 7.2). Defaults to false.
    pub fn origin(mut self, origin: bool) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Whether `meta sequenceId` numbers the records (RFC 5424 section 7.3.1), so that a receiver sees
    /// gaps and copies, and an index can tell a copy from a record. It stands in the header, in JSON too; RFC 3164
    /// has no place for it. Defaults to false.
    pub fn sequence_id(mut self, sequence_id: bool) -> Self {
        self.sequence_id = Some(sequence_id);
        self
    }

    /// What `timeQuality` says of the clock (RFC 5424 section 7.1). Defaults to nothing.
    pub fn time_quality(mut self, time_quality: Option<TimeQuality>) -> Self {
        self.time_quality = Some(time_quality);
        self
    }

    /// Whether a text that isn't US-ASCII begins with a byte order mark. RFC 5424 section 6.4 asks for
    /// it; rsyslog hands it on as a part of the text, where it breaks searches. Defaults to false.
    pub fn bom(mut self, bom: bool) -> Self {
        self.bom = Some(bom);
        self
    }

    /// Whether [`init`](Builder::init) has panics recorded, with severity CRITICAL, before the hook that
    /// was there says them. Defaults to true.
    pub fn panic_hook(mut self, panic_hook: bool) -> Self {
        self.panic_hook = Some(panic_hook);
        self
    }

    /// Whether the record of a panic carries a backtrace, as the field `panic_backtrace`. It shows names of
    /// functions and files, and takes milliseconds. Defaults to false.
    pub fn panic_backtrace(mut self, panic_backtrace: bool) -> Self {
        self.panic_backtrace = Some(panic_backtrace);
        self
    }

    /// Octets of messages that are kept when the peer's kernel has acknowledged them already (TCP,
    /// TLS), and sent again after a break: a server that dies loses what its kernel holds for it.
    /// At most half of the capacity; 0 keeps nothing. It has to hold what the server has unread when
    /// it dies: its kernel buffers up to the third number of `net.ipv4.tcp_rmem` for a connection, and
    /// a server may have read some of it without having written it (rsyslog's imtcp reads 128 KiB at
    /// once). The price is as many copies after each break. Defaults to what was acknowledged within
    /// the last second, 1 MiB and an eighth of the capacity at most; the URL option `tail` is for one
    /// server.
    pub fn resend_buffer(mut self, tail: usize) -> Self {
        self.resend_buffer = Some(tail);
        self
    }

    /// How long each step of a connect may take: finding the addresses, connecting to one, the TLS
    /// handshake. Defaults to 5 s.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = Some(connect_timeout);
        self
    }

    /// How long a server may stall until the connection is given up: it acknowledges, and takes no
    /// octet, or answers no RELP transaction; or the system has no room for a datagram. Its kernel may
    /// hold for it what counts as delivered, so this is better long. Defaults to 60 s.
    pub fn write_timeout(mut self, write_timeout: Duration) -> Self {
        self.write_timeout = Some(write_timeout);
        self
    }

    /// How long a server may be silent until the connection is given up: nothing comes back, not
    /// even an acknowledgement, as when the network swallows everything or the machine is gone
    /// (the user timeout of RFC 5482, and TCP keepalive while there is nothing to send). What was
    /// not acknowledged is sent again on the next connection. On Linux; elsewhere it is noticed
    /// only while there is nothing to send. 1 s at least makes sense; zero leaves it to the system,
    /// which takes a quarter of an hour. Defaults to 20 s.
    pub fn user_timeout(mut self, user_timeout: Duration) -> Self {
        self.user_timeout = Some(user_timeout);
        self
    }

    /// How long the end of the process, a dropped [`Guard`](crate::Guard) and `log::Log::flush` wait at most. Defaults
    /// to 5 s.
    pub fn flush_timeout(mut self, flush_timeout: Duration) -> Self {
        self.flush_timeout = Some(flush_timeout);
        self
    }

    /// How often the crate ships a record of its own books, of severity INFORMATIONAL and with the
    /// MSGID `logship::statistics`, such as
    ///
    /// ```text
    /// [fields@32473 captured="120000" delivered="119400" dropped="100" pending="500"
    ///  queue_bytes="118000" resent="0" reconnects="1" recovered="0" corrupted="0" truncated="0"
    ///  omitted_fields="0" format_panics="0" dropped_queue_full="100" dropped_debug="100"]
    /// logship: 120000 captured = 119400 delivered + 100 dropped + 500 pending
    /// ```
    ///
    /// with the field names of [`Stats`](crate::Stats), counted since the start of the process,
    /// before this record itself, and what was dropped by reason and by severity where there is any.
    /// It is shipped while a server is there. At least 1 s; zero is none. Defaults to none.
    pub fn stats_interval(mut self, every: Duration) -> Self {
        self.stats_interval = Some(every);
        self
    }

    /// Calls `listener` with each trouble of the shipping, such as a server that can't be reached,
    /// on the shipper's thread; what it logs is not captured. Defaults to a line on standard error,
    /// once a minute at most.
    pub fn on_error(mut self, listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Arc::new(listener));
        self
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("tag", &self.tag)
            .field("url", &self.servers.as_deref().map(without_secrets))
            .finish_non_exhaustive()
    }
}
