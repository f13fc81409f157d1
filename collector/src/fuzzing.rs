//! Entry point of the deframer for the fuzz targets.

use super::frame::{Framing, Splitter};

/// The frames of a stream that comes in these parts, with how many complaints about each; what is
/// left at the end is the last one.
pub fn frames(parts: &[&[u8]]) -> Vec<(Vec<u8>, Framing, usize)> {
    let mut splitter = Splitter::new(false);
    let mut all = Vec::new();
    for part in parts {
        let mut rest = *part;
        while !rest.is_empty() {
            let space = splitter.space();
            assert!(!space.is_empty(), "it would never go on");
            let taken = rest.len().min(space.len());
            space[..taken].copy_from_slice(&rest[..taken]);
            splitter.filled(taken);
            rest = &rest[taken..];
            while let Some(frame) = splitter.next_frame() {
                all.push((frame.bytes.to_vec(), frame.framing, frame.complaints.len()));
            }
        }
    }
    let rest = splitter.remainder();
    all.extend(rest.map(|f| (f.bytes.to_vec(), f.framing, f.complaints.len())));
    all
}
