//! Queue files in a directory that processes of one tag share.

use std::{
    cell::RefCell,
    fs, io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Weak,
    thread,
    time::Duration,
};

use super::{
    OpenedRing, Queue,
    entry::check,
    file::{self, Content, content, free_name, lock, read_ring, sound_range, try_open},
    recovery::{PAGE, RingImage, header},
    ring::{Producer, rounded},
};
use crate::{Severity, stats::DropReason};

/// Whether a path names a directory with one file per process.
pub(super) fn is_directory(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir()
}

/// Opens the first file of this tag that no live process uses, and lists the other files that no
/// live process uses. The error is a sentence.
pub(super) fn open(directory: &Path, tag: &str, capacity: usize) -> Result<OpenedRing, String> {
    let capacity = rounded(capacity);
    let path = |number: usize| directory.join(format!("{tag}.{number}.queue"));
    for number in 0..FILES {
        match try_open(&path(number), capacity, is_length) {
            Ok(mut opened) => {
                (number + 1..FILES).for_each(|other| adopt(&path(other), &mut opened));
                return Ok(opened);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(file::unusable(&path(number), &error)),
        }
    }
    let error = io::Error::other(format!("all {FILES} files of this tag in it are in use"));
    Err(file::unusable(directory, &error))
}

/// Copies what a dead process left, as far as there is room; returns what is wrong with its file.
fn adopt(path: &Path, opened: &mut OpenedRing) {
    // Usually there is no such file, and one that is locked belongs to a live process.
    if !path.exists() {
        return;
    }
    let OpenedRing { producer, adopted, damaged, report, left, .. } = opened;
    let producer = RefCell::new(producer);
    let mut lost = 0;
    let take = |severity, bytes: &[u8]| {
        let pushed = push_into_half(&mut producer.borrow_mut(), severity, bytes);
        *adopted += u64::from(pushed == Pushed::Taken);
        lost += u64::from(pushed == Pushed::TooLong);
        pushed != Pushed::Full
    };
    let what = match take_over(path, take, || producer.borrow().sync()) {
        Ok(Outcome::Rest) => {
            left.push(path.to_owned());
            None
        }
        Ok(Outcome::Done { gaps, told }) => {
            *damaged += gaps;
            told
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(error) => Some(format!("the queue file {} is left alone: {error}", path.display())),
    };
    *damaged += lost;
    if let Some(what) = what {
        *report = Some(match report.take() {
            Some(report) => format!("{report}; {what}"),
            None => what,
        });
    }
}

/// Copies the rest as room becomes available.
pub(super) fn adopt_later(left: Vec<PathBuf>, queue: &Weak<Queue>) {
    for path in left {
        loop {
            let Some(queue) = queue.upgrade().filter(|queue| !queue.is_closed()) else { return };
            if queue.has_room_for_others() {
                let take = |severity, bytes: &[u8]| queue.adopt(severity, bytes);
                // Whoever holds its lock by now ships it; the next start reports an unreadable
                // file.
                match take_over(&path, take, || queue.sync()) {
                    Ok(Outcome::Rest) => {}
                    Ok(Outcome::Done { .. }) | Err(_) => break,
                }
            }
            drop(queue);
            thread::sleep(LOOK_AGAIN);
        }
    }
}

enum Outcome {
    /// Everything was copied; the number of damaged places.
    Done { gaps: u64, told: Option<String> },
    /// There was not enough room.
    Rest,
}

/// Passes each message of the file to `take` until that reports a lack of room, and records in the
/// file how far it came, after `sync` has put the copies on disk.
fn take_over(
    path: &Path,
    mut take: impl FnMut(Severity, &[u8]) -> bool,
    sync: impl Fn() -> io::Result<()>,
) -> io::Result<Outcome> {
    let (file, length) = lock(path)?;
    let (header, widest) = match content(&file, length, is_length)? {
        Content::Blank => {
            return fs::remove_file(path).map(|()| Outcome::Done { gaps: 0, told: None });
        }
        Content::Unreadable(why) => return set_aside(path, 1, why),
        Content::Ring(header, widest) => (header, widest),
    };
    let sound = sound_range(&file, &header)?;
    let (freed, head) = sound.map_or(widest, |(freed, head, _)| (freed, head));
    let bytes = read_ring(&file, length, &header, freed, head)?;
    let found = RingImage::new(&bytes, header.capacity);
    let (mut taken, mut is_full) = (freed, false);
    let gaps = found.salvage(freed, head, |severity, bytes, end| {
        is_full = is_full || !take(severity, bytes);
        if !is_full {
            taken = end;
        }
    });
    // The copies may exist only in memory, and the power may fail.
    sync()?;
    // The copies are in our file now. A kill before this line duplicates records and loses none.
    if is_full {
        file.write_all_at(&self::header(header.capacity, taken, head), 0)?;
        return Ok(Outcome::Rest);
    }
    match gaps {
        0 => fs::remove_file(path).map(|()| Outcome::Done { gaps, told: None }),
        _ => set_aside(path, gaps, &format!("it was damaged in {gaps} places")),
    }
}

/// The length of a file in a directory, whose name says that it is ours: with any capacity.
fn is_length(length: usize) -> bool {
    length.is_multiple_of(PAGE)
}

fn set_aside(path: &Path, gaps: u64, why: &str) -> io::Result<Outcome> {
    let aside = free_name(path);
    fs::rename(path, &aside)?;
    let (path, aside) = (path.display(), aside.display());
    let told = Some(format!("the queue file {path} is set aside as {aside}: {why}"));
    Ok(Outcome::Done { gaps, told })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pushed {
    Taken,
    /// The message is longer than half of the queue.
    TooLong,
    /// There is no room for it yet.
    Full,
}

/// Queues a message that another process left. Half of the queue is reserved for this process's own
/// records.
fn push_into_half(producer: &mut Producer, severity: Severity, bytes: &[u8]) -> Pushed {
    let (half, cost) = (producer.capacity() / 2, producer.cost(bytes.len()));
    if cost > half {
        return Pushed::TooLong;
    }
    let has_room = producer.used() + cost <= half;
    match has_room && producer.push(severity, bytes, check(severity, bytes)) {
        true => Pushed::Taken,
        false => Pushed::Full,
    }
}

impl Queue {
    /// Queues a message that another process left; false if there is no room yet.
    fn adopt(&self, severity: Severity, bytes: &[u8]) -> bool {
        let mut state = self.lock();
        if state.is_closed {
            return false;
        }
        match push_into_half(&mut state.producer, severity, bytes) {
            Pushed::Taken => state.counts.pending += 1,
            Pushed::TooLong => state.counts.losses.add(DropReason::TooLong, severity),
            Pushed::Full => return false,
        }
        state.counts.captured += 1;
        state.counts.recovered += 1;
        if std::mem::take(&mut state.is_parked) {
            self.wake();
        }
        true
    }

    fn has_room_for_others(&self) -> bool {
        let state = self.lock();
        state.producer.used() < state.producer.capacity() / 2
    }

    fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    fn sync(&self) -> io::Result<()> {
        let file = self.lock().producer.file();
        file.map_or(Ok(()), |file| file?.sync_data())
    }
}

/// The most files of one tag in a directory; further processes queue in memory.
const FILES: usize = 64;
/// How often to check for room.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
