//! Ring files: opening, adopting and creating them.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::process::{Resource, geteuid, getrlimit};

use super::{
    Cursor, OpenedRing,
    entry::check,
    mapping::Mapping,
    recovery::{Header, PAGE, RingImage, header, is_ours, validate},
    ring::{ring_in_file, rounded},
};

/// Opens the ring in this file, or makes it; in words, why that can't be.
pub(super) fn open(path: &Path, capacity: usize) -> Result<OpenedRing, String> {
    try_open(path, rounded(capacity)).map_err(|error| unusable(path, &error))
}

pub(super) fn unusable(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    format!("the queue file {path} can't be used: {error}; records wait in memory")
}

/// As `open`; the kind is `WouldBlock` where another process has it.
pub(super) fn try_open(path: &Path, capacity: usize) -> io::Result<OpenedRing> {
    check_limit(capacity)?;
    let (file, length) = lock(path)?;
    let mut page = vec![0; PAGE.min(length)];
    file.read_exact_at(&mut page, 0)?;
    // The header is written last: a file of zeros is of a process that was killed before it.
    if is_blank(&file, length)? {
        return new(path, file, capacity);
    }
    if !is_ours(&page) {
        return match has_lost_its_header(&page, length, capacity) {
            true => start_again(path, capacity, "its header is lost"),
            false => Err(io::Error::other(FOREIGN)),
        };
    }
    let Some(header) = Header::read(&page) else {
        return start_again(path, capacity, "it is no queue file of this version");
    };
    let Some(&(freed, head)) = header.ranges().first() else {
        return start_again(path, capacity, "both copies of its cursors are damaged");
    };
    let sound = sound_range(&file, &header)?;
    let is_as_wanted = header.capacity == capacity as u64 && length >= PAGE + capacity;
    if let Some((freed, head, count)) = sound.filter(|_| is_as_wanted) {
        file.write_all_at(&self::header(capacity as u64, freed, head), 0)?;
        return opened(file, capacity, freed, head, count);
    }
    let (freed, head) = sound.map_or((freed, head), |(freed, head, _)| (freed, head));
    let bytes = read_ring(&file, length, &header, freed, head)?;
    copy(path, &RingImage::new(&bytes, header.capacity), freed, head, capacity)
}

/// A write behind the limit of the process would end it (SIGXFSZ).
fn check_limit(capacity: usize) -> io::Result<()> {
    let limit = getrlimit(Resource::Fsize).current;
    match limit.filter(|limit| *limit < (PAGE + capacity) as u64) {
        None => Ok(()),
        Some(limit) => Err(io::Error::other(format!(
            "it takes {} bytes, and the limit of this process is {limit} (ulimit -f)",
            PAGE + capacity
        ))),
    }
}

/// Whether nothing is in a file.
pub(super) fn is_blank(file: &File, length: usize) -> io::Result<bool> {
    let mut piece = vec![0; CHUNK.min(length)];
    for at in (0..length).step_by(CHUNK) {
        let piece = piece.get_mut(..CHUNK.min(length - at)).unwrap_or_default();
        file.read_exact_at(piece, at as u64)?;
        if piece.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether it has the length of a queue file and zeros where its header should be, as a power failure
/// may leave it.
fn has_lost_its_header(page: &[u8], length: usize, capacity: usize) -> bool {
    length == PAGE + capacity && page.iter().all(|byte| *byte == 0)
}

/// Opens and locks the file that has this path. What is in it stays as it is, its mode too.
pub(super) fn lock(path: &Path) -> io::Result<(File, usize)> {
    for _ in 0..TRIES {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600);
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
        let file =
            options.custom_flags(flags).open(path).map_err(|error| match error.raw_os_error() {
                Some(libc::ELOOP | libc::EMLINK) => io::Error::other("it is a symbolic link"),
                _ => error,
            })?;
        take(&file)?;
        let (ours, there) = (file.metadata()?, fs::symlink_metadata(path));
        // Another process may have put a new one in its place before it let go of this one.
        if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
            let length = usize::try_from(ours.len())
                .map_err(|_| io::Error::other("it is longer than memory can be"))?;
            return Ok((file, length));
        }
    }
    Err(io::Error::other("it is replaced all the time"))
}

/// Makes this open file ours alone.
fn take(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    // Its owner could read it, and shorten it under us.
    if metadata.uid() != geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user"));
    }
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => {
            io::Error::new(io::ErrorKind::WouldBlock, "another process uses it")
        }
        TryLockError::Error(error) => error,
    })
}

/// Makes a ring of a file in which nothing is worth keeping.
fn new(path: &Path, file: File, capacity: usize) -> io::Result<OpenedRing> {
    let made = fill(&file, capacity).and_then(|()| opened(file, capacity, 0, 0, 0));
    if made.is_err() {
        // Half a file is of no use, and would be in the way of whoever fills the disk.
        let _ = fs::remove_file(path);
    }
    made
}

/// Writes all of it: a file with holes would end the process when the disk is full.
fn fill(file: &File, capacity: usize) -> io::Result<()> {
    let zeros = vec![0; CHUNK.min(PAGE + capacity)];
    file.set_len(0)?;
    // A disk that is too small is not filled to the brim before that is noticed. Where a file system
    // can't tell, it is noticed then.
    #[cfg(target_os = "linux")]
    {
        use rustix::{fs::FallocateFlags, io::Errno};
        let all = (PAGE + capacity) as u64;
        let room = rustix::fs::fallocate(file, FallocateFlags::empty(), 0, all);
        if let Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) = room {
            return Err(error.into());
        }
    }
    for at in (0..PAGE + capacity).step_by(CHUNK) {
        let length = zeros.len().min(PAGE + capacity - at);
        file.write_all_at(zeros.get(..length).unwrap_or_default(), at as u64)?;
    }
    file.write_all_at(&header(capacity as u64, 0, 0), 0)
}

