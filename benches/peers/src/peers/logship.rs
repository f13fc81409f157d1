//! Setup of logship: as `init` does it, with a larger queue for a stalled server.

use std::{error::Error, time::Duration};

use logship::{Builder, Guard, Overflow, TlsBackend};

use super::{Running, Setup, Transport};
use crate::event;

pub(super) fn tracing(setup: &Setup) -> Result<Running, Box<dyn Error>> {
    let guard = builder(setup).try_init()?;
    Ok(Running::new(event::tracing, move || finish(&guard)))
}

pub(super) fn log(setup: &Setup) -> Result<Running, Box<dyn Error>> {
    let guard = builder(setup).try_init()?;
    Ok(Running::new(event::log, move || finish(&guard)))
}

pub(super) fn rustls(setup: &Setup) -> Result<Running, Box<dyn Error>> {
    let guard = builder(setup).tls_backend(TlsBackend::Rustls).try_init()?;
    Ok(Running::new(event::tracing, move || finish(&guard)))
}

fn builder(setup: &Setup) -> Builder {
    let (scheme, options) = match setup.transport {
        Transport::Tcp => ("tcp", ""),
        Transport::Udp => ("udp", ""),
        Transport::Tls => ("tls", "?danger_accept_invalid_certs=true"),
    };
    let builder =
        logship::builder("bench").servers(format!("{scheme}://{}{options}", setup.server));
    let builder = match setup.will_stall {
        // About what the 128,000 lines of tracing-appender's queue hold; 40,000 are the default.
        true => builder.queue_capacity(32 << 20),
        false => builder,
    };
    match setup.is_lossless {
        true => builder.overflow(Overflow::Block(Duration::from_secs(60))),
        false => builder,
    }
}

fn finish(guard: &Guard) {
    if !guard.flush(Duration::from_secs(30)) {
        eprintln!("logship: not all arrived, {:?}", guard.stats());
    }
}
