//! What of files that are wrong, or change?
