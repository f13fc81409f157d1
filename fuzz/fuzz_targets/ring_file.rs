//! A queue file to which anything may have happened: is what stays sound recovered?
#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use logship::fuzzing::Ring;

#[derive(Arbitrary, Debug)]
struct Input {
    /// Lengths of messages, of which every so many is shipped at once.
    lengths: Vec<u16>,
    ship: u8,
    /// Octets that are changed.
    edits: Vec<(u16, u8)>,
    /// Octets left of the file.
    cut: Option<u16>,
    grows: bool,
}

const CAPACITY: usize = 8192;
const PAGE: usize = 4096;

static PATH: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(format!("/dev/shm/logship-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder.join("ring")
});

fn text(number: usize, length: u16) -> Vec<u8> {
    format!("{number} {}", "x".repeat(usize::from(length) % 600)).into_bytes()
}

fuzz_target!(|input: Input| {
    let _ = fs::remove_file(&*PATH);
    let mut ring = Ring::open(&PATH, CAPACITY);
    assert_eq!(ring.report, None);
    let mut said = Vec::new();
    for (number, length) in input.lengths.iter().take(200).enumerate() {
        let octets = text(number, *length);
        if ring.push(&octets) {
            said.push(octets);
        }
        if input.ship > 0 && number % usize::from(input.ship) == 0 {
            ring.ship(2);
        }
    }
    let waiting = ring.waiting();
    drop(ring);
    let image = fs::read(&*PATH).unwrap();
    let mut octets = image.clone();
    for (at, value) in &input.edits {
        octets[usize::from(*at) % image.len()] = *value;
    }
    octets.truncate(input.cut.map_or(usize::MAX, usize::from));
    fs::write(&*PATH, &octets).unwrap();
    let is_untouched = octets == image;
    let header_is_sound = octets.get(..PAGE) == image.get(..PAGE);
    let mut ring = Ring::open(&PATH, if input.grows { 2 * CAPACITY } else { CAPACITY });
    let found = ring.waiting();
    let stats = ring.stats();
    assert_eq!(stats.adopted, found.len() as u64);
    assert_eq!(stats.captured, stats.waiting);
    assert!(found.iter().all(|found| said.contains(found)), "{found:?} was never said");
    if is_untouched {
        assert_eq!((found, stats.damaged, &ring.report), (waiting, 0, &None));
    } else if header_is_sound {
        // Whoever's octets are all there is recovered, in order.
        let mut rest = found.iter();
        for message in waiting.iter().filter(|message| is_there(message, &octets, &image)) {
            assert!(rest.any(|found| found == message), "{:?} is lost", message.escape_ascii());
        }
    }
    ring.ship(usize::MAX);
    assert!(ring.push(b"goes on"));
    assert_eq!(ring.waiting(), [b"goes on"]);
});

/// Whether the message stands in the file, with its word, as it did before.
fn is_there(message: &[u8], octets: &[u8], image: &[u8]) -> bool {
    let places = image.windows(message.len()).enumerate().filter(|(_, at)| *at == message);
    // It may stand there more than once, of an earlier lap; all of them must be as they were.
    let mut places = places.map(|(at, _)| at - 8..at + message.len()).peekable();
    places.peek().is_some() && places.all(|place| octets.get(place.clone()) == image.get(place))
}
