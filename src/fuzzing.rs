//! Entry points for the fuzz targets in `fuzz/`, without any stability guarantee.

use crate::{
    Builder, Error, builder::url::parse_list, encode::fuzzing::messages,
    transport::fingerprint::parse_fingerprints,
};
pub use crate::{
    encode::fuzzing::{EscapeMode, Said, escaped},
    queue::fuzzing::{Ring, salvaged},
    transport::fuzzing::{answers, framed},
};

/// The messages of a handle with these settings.
pub fn encoded(builder: Builder, said: &[Said<'_>]) -> Result<Vec<Vec<u8>>, Error> {
    messages(builder.settings_for_fuzzing()?, said)
}

/// The servers of a list of URLs, as displayed.
pub fn servers(urls: &str) -> Result<Vec<String>, Error> {
    Ok(parse_list(urls)?.iter().map(|server| server.endpoint.to_string()).collect())
}

/// The fingerprints of a list, as displayed.
pub fn fingerprints(list: &str) -> Result<Vec<String>, String> {
    Ok(parse_fingerprints(list)?.iter().map(ToString::to_string).collect())
}
