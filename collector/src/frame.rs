//! Deframing of a stream of bytes.
//!
//! Framing is decided for each frame by its first byte, as rsyslog does: a digit begins
//! an octet count, anything else a frame that ends in LF.

use std::fmt;

use super::complaint::{Complaint, quote};

/// How a SYSLOG-MSG was set apart from its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// A datagram of its own, over UDP or a unix socket (RFC 5426 3.1).
    Datagram,
    /// Its length in bytes and a SP before it (RFC 6587 3.4.1, RFC 5425 4.3).
    OctetCounting,
    /// A LF behind it (RFC 6587 3.4.2).
    Lf,
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Datagram => "datagram",
            Self::OctetCounting => "octet counting",
            Self::Lf => "LF",
        })
    }
}

/// One SYSLOG-MSG, still where the socket put it.
#[derive(Debug, PartialEq)]
pub(super) struct Frame<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) framing: Framing,
    pub(super) complaints: Vec<Complaint>,
}

/// The bytes of one connection that wait to be cut into frames; its memory is fixed.
#[derive(Debug)]
pub(super) struct Splitter {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    history: History,
}

impl Splitter {
    pub(super) fn new(tls: bool) -> Self {
        let history = History { tls, before: None };
        Self { buffer: vec![0; BUFFER], start: 0, end: 0, history }
    }

    /// Where to read the next bytes into; never empty once `next_frame` gave `None`.
    pub(super) fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// Tells that the first `bytes` of `space` have been filled.
    pub(super) fn filled(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.buffer.len());
    }

    pub(super) fn next_frame(&mut self) -> Option<Frame<'_>> {
        let waiting = self.buffer.get(self.start..self.end)?;
        let (mut frame, consumed) = split(waiting)?;
        self.history.check(&mut frame);
        self.start += consumed;
        Some(frame)
    }

    /// What is left when the connection is closed.
    pub(super) fn remainder(&mut self) -> Option<Frame<'_>> {
        let waiting = self.buffer.get(self.start..self.end)?;
        if waiting.is_empty() {
            return None;
        }
        self.start = self.end;
        Some(partial(waiting))
    }
}

/// What the frames before this one were.
#[derive(Debug)]
struct History {
    tls: bool,
    before: Option<Framing>,
}

impl History {
    fn check(&mut self, frame: &mut Frame<'_>) {
        const RULE: &str = "RFC 6587 3.4.1";
        if self.tls && frame.framing == Framing::Lf {
            let found = format!("{} over TLS begins with no MSG-LEN", quote(frame.bytes));
            frame.complaints.push(Complaint::new("RFC 5425 4.3", found));
        }
        if frame.framing == Framing::Lf && !frame.bytes.starts_with(b"<") {
            let count = match self.before {
                Some(Framing::OctetCounting) => ": the octet count before it was too small",
                _ => "",
            };
            let found = format!(
                "frame {} begins with neither a digit nor a PRI{count}",
                quote(frame.bytes)
            );
            frame.complaints.push(Complaint::new(RULE, found));
            // Not a change of method, most likely, but the tail of the frame before.
            return;
        }
        if let Some(before) = self.before.replace(frame.framing)
            && before != frame.framing
        {
            let found = format!("framing changed from {before} to {}", frame.framing);
            frame.complaints.push(Complaint::new("RFC 6587 3.4.3", found));
        }
    }
}

/// The first frame of `waiting` and how many bytes it took, once it is complete.
fn split(waiting: &[u8]) -> Option<(Frame<'_>, usize)> {
    if !waiting.first()?.is_ascii_digit() {
        return lf_frame(waiting, Framing::Lf, Vec::new());
    }
    match count(waiting)? {
        Ok((header, length, complaints)) => {
            let bytes = waiting.get(header..header + length)?;
            let framing = Framing::OctetCounting;
            Some((Frame { bytes, framing, complaints }, header + length))
        }
        // Without a length, the next LF is the best guess of an end; rsyslog's, too.
        Err(complaint) => lf_frame(waiting, Framing::OctetCounting, vec![complaint]),
    }
}

type Count = (usize, usize, Vec<Complaint>);

// SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG
// MSG-LEN      = NONZERO-DIGIT *DIGIT
fn count(waiting: &[u8]) -> Option<Result<Count, Complaint>> {
    const RULE: &str = "RFC 6587 3.4.1";
    let wrong = |found: String| Some(Err(Complaint::new(RULE, found)));
    let digits: Vec<u8> =
        waiting.iter().copied().take(DIGITS + 1).take_while(u8::is_ascii_digit).collect();
    if digits.len() > DIGITS {
        return wrong(format!("octet count {} has over {DIGITS} digits", quote(&digits)));
    }
    let length = digits.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    if length > LONGEST {
        return wrong(format!("octet count {length} is above {LONGEST}"));
    }
    // `None`: the count itself is not complete.
    let behind = *waiting.get(digits.len())?;
    if behind != b' ' {
        return wrong(format!(
            "octet count {length} is followed by {}, not by SP",
            quote(&[behind])
        ));
    }
    let mut complaints = Vec::new();
    if digits.starts_with(b"0") {
        let found = format!("octet count {} begins with 0", quote(&digits));
        complaints.push(Complaint::new(RULE, found));
    }
    Some(Ok((digits.len() + 1, length, complaints)))
}

fn lf_frame(
    waiting: &[u8],
    framing: Framing,
    mut complaints: Vec<Complaint>,
) -> Option<(Frame<'_>, usize)> {
    let end = waiting.iter().take(LONGEST + 1).position(|byte| *byte == b'\n');
    if end.is_none() && waiting.len() > LONGEST {
        let found = format!("no LF within {LONGEST} bytes: the frame is cut there");
        complaints.push(Complaint::new("RFC 6587 3.4.2", found));
        let bytes = waiting.get(..LONGEST)?;
        return Some((Frame { bytes, framing, complaints }, LONGEST));
    }
    let bytes = waiting.get(..end?)?;
    Some((Frame { bytes, framing, complaints }, end? + 1))
}

fn partial(waiting: &[u8]) -> Frame<'_> {
    let Some(Ok((header, length, mut complaints))) =
        waiting.first().filter(|first| first.is_ascii_digit()).and_then(|_| count(waiting))
    else {
        let digit = waiting.first().is_some_and(u8::is_ascii_digit);
        let framing = if digit { Framing::OctetCounting } else { Framing::Lf };
        let found = format!("the connection ended before the LF of {}", quote(waiting));
        let complaints = vec![Complaint::new("RFC 6587 3.4.2", found)];
        return Frame { bytes: waiting, framing, complaints };
    };
    let bytes = waiting.get(header..).unwrap_or_default();
    let found = format!("the connection ended {} bytes into a frame of {length}", bytes.len());
    complaints.push(Complaint::new("RFC 6587 3.4.1", found));
    Frame { bytes, framing: Framing::OctetCounting, complaints }
}

/// Bytes of a SYSLOG-MSG that the collector takes at most, and the digits to say so
/// with a few leading zeros.
pub(super) const LONGEST: usize = 100_000;
const DIGITS: usize = 8;
/// Room for the longest frame, and enough to drain a fast sender with few reads.
const BUFFER: usize = 256 * 1024;
