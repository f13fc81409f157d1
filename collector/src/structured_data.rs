//! Parser of STRUCTURED-DATA.

use super::{
    complaint::{Complaint, quote},
    message::Element,
    registered,
};

// STRUCTURED-DATA = NILVALUE / 1*SD-ELEMENT
pub(super) fn read<'a>(
    bytes: &'a [u8],
    complaints: &mut Vec<Complaint>,
) -> Result<(Vec<Element>, &'a [u8]), Complaint> {
    if let Some(rest) = bytes.strip_prefix(b"-") {
        return Ok((Vec::new(), rest));
    }
    let mut elements: Vec<Element> = Vec::new();
    let mut rest = bytes;
    while let Some(inside) = rest.strip_prefix(b"[") {
        let (element, behind) = element(inside, complaints)?;
        if elements.iter().any(|earlier| earlier.id == element.id) {
            let found = format!("SD-ID {} stands twice", quote(element.id.as_bytes()));
            complaints.push(Complaint::new("RFC 5424 6.3.2", found));
        }
        registered::check(&element, complaints);
        elements.push(element);
        rest = behind;
    }
    if elements.is_empty() {
        let found = format!("STRUCTURED-DATA {} is neither \"-\" nor \"[...\"", quote(bytes));
        return Err(Complaint::new("RFC 5424 6.3", found));
    }
    Ok((elements, rest))
}

// SD-ELEMENT = "[" SD-ID *(SP SD-PARAM) "]"
fn element<'a>(
    bytes: &'a [u8],
    complaints: &mut Vec<Complaint>,
) -> Result<(Element, &'a [u8]), Complaint> {
    const RULE: &str = "RFC 5424 6.3.1";
    let (id, mut rest) = split_before(bytes, |byte| matches!(byte, b' ' | b']'));
    check_name("SD-ID", id, complaints);
    check_id(id, complaints);
    let mut params = Vec::new();
    loop {
        if let Some(behind) = rest.strip_prefix(b"]") {
            return Ok((Element { id: lossy(id), params }, behind));
        }
        let Some(at_name) = rest.strip_prefix(b" ") else {
            let found = match rest {
                [] => format!("SD-ELEMENT {} has no ] at its end", quote(id)),
                _ => format!(
                    "SD-ELEMENT {} goes on with {}, neither SP nor ]: an unescaped \"?",
                    quote(id),
                    quote(rest)
                ),
            };
            return Err(Complaint::new(RULE, found));
        };
        let (param, behind) = param(id, at_name, complaints)?;
        params.push(param);
        rest = behind;
    }
}

// SD-PARAM = PARAM-NAME "=" %d34 PARAM-VALUE %d34
fn param<'a>(
    id: &[u8],
    bytes: &'a [u8],
    complaints: &mut Vec<Complaint>,
) -> Result<((String, String), &'a [u8]), Complaint> {
    let stop = |byte| matches!(byte, b'=' | b' ' | b']' | b'"');
    let (name, rest) = split_before(bytes, stop);
    let Some(value) = rest.strip_prefix(b"=\"") else {
        let found = format!(
            "SD-ELEMENT {}: {} is not PARAM-NAME=\"PARAM-VALUE\", with one SP before it",
            quote(id),
            quote(bytes)
        );
        return Err(Complaint::new("RFC 5424 6.3.3", found));
    };
    check_name("PARAM-NAME", name, complaints);
    let (value, behind) = param_value(name, value, complaints)?;
    Ok(((lossy(name), value), behind))
}

/// The value without its escapes, and what follows the quote that ends it.
fn param_value<'a>(
    name: &[u8],
    bytes: &'a [u8],
    complaints: &mut Vec<Complaint>,
) -> Result<(String, &'a [u8]), Complaint> {
    const RULE: &str = "RFC 5424 6.3.3";
    let mut value = Vec::new();
    let mut complained = false;
    let mut rest = bytes;
    loop {
        match rest {
            [b'"', behind @ ..] => return Ok((lossy(&value), behind)),
            [b'\\', escaped @ (b'"' | b'\\' | b']'), behind @ ..] => {
                value.push(*escaped);
                rest = behind;
            }
            // A receiver takes it as it stands; a sender must not write it.
            [byte @ (b'\\' | b']'), behind @ ..] => {
                if !complained {
                    let (byte, name) = (char::from(*byte), quote(name));
                    let found =
                        format!("PARAM {name} has an unescaped {byte} before {}", quote(behind));
                    complaints.push(Complaint::new(RULE, found));
                    complained = true;
                }
                value.push(*byte);
                rest = behind;
            }
            [byte, behind @ ..] => {
                value.push(*byte);
                rest = behind;
            }
            [] => {
                let found = format!("PARAM {} has no \" at its end", quote(name));
                return Err(Complaint::new(RULE, found));
            }
        }
    }
}

// SD-NAME = 1*32PRINTUSASCII ; except '=', SP, ']', %d34 (")
fn check_name(what: &str, name: &[u8], complaints: &mut Vec<Complaint>) {
    const RULE: &str = "RFC 5424 6";
    if name.is_empty() {
        complaints.push(Complaint::new(RULE, format!("{what} is empty")));
    }
    if name.len() > 32 {
        let found = format!("{what} {} has {} bytes, more than 32", quote(name), name.len());
        complaints.push(Complaint::new(RULE, found));
    }
    if !name.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'=' | b']' | b'"')) {
        let found =
            format!("{what} {} holds a = ] \" or a byte that is not printable", quote(name));
        complaints.push(Complaint::new(RULE, found));
    }
}

/// Without `@`, a name is IANA's to give; with it, a private enterprise number follows.
fn check_id(id: &[u8], complaints: &mut Vec<Complaint>) {
    const RULE: &str = "RFC 5424 6.3.2";
    let (name, behind) = split_before(id, |byte| byte == b'@');
    let Some(number) = behind.strip_prefix(b"@") else {
        if !registered::IDS.iter().any(|known| known.as_bytes() == id) {
            let found = format!("SD-ID {} is not registered and has no @", quote(id));
            complaints.push(Complaint::new(RULE, found));
        }
        return;
    };
    let arcs = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    if name.is_empty() || !number.split(|byte| *byte == b'.').all(arcs) {
        let found = format!("SD-ID {} is not name@enterprise-number", quote(id));
        complaints.push(Complaint::new(RULE, found));
    }
}

fn split_before(bytes: &[u8], stop: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| stop(*byte)).unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
