//! Any messages in a stream that comes in any parts: the same at the other end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logship::fuzzing::framed;
use logship_collector::Framing;
use logship_collector::fuzzing::frames;

fuzz_target!(|input: (bool, Vec<Vec<u8>>, Vec<u16>)| {
    let (line_ends, mut messages, cuts) = input;
    if line_ends {
        // What the encoder sees to: a PRI at the start, and no line end.
        for message in &mut messages {
            message.insert(0, b'<');
            message.retain(|byte| *byte != b'\n');
        }
    } else {
        messages.retain(|message| !message.is_empty());
    }
    let stream = framed(&messages, line_ends);
    let mut rest = stream.as_slice();
    let mut parts = Vec::new();
    for cut in cuts {
        let (part, after) = rest.split_at(usize::from(cut).min(rest.len()));
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    let framing = if line_ends { Framing::Lf } else { Framing::OctetCounting };
    let found = frames(&parts);
    assert_eq!(found.len(), messages.len());
    for ((bytes, found, complaints), message) in found.iter().zip(&messages) {
        assert_eq!((bytes, *found, *complaints), (message, framing, 0));
    }
});
