//! Queue files in a directory that processes of one tag share.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    OpenedRing,
    entry::check,
    file::{self, lock, read_ring, sound_range, try_open},
    recovery::{Header, PAGE, RingImage},
    ring::rounded,
};

/// Whether a path means a folder with a file for each process.
pub(super) fn is_directory(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir()
}

/// Opens the first file of this tag that no living process uses, with what the others hold that
/// no living process uses; in words, why that can't be.
pub(super) fn open(folder: &Path, tag: &str, capacity: usize) -> Result<OpenedRing, String> {
    let capacity = rounded(capacity);
    let path = |number: usize| folder.join(format!("{tag}.{number}.queue"));
    for number in 0..FILES {
        match try_open(&path(number), capacity) {
            Ok(mut opened) => {
                (number + 1..FILES).for_each(|other| adopt(&path(other), &mut opened));
                return Ok(opened);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(file::unusable(&path(number), &error)),
        }
    }
    let error = io::Error::other(format!("all {FILES} files of this tag in it are in use"));
    Err(file::unusable(folder, &error))
}

/// Takes over what a dead process left, and removes its file; says what is wrong with it.
fn adopt(path: &Path, opened: &mut OpenedRing) {
    // Nearly always there is none; a living process's own is none of our business.
    let outcome = if path.exists() { take_over(path, opened) } else { Ok(None) };
    let what = match outcome {
        Ok(what) => what,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(error) => Some(format!("the queue file {} is left alone: {error}", path.display())),
    };
    if let Some(what) = what {
        opened.report = Some(match opened.report.take() {
            Some(report) => format!("{report}; {what}"),
            None => what,
        });
    }
}

fn take_over(path: &Path, opened: &mut OpenedRing) -> io::Result<Option<String>> {
    let (file, length) = lock(path)?;
    let mut page = vec![0; PAGE.min(length)];
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut page, 0)?;
    if page.iter().all(|octet| *octet == 0) {
        return fs::remove_file(path).map(|()| None);
    }
    let header = Header::read(&page);
    let Some((header, widest)) =
        header.as_ref().and_then(|header| Some((header, *header.ranges().first()?)))
    else {
        return set_aside(path, opened, "it is no queue file of this version");
    };
    let sound = sound_range(&file, header)?;
    let (freed, head) = sound.map_or(widest, |(freed, head, _)| (freed, head));
    let octets = read_ring(&file, length, header, freed, head)?;
    let found = RingImage::new(&octets, header.capacity);
    let mut messages = Vec::new();
    let gaps = found.salvage(freed, head, |severity, octets| messages.push((severity, octets)));
    // Half of ours is for what this process itself has to say. What has no room stays where it is.
    let needed: usize = messages.iter().map(|(_, octets)| octets.len() + 2 * PADDING).sum();
    if opened.producer.used() + needed > opened.producer.capacity() / 2 {
        let (count, path) = (messages.len(), path.display());
        return Ok(Some(format!(
            "{count} records of another process in {path} have no room here: a later start ships them"
        )));
    }
    for (severity, octets) in &messages {
        opened.adopted +=
            u64::from(opened.producer.push(*severity, octets, check(*severity, octets)));
    }
    // They may be on the disk, and be nowhere else: the power may fail.
    opened.producer.sync()?;
    // They are in our file now. A kill before this makes copies, and loses nothing.
    match gaps {
        0 => fs::remove_file(path).map(|()| None),
        _ => {
            opened.damaged += gaps - 1;
            set_aside(path, opened, &format!("it was damaged in {gaps} places"))
        }
    }
}

fn set_aside(path: &Path, opened: &mut OpenedRing, why: &str) -> io::Result<Option<String>> {
    let aside = PathBuf::from(format!("{}.damaged", path.display()));
    fs::rename(path, &aside)?;
    opened.damaged += 1;
    let (path, aside) = (path.display(), aside.display());
    Ok(Some(format!("the queue file {path} is set aside as {aside}: {why}")))
}

/// Files of one tag in one folder: more processes than that wait in memory.
const FILES: usize = 64;
/// A word and what fills another.
const PADDING: usize = 8;
