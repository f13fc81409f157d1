//! A strict parser of RFC 5424.
//!
//! Never: panics, whatever the bytes are; repairs what it reads.

use super::{
    complaint::{Complaint, quote},
    message::Message,
    structured_data, timestamp,
};

/// Takes one SYSLOG-MSG apart, without any framing around it.
///
/// The message is `None` if its parts cannot be told from each other: no PRI, no
/// VERSION (as in RFC 3164), a header that ends early, STRUCTURED-DATA that is not
/// well-formed. Any fault that leaves the parts apparent, a field that is too long say,
/// is a complaint only.
///
/// ```
/// let (message, complaints) = logship_collector::parse(b"<34>1 - host su - - - hello");
/// assert!(complaints.is_empty());
/// assert_eq!(message.unwrap().text.as_deref(), Some("hello"));
///
/// let (_, complaints) = logship_collector::parse(b"<192>1 - host su - - - hello");
/// assert_eq!(complaints[0].to_string(), "PRI 192 is above 191 (RFC 5424 6.2.1)");
/// ```
#[must_use]
pub fn parse(bytes: &[u8]) -> (Option<Message>, Vec<Complaint>) {
    let mut complaints = Vec::new();
    let message = match syslog_msg(bytes, &mut complaints) {
        Ok(message) => Some(message),
        Err(complaint) => {
            complaints.push(complaint);
            None
        }
    };
    check_controls(bytes, &mut complaints);
    check_utf8(bytes, &mut complaints);
    (message, complaints)
}

// SYSLOG-MSG = HEADER SP STRUCTURED-DATA [SP MSG]
// HEADER     = PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID
fn syslog_msg(bytes: &[u8], complaints: &mut Vec<Complaint>) -> Result<Message, Complaint> {
    let (prival, rest) = pri(bytes, complaints)?;
    let (version, rest) = version(rest, complaints)?;
    let (timestamp, rest) = field(rest, "TIMESTAMP", "HOSTNAME", usize::MAX, complaints)?;
    timestamp::check(timestamp, complaints);
    let (hostname, rest) = field(rest, "HOSTNAME", "APP-NAME", 255, complaints)?;
    let (app_name, rest) = field(rest, "APP-NAME", "PROCID", 48, complaints)?;
    let (procid, rest) = field(rest, "PROCID", "MSGID", 128, complaints)?;
    let (msgid, rest) = field(rest, "MSGID", "STRUCTURED-DATA", 32, complaints)?;
    let (structured_data, rest) = structured_data::read(rest, complaints)?;
    let (text, bom) = msg(rest, complaints)?;
    Ok(Message {
        facility: u8::try_from(prival / 8).unwrap_or(u8::MAX),
        severity: u8::try_from(prival % 8).unwrap_or(u8::MAX),
        version,
        timestamp: unless_nil(timestamp),
        hostname: unless_nil(hostname),
        app_name: unless_nil(app_name),
        procid: unless_nil(procid),
        msgid: unless_nil(msgid),
        structured_data,
        text,
        bom,
    })
}

// PRI = "<" PRIVAL ">"
// PRIVAL = 1*3DIGIT ; range 0 .. 191
fn pri<'a>(bytes: &'a [u8], complaints: &mut Vec<Complaint>) -> Result<(u16, &'a [u8]), Complaint> {
    const RULE: &str = "RFC 5424 6.2.1";
    let start = bytes.get(..bytes.len().min(8)).unwrap_or_default();
    let wrong = || Complaint::new(RULE, format!("{} begins with no PRI", quote(start)));
    let rest = bytes.strip_prefix(b"<").ok_or_else(wrong)?;
    let end = rest.iter().take(4).position(|byte| *byte == b'>').ok_or_else(wrong)?;
    let (digits, rest) = rest.split_at_checked(end).ok_or_else(wrong)?;
    let rest = rest.strip_prefix(b">").ok_or_else(wrong)?;
    let prival = number(digits).ok_or_else(wrong)?;
    if digits.len() > 1 && digits.starts_with(b"0") {
        let found = format!("PRI {} has a leading zero", digits.escape_ascii());
        complaints.push(Complaint::new(RULE, found));
    }
    if prival > 191 {
        complaints.push(Complaint::new(RULE, format!("PRI {prival} is above 191")));
    }
    Ok((prival, rest))
}

