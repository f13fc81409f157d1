//! Joining of lines that belong to one record, such as stack traces.

use super::level;

/// Puts lines together: stack traces, and all else that is indented.
#[derive(Default)]
pub(super) struct Joiner {
    record: Option<String>,
    lines: usize,
    /// The next line belongs to this record, whatever it looks like.
    wants_more: bool,
}

impl Joiner {
    /// Takes a line; gives the record before it, if that is complete.
    pub(super) fn add(&mut self, line: String) -> Option<String> {
        let wants_more = std::mem::replace(&mut self.wants_more, announces_more(&line));
        if let Some(record) = &mut self.record {
            // A line of JSON is a whole record.
            let goes_on = (continues(&line) || wants_more) && !record.starts_with('{');
            if goes_on && self.lines < MOST_LINES && record.len() + line.len() < LONGEST {
                self.lines += 1;
                // Frames of a Python traceback stand between it and the line that says why.
                self.wants_more |= wants_more && line.starts_with([' ', '\t']);
                record.extend(["\n", &line]);
                return None;
            }
        }
        self.lines = 1;
        self.record.replace(line)
    }

    /// The record that waited for more lines.
    pub(super) fn take(&mut self) -> Option<String> {
        self.wants_more = false;
        self.record.take()
    }
}

fn continues(line: &str) -> bool {
    let starts = ["at ", "Caused by", "caused by", "... ", "stack backtrace:", "note: "];
    // Some programs put a blank before ` INFO`, so that it is as long as `ERROR`.
    let is_indented = line.starts_with([' ', '\t']) && level::of_line(line).0.is_none();
    !line.trim().is_empty() && (is_indented || starts.iter().any(|start| line.starts_with(start)))
}

/// Python says last what went wrong, Rust on the line after the place.
fn announces_more(line: &str) -> bool {
    line.starts_with("Traceback (most recent call last)")
        || line.starts_with("thread '") && line.contains(" panicked at ")
}

const MOST_LINES: usize = 500;
const LONGEST: usize = 64 * 1024;
