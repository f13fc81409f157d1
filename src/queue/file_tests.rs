//! Tests of damaged, truncated and foreign queue files.
#![allow(clippy::unwrap_used, reason = "clippy takes helpers of tests for the crate's own code")]

use std::{
    fs,
    ops::Range,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{
    super::recovery::MAGIC,
    super::{entry::check, recovery::header, ring::Consumer},
    *,
};
use crate::Severity;

const CAPACITY: usize = 4096;
const PAGE: usize = 4096;

type Messages = Vec<Vec<u8>>;

struct QueueFile {
    _directory: TempDir,
    path: PathBuf,
}

fn place() -> QueueFile {
    // Thousands of renames, which are slow on a disk.
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    let directory = directory.unwrap();
    let path = directory.path().join("ring");
    QueueFile { _directory: directory, path }
}

fn damaged(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.damaged", path.display()))
}

fn push(opened: &mut OpenedRing, bytes: &[u8]) -> bool {
    opened.producer.push(Severity::Error, bytes, check(Severity::Error, bytes))
}

fn messages(opened: &OpenedRing) -> Vec<Vec<u8>> {
    opened.consumer.unsent().map(|stored| stored.bytes.to_vec()).collect()
}

fn ship(consumer: &mut Consumer, count: usize) {
    let end = consumer.unsent().take(count).last().map(|stored| stored.end);
    let end = end.unwrap_or(consumer.sent());
    consumer.advance_sent(end);
    consumer.advance_acked(end);
    consumer.free(end);
}

fn text(number: usize) -> Vec<u8> {
    format!("<14>1 - - - - - - number {number} {}", "x".repeat(number * 7 % 90)).into_bytes()
}

/// Shipped messages, then unsent ones that wrap around the end of the ring; and the file as a kill
/// would leave it, with the offsets of the unsent ones.
fn example(path: &Path) -> (Messages, Messages, Vec<Range<usize>>, Vec<u8>) {
    let mut opened = open(path, CAPACITY).unwrap();
    let shipped: Vec<_> = (0..30).map(text).collect();
    for bytes in &shipped {
        assert!(push(&mut opened, bytes));
        ship(&mut opened.consumer, 1);
    }
    let pending: Vec<_> = (30..60).map(text).collect();
    let pending: Vec<_> = pending.into_iter().take_while(|m| push(&mut opened, m)).collect();
    let places: Vec<_> = opened
        .consumer
        .unsent()
        .map(|stored| {
            let begin = stored.end as usize - stored.bytes.len().next_multiple_of(8) - 8;
            let begin = PAGE + begin % CAPACITY;
            begin..begin + 8 + stored.bytes.len()
        })
        .collect();
    assert!(places.windows(2).any(|pair| pair[1].start < pair[0].start), "it goes around");
    drop(opened);
    (shipped, pending, places, fs::read(path).unwrap())
}

/// Asserts that each of `expected` is there, in order, and nothing else.
fn assert_recovered(expected: &[&Vec<u8>], said: &[Vec<u8>], found: &[Vec<u8>], why: &str) {
    let mut rest = found.iter();
    for message in expected {
        assert!(rest.any(|found| found == *message), "{why}: {found:?}");
    }
    assert!(found.iter().all(|found| said.contains(found)), "{why}: {found:?}");
}

#[test]
fn any_flipped_byte_loses_no_other_message() {
    let place = place();
    let (shipped, pending, places, image) = example(&place.path);
    let said = [shipped, pending.clone()].concat();
    for at in 0..image.len() {
        for bits in [0x01, 0x80, 0xff] {
            let mut bytes = image.clone();
            bytes[at] ^= bits;
            fs::write(&place.path, &bytes).unwrap();
            let mut opened = open(&place.path, CAPACITY).unwrap();
            let is_hit = |place: &Range<usize>| place.contains(&at);
            let expected: Vec<_> = pending
                .iter()
                .zip(&places)
                .filter(|(_, place)| !is_hit(place))
                .map(|(message, _)| message)
                .collect();
            let why = format!("byte {at} with {bits:#x}: {:?}", opened.report);
            let found = messages(&opened);
            assert_recovered(&expected, &said, &found, &why);
            assert_eq!(opened.adopted, found.len() as u64, "{why}");
            assert!(at < PAGE || found.len() == expected.len(), "{why}");
            assert!(opened.damaged > 0 || !places.iter().any(is_hit), "{why}");
            ship(&mut opened.consumer, usize::MAX);
            assert!(push(&mut opened, b"goes on"), "{why}");
            assert_eq!(messages(&opened), [b"goes on"]);
        }
    }
}

#[test]
fn every_cut_leaves_what_stands_before_it() {
    let place = place();
    let (shipped, pending, places, image) = example(&place.path);
    let said = [shipped, pending.clone()].concat();
    for length in 0..image.len() {
        fs::write(&place.path, &image[..length]).unwrap();
        let opened = open(&place.path, CAPACITY).unwrap();
        let whole = pending.iter().zip(&places).filter(|(_, place)| place.end <= length);
        let expected: Vec<_> = whole.map(|(message, _)| message).collect();
        let why = format!("{length} bytes: {:?}", opened.report);
        assert_recovered(&expected, &said, &messages(&opened), &why);
        assert_eq!(fs::metadata(&place.path).unwrap().len(), image.len() as u64);
    }
}

#[test]
fn damage_like_the_end_of_the_queue_hides_nothing() {
    let place = place();
    let (_, pending, places, mut image) = example(&place.path);
    image[places[1].start..places[1].start + 8].fill(0xff);
    fs::write(&place.path, &image).unwrap();
    let opened = open(&place.path, CAPACITY).unwrap();
    assert_eq!(messages(&opened), [&pending[..1], &pending[2..]].concat());
    assert_eq!(opened.damaged, 1);
}

/// Searching it would take days.
#[test]
fn a_file_that_claims_to_be_endless_costs_what_is_there() {
    for capacity in [1 << 40, (1 << 62) - PAGE as u64] {
        let place = place();
        let mut opened = open(&place.path, CAPACITY).unwrap();
        let said: Vec<_> = (0..5).map(text).collect();
        assert!(said.iter().all(|bytes| push(&mut opened, bytes)));
        drop(opened);
        let mut image = fs::read(&place.path).unwrap();
        image.splice(..PAGE, header(capacity, 0, capacity));
        fs::write(&place.path, &image).unwrap();
        let opened = open(&place.path, CAPACITY).unwrap();
        assert_eq!((messages(&opened), opened.damaged), (said, 1));
    }
    // No file is that long.
    let place = place();
    fs::write(&place.path, header(1 << 62, 0, 1 << 61)).unwrap();
    let report = open(&place.path, CAPACITY).unwrap().report.unwrap();
    assert!(report.contains("not a queue file of this version"), "{report}");
}

#[test]
fn a_kill_between_the_copies_of_a_cursor_costs_nothing() {
    let place = place();
    let (shipped, pending, places, image) = example(&place.path);
    let said = [shipped, pending.clone()].concat();
    let cursor = |at: usize| u64::from_le_bytes(image[at..at + 8].try_into().unwrap());
    let last = places.last().unwrap().len().next_multiple_of(8) as u64;
    let first = places[0].len().next_multiple_of(8) as u64;
    // Only one copy of the head had moved on; the same with the freed cursor.
    for (at, value) in [(1024, cursor(1024) - last), (2048, cursor(2048) - first)] {
        let mut bytes = image.clone();
        bytes[at + 8..at + 16].copy_from_slice(&(!value).to_le_bytes());
        fs::write(&place.path, &bytes).unwrap();
        let opened = open(&place.path, CAPACITY).unwrap();
        let all: Vec<_> = pending.iter().collect();
        assert_recovered(&all, &said, &messages(&opened), &at.to_string());
        assert!(opened.damaged == 0 && opened.report.is_none(), "{opened:?}");
    }
}

#[test]
fn another_capacity_takes_over_what_fits() {
    let place = place();
    let (_, pending, _, _) = example(&place.path);
    let opened = open(&place.path, 4 * CAPACITY).unwrap();
    assert_eq!(messages(&opened), pending);
    assert!(opened.report.is_none() && !damaged(&place.path).exists());
    drop(opened);
    assert_eq!(fs::metadata(&place.path).unwrap().len(), (PAGE + 4 * CAPACITY) as u64);
    let mut opened = open(&place.path, 4 * CAPACITY).unwrap();
    let pushed = (0..100).filter(|number| push(&mut opened, &text(*number))).count();
    let all = messages(&opened);
    assert_eq!(all.len(), pending.len() + pushed);
    drop(opened);
    let opened = open(&place.path, CAPACITY).unwrap();
    let found = messages(&opened);
    assert!(!found.is_empty() && all.starts_with(&found));
    assert_eq!(opened.damaged as usize, all.len() - found.len());
    assert!(opened.report.as_ref().unwrap().contains("no room"), "{opened:?}");
    assert_eq!(fs::metadata(damaged(&place.path)).unwrap().len(), (PAGE + 4 * CAPACITY) as u64);
}

#[test]
fn a_file_that_is_not_ours_is_left_as_it_is() {
    let place = place();
    let text = "my diary".repeat(2_000).into_bytes();
    for bytes in [text.clone(), b"short".to_vec(), [vec![0; 2 * PAGE], text].concat()] {
        fs::write(&place.path, &bytes).unwrap();
        fs::set_permissions(&place.path, fs::Permissions::from_mode(0o644)).unwrap();
        let said = open(&place.path, CAPACITY).unwrap_err();
        assert!(said.contains("not a queue file") && said.contains("queue is in memory"), "{said}");
        assert_eq!(fs::read(&place.path).unwrap(), bytes);
        assert_eq!(fs::metadata(&place.path).unwrap().mode() & 0o7777, 0o644);
    }
    // Our own unreadable files are set aside, however often that happens.
    for name in ["", ".1", ".2"] {
        fs::write(&place.path, [MAGIC, name.as_bytes()].concat()).unwrap();
        drop(open(&place.path, CAPACITY).unwrap());
        let aside = PathBuf::from(format!("{}{name}", damaged(&place.path).display()));
        assert_eq!(fs::read(aside).unwrap(), [MAGIC, name.as_bytes()].concat());
    }
}

#[test]
fn unusable_values_are_reported() {
    let place = place();
    let first = open(&place.path, CAPACITY).unwrap();
    assert_eq!(fs::metadata(&place.path).unwrap().mode() & 0o7777, 0o600);
    let link = place.path.with_file_name("link");
    symlink(&place.path, &link).unwrap();
    let directory = place.path.with_file_name("directory");
    fs::create_dir(&directory).unwrap();
    let missing = directory.join("missing").join("ring");
    for (path, why) in [
        (&place.path, "another process uses it"),
        (&link, "symbolic link"),
        (&directory, "directory"),
        (&missing, "No such file"),
        (&PathBuf::from("/dev/null"), "not a regular file"),
    ] {
        let said = open(path, CAPACITY).unwrap_err();
        assert!(said.contains(why) && said.contains("queue is in memory"), "{said}");
    }
    drop(first);
    assert!(open(&place.path, CAPACITY).is_ok());
}

#[path = "file_property_tests.rs"]
mod properties;
