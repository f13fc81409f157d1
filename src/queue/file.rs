//! Queue files: opening, adopting and creating them.

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

/// Opens or creates the ring in this file. The error is a sentence.
pub(super) fn open(path: &Path, capacity: usize) -> Result<OpenedRing, String> {
    let capacity = rounded(capacity);
    try_open(path, capacity, |length| length == PAGE + capacity)
        .map_err(|error| unusable(path, &error))
}

pub(super) fn unusable(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    format!("cannot use the queue file {path}: {error}; the queue is in memory")
}

/// Like `open`; the error kind is `WouldBlock` if another process holds the file.
pub(super) fn try_open(
    path: &Path,
    capacity: usize,
    is_length: impl Fn(usize) -> bool,
) -> io::Result<OpenedRing> {
    check_limit(capacity)?;
    let (file, length) = lock(path)?;
    let (header, (freed, head)) = match content(&file, length, is_length)? {
        Content::Blank => return new(path, file, capacity),
        Content::Unreadable(why) => return start_again(path, capacity, why),
        Content::Ring(header, range) => (header, range),
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

/// A write beyond the process's file size limit would kill it (SIGXFSZ).
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

/// What a file holds.
pub(super) enum Content {
    /// Nothing: the header is written last, so a file of zeros was left by a process killed before.
    Blank,
    /// A queue file of which nothing can be read, and why.
    Unreadable(&'static str),
    /// A queue file, and the widest range in which there may be messages.
    Ring(Header, (Cursor, Cursor)),
}

/// Reads the first page of a file. A power failure may leave zeros in place of the header: that is
/// one of our files only if it also has the length of one.
///
/// # Errors
///
/// If it cannot be read, or is not a queue file.
pub(super) fn content(
    file: &File,
    length: usize,
    is_length: impl Fn(usize) -> bool,
) -> io::Result<Content> {
    let mut page = vec![0; PAGE.min(length)];
    file.read_exact_at(&mut page, 0)?;
    if is_blank(file, length)? {
        return Ok(Content::Blank);
    }
    if !is_ours(&page) {
        return match is_length(length) && page.iter().all(|byte| *byte == 0) {
            true => Ok(Content::Unreadable("its header is lost")),
            false => Err(io::Error::other(FOREIGN)),
        };
    }
    let Some(header) = Header::read(&page) else {
        return Ok(Content::Unreadable("not a queue file of this version"));
    };
    let range = header.ranges().first().copied();
    let damaged = Content::Unreadable("both copies of its cursors are damaged");
    Ok(range.map_or(damaged, |range| Content::Ring(header, range)))
}

fn is_blank(file: &File, length: usize) -> io::Result<bool> {
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

/// Opens and locks the file at this path without changing its content or mode.
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
        // Another process may have replaced it before unlocking it.
        if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
            let length = usize::try_from(ours.len())
                .map_err(|_| io::Error::other("it is longer than memory can be"))?;
            return Ok((file, length));
        }
    }
    Err(io::Error::other("it is replaced all the time"))
}

/// Restricts this open file to its owner.
fn take(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    // Another owner could read it, and truncate it while it is mapped.
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

/// Creates a ring in a file that holds nothing worth keeping.
fn new(path: &Path, file: File, capacity: usize) -> io::Result<OpenedRing> {
    let made = fill(&file, capacity).and_then(|()| opened(file, capacity, 0, 0, 0));
    if made.is_err() {
        // Half a file is useless and would keep a full disk full.
        let _ = fs::remove_file(path);
    }
    made
}

/// Allocates the whole file: writing to a hole would kill the process if the disk is full.
fn fill(file: &File, capacity: usize) -> io::Result<()> {
    let zeros = vec![0; CHUNK.min(PAGE + capacity)];
    file.set_len(0)?;
    // Ask before filling a disk that is too small. If a file system cannot tell, the writes below
    // will.
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

/// The range in which all messages are intact, and their number.
pub(super) fn sound_range(
    file: &File,
    header: &Header,
) -> io::Result<Option<(Cursor, Cursor, u64)>> {
    let read = |place, bytes: &mut [u8]| file.read_exact_at(bytes, PAGE as u64 + place);
    for (freed, head) in header.ranges() {
        match validate(header.capacity, freed, head, read) {
            Ok(Some(count)) => return Ok(Some((freed, head, count))),
            // Truncated.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Ok(None) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The bytes of the ring from `freed` to `head`, as far as the file has them.
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

/// Copies the intact messages into a new file that is renamed over the old one when complete:
/// whenever the process is killed, one of the two has everything.
fn copy(
    path: &Path,
    found: &RingImage<'_>,
    freed: Cursor,
    head: Cursor,
    capacity: usize,
) -> io::Result<OpenedRing> {
    let fresh = beside(path, ".new");
    // Only the holder of the lock on `path` uses this name: it was left by a killed process.
    let _ = fs::remove_file(&fresh);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.custom_flags(libc::O_NOFOLLOW).open(&fresh)?;
    take(&file)?;
    let mut made = new(&fresh, file, capacity)?;
    let (mut adopted, mut left) = (0, 0);
    let gaps = found.salvage(freed, head, |severity, bytes, _| {
        // The oldest come first, and none may overtake one without room.
        let fits = left == 0 && made.producer.push(severity, bytes, check(severity, bytes));
        *if fits { &mut adopted } else { &mut left } += 1;
    });
    let damaged = gaps + left;
    if damaged > 0 {
        let aside = free_name(path);
        // On a file system without links there is no copy; the intact messages are in the new file
        // anyway.
        let _ = fs::remove_file(&aside);
        let _ = fs::hard_link(path, &aside);
        let (path, aside) = (path.display(), aside.display());
        made.report = Some(format!(
            "the queue file {path} was damaged in {gaps} places, and {left} of its records \
             found no room: {adopted} are shipped, the old file is {aside}"
        ));
    }
    // If it were not on disk, a power failure could leave nothing under either name.
    made.producer.sync().and_then(|()| fs::rename(&fresh, path)).inspect_err(|_| {
        let _ = fs::remove_file(&fresh);
    })?;
    (made.adopted, made.damaged) = (adopted, damaged);
    Ok(made)
}

/// Sets an unreadable file aside.
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

/// A free name beside `path` for a file that is set aside, or the last of ten.
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

const FOREIGN: &str =
    "not a queue file: expected a file created by logship, or a path that does not exist";
const CHUNK: usize = 1 << 20;
const TRIES: u32 = 8;
/// The most files set aside for one path.
const MAX_DAMAGED: u32 = 10;

#[cfg(all(test, not(logship_loom)))]
#[path = "file_tests.rs"]
mod tests;
