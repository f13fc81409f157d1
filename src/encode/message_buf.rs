//! The buffer in which a message is built.

use std::ops::{Deref, DerefMut};

/// The bytes of the current message.
///
/// The methods are those of a `Vec`, with one difference: the bytes after the end already exist.
/// Appending a few bytes is a bounds check and a few moves, while a `Vec` checks its capacity,
/// calls `memcpy` and updates its length, fifteen times a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct MessageBuf {
    bytes: Vec<u8>,
    length: usize,
}

impl MessageBuf {
    /// Like the slice's, without creating it.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.length
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    #[inline]
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        match self.bytes.get_mut(self.length) {
            Some(place) => *place = byte,
            None => self.grow_for(&[byte]),
        }
        self.length += 1;
    }

    #[inline]
    pub(super) fn extend_from_slice(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        match self.bytes.get_mut(self.length..end) {
            Some(place) => copy(place, bytes),
            None => self.grow_for(bytes),
        }
        self.length = end;
    }

    /// Appends the first `length` of some bytes: copying the whole array is quicker than copying a
    /// variable number.
    #[inline]
    pub(super) fn push_some<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        match self.bytes.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            Some(place) => *place = *bytes,
            None => self.grow_for(bytes),
        }
        self.length += length;
    }

    /// Makes room after the end and copies the bytes there.
    #[cold]
    #[inline(never)]
    fn grow_for(&mut self, bytes: &[u8]) {
        self.bytes.truncate(self.length);
        self.bytes.extend_from_slice(bytes);
        let room = (2 * self.bytes.len()).max(SMALLEST);
        self.bytes.resize(room, 0);
    }
}

impl Deref for MessageBuf {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl DerefMut for MessageBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.length).unwrap_or_default()
    }
}

impl Extend<u8> for MessageBuf {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        bytes.into_iter().for_each(|byte| self.push(byte));
    }
}

/// Like `copy_from_slice`, but a short copy is two overlapping moves instead of a call.
#[inline(always)]
fn copy(to: &mut [u8], from: &[u8]) {
    if from.len() <= 32 {
        if overlapping::<16>(to, from) || overlapping::<8>(to, from) || overlapping::<4>(to, from) {
            return;
        }
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    } else {
        to.copy_from_slice(from);
    }
}

/// Copies the first `N` bytes and the last `N`, if there are that many.
#[inline(always)]
fn overlapping<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
        return false;
    };
    if let Some(to) = to.first_chunk_mut() {
        *to = *first;
    }
    if let Some(to) = to.last_chunk_mut() {
        *to = *last;
    }
    true
}

/// The initial capacity.
const SMALLEST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_a_vec_takes() {
        let text: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let (mut frame, mut vec) = (MessageBuf::default(), Vec::new());
        for length in (0..70).chain([1000, 5000, 1, 33]) {
            frame.extend_from_slice(&text[..length]);
            vec.extend_from_slice(&text[..length]);
            frame.push_some(b"abcd", length % 5);
            vec.extend_from_slice(&b"abcd"[..length % 5]);
            frame.push(b'x');
            vec.push(b'x');
            assert_eq!(*frame, *vec);
        }
        frame.truncate(10);
        frame.truncate(20);
        assert_eq!(*frame, vec[..10]);
        frame.clear();
        frame.extend(text[..40].iter().copied());
        assert_eq!(*frame, text[..40]);
        frame.reverse();
        assert!(frame.iter().eq(text[..40].iter().rev()));
    }
}
