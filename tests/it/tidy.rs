//! The order of the source tree.

use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // What a crate of its own builds in its own folder is nobody's source.
                folders.extend((!path.ends_with("target")).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let root = Path::new(env!("CARGO_MANIFEST_DIR"));
                found.push((path.strip_prefix(root).unwrap().to_owned(), text));
            }
        }
    }
    found
}

/// A record walks one way: a room may name the rooms after it that it hands things to, and no
/// room before it.
#[test]
fn no_room_names_one_that_a_record_passes_before_it() {
    let way = ["capture", "encode", "queue", "ship", "transport"];
    let allowed: [&[&str]; 5] =
        [&["encode", "queue"], &[], &[], &["queue", "transport"], &["queue"]];
    for (room, allowed) in way.iter().zip(allowed) {
        for (path, text) in sources(&format!("src/{room}")) {
            for other in way.iter().filter(|other| *other != room && !allowed.contains(other)) {
                for (number, line) in text.lines().enumerate() {
                    let code = line.trim_start();
                    let names_it = [format!("crate::{other}"), format!("{other}::")];
                    let names_it = names_it.iter().any(|name| code.starts_with(name.as_str()))
                        || code.contains(&format!("crate::{other}"));
                    assert!(
                        !names_it,
                        "{}:{}: `{room}` names `{other}`: a record walks capture, encode, queue, \
                         ship, transport, and {room} may only know {allowed:?}",
                        path.display(),
                        number + 1,
                    );
                }
            }
        }
    }
}

#[test]
fn only_the_builder_reads_the_environment() {
    for (path, text) in sources("src") {
        if path != Path::new("src/builder/config.rs") {
            assert!(!text.contains("env::var"), "{} reads the environment", path.display());
        }
    }
}

#[test]
fn unsafe_code_stands_only_where_it_is_proved() {
    let homes = [
        "src/queue/memory.rs",
        "src/queue/mapping.rs",
        "src/transport/tcp_info.rs",
        "src/transport/sendmmsg.rs",
        "src/exit.rs",
        "src/fork.rs",
        "src/stderr.rs",
        "src/threads.rs",
    ];
    for (path, text) in sources("src") {
        let is_home = homes.iter().any(|home| path == Path::new(home));
        let word = ["un", "safe "].concat();
        assert!(is_home || !text.contains(&word), "{} is no place for it", path.display());
    }
}

#[test]
fn every_file_says_what_it_answers_and_is_short() {
    for folder in ["src", "collector", "tests", "examples", "benches", "fuzz"] {
        for (path, text) in sources(folder) {
            let first = text.lines().next().unwrap_or_default();
            let is_root = path == Path::new("src/lib.rs");
            assert!(is_root || first.starts_with("//! "), "{}: {first}", path.display());
            let lines = text.lines().count();
            assert!(is_root || lines <= LONGEST, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn examples_ask_a_question() {
    for (path, text) in sources("examples") {
        let first = text.lines().next().unwrap_or_default();
        assert!(first.ends_with('?'), "{}: {first}", path.display());
    }
}

/// Lines of the longest file: the table of settings with what each one means.
const LONGEST: usize = 560;
