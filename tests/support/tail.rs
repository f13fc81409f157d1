//! A file that a server writes to, read line by line as it grows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use super::eventually;

/// Reads each line once.
pub(crate) struct Tail {
    path: PathBuf,
    read: u64,
    /// The beginning of a line whose end has not been written yet.
    rest: Vec<u8>,
}

impl Tail {
    pub(crate) fn new(path: PathBuf) -> Tail {
        Tail { path, read: 0, rest: Vec::new() }
    }

    /// Skips what is there already.
    pub(crate) fn skip(&mut self) {
        self.lines();
    }

    /// The complete lines that have come since the last time.
    pub(crate) fn lines(&mut self) -> Vec<Vec<u8>> {
        let Ok(mut file) = File::open(&self.path) else { return Vec::new() };
        file.seek(SeekFrom::Start(self.read)).expect("a file can be sought in");
        let read = file.read_to_end(&mut self.rest).expect("a file can be read");
        self.read += read as u64;
        let mut lines: Vec<_> = self.rest.split(|&byte| byte == b'\n').map(Vec::from).collect();
        self.rest = lines.pop().unwrap_or_default();
        lines
    }

    /// Waits until `wanted` lines have been added to `lines`, or `limit` has passed.
    pub(crate) fn wait_for(&mut self, lines: &mut Vec<Vec<u8>>, wanted: usize, limit: Duration) {
        eventually(limit, || {
            lines.extend(self.lines());
            lines.len() >= wanted
        });
    }
}
