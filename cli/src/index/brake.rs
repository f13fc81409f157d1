//! The brake: holds rsyslogd before the disk is full, since it throws away what it can't write.
//!
//! rsyslogd opens its files by name. If the directory has another name, it can't open the next one,
//! and waits, and so do its senders.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::spool::TAKEN;

/// The directory of the spool, under either name.
#[derive(Debug)]
pub(super) struct Brake {
    directory: PathBuf,
    full: PathBuf,
    /// More waiting bytes than this are too many.
    limit: Option<u64>,
    /// Fewer free bytes than this are too few.
    keep_free: u64,
}

impl Brake {
    /// Makes the directory unless the brake is on.
    pub(super) fn new(directory: &Path, limit: Option<u64>, keep_free: u64) -> io::Result<Brake> {
        let mut full = directory.as_os_str().to_owned();
        full.push(".full");
        let brake = Brake { directory: directory.to_owned(), full: full.into(), limit, keep_free };
        if !brake.is_on() {
            fs::create_dir_all(directory)?;
        }
        brake.merge()?;
        Ok(brake)
    }

    /// Whether rsyslogd is held.
    pub(super) fn is_on(&self) -> bool {
        self.full.is_dir() && !self.directory.is_dir()
    }

    /// Where files are.
    pub(super) fn directories(&self) -> [&Path; 2] {
        [&self.directory, &self.full]
    }

    /// Where the files of the spool are on a disk, whatever the name of the directory.
    pub(super) fn parent(&self) -> &Path {
        let parent = self.directory.parent().filter(|parent| *parent != Path::new(""));
        parent.unwrap_or(Path::new("."))
    }

    /// Puts the brake on or takes it off; says what is new.
    pub(super) fn look(&self, waiting: u64, free: u64) -> io::Result<Option<String>> {
        let is_on = self.is_on();
        // Off again only well below, so that it does not flutter.
        let part = |bytes: u64| if is_on { bytes / 10 * 7 } else { bytes };
        let too_much = self.limit.filter(|limit| waiting > part(*limit));
        let needed = if is_on { self.keep_free / 10 * 12 } else { self.keep_free };
        let reason = match too_much {
            Some(limit) => Some(format!("{waiting} bytes wait, of {limit} allowed")),
            None if free < needed => {
                Some(format!("{free} bytes are free, of {} to be kept", self.keep_free))
            }
            None => None,
        };
        match (is_on, reason) {
            (false, Some(reason)) => {
                self.merge()?;
                fs::rename(&self.directory, &self.full)?;
                Ok(Some(format!("brake on, senders wait: {reason}")))
            }
            (true, None) => {
                fs::rename(&self.full, &self.directory)?;
                Ok(Some("brake off".to_owned()))
            }
            _ => Ok(None),
        }
    }

    /// If the directory was created again while the brake was on, moves the held files into it.
    fn merge(&self) -> io::Result<()> {
        if !self.full.is_dir() || !self.directory.is_dir() {
            return Ok(());
        }
        for entry in fs::read_dir(&self.full)? {
            let entry = entry?;
            let mut name = entry.file_name();
            while self.directory.join(&name).exists() {
                name.push(TAKEN);
            }
            fs::rename(entry.path(), self.directory.join(name))?;
        }
        fs::remove_dir(&self.full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brake(limit: Option<u64>) -> (tempfile::TempDir, Brake) {
        let root = tempfile::TempDir::new().unwrap();
        let brake = Brake::new(&root.path().join("records"), limit, 1000).unwrap();
        (root, brake)
    }

    #[test]
    fn it_is_on_from_the_limit_to_well_below_it() {
        let (root, brake) = brake(Some(100));
        assert_eq!(brake.look(100, 9999).unwrap(), None);
        assert!(brake.look(101, 9999).unwrap().unwrap().starts_with("brake on"));
        assert!(brake.is_on() && !root.path().join("records").exists());
        assert_eq!(brake.look(71, 9999).unwrap(), None);
        assert_eq!(brake.look(70, 9999).unwrap().as_deref(), Some("brake off"));
        assert!(!brake.is_on());
    }

    #[test]
    fn a_disk_that_others_fill_puts_it_on() {
        let (_root, brake) = brake(None);
        assert!(brake.look(0, 999).unwrap().unwrap().contains("999 bytes are free"));
        assert_eq!(brake.look(0, 1100).unwrap(), None);
        assert_eq!(brake.look(0, 1200).unwrap().as_deref(), Some("brake off"));
    }

    /// A poster that is killed while the brake is on finds it on after a restart, and a directory that
    /// was created meanwhile costs no file.
    #[test]
    fn a_start_finds_everything() {
        let (root, brake) = brake(Some(1));
        let records = root.path().join("records");
        fs::write(records.join("1.ndjson"), "old").unwrap();
        brake.look(2, 9999).unwrap();
        assert!(Brake::new(&records, None, 0).unwrap().is_on());
        fs::create_dir(&records).unwrap();
        fs::write(records.join("1.ndjson"), "new").unwrap();
        assert!(!Brake::new(&records, None, 0).unwrap().is_on());
        assert_eq!(fs::read_to_string(records.join("1.ndjson")).unwrap(), "new");
        assert_eq!(fs::read_to_string(records.join("1.ndjson.taken")).unwrap(), "old");
    }
}
