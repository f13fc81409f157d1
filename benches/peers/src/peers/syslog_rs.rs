//! How is `syslog-rs` set up? The program calls its queued client, with its fields as structured
//! data.

use std::{error::Error, sync::OnceLock};

use syslog_rs::{
    LogFacility, LogStat, Priority, SyQueued, Syslog, SyslogDestination, SyslogNetTcp,
    SyslogNetUdp,
    error::SyRes,
    formatters::syslog_5424::{FormatRfc5424, FormatRfc5424Sd},
    sync::DefaultQueueAdapter,
};

use super::{Running, Setup, Transport};
use crate::event::{AMOUNT, CUSTOMER, LATENCY_MS, MARKER, TARGET};

type Queued<D> = Syslog<FormatRfc5424, D, SyQueued<DefaultQueueAdapter, FormatRfc5424, D>>;

static TCP: OnceLock<Queued<SyslogNetTcp>> = OnceLock::new();
static UDP: OnceLock<Queued<SyslogNetUdp>> = OnceLock::new();

pub(super) fn start(setup: &Setup) -> Result<Running, Box<dyn Error>> {
    let server = setup.server.to_string();
    if setup.transport == Transport::Udp {
        let queued = open(SyslogNetUdp::new(server, None).map_err(told)?)?;
        UDP.set(queued).map_err(|_| "it is set up once")?;
        return Ok(Running::new(
            |order| send(UDP.get(), order),
            || drop(UDP.get().map(|queued| queued.closelog())),
        ));
    }
    let queued = open(SyslogNetTcp::new(server, None, None).map_err(told)?)?;
    TCP.set(queued).map_err(|_| "it is set up once")?;
    // Closing goes through the queue, behind all that was logged before.
    Ok(Running::new(
        |order| send(TCP.get(), order),
        || drop(TCP.get().map(|queued| queued.closelog())),
    ))
}

fn open<D: SyslogDestination>(destination: D) -> Result<Queued<D>, Box<dyn Error>> {
    let opened = Queued::<D>::openlog_with(
        Some("bench"),
        LogStat::LOG_NDELAY | LogStat::LOG_PID,
        LogFacility::LOG_USER,
        destination,
    );
    Ok(opened.map_err(told)?)
}

/// Its errors are none in the sense of the standard library.
fn told(error: impl ToString) -> String {
    error.to_string()
}

fn send<D: SyslogDestination>(queued: Option<&Queued<D>>, order_id: u64) {
    let Some(queued) = queued else { return };
    let record = || -> SyRes<FormatRfc5424> {
        // It refuses 32473, the number for documentation.
        let mut fields = FormatRfc5424Sd::new("fields@99999", 4)?;
        fields.push("order_id".into(), order_id.to_string().into())?;
        fields.push("customer".into(), CUSTOMER.into())?;
        fields.push("amount".into(), AMOUNT.to_string().into())?;
        fields.push("latency_ms".into(), LATENCY_MS.to_string().into())?;
        let mut record = FormatRfc5424::from(MARKER.to_owned());
        record.add_msg_id_str(TARGET)?;
        record.add_st_data(fields)?;
        Ok(record)
    };
    let Ok(record) = record() else { return };
    // A receiver that is gone shows in the count of what it received.
    let _ = queued.syslog(Priority::LOG_INFO, record);
}
