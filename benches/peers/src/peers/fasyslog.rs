//! How is `fasyslog` set up? It has no door of `log` or `tracing`: the program calls it, behind a
//! lock of its own, with its fields as structured data.

use std::{
    error::Error,
    sync::{Mutex, OnceLock, PoisonError},
};

use fasyslog::{SDElement, Severity, sender::SyslogSender};

use super::{Running, Setup, Transport};
use crate::event::{AMOUNT, CUSTOMER, LATENCY_MS, MARKER, TARGET};

static SENDER: OnceLock<Mutex<SyslogSender>> = OnceLock::new();

pub(super) fn start(setup: &Setup) -> Result<Running, Box<dyn Error>> {
    let sender = match setup.transport {
        Transport::Udp => SyslogSender::Udp(fasyslog::sender::udp("127.0.0.1:0", setup.server)?),
        Transport::Tls => {
            let mut tls = native_tls::TlsConnector::builder();
            tls.danger_accept_invalid_certs(true);
            let sender = fasyslog::sender::native_tls_with(setup.server, "127.0.0.1", tls)?;
            SyslogSender::NativeTlsSender(sender)
        }
        Transport::Tcp => SyslogSender::Tcp(fasyslog::sender::tcp(setup.server)?),
    };
    SENDER.set(Mutex::new(sender)).map_err(|_| "it is set up once")?;
    Ok(Running { call, flush, finish: Box::new(flush) })
}

fn call(order_id: u64) {
    // It writes values without escaping them when they are added; the checks are its own.
    let element = || -> Result<SDElement, String> {
        let mut element = SDElement::new("fields@32473")?;
        element.add_param("order_id", order_id.to_string())?;
        element.add_param("customer", CUSTOMER)?;
        element.add_param("amount", AMOUNT.to_string())?;
        element.add_param("latency_ms", LATENCY_MS.to_string())?;
        Ok(element)
    };
    let elements = element().into_iter().collect();
    with(|sender| sender.send_rfc5424(Severity::INFORMATIONAL, Some(TARGET), elements, MARKER));
}

fn flush() {
    with(SyslogSender::flush);
}

fn with(action: impl FnOnce(&mut SyslogSender) -> std::io::Result<()>) {
    let Some(sender) = SENDER.get() else { return };
    // A receiver that is gone shows in the count of what it received.
    let _ = action(&mut sender.lock().unwrap_or_else(PoisonError::into_inner));
}
