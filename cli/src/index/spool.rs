//! The files of the spool: what is new in each, and which are done with.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use super::{lease, letters::Letters, lines, post::Piece, stats::Stats};

/// What is known of the files; nothing of it is on a disk, since ids absorb what is sent again.
#[derive(Debug)]
pub(super) struct Spool {
    tails: HashMap<u64, Tail>,
    stats: Arc<Stats>,
    letters: Arc<Letters>,
    /// How long a piece may become.
    longest: usize,
}

/// How far one file, whatever its name, has been read.
#[derive(Debug)]
struct Tail {
    path: PathBuf,
    size: u64,
    modified: SystemTime,
    /// Up to here its records are stored or with a poster.
    sent: u64,
    in_flight: Arc<AtomicU64>,
    last_read: Option<Instant>,
    /// The size at which what is behind `sent` was no whole record.
    half_at: Option<u64>,
    /// When everything in it was stored last, or its first record came.
    well_at: SystemTime,
    /// Since when rsyslogd can't open it by name any more.
    taken: Option<Instant>,
    /// Why it could not be read the last time.
    trouble: Option<String>,
}

/// What waits in all files.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waiting {
    pub(super) bytes: u64,
    pub(super) oldest: Duration,
}

impl Spool {
    pub(super) fn new(stats: Arc<Stats>, letters: Arc<Letters>, longest: usize) -> Spool {
        Spool { tails: HashMap::new(), stats, letters, longest }
    }

    /// Looks which files there are and how long they have become.
    pub(super) fn look(&mut self, directories: [&Path; 2]) -> io::Result<Waiting> {
        let mut seen = HashMap::with_capacity(self.tails.len());
        for directory in directories {
            let entries = match fs::read_dir(directory) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    let path = directory.display();
                    return Err(io::Error::other(format!("cannot read {path}: {error}")));
                }
            };
            for entry in entries {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if !name.trim_end_matches(TAKEN).ends_with(".ndjson") {
                    continue;
                }
                let Ok(metadata) = fs::metadata(&path) else { continue };
                // Once another process has removed a file, its inode is used again.
                let known = self
                    .tails
                    .remove(&metadata.ino())
                    .filter(|tail| slot(&tail.path) == slot(&path) && tail.sent <= metadata.len());
                let mut tail = known.unwrap_or_else(|| Tail::new(&path));
                tail.size = metadata.len();
                tail.modified = metadata.modified()?;
                tail.path = path;
                seen.insert(metadata.ino(), tail);
            }
        }
        self.tails = seen;
        Ok(self.waiting())
    }

    /// The oldest piece that is worth a request.
    pub(super) fn piece(&mut self) -> Option<Piece> {
        let mut order: Vec<_> =
            self.tails.values_mut().filter(|tail| tail.sent < tail.size).collect();
        order.sort_by(|a, b| a.path.file_name().cmp(&b.path.file_name()));
        order.into_iter().find_map(|tail| {
            let read = tail.read(self.longest, &self.letters, &self.stats);
            read.unwrap_or_else(|error| {
                // If it is not found, the brake has just renamed its directory.
                let is_known = error.kind() == io::ErrorKind::NotFound;
                let path = tail.path.display();
                tail.trouble = (!is_known).then(|| format!("cannot read {path}: {error}"));
                None
            })
        })
    }

    /// Removes the files that are stored in full and not open for writing anywhere. Says which of the
    /// others can't be read or removed; they keep nothing else waiting.
    pub(super) fn remove_done(&mut self) -> io::Result<()> {
        let (letters, stats) = (&self.letters, &self.stats);
        let mut outcome = Ok(());
        // What was known of a removed file must go: the next file may have its inode.
        self.tails.retain(|_, tail| {
            if let Some(trouble) = &tail.trouble {
                outcome = Err(io::Error::other(trouble.clone()));
            }
            let removed = tail.is_done(letters, stats).and_then(|is_done| match is_done {
                true => fs::remove_file(&tail.path).map(|()| true),
                false => Ok(false),
            });
            let is_removed = removed.unwrap_or_else(|error| {
                let path = tail.path.display();
                let hint = match error.kind() {
                    io::ErrorKind::PermissionDenied => ": run as the user that rsyslogd runs as",
                    _ => "",
                };
                outcome = Err(io::Error::other(format!("cannot remove {path}: {error}{hint}")));
                false
            });
            stats.files_removed.fetch_add(is_removed.into(), Relaxed);
            !is_removed
        });
        outcome
    }

    fn waiting(&mut self) -> Waiting {
        let now = SystemTime::now();
        let mut waiting = Waiting::default();
        for tail in self.tails.values_mut() {
            match tail.waiting() {
                0 => tail.well_at = now,
                bytes => {
                    let age = now.duration_since(tail.well_at).unwrap_or_default();
                    waiting.bytes += bytes;
                    waiting.oldest = waiting.oldest.max(age);
                }
            }
        }
        waiting
    }
}

