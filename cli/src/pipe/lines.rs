//! Lines of standard input, of any length and of any bytes.

use std::io::{self, BufRead as _, Write as _};

/// Reads standard input to its end, or until `take` wants no more lines; with `tee` all of it goes
/// to standard output, whatever becomes of the lines.
pub(super) fn read(tee: bool, mut take: impl FnMut(String) -> bool) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let (mut line, mut cut, mut is_begun) = (Vec::new(), 0, false);
    loop {
        let bytes = input.fill_buf()?;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let read = end.map_or(bytes.len(), |end| end + 1);
        if tee {
            output.write_all(&bytes[..read])?;
            output.flush()?;
        }
        // A line that never ends must not take all memory.
        let text = &bytes[..end.unwrap_or(read)];
        let kept = text.len().min(LONGEST - line.len());
        line.extend_from_slice(&text[..kept]);
        cut += text.len() - kept;
        is_begun |= read > 0;
        input.consume(read);
        if end.is_some() || read == 0 {
            if is_begun && !take(shown(&line, cut)) || read == 0 {
                return Ok(());
            }
            (cut, is_begun) = (0, false);
            line.clear();
        }
    }
}

/// The line as text, without its `\r` and without the colours that are for a terminal.
fn shown(line: &[u8], cut: usize) -> String {
    let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
    let mut parts = text.split("\u{1b}[");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.find(|c: char| !c.is_ascii_digit() && c != ';');
        match code.filter(|at| part[*at..].starts_with('m')) {
            Some(at) => shown.push_str(&part[at + 1..]),
            None => shown.extend(["\u{1b}[", part]),
        }
    }
    if cut > 0 {
        shown.push_str(&format!("...[cut {cut} bytes]"));
    }
    shown
}

/// Bytes kept of a line; a record is shorter still (`SYSLOG_MAX_MESSAGE_SIZE`).
const LONGEST: usize = 64 * 1024;
