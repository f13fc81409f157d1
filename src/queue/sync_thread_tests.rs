//! Tests of what is on the disk after a power failure.
#![allow(clippy::unwrap_used, reason = "clippy takes helpers of tests for the crate's own code")]

use std::{fs, ops::Range, path::Path};

use tempfile::TempDir;

use super::super::{
    OpenedRing,
    entry::check,
    file::open,
    recovery::{HEAD, KEPT, PAGE},
};
use crate::Severity;

const PAGES: usize = 3;
const CAPACITY: usize = PAGES * PAGE;

/// What goes to the disk by itself, when the system likes: a page of the ring, and of the first page the
/// sectors that ever change, since a disk may write half a page.
const UNITS: [Range<usize>; 2 + PAGES] = [
    HEAD..HEAD + SECTOR,
    KEPT..KEPT + SECTOR,
    PAGE..2 * PAGE,
    2 * PAGE..3 * PAGE,
    3 * PAGE..4 * PAGE,
];
const SECTOR: usize = 512;

/// A ring, and what was ever said to it.
struct Ring {
    opened: OpenedRing,
    said: Vec<Vec<u8>>,
}

impl Ring {
    fn say(&mut self, count: usize) {
        for _ in 0..count {
            let number = self.said.len();
            let bytes = format!("{number} {}", "x".repeat(500 + number * 97 % 300)).into_bytes();
            let check = check(Severity::Error, &bytes);
            assert!(self.opened.producer.push(Severity::Error, &bytes, check));
            self.said.push(bytes);
        }
    }

    fn ship(&mut self, count: usize) {
        let consumer = &mut self.opened.consumer;
        let end = consumer.unsent().take(count).last().unwrap().end;
        consumer.advance_sent(end);
        consumer.advance_acked(end);
        consumer.free(end);
    }

    fn pending(&self) -> Vec<Vec<u8>> {
        pending(&self.opened)
    }
}

fn pending(opened: &OpenedRing) -> Vec<Vec<u8>> {
    opened.consumer.unsent().map(|stored| stored.bytes.to_vec()).collect()
}

/// What a start finds in this image, all of which was said; the ring goes on from there.
fn found(path: &Path, image: &[u8], said: &[Vec<u8>]) -> Vec<Vec<u8>> {
    fs::write(path, image).unwrap();
    let mut opened = open(path, CAPACITY).unwrap();
    let found = pending(&opened);
    assert!(found.iter().all(|bytes| said.contains(bytes)), "{found:?}");
    assert_eq!(opened.adopted, found.len() as u64);
    let head = opened.producer.head();
    opened.consumer.advance_sent(head);
    opened.consumer.advance_acked(head);
    opened.consumer.free(head);
    assert!(opened.producer.push(Severity::Error, b"next", check(Severity::Error, b"next")));
    assert_eq!(pending(&opened), [b"next"]);
    found
}

fn place() -> (TempDir, std::path::PathBuf) {
    // Thousands of files are made, which a disk is slow at.
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
    let path = directory.path().join("ring");
    (directory, path)
}

/// The first moment is that of the sync. At the failure each part is as it was at one of the moments since.
#[test]
fn synced_records_survive_later_writes() {
    // How many are said and shipped between the moments, and how many of the first wait to the end: within a
    // lap, around the end of the ring, and until nothing of the first moment is left.
    for (before, since, promises) in [
        (6, [(3, 2), (4, 1), (0, 1)], 2),
        (12, [(2, 5), (5, 2), (4, 1)], 4),
        (13, [(0, 11), (11, 8), (9, 3)], 0),
    ] {
        let (_directory, path) = place();
        let mut ring = Ring { opened: open(&path, CAPACITY).unwrap(), said: Vec::new() };
        ring.say(before);
        let synced = ring.pending();
        let mut moments = vec![fs::read(&path).unwrap()];
        for (say, ship) in since {
            ring.say(say);
            ring.ship(ship);
            moments.push(fs::read(&path).unwrap());
        }
        let still = ring.pending();
        let promised: Vec<_> = synced.iter().filter(|bytes| still.contains(bytes)).collect();
        assert_eq!(promised.len(), promises);
        let said = std::mem::take(&mut ring.said);
        drop(ring);
        let count = moments.len().pow(UNITS.len() as u32);
        for which in 0..count {
            let mut image = moments[0].clone();
            let mut rest = which;
            for unit in UNITS {
                image[unit.clone()].copy_from_slice(&moments[rest % moments.len()][unit]);
                rest /= moments.len();
            }
            let found = found(&path, &image, &said);
            let is_there = promised.iter().all(|bytes| found.contains(bytes));
            assert!(is_there, "image {which} of {before} {since:?}: {promised:?} {found:?}");
        }
    }
}

/// Before a first sync has finished nothing is promised; what is there whole is found all the same.
#[test]
fn sparse_queue_file_yields_what_it_has() {
    let (_directory, path) = place();
    let mut ring = Ring { opened: open(&path, CAPACITY).unwrap(), said: Vec::new() };
    ring.say(8);
    ring.ship(8);
    ring.say(13);
    let places: Vec<Range<usize>> = {
        let place = |end: u64, length: usize| {
            let begin = end as usize - length.next_multiple_of(8) - 8;
            PAGE + begin % CAPACITY..PAGE + begin % CAPACITY + 8 + length
        };
        ring.opened.consumer.unsent().map(|s| place(s.end, s.bytes.len())).collect()
    };
    let (pending, image) = (ring.pending(), fs::read(&path).unwrap());
    let said = std::mem::take(&mut ring.said);
    drop(ring);
    for unwritten in 0_u32..1 << (1 + PAGES) {
        let mut image = image.clone();
        let is_unwritten = |page: usize| unwritten >> page & 1 == 1;
        for page in (0..=PAGES).filter(|page| is_unwritten(*page)) {
            image[page * PAGE..(page + 1) * PAGE].fill(0);
        }
        let found = found(&path, &image, &said);
        let is_whole = |place: &Range<usize>| {
            !is_unwritten(place.start / PAGE) && !is_unwritten((place.end - 1) / PAGE)
        };
        let whole =
            pending.iter().zip(&places).filter(|(_, place)| !is_unwritten(0) && is_whole(place));
        assert_eq!(
            found,
            whole.map(|(bytes, _)| bytes.clone()).collect::<Vec<_>>(),
            "{unwritten:b}"
        );
    }
}
