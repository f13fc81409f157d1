//! Servers that must be rejected get nothing: every case, every way, every library.

use std::{sync::Mutex, time::Duration};

use tempfile::TempDir;

use crate::{
    cases::{Case, Expected, cases},
    client::{Library, MARKER, RECORDS, Way},
    server::Server,
};

/// Where a server is refused: scheme and way. What RELP changes is behind the handshake, so that
/// one way will do for it.
const ROUTES: [(&str, Way); 4] =
    [("tls", Way::Url), ("tls", Way::Builder), ("tls", Way::Environment), ("relp+tls", Way::Url)];

#[test]
fn rejected_servers_get_nothing_through_native_tls() {
    assert_all_refused(Library::System);
}

#[test]
fn rejected_servers_get_nothing_through_rustls() {
    assert_all_refused(Library::Rustls);
}

fn assert_all_refused(library: Library) {
    let directory = TempDir::new().unwrap();
    let cases = cases(directory.path());
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let work: Vec<(&Case, &str, Way)> =
        cases.iter().flat_map(|case| ROUTES.map(|(scheme, way)| (case, scheme, way))).collect();
    let (next, failures) = (Mutex::new(work.iter()), Mutex::new(Vec::new()));
    let (next, failures) = (&next, &failures);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(move || {
                loop {
                    let Some((case, scheme, way)) = next.lock().unwrap().next() else { return };
                    if let Err(text) = refused(case, scheme, *way, library) {
                        let name = case.name;
                        let failure = format!("{name}, {scheme}, {way:?}, {library:?}: {text}");
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.lock().unwrap();
    let (count, text) = (failures.len(), failures.join("\n"));
    assert!(count == 0, "{count} of {}:\n{text}", work.len());
}

fn refused(case: &Case, scheme: &str, way: Way, library: Library) -> Result<(), String> {
    let server = Server::start(case.behaviour.clone());
    // Only who says nothing has to be waited for.
    let limit = match case.expected {
        Expected::Timeout => Duration::from_millis(300),
        Expected::Words(_) => Duration::from_secs(30),
    };
    let outcome = case.asked.outcome(way, scheme, server.port, library, limit);
    let recorded = server.recorded();
    let has_right_words = match case.expected {
        Expected::Timeout => outcome.trouble.contains("no answer to the TLS handshake within"),
        Expected::Words(words) => words.iter().any(|words| outcome.trouble.contains(words)),
    };
    if !has_right_words || !outcome.trouble.contains(&format!("cannot reach {scheme}://127.0.0.1:"))
    {
        return Err(format!("told as {:?}, not as {:?}", outcome.trouble, case.expected));
    }
    if outcome.books != [RECORDS, RECORDS, 0, 0] {
        return Err(format!("captured, waiting, delivered, dropped: {:?}", outcome.books));
    }
    if recorded.connections == 0 {
        return Err("nobody connected: the case shows nothing".to_owned());
    }
    let marker = MARKER.as_bytes();
    if !recorded.plain.is_empty() || recorded.raw.windows(marker.len()).any(|part| part == marker) {
        return Err(format!("bytes left: {recorded:?}"));
    }
    Ok(())
}

/// Most of the time goes by waiting.
const WORKERS: usize = 8;
