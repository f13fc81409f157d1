//! Entry points of framing and answers for the fuzz targets.

use super::{framing, relp_response::ResponseParser};
use crate::transport::endpoint::Framing;

/// Messages as one stream, with octet counting or line ends.
pub fn framed(messages: &[Vec<u8>], line_ends: bool) -> Vec<u8> {
    let framing = if line_ends { Framing::Lf } else { Framing::OctetCounting };
    let mut out = Vec::new();
    messages.iter().for_each(|message| framing::push(&mut out, framing, message));
    out
}

/// What a RELP server answers in these parts: number, code and text of each answer, and whether
/// all of it was such.
pub fn answers(parts: &[&[u8]]) -> (Vec<(u32, u32, String)>, bool) {
    let (mut answers, mut all) = (ResponseParser::default(), Vec::new());
    for part in parts {
        answers.push(part);
        loop {
            match answers.next() {
                Ok(Some(answer)) => all.push((answer.number, answer.code, answer.text)),
                Ok(None) => break,
                Err(_) => return (all, false),
            }
        }
    }
    (all, true)
}
