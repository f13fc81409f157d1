//! A file with the filter, read when it changes.

use std::{
    fs,
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

use super::{
    Builder,
    env::{Environment, choose_path},
};
use crate::{
    Error,
    capture::{Filter, LiveFilter, Pipeline},
    threads,
};

/// Reports an error, as `on_error` says.
pub(crate) type Report = Arc<Mutex<dyn FnMut(&str) + Send>>;

impl Builder {
    /// Sets a file with a filter that overrides [`filter`](Builder::filter) while the file is not
    /// empty, for the person on call.
    ///
    /// A thread of its own checks it once a second, so it may be written, replaced, emptied,
    /// deleted, and missing at the start. It contains directives as in `info,my_crate=debug`, on
    /// several lines if you like; a comment starts with `#`. A change is shipped as a record of
    /// severity NOTICE. An invalid file is reported once, and the filter stays as it was. Of
    /// [`Handle::set_filter`](crate::Handle::set_filter) and the file, the later change counts.
    ///
    /// ```no_run
    /// let _guard = logship::builder("app-tag").filter_file("/run/app/filter").try_init()?;
    /// # Ok::<(), logship::Error>(())
    /// ```
    ///
    /// Defaults to none.
    pub fn filter_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.filter_file = Some(path.into());
        self
    }

    pub(super) fn filter_file_of(&self, env: Environment<'_>) -> Result<Option<PathBuf>, Error> {
        let Some(path) = choose_path(self.filter_file.clone(), env, "SYSLOG_FILTER_FILE") else {
            return Ok(None);
        };
        // The program may change its working directory.
        std::path::absolute(&path).map(Some).map_err(|error| {
            Error::because(format!("invalid filter file (SYSLOG_FILTER_FILE) {path:?}"), error)
        })
    }
}

/// Reads the file now, and whenever it changes until the last handle is gone.
///
/// # Errors
///
/// If the thread cannot be started.
pub(super) fn watch(
    path: PathBuf,
    pipeline: Weak<Pipeline>,
    filter: Arc<LiveFilter>,
    report: Report,
) -> Result<(), Error> {
    let mut file = FilterFile { path, seen: Ok(None), pipeline, filter, report };
    file.look();
    let run = move || {
        while file.pipeline.strong_count() > 0 {
            thread::sleep(INTERVAL);
            file.look();
        }
    };
    let started = threads::spawn("logship-filter", run);
    started.map(drop).map_err(|e| Error::system("cannot start the thread of the filter file", e))
}

struct FilterFile {
    path: PathBuf,
    /// Its last content, or the last error.
    seen: Result<Option<String>, String>,
    pipeline: Weak<Pipeline>,
    filter: Arc<LiveFilter>,
    report: Report,
}

impl FilterFile {
    fn look(&mut self) {
        let mut found = read(&self.path);
        if found == self.seen {
            return;
        }
        // It may be half written: content counts once it has not changed for a moment.
        for _ in 0..TRIES {
            thread::sleep(SETTLE);
            let again = read(&self.path);
            if std::mem::replace(&mut found, again.clone()) == again {
                break;
            }
        }
        self.seen = found;
        match self.apply() {
            Ok(hints) => hints.iter().for_each(|hint| self.tell(hint)),
            Err(what) => self.tell(&format!("{what}; the filter stays as it was")),
        }
    }

    fn apply(&self) -> Result<Vec<String>, String> {
        let text = self.seen.as_ref().map_err(String::clone)?;
        let directives = directives(text.as_deref().unwrap_or_default());
        let (filter, hints) = match directives.is_empty() {
            true => (None, Vec::new()),
            false => {
                let (filter, hints) = Filter::new(&directives).map_err(|e| e.to_string())?;
                (Some(filter), hints)
            }
        };
        self.filter.set_for_now(filter);
        if let Some(pipeline) = self.pipeline.upgrade() {
            pipeline.tell_filter(&directives, &self.path);
        }
        Ok(hints)
    }

    fn tell(&self, what: &str) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report(&format!("filter file {:?}: {what}", self.path));
    }
}

fn read(path: &Path) -> Result<Option<String>, String> {
    let read = || -> io::Result<_> {
        // A pipe would block until somebody writes to it.
        if !fs::metadata(path)?.is_file() {
            return Ok(Err("expected a file".to_owned()));
        }
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) if text.len() as u64 > LONGEST => {
                Err(format!("expected {LONGEST} bytes at most"))
            }
            Ok(text) => Ok(Some(text)),
            Err(_) => Err("expected UTF-8".to_owned()),
        })
    };
    match read() {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read it: {error}")),
    }
}

/// The lines without comments, joined as in a variable.
fn directives(text: &str) -> String {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let lines = lines.map(|line| line.trim().trim_matches(',')).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(",")
}

const INTERVAL: Duration = Duration::from_secs(1);
const SETTLE: Duration = Duration::from_millis(20);
const TRIES: u32 = 10;
const LONGEST: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_comments_become_directives() {
        assert_eq!(directives("# on call\n info,\n\nshop=debug # one\n"), "info,shop=debug");
        assert_eq!(directives("\u{feff}"), "\u{feff}");
        assert_eq!(directives(" \n#\n,"), "");
    }

    #[test]
    fn what_is_no_file_is_told() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read(&directory.path().join("none")), Ok(None));
        assert_eq!(read(directory.path()), Err("expected a file".to_owned()));
        let file = directory.path().join("filter");
        for (bytes, wrong) in [(vec![b'a'; 70_000], "bytes at most"), (vec![0xff], "UTF-8")] {
            fs::write(&file, bytes).unwrap();
            assert!(read(&file).unwrap_err().contains(wrong));
        }
    }
}
