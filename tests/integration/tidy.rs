//! The order of the source tree.

use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) fn sources(directory: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // What a crate of its own builds in its own directory is nobody's source.
                directories.extend((!path.ends_with("target")).then_some(path));
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
    let rooms = ["capture", "encode", "queue", "ship", "transport"];
    let allowed: [&[&str]; 5] = [&["encode", "queue"], &[], &[], &["queue", "transport"], &[]];
    let root =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let exports = exported(&root);
    for (room, allowed) in rooms.iter().zip(allowed) {
        for (path, text) in sources(&format!("src/{room}")) {
            let code: String = text.lines().filter(|line| !is_comment(line)).collect();
            for name in named_in_the_crate(&code) {
                let export = exports.iter().find(|(exported, _)| *exported == name);
                let other = export.map_or(name, |(_, room)| room);
                let is_room = rooms.contains(&other) && other != *room;
                assert!(
                    !is_room || allowed.contains(&other),
                    "{}: `{room}` names `{other}`: a record passes {rooms:?} in this order, and \
                     {room} may only know {allowed:?}",
                    path.display(),
                );
            }
        }
    }
}

/// The modules that a file names as `crate::module`, alone or in a list with braces.
fn named_in_the_crate(text: &str) -> Vec<&str> {
    let mut named = Vec::new();
    for (at, path) in text.match_indices("crate::") {
        let rest = &text[at + path.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            named.push(identifier(rest));
            continue;
        };
        let mut depth = 0;
        let mut begins = true;
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if c.is_alphanumeric() && begins => {
                    named.push(identifier(&list[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    named
}

/// What the crate's root exports, with the room that it is from.
fn exported(root: &str) -> Vec<(&str, &str)> {
    let mut exports = Vec::new();
    for (at, start) in root.match_indices("pub use self::") {
        let rest = &root[at + start.len()..];
        let statement = &rest[..rest.find(';').unwrap()];
        let list = statement.strip_prefix('{').unwrap_or(statement);
        let mut room = "";
        for (at, c) in list.char_indices() {
            let begins = !list[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if c.is_lowercase() && begins && !list[..at].ends_with("::") {
                room = identifier(&list[at..]);
            } else if c.is_uppercase() && begins {
                exports.push((identifier(&list[at..]), room));
            }
        }
    }
    exports
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[test]
fn modules_are_found_in_every_form_of_use() {
    let text = "use crate::{\n    Error,\n    ship::{Servers, dns},\n    queue,\n};\nfn f() { crate::encode::x() }\n";
    assert_eq!(named_in_the_crate(text), ["Error", "ship", "queue", "encode"]);
}

#[test]
fn exports_are_found_with_their_room() {
    let root = "pub use self::capture::Layer;\npub use self::{\n    error::Error,\n    queue::Overflow,\n    \
                transport::tls::{TlsBackend, TlsVersion},\n};";
    let found = [
        ("Layer", "capture"),
        ("Error", "error"),
        ("Overflow", "queue"),
        ("TlsBackend", "transport"),
        ("TlsVersion", "transport"),
    ];
    assert_eq!(exported(root), found);
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
fn unsafe_code_is_only_in_named_files() {
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
    for directory in ["src", "cli", "collector", "tests", "examples", "benches", "fuzz"] {
        for (path, text) in sources(directory) {
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

const LONGEST: usize = 350;
