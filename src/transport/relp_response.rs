//! Parser of a RELP server's responses, which may be hostile.

use std::io;

use super::failure::failure;
use crate::ErrorKind;

/// `TXNR SP "rsp" SP DATALEN [SP CODE [SP TEXT]] LF`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The transaction it answers, or 0 for a hint.
    pub(super) number: u32,
    pub(super) code: u32,
    pub(super) text: String,
}

/// Collects bytes until they form an answer.
#[derive(Debug, Default)]
pub(super) struct ResponseParser {
    bytes: Vec<u8>,
}

impl ResponseParser {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next complete answer, if there is one.
    ///
    /// # Errors
    ///
    /// If the bytes cannot become one: the session is unusable.
    pub(super) fn next(&mut self) -> io::Result<Option<Answer>> {
        match parse(&self.bytes)? {
            Some((answer, length)) => {
                self.bytes.drain(..length);
                Ok(Some(answer))
            }
            None => Ok(None),
        }
    }
}

fn parse(bytes: &[u8]) -> io::Result<Option<(Answer, usize)>> {
    let wrong =
        || failure(ErrorKind::NotRelp, "invalid RELP response: the server does not speak RELP");
    let mut rest = bytes;
    let Some(number) = word(&mut rest, LONGEST_NUMBER).map_err(|()| wrong())? else {
        return Ok(None);
    };
    let Some(command) = word(&mut rest, LONGEST_COMMAND).map_err(|()| wrong())? else {
        return Ok(None);
    };
    let number = digits(number).ok_or_else(wrong)?;
    if !matches!((number, command), (1.., b"rsp") | (0, b"serverclose")) {
        return Err(wrong());
    }
    // The length ends at the blank before the data, or at the line end if there is no data.
    let Some(end) = rest.iter().position(|byte| !byte.is_ascii_digit()) else {
        return if rest.len() > LONGEST_NUMBER { Err(wrong()) } else { Ok(None) };
    };
    let length = rest.get(..end).and_then(digits).filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(wrong)? as usize;
    let begin = match rest.get(end) {
        Some(b' ') => end + 1,
        Some(b'\n') if length == 0 => end,
        _ => return Err(wrong()),
    };
    let Some(data) = rest.get(begin..begin + length) else { return Ok(None) };
    match rest.get(begin + length) {
        None => return Ok(None),
        Some(b'\n') => {}
        Some(_) => return Err(wrong()),
    }
    let data = String::from_utf8_lossy(data);
    let code: String = data.chars().take_while(char::is_ascii_digit).take(3).collect();
    let text = data.get(code.len()..).unwrap_or_default().trim_start_matches(' ').to_owned();
    let code = if number == 0 { 0 } else { code.parse().map_err(|_| wrong())? };
    let whole = bytes.len() - rest.len() + begin + length + 1;
    Ok(Some((Answer { number, code, text }, whole)))
}

/// The bytes before the next blank, which is consumed; none if there is no blank yet.
fn word<'a>(rest: &mut &'a [u8], longest: usize) -> Result<Option<&'a [u8]>, ()> {
    match rest.iter().take(longest + 1).position(|byte| *byte == b' ') {
        Some(end) => {
            let (word, after) = rest.split_at(end);
            *rest = after.get(1..).unwrap_or_default();
            Ok(Some(word))
        }
        None if rest.len() > longest => Err(()),
        None => Ok(None),
    }
}

fn digits(bytes: &[u8]) -> Option<u32> {
    let is_number = (1..=LONGEST_NUMBER).contains(&bytes.len());
    let text = std::str::from_utf8(bytes).ok().filter(|_| is_number)?;
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

const LONGEST_NUMBER: usize = 9;
const LONGEST_COMMAND: usize = 32;
const LONGEST: u32 = 128 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answers(bytes: &[u8]) -> (Vec<(u32, u32, String)>, bool) {
        let mut answers = ResponseParser::default();
        answers.push(bytes);
        let mut all = Vec::new();
        loop {
            match answers.next() {
                Ok(Some(answer)) => all.push((answer.number, answer.code, answer.text)),
                Ok(None) => return (all, true),
                Err(_) => return (all, false),
            }
        }
    }

    #[test]
    fn answers_are_taken_apart() {
        let bytes = b"1 rsp 32 200 OK\nrelp_version=0\ncommands=x\n2 rsp 6 200 OK\n3 rsp 3 500\n";
        let (all, is_sound) = answers(bytes);
        assert!(is_sound);
        assert_eq!(all[0].2.lines().nth(1), Some("relp_version=0"));
        assert_eq!(all[1], (2, 200, "OK".to_owned()));
        assert_eq!(all[2], (3, 500, String::new()));
        assert_eq!(answers(b"0 serverclose 0\n").0, [(0, 0, String::new())]);
    }

    #[test]
    fn what_is_not_whole_yet_is_waited_for() {
        let whole = b"12 rsp 6 200 OK\n";
        for end in 0..whole.len() {
            assert_eq!(answers(&whole[..end]), (vec![], true), "{end}");
        }
    }

    #[test]
    fn hostile_answers_end_the_session() {
        for hostile in [
            "x rsp 3 200\n",
            " rsp 3 200\n",
            "1 syslog 3 200\n",
            "0 rsp 3 200\n",
            "1 rsp x\n",
            "1 rsp -1 200\n",
            "1 rsp 999999999 200\n",
            "1 rsp 3 2000\n",
            "1 rsp 3 abc\n",
            "1 rsp 3\n200\n",
            "9999999999 rsp 3 200\n",
            "1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 3 200\n",
        ] {
            assert!(!answers(hostile.as_bytes()).1, "{hostile:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_memory_is_bounded(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            answers(&bytes);
        }

        #[test]
        fn splitting_changes_nothing(at in 0_usize..40) {
            let bytes = b"1 rsp 6 200 OK\n2 rsp 6 200 OK\n3 rsp 9 500 NotOK\n";
            let mut answers = ResponseParser::default();
            let mut count = 0;
            for part in [&bytes[..at], &bytes[at..]] {
                answers.push(part);
                while answers.next().unwrap().is_some() { count += 1; }
            }
            prop_assert_eq!(count, 3);
        }
    }
}
