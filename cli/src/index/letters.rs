//! What no store will take: dead letters, and half records.

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// The file of dead letters, and beside it that of half records.
#[derive(Debug)]
pub(super) struct Letters {
    path: PathBuf,
}

impl Letters {
    pub(super) fn at(path: PathBuf) -> Letters {
        Letters { path }
    }

    /// Returns when it is on the disk: its record is removed from the spool afterwards.
    pub(super) fn refused(&self, status: u16, error: &str, action: &[u8], document: &[u8]) {
        let parts = json!({
            "status": status, "error": parsed(error.as_bytes()),
            "action": parsed(action), "document": parsed(document),
        });
        append(&self.path, &format!("{parts}\n"));
        super::say(&format!("refused for good, see {}: {status} {error}", self.path.display()));
    }

    /// Half a record; its sender has it still, and sends it again.
    pub(super) fn damaged(&self, piece: &[u8]) {
        let text = String::from_utf8_lossy(piece);
        append(&self.path.with_extension("half"), &format!("{}\n", Value::from(text)));
    }
}

fn parsed(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap_or_else(|_| String::from_utf8_lossy(text).into())
}

/// Waits for a disk that is full.
fn append(path: &Path, text: &str) {
    let write = || {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()
    };
    let mut tries = 0;
    while let Err(error) = write() {
        if tries % 60 == 0 {
            super::say(&format!("cannot write {}: {error}; trying again", path.display()));
        }
        tries += 1;
        thread::sleep(Duration::from_secs(1));
    }
}