// VERSION = NONZERO-DIGIT 0*2DIGIT
fn version<'a>(
    bytes: &'a [u8],
    complaints: &mut Vec<Complaint>,
) -> Result<(u16, &'a [u8]), Complaint> {
    const RULE: &str = "RFC 5424 6.2.2";
    let digits = bytes.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let (value, rest) = bytes.split_at_checked(digits).unwrap_or((bytes, &[]));
    let Some(version) = number(value) else {
        let start = bytes.get(..bytes.len().min(16)).unwrap_or_default();
        let found = format!("not RFC 5424: no VERSION after PRI, but {}", quote(start));
        return Err(Complaint::new(RULE, found));
    };
    if version != 1 || value != b"1" {
        let found = format!("VERSION {} is not 1", value.escape_ascii());
        complaints.push(Complaint::new(RULE, found));
    }
    match rest.strip_prefix(b" ") {
        Some(rest) => Ok((version, rest)),
        None => Err(Complaint::new("RFC 5424 6", "no SP after VERSION")),
    }
}

/// One field of the header, and what follows the SP behind it.
fn field<'a>(
    bytes: &'a [u8],
    name: &str,
    next: &str,
    longest: usize,
    complaints: &mut Vec<Complaint>,
) -> Result<(&'a [u8], &'a [u8]), Complaint> {
    const RULE: &str = "RFC 5424 6";
    let Some(end) = bytes.iter().position(|byte| *byte == b' ') else {
        let found = format!("no SP after {name} {}: {next} is missing", quote(bytes));
        return Err(Complaint::new(RULE, found));
    };
    let (value, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    if value.is_empty() {
        let found = format!("{name} is empty: the NILVALUE is \"-\", and one SP is between fields");
        complaints.push(Complaint::new(RULE, found));
    }
    if value.len() > longest {
        let found =
            format!("{name} {} has {} bytes, more than {longest}", quote(value), value.len());
        complaints.push(Complaint::new(RULE, found));
    }
    if !value.iter().all(u8::is_ascii_graphic) {
        let found = format!("{name} {} is not printable US-ASCII", quote(value));
        complaints.push(Complaint::new(RULE, found));
    }
    Ok((value, rest.strip_prefix(b" ").unwrap_or(rest)))
}

// [SP MSG]; MSG = MSG-ANY / BOM UTF-8-STRING
fn msg(bytes: &[u8], complaints: &mut Vec<Complaint>) -> Result<(Option<String>, bool), Complaint> {
    const RULE: &str = "RFC 5424 6";
    if bytes.is_empty() {
        return Ok((None, false));
    }
    let Some(msg) = bytes.strip_prefix(b" ") else {
        let found = format!("no SP between STRUCTURED-DATA and {}", quote(bytes));
        return Err(Complaint::new(RULE, found));
    };
    if msg.is_empty() {
        complaints.push(Complaint::new(RULE, "a SP at the end, and no MSG after it"));
    }
    let text = msg.strip_prefix(BOM).unwrap_or(msg);
    Ok((Some(String::from_utf8_lossy(text).into_owned()), text.len() != msg.len()))
}

fn check_controls(bytes: &[u8], complaints: &mut Vec<Complaint>) {
    let mut controls = bytes.iter().enumerate().filter(|(_, byte)| **byte < 32);
    if let Some((at, byte)) = controls.next() {
        let more = match controls.count() {
            0 => String::new(),
            more => format!(", and {more} more,"),
        };
        let found = format!("byte {byte} at offset {at}{more} is below 32");
        complaints.push(Complaint::new("RFC 5424 6.4", found));
    }
}

fn check_utf8(bytes: &[u8], complaints: &mut Vec<Complaint>) {
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or_default();
        let found = format!("byte {byte:#04x} at offset {at} is not UTF-8");
        complaints.push(Complaint::new("RFC 5424 6.4", found));
    }
}

fn unless_nil(value: &[u8]) -> Option<String> {
    (value != b"-").then(|| String::from_utf8_lossy(value).into_owned())
}

/// One to three digits.
fn number(digits: &[u8]) -> Option<u16> {
    if !(1..=3).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
}

const BOM: &[u8] = b"\xef\xbb\xbf";
