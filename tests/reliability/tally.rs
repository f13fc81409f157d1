//! Counting what a server stored, line by line, since there are millions.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use crate::shipping::text;

/// Which numbered records are there, how often, and how many of them are not as they were said.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    seen: Vec<u64>,
    pub(crate) lines: u64,
    pub(crate) distinct: u64,
    pub(crate) damaged: u64,
    pub(crate) bytes: u64,
}

impl Tally {
    /// Counts what is in this file, and removes it: all of them together would fill a disk.
    pub(crate) fn take(&mut self, file: &Path) {
        let Ok(opened) = File::open(file) else { return };
        let mut reader = BufReader::with_capacity(1 << 20, opened);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            // A line without its end is of a server that was killed while it wrote.
            if line.pop() == Some(b'\n') {
                self.count(&line);
            }
            line.clear();
        }
        fs::remove_file(file).unwrap();
    }

    fn count(&mut self, line: &[u8]) {
        // The crate's own report of what may be lost.
        if line.windows(OWN_REPORT.len()).any(|part| part == OWN_REPORT) {
            return;
        }
        self.lines += 1;
        self.bytes += line.len() as u64;
        match std::str::from_utf8(line).ok().and_then(intact) {
            Some(n) => {
                let (word, bit) = (n as usize / 64, 1 << (n % 64));
                if self.seen.len() <= word {
                    self.seen.resize(word * 2 + 1, 0);
                }
                self.distinct += u64::from(self.seen[word] & bit == 0);
                self.seen[word] |= bit;
            }
            None => {
                self.damaged += 1;
                eprintln!("damaged: {}", line.escape_ascii());
            }
        }
    }

    /// The records of `0..count` that are not there.
    pub(crate) fn missing(&self, count: u64) -> Vec<u64> {
        let has = |n: u64| self.seen.get(n as usize / 64).is_some_and(|w| w >> (n % 64) & 1 == 1);
        (0..count).filter(|n| !has(*n)).collect()
    }
}

/// Whether the last line of this file is that of record `n`.
pub(crate) fn ends_with(file: &Path, n: u64) -> bool {
    let end = || {
        let mut file = File::open(file).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_LINE))).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let mark = format!(r#""sd_text":"[fields@32473 n=\"{n}\"]""#);
    end().is_some_and(|end| end.ends_with('\n') && end.contains(&mark))
}

/// Numbers as ranges, for people to read.
pub(crate) fn ranges(numbers: &[u64]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let of = |run: &[u64]| format!("{}+{}", run[0], run.len());
    runs.map(of).collect::<Vec<_>>().join(" ")
}

/// The number of a record of which everything is as it was said.
fn intact(line: &str) -> Option<u64> {
    let (before, after) = line.split_once(r#""sd_text":"[fields@32473 n=\""#)?;
    let (number, after) = after.split_once('\\')?;
    let n = number.parse().ok()?;
    let is_intact = ["\"hostname\":\"client.example\"", "\"app_name\":\"shop\"", "\"pri\":\"14\""]
        .iter()
        .all(|part| before.contains(part))
        && before.ends_with("\"msgid\":\"shop::cart\",")
        && after.starts_with("\"]\"")
        && after.ends_with(&format!("\"msg\":\"{}\"}}", text(n)));
    is_intact.then_some(n)
}

const LONGEST_LINE: u64 = 4096;

const OWN_REPORT: &[u8] = br#""msgid":"logship""#;
