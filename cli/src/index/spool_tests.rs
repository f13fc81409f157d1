//! Files that come, grow, end in half a record, and go.

use std::{fs::OpenOptions, io::Write as _};

use super::*;

struct Place {
    root: tempfile::TempDir,
    spool: Spool,
}

impl Place {
    fn new() -> Place {
        let root = tempfile::TempDir::new().unwrap();
        let letters = Arc::new(Letters::at(root.path().join("dead.ndjson")));
        std::fs::create_dir(root.path().join("records")).unwrap();
        Place { spool: Spool::new(Arc::default(), letters, 1 << 20), root }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.path().join("records").join(name)
    }

    fn writer(&self, name: &str) -> File {
        OpenOptions::new().append(true).create(true).open(self.file(name)).unwrap()
    }

    /// Looks, and has everything stored that is found; how many records that is.
    fn work(&mut self) -> usize {
        let records = self.root.path().join("records");
        self.spool.look([&records, &self.root.path().join("records.full")]).unwrap();
        let pieces: Vec<_> = std::iter::from_fn(|| self.spool.piece()).collect();
        for piece in &pieces {
            piece.in_flight.fetch_sub(piece.length, Relaxed);
        }
        self.spool.remove_done().unwrap();
        pieces.iter().map(|piece| piece.records.len()).sum()
    }

    /// Works until this is so.
    fn until(&mut self, is_so: impl Fn(&Place) -> bool) -> usize {
        let (begin, mut found) = (Instant::now(), 0);
        while !is_so(self) {
            assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", self.spool);
            found += self.work();
            std::thread::sleep(Duration::from_millis(50));
        }
        found
    }

    fn is_gone(&self) -> bool {
        self.root.path().join("records").read_dir().unwrap().next().is_none()
    }
}

fn record(n: usize) -> String {
    format!("{{\"create\":{{\"_index\":\"i\",\"_id\":\"{n}\"}}}}\n{{\"n\":{n}}}\n")
}

#[test]
fn a_file_goes_when_it_is_stored_and_nobody_has_it_open() {
    let mut place = Place::new();
    let mut writer = place.writer("17.ndjson");
    writer.write_all(record(1).as_bytes()).unwrap();
    assert_eq!(place.work(), 1);
    // As long as it may grow it stays, however quiet it is.
    std::thread::sleep(QUIET * 2);
    assert_eq!(place.work(), 0);
    assert!(place.file("17.ndjson").exists());
    writer.write_all(record(2).as_bytes()).unwrap();
    drop(writer);
    assert_eq!(place.until(Place::is_gone), 1);
    // The next file may have its inode.
    place.writer("18.ndjson").write_all(record(3).as_bytes()).unwrap();
    assert_eq!(place.until(Place::is_gone), 1);
}

/// Its record was never acknowledged, and comes again.
#[test]
fn half_a_record_at_the_end_is_set_aside() {
    let mut place = Place::new();
    let half = &record(2)[..40];
    place.writer("17.ndjson").write_all((record(1) + half).as_bytes()).unwrap();
    assert_eq!(place.until(Place::is_gone), 1);
    let aside = std::fs::read_to_string(place.root.path().join("dead.half")).unwrap();
    let aside: String = serde_json::from_str(aside.trim()).unwrap();
    assert_eq!(aside, half);
}

#[test]
fn what_no_poster_has_taken_waits_with_its_file() {
    let mut place = Place::new();
    place.writer("17.ndjson").write_all(record(1).as_bytes()).unwrap();
    let records = place.root.path().join("records");
    for _ in 0..3 {
        let waiting = place.spool.look([&records, &records]).unwrap();
        assert_eq!(waiting.bytes, record(1).len() as u64);
        std::thread::sleep(QUIET);
        place.spool.remove_done().unwrap();
    }
    assert!(place.file("17.ndjson").exists());
    assert_eq!(place.until(Place::is_gone), 1);
}

/// Not even root can read a directory as a file.
#[test]
fn an_unreadable_file_is_named_and_blocks_no_other() {
    let mut place = Place::new();
    std::fs::create_dir(place.file("16.ndjson")).unwrap();
    place.writer("17.ndjson").write_all(record(1).as_bytes()).unwrap();
    place.writer("18.ndjson");
    let records = place.root.path().join("records");
    let full = place.root.path().join("records.full");
    let (begin, mut found) = (Instant::now(), 0);
    while records.read_dir().unwrap().count() > 1 {
        assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", place.spool);
        place.spool.look([&records, &full]).unwrap();
        while let Some(piece) = place.spool.piece() {
            piece.in_flight.fetch_sub(piece.length, Relaxed);
            found += piece.records.len();
        }
        let trouble = place.spool.remove_done().unwrap_err().to_string();
        assert!(trouble.starts_with("cannot ") && trouble.contains("16.ndjson"), "{trouble}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(found, 1);
}
