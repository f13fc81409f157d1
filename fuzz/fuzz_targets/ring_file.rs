//! A queue file to which anything may have happened: what is intact is recovered.
#![no_main]

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::PathBuf,
    sync::LazyLock,
};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use logship::fuzzing::Ring;

#[derive(Arbitrary, Debug)]
struct Input {
    /// Lengths of messages, of which every so many is shipped at once.
    lengths: Vec<u16>,
    ship: u8,
    /// Bytes that are changed.
    edits: Vec<(u16, u8)>,
    /// Bytes left of the file.
    cut: Option<u16>,
    grows: bool,
}

const CAPACITY: usize = 4096;
const PAGE: usize = 4096;

static PATH: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = PathBuf::from(format!("/dev/shm/logship-fuzz-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    directory.join("ring")
});

/// Where the files are kept, if they are wanted: they are good seeds for `ring_bytes`.
static SEEDS: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| std::env::var_os("SEEDS").map(PathBuf::from));

fn text(number: usize, length: u16) -> Vec<u8> {
    format!("{number} {}", "x".repeat(usize::from(length) % 600)).into_bytes()
}

fuzz_target!(|input: Input| {
    let _ = fs::remove_file(&*PATH);
    let mut ring = Ring::open(&PATH, CAPACITY);
    assert_eq!(ring.report, None);
    let mut said = Vec::new();
    for (number, length) in input.lengths.iter().take(200).enumerate() {
        let bytes = text(number, *length);
        if ring.push(&bytes) {
            said.push(bytes);
        }
        if input.ship > 0 && number % usize::from(input.ship) == 0 {
            ring.ship(2);
        }
    }
    let waiting = ring.pending();
    drop(ring);
    let image = fs::read(&*PATH).unwrap();
    let mut bytes = image.clone();
    for (at, value) in &input.edits {
        bytes[usize::from(*at) % image.len()] = *value;
    }
    bytes.truncate(input.cut.map_or(usize::MAX, usize::from));
    fs::write(&*PATH, &bytes).unwrap();
    if let Some(directory) = &*SEEDS {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        fs::write(directory.join(format!("{:016x}", hasher.finish())), &bytes).unwrap();
    }
    let is_untouched = bytes == image;
    let header_is_sound = bytes.get(..PAGE) == image.get(..PAGE);
    let mut ring = Ring::open(&PATH, if input.grows { 2 * CAPACITY } else { CAPACITY });
    let found = ring.pending();
    let stats = ring.stats();
    assert_eq!(stats.recovered, found.len() as u64);
    assert_eq!(stats.captured, stats.pending);
    assert!(found.iter().all(|found| said.contains(found)), "{found:?} was never said");
    if is_untouched {
        assert_eq!((found, stats.corrupted, &ring.report), (waiting, 0, &None));
    } else if header_is_sound {
        // Whoever's bytes are all there is recovered, in order.
        let mut rest = found.iter();
        for message in waiting.iter().filter(|message| is_there(message, &bytes, &image)) {
            assert!(rest.any(|found| found == message), "{:?} is lost", message.escape_ascii());
        }
    }
    ring.ship(usize::MAX);
    assert!(ring.push(b"goes on"));
    assert_eq!(ring.pending(), [b"goes on"]);
});

/// Whether the message stands in the file, with its word, as it did before.
fn is_there(message: &[u8], bytes: &[u8], image: &[u8]) -> bool {
    // Words stand at multiples of eight. The first byte is asked for by itself: each comparison of
    // more is told to the fuzzer, which takes longer than all the rest.
    let places = (PAGE + 8..image.len()).step_by(8).filter(|at| image[*at] == message[0]);
    let places = places.map(|at| at..at + message.len());
    let places = places.filter(|place| image.get(place.clone()) == Some(message));
    // It may stand there more than once, of an earlier lap; all of them must be as they were.
    let mut places = places.map(|place| place.start - 8..place.end).peekable();
    places.peek().is_some() && places.all(|place| bytes.get(place.clone()) == image.get(place))
}
