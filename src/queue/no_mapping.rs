//! Stand-in for `mapping` on systems whose files are not mapped.

/// Uninhabited.
#[derive(Debug)]
pub(super) enum Mapping {}

impl Mapping {
    pub(super) fn start(&self) -> *mut u8 {
        match *self {}
    }

    pub(super) fn capacity(&self) -> usize {
        match *self {}
    }

    pub(super) fn file(&self) -> std::io::Result<std::fs::File> {
        match *self {}
    }

    pub(super) fn is_ours(&self) -> bool {
        match *self {}
    }

    pub(super) fn publish_head(&self, _: u64) {
        match *self {}
    }

    pub(super) fn publish_freed(&self, _: u64) {
        match *self {}
    }
}
