//! A received record and its violations.

use super::{
    complaint::{Complaint, quote},
    frame::{Frame, Framing},
    message::Message,
    parse,
};

/// One record, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The SYSLOG-MSG, without the framing around it.
    pub bytes: Vec<u8>,
    /// What set it apart from its neighbours.
    pub framing: Framing,
    /// Its parts; `None` if they cannot be told from each other, as in RFC 3164.
    pub message: Option<Message>,
    /// Every rule it broke; empty for a record that is right.
    pub complaints: Vec<Complaint>,
    /// Which connection it came over, counted from 1; 0 for datagrams.
    pub connection: u64,
}

impl Received {
    pub(super) fn from_frame(frame: Frame<'_>, connection: u64) -> Self {
        let Frame { bytes, framing, mut complaints } = frame;
        if bytes.len() > RSYSLOG_LONGEST {
            let length = bytes.len();
            let found = format!("frame has {length} bytes, more than rsyslog's {RSYSLOG_LONGEST}");
            complaints.push(Complaint::new("RFC 5424 6.1", found));
        }
        if framing == Framing::Datagram {
            check_datagram(bytes, &mut complaints);
        }
        let (message, parsing) = parse(bytes);
        complaints.extend(parsing);
        Self { bytes: bytes.to_vec(), framing, message, complaints, connection }
    }

    /// MSG, if there is one; the BOM is not part of it.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.message.as_ref()?.text.as_deref()
    }

    /// The value of the first parameter `name` in the SD-ELEMENT `id`.
    #[must_use]
    pub fn param(&self, id: &str, name: &str) -> Option<&str> {
        self.message.as_ref()?.param(id, name)
    }
}

fn check_datagram(bytes: &[u8], complaints: &mut Vec<Complaint>) {
    const RULE: &str = "RFC 5426 3.1";
    if let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
        let found = format!("LF at offset {at}: a datagram is one SYSLOG-MSG and nothing else");
        complaints.push(Complaint::new(RULE, found));
    }
    if bytes.first().is_some_and(u8::is_ascii_digit) {
        let start = bytes.get(..bytes.len().min(8)).unwrap_or_default();
        let found = format!("datagram begins with {}: it takes no octet count", quote(start));
        complaints.push(Complaint::new(RULE, found));
    }
}

/// What rsyslog 8.2302 takes by default before it splits or cuts a message
/// (`maxMessageSize` 8k, less its own reserve). RFC 5425 4.3.1 asks receivers for 8192.
const RSYSLOG_LONGEST: usize = 8096;
