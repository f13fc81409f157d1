//! How are a few octets copied that are the same each time?

/// A few octets with room to spare: a copy of all of it is a few wide moves, where a copy of some
/// octets is a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short {
    octets: [u8; ROOM],
    length: u32,
    has_value: bool,
}

impl Short {
    /// Keeps what has room: [`ROOM`] octets, more than the longest name with its delimiters.
    pub(super) fn new(octets: &[u8]) -> Self {
        Short::joined(&[octets])
    }

    /// Several pieces after one another.
    pub(super) fn joined(pieces: &[&[u8]]) -> Self {
        let mut short = Short::default();
        let octets = pieces.iter().flat_map(|piece| piece.iter());
        for (place, octet) in short.octets.iter_mut().zip(octets) {
            *place = *octet;
            short.length += 1;
        }
        short
    }

    /// A name that brings its value along, whatever the field's value is.
    pub(super) fn with_value(octets: &[u8]) -> Self {
        Short { has_value: true, ..Short::new(octets) }
    }

    #[inline]
    pub(super) fn has_value(&self) -> bool {
        self.has_value
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.length as usize
    }

    #[inline]
    pub(super) fn push_to(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.len();
        out.extend_from_slice(&self.octets);
        out.truncate(end);
    }
}

impl Default for Short {
    fn default() -> Self {
        Short { octets: [0; ROOM], length: 0, has_value: false }
    }
}

/// A name takes 32 octets at most, its delimiters 4, and the value that it may bring along 5.
const ROOM: usize = 48;
