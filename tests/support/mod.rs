//! What integration tests share: a real rsyslogd, what it stored, certificates of every kind,
//! and a proxy that breaks connections.
//!
//! It needs nothing of logship, so a failure in here is never a failure of the crate.

// Each test binary includes this directory and uses a different part of it.
#![allow(dead_code, unused_imports)]

mod certificates;
mod configuration;
mod ports;
mod process;
mod proxy;
mod record;
mod rsyslogd;
mod syslog_ng;
mod tail;

pub(crate) use certificates::{Certificates, Identity};
pub(crate) use configuration::Input;
pub(crate) use ports::{PortBlock, tcp_listens, udp_listens};
pub(crate) use process::{Process, find_rsyslogd};
pub(crate) use proxy::Proxy;
pub(crate) use record::{Complaint, Record};
pub(crate) use rsyslogd::Rsyslogd;
pub(crate) use syslog_ng::{Door, SyslogNg, parse as parse_syslog_ng};
pub(crate) use tail::Tail;

use std::time::{Duration, Instant};

/// Asks again and again until `done` says yes; false when `limit` has passed.
pub(crate) fn eventually(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