fn opened(
    file: File,
    capacity: usize,
    freed: Cursor,
    head: Cursor,
    adopted: u64,
) -> io::Result<OpenedRing> {
    file.set_permissions(Permissions::from_mode(0o600))?;
    let mapping = Mapping::of(file, capacity)?;
    let (producer, consumer) = ring_in_file(mapping, freed, head);
    Ok(OpenedRing { producer, consumer, adopted, damaged: 0, report: None, left: Vec::new() })
}

/// From where to where all is sound, and how many messages that are.
pub(super) fn sound_range(
    file: &File,
    header: &Header,
) -> io::Result<Option<(Cursor, Cursor, u64)>> {
    let read = |place, bytes: &mut [u8]| file.read_exact_at(bytes, PAGE as u64 + place);
    for (freed, head) in header.ranges() {
        match validate(header.capacity, freed, head, read) {
            Ok(Some(count)) => return Ok(Some((freed, head, count))),
            // Shorter than it should be.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Ok(None) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The bytes of the ring from `kept` to `head`, as far as the file has them.
pub(super) fn read_ring(
    file: &File,
    length: usize,
    header: &Header,
    freed: Cursor,
    head: Cursor,
) -> io::Result<Vec<u8>> {
    let capacity = header.capacity;
    let there = length.saturating_sub(PAGE);
    let mut bytes = vec![0; usize::try_from(capacity).map_or(there, |all| all.min(there))];
    let begin = freed % capacity;
    let end = begin + (head - freed);
    let in_bytes = |at: u64| usize::try_from(at).map_or(bytes.len(), |at| at.min(bytes.len()));
    let ranges = [begin..end.min(capacity), 0..end.saturating_sub(capacity)]
        .map(|range| in_bytes(range.start)..in_bytes(range.end));
    for range in ranges {
        let at = (PAGE + range.start) as u64;
        file.read_exact_at(bytes.get_mut(range).unwrap_or_default(), at)?;
    }
    Ok(bytes)
}

/// Puts what is sound into a new file in place of the old one. It takes its name when it is
/// complete: whenever the process is killed, one of the two has it all.
fn copy(
    path: &Path,
    found: &RingImage<'_>,
    freed: Cursor,
    head: Cursor,
    capacity: usize,
) -> io::Result<OpenedRing> {
    let fresh = beside(path, ".new");
    // Only who has the lock of `path` uses this name: it is left from one that was killed.
    let _ = fs::remove_file(&fresh);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.custom_flags(libc::O_NOFOLLOW).open(&fresh)?;
    take(&file)?;
    let mut made = new(&fresh, file, capacity)?;
    let (mut adopted, mut left) = (0, 0);
    let gaps = found.salvage(freed, head, |severity, bytes, _| {
        // The oldest come first; one that finds no room must not be overtaken.
        let fits = left == 0 && made.producer.push(severity, bytes, check(severity, bytes));
        *if fits { &mut adopted } else { &mut left } += 1;
    });
    let damaged = gaps + left;
    if damaged > 0 {
        let aside = free_name(path);
        // Where the file system has no links there is no copy; what is sound is in the new one
        // all the same.
        let _ = fs::remove_file(&aside);
        let _ = fs::hard_link(path, &aside);
        let (path, aside) = (path.display(), aside.display());
        made.report = Some(format!(
            "the queue file {path} was damaged in {gaps} places, and {left} of its records \
             found no room: {adopted} are shipped, the old file is {aside}"
        ));
    }
    // Were it not on the disk, a power failure could leave nothing under the name of both.
    made.producer.sync().and_then(|()| fs::rename(&fresh, path)).inspect_err(|_| {
        let _ = fs::remove_file(&fresh);
    })?;
    (made.adopted, made.damaged) = (adopted, damaged);
    Ok(made)
}

/// Sets a file aside of which nothing can be read.
fn start_again(path: &Path, capacity: usize, why: &str) -> io::Result<OpenedRing> {
    let aside = free_name(path);
    fs::rename(path, &aside)?;
    let (file, _) = lock(path)?;
    let mut made = new(path, file, capacity)?;
    let (path, aside) = (path.display(), aside.display());
    made.report = Some(format!("the queue file {path} is set aside as {aside}: {why}"));
    made.damaged = 1;
    Ok(made)
}

/// A name beside `path` for a file that is set aside: a free one, unless ten are there, which is more
/// than anybody will look at.
pub(super) fn free_name(path: &Path) -> PathBuf {
    let first = beside(path, ".damaged");
    let mut others = (1..MAX_DAMAGED).map(|number| beside(path, &format!(".damaged.{number}")));
    let is_free = |name: &PathBuf| fs::symlink_metadata(name).is_err();
    if is_free(&first) { first } else { others.find(is_free).unwrap_or(first) }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

pub(super) const FOREIGN: &str =
    "it is no queue file: expected one that logship has made, or a path where there is none";
const CHUNK: usize = 1 << 20;
const TRIES: u32 = 8;
/// Files that are set aside of one path.
const MAX_DAMAGED: u32 = 10;

#[cfg(all(test, not(logship_loom)))]
#[path = "file_tests.rs"]
mod tests;