impl Tail {
    fn new(path: &Path) -> Tail {
        Tail {
            path: path.to_owned(),
            size: 0,
            modified: SystemTime::UNIX_EPOCH,
            sent: 0,
            in_flight: Arc::default(),
            last_read: None,
            half_at: None,
            well_at: begun(path).unwrap_or_else(SystemTime::now),
            taken: None,
            trouble: None,
        }
    }

    fn waiting(&self) -> u64 {
        self.size.saturating_sub(self.sent) + self.in_flight.load(Relaxed)
    }

    fn read(
        &mut self,
        longest: usize,
        letters: &Letters,
        stats: &Stats,
    ) -> io::Result<Option<Piece>> {
        let unread = self.size.saturating_sub(self.sent);
        let lingers = self.last_read.is_some_and(|at| at.elapsed() < LINGER);
        if unread == 0 || unread < WORTH_IT && lingers {
            return Ok(None);
        }
        self.last_read = Some(Instant::now());
        let length = usize::try_from(unread).unwrap_or(longest).min(longest);
        let mut bytes = vec![0; length];
        let file = File::open(&self.path)?;
        let read = read_at(&file, &mut bytes, self.sent)?;
        self.trouble = None;
        bytes.truncate(read);
        let mut whole = lines::whole(&bytes);
        if whole == 0 && read < longest {
            self.half_at = Some(self.size);
            return Ok(None);
        }
        if whole == 0 {
            // No record is this long.
            whole = read;
        }
        bytes.truncate(whole);
        self.sent += whole as u64;
        let parsed = lines::parse(&bytes);
        for piece in parsed.damaged {
            stats.damaged.fetch_add(1, Relaxed);
            letters.damaged(&bytes[piece]);
        }
        stats.read_bytes.fetch_add(whole as u64, Relaxed);
        stats.read_records.fetch_add(parsed.records.len() as u64, Relaxed);
        if parsed.records.is_empty() {
            return Ok(None);
        }
        self.in_flight.fetch_add(whole as u64, Relaxed);
        let in_flight = Arc::clone(&self.in_flight);
        Ok(Some(Piece { bytes, records: parsed.records, in_flight, length: whole as u64 }))
    }

    /// Whether it can be removed. It is renamed first, so that rsyslogd cannot open it again.
    fn is_done(&mut self, letters: &Letters, stats: &Stats) -> io::Result<bool> {
        let is_quiet = self.modified.elapsed().is_ok_and(|quiet| quiet > QUIET);
        if self.in_flight.load(Relaxed) > 0 || !is_quiet {
            return Ok(false);
        }
        let is_read = self.sent == self.size || self.half_at == Some(self.size);
        if !is_read {
            return Ok(false);
        }
        let file = File::open(&self.path)?;
        if !lease::nobody_writes(&file)? || file.metadata()?.len() != self.size {
            return Ok(false);
        }
        let is_taken = self.path.to_string_lossy().ends_with(TAKEN);
        let Some(taken) = self.taken.filter(|_| is_taken) else {
            if !is_taken {
                let mut name = self.path.clone().into_os_string();
                name.push(TAKEN);
                fs::rename(&self.path, &name)?;
                self.path = name.into();
            }
            self.taken = Some(Instant::now());
            return Ok(false);
        };
        if taken.elapsed() < QUIET {
            return Ok(false);
        }
        if self.sent < self.size {
            let mut rest = vec![0; usize::try_from(self.size - self.sent).unwrap_or_default()];
            file.read_exact_at(&mut rest, self.sent)?;
            stats.damaged.fetch_add(1, Relaxed);
            letters.damaged(&rest);
            self.sent = self.size;
        }
        Ok(true)
    }
}

/// When a file's first record came, by its name: ten seconds of the clock.
fn begun(path: &Path) -> Option<SystemTime> {
    let seconds = slot(path)?.parse::<u64>().ok()?.checked_mul(10)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// What is before the first dot of its name.
fn slot(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.split('.').next()
}

fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < bytes.len() {
        match file.read_at(&mut bytes[read..], offset + read as u64)? {
            0 => break,
            n => read += n,
        }
    }
    Ok(read)
}

pub(super) const TAKEN: &str = ".taken";
/// A smaller piece waits for more to come.
const WORTH_IT: u64 = 1 << 20;
const LINGER: Duration = Duration::from_millis(500);
/// How long a file must have been unchanged to count as finished.
const QUIET: Duration = Duration::from_secs(2);

#[cfg(test)]
#[path = "spool_tests.rs"]
mod tests;
