//! The level that a line names itself.

use log::Level;

/// The level of a line and what is left of it: `<3>` of sd-daemon(3) is taken away, all else stays.
pub(super) fn of_line(line: &str) -> (Option<Level>, &str) {
    match line.as_bytes() {
        [b'<', digit @ b'0'..=b'7', b'>', ..] => (Some(of_severity(digit - b'0')), &line[3..]),
        // glog, klog: `E0102 15:04:05.678901`.
        [letter, a, b, c, d, b' ', ..] if [a, b, c, d].iter().all(|o| o.is_ascii_digit()) => {
            let level = b"IWEF".iter().position(|known| known == letter);
            (level.map(|at| [Level::Info, Level::Warn, Level::Error, Level::Error][at]), line)
        }
        _ => (line.split_whitespace().take(MOST_WORDS).find_map(word).flatten(), line),
    }
}

/// What a word says: go on (none), there is no level here (none in it), or a level.
fn word(word: &str) -> Option<Option<Level>> {
    let bare = word.trim_start_matches(['[', '(', '{', '<', '|', '"']);
    let end = bare.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(bare.len());
    let (name, after) = bare.split_at(end);
    let is_marked = bare.len() < word.len() || after.starts_with([':', ']', '|']);
    // "error" in a sentence is no level.
    let is_shouted = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase());
    match of_name(name) {
        Some(level) if is_marked || is_shouted => Some(Some(level)),
        // A time, a process id, a zone: the level may come after it.
        _ if bare.starts_with(|c: char| c.is_ascii_digit())
            || ["UTC", "-", "|"].contains(&bare) =>
        {
            None
        }
        _ if bare.is_empty() => None,
        _ => Some(None),
    }
}

/// A level by any of its names.
pub(super) fn of_name(name: &str) -> Option<Level> {
    match name.to_ascii_lowercase().as_str() {
        "trace" | "trc" | "finest" | "finer" => Some(Level::Trace),
        "debug" | "dbg" | "fine" => Some(Level::Debug),
        "info" | "inf" | "information" | "informational" | "notice" | "log" => Some(Level::Info),
        "warn" | "wrn" | "warning" => Some(Level::Warn),
        "error" | "err" | "fatal" | "crit" | "critical" | "alert" | "emerg" | "emergency"
        | "panic" | "severe" => Some(Level::Error),
        _ => None,
    }
}

/// A level by its number in RFC 5424 section 6.2.1.
pub(super) fn of_severity(severity: u8) -> Level {
    match severity {
        0..=3 => Level::Error,
        4 => Level::Warn,
        5 | 6 => Level::Info,
        _ => Level::Debug,
    }
}

/// Date, time, zone and thread may stand before the level.
const MOST_WORDS: usize = 6;
