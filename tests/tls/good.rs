//! Who gets everything?
