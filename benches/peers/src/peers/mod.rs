//! The peers, and what each does not send.
//!
//! A peer that sends less has less to do, so a comparison with it is unequal in its favour; the
//! column `sends` says how.

mod appender;
mod fasyslog;
mod floor;
mod gelf;
mod logforth;
mod logship;
mod prototype;
mod syslog;
mod syslog_rs;

use std::{error::Error, net::SocketAddr};

pub(crate) use floor::refusing;

/// How to set a peer up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) server: SocketAddr,
    pub(crate) transport: Transport,
    /// Whether calls should wait rather than lose a record, where the peer can.
    pub(crate) is_lossless: bool,
    /// Whether the server will stall: the queue needs room for two seconds.
    pub(crate) will_stall: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
    Tls,
    Udp,
}

/// A peer that has been set up.
pub(crate) struct Running {
    /// Logs the event once, with the given order.
    pub(crate) call: fn(u64),
    /// What a program would do now and then so that records leave; not timed.
    pub(crate) flush: fn(),
    /// Waits until everything is out.
    pub(crate) finish: Box<dyn FnOnce() + Sync>,
}

impl Running {
    fn new(call: fn(u64), finish: impl FnOnce() + Sync + 'static) -> Self {
        Running { call, flush: || {}, finish: Box::new(finish) }
    }
}

pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// What arrives, and what is missing.
    pub(crate) sends: &'static str,
    pub(crate) transports: &'static [Transport],
    pub(crate) has_spans: bool,
    pub(crate) start: fn(&Setup) -> Result<Running, Box<dyn Error>>,
}

impl Peer {
    /// Whether it only formats, or not even that.
    pub(crate) fn is_floor(&self) -> bool {
        self.transports.is_empty()
    }

    /// Whether what the caller pays is measured: that of another library of TLS is the same.
    pub(crate) fn has_call(&self) -> bool {
        self.transports != [Transport::Tls]
    }

    pub(crate) fn named(name: &str) -> Option<&'static Peer> {
        PEERS.iter().find(|peer| peer.name == name)
    }
}

use Transport::{Tcp, Tls, Udp};

/// All that is measured: logship by both doors, the peers, and the floors.
pub(crate) const PEERS: &[Peer] = &[
    Peer {
        name: LOGSHIP,
        sends: "RFC 5424 with structured data, microseconds, octet counting",
        transports: &[Tcp, Tls, Udp],
        has_spans: true,
        start: logship::tracing,
    },
    Peer {
        name: LOGSHIP_LOG,
        sends: "the same, from a `log` record with key-values",
        transports: &[Tcp],
        has_spans: false,
        start: logship::log,
    },
    Peer {
        name: LOGSHIP_RUSTLS,
        sends: "the same as logship, through rustls instead of the system's TLS library",
        transports: &[Tls],
        has_spans: true,
        start: logship::rustls,
    },
    Peer {
        name: "syslog 7",
        sends: "RFC 3164, fields as text only, no framing at all, whole seconds",
        transports: &[Tcp],
        has_spans: false,
        start: syslog::start,
    },
    Peer {
        name: "fasyslog 1",
        sends: "RFC 5424 with structured data, CRLF instead of framing; flushed by the program, which isn't timed",
        transports: &[Tcp, Tls, Udp],
        has_spans: false,
        start: fasyslog::start,
    },
    Peer {
        name: "logforth 0.30 async",
        sends: "RFC 5424 with fields as text only, no MSGID, CRLF; drops are not counted",
        transports: &[Tcp],
        has_spans: false,
        start: logforth::start,
    },
    Peer {
        name: "syslog-rs 7.1 queued",
        sends: "RFC 5424 with structured data, no framing at all; its queue grows without limit",
        transports: &[Tcp, Udp],
        has_spans: false,
        start: syslog_rs::start,
    },
    Peer {
        name: "tracing-appender JSON",
        sends: "JSON lines, no syslog header: no host, no tag, no facility",
        transports: &[Tcp],
        has_spans: true,
        start: appender::start,
    },
    Peer {
        name: "tracing-gelf 0.9",
        sends: "GELF, no syslog header; drops are not counted",
        transports: &[Tcp],
        has_spans: true,
        start: gelf::start,
    },
    Peer {
        name: PROTOTYPE,
        sends: "the floor's message, octet counting; swaps two buffers, loses what a lost connection had",
        transports: &[Tcp],
        has_spans: false,
        start: prototype::start,
    },
    Peer {
        name: "floor: an empty tracing event",
        sends: "nothing: a subscriber that takes every event and looks at none",
        transports: &[],
        has_spans: false,
        start: floor::empty,
    },
    Peer {
        name: FLOOR_TRACING,
        sends: "nothing: tuned code writes the same message into one warm buffer, no queue, no checks, no spans",
        transports: &[],
        has_spans: false,
        start: floor::tracing,
    },
    Peer {
        name: FLOOR_LOG,
        sends: "nothing: the same from a `log` record with key-values",
        transports: &[],
        has_spans: false,
        start: floor::log,
    },
];

pub(crate) const LOGSHIP: &str = "logship";
pub(crate) const LOGSHIP_LOG: &str = "logship, log door";
pub(crate) const LOGSHIP_RUSTLS: &str = "logship, rustls";
pub(crate) const PROTOTYPE: &str = "prototype: two buffers";
pub(crate) const FLOOR_TRACING: &str = "floor: formatting, tracing";
pub(crate) const FLOOR_LOG: &str = "floor: formatting, log";
