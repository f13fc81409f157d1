//! The tables in `docs/` name files and tests that exist.

use std::{collections::BTreeSet, fs, path::Path};

use crate::tidy::sources;

/// What stands in backticks and looks like a file of ours.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let is_ours = |name: &&str| {
        ["src/", "collector/", "tests/", "docs/", "README.md"]
            .iter()
            .any(|begin| name.starts_with(begin))
    };
    text.split('`').skip(1).step_by(2).filter(is_ours)
}

#[test]
fn every_file_and_test_that_a_ledger_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    for ledger in ["docs/rfc-compliance.md", "docs/faults.md"] {
        let text = fs::read_to_string(root.join(ledger)).unwrap_or_default();
        for name in named(&text) {
            let (file, test) = name.split_once("::").map_or((name, None), |(f, t)| (f, Some(t)));
            let source = fs::read_to_string(root.join(file)).unwrap_or_default();
            let is_there = root.join(file).exists()
                && test.is_none_or(|test| source.contains(&format!("fn {test}(")));
            if !is_there {
                missing.push(format!("{ledger}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Rows of faults name tests in several ways: `file.rs::a_test_of_it`, `::another_one`, `module: a_test`, or what is
/// "played" where a test has a `main` of its own.
#[test]
fn every_test_that_the_faults_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources: String = ["src", "tests"]
        .iter()
        .flat_map(|directory| sources(directory))
        .map(|(_, text)| text)
        .collect();
    let text = fs::read_to_string(root.join("docs/faults.md")).unwrap();
    let (mut missing, mut count) = (Vec::new(), 0);
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let Some(tests) = row.trim_end_matches(" |").rsplit(" | ").next() else { continue };
        let marked = tests.split('`').skip(1).step_by(2).filter_map(|name| name.rsplit(':').next());
        let is_test = |name: &&str| {
            let is_word = name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
            is_word && name.matches('_').count() >= 2
        };
        let functions = marked.map(str::trim).filter(is_test).map(|name| format!("fn {name}("));
        let played = tests.split('"').skip(1).step_by(2).map(|name| format!("\"{name}\""));
        for name in functions.chain(played) {
            count += 1;
            if !sources.contains(&name) {
                missing.push(format!("{name}: {row}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(count > 100, "only {count} are understood");
}

#[test]
fn each_of_the_166_rows_has_a_place_a_test_and_a_state() {
    let ledger = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rfc-compliance.md");
    let text = fs::read_to_string(ledger).unwrap();
    let mut ids = BTreeSet::new();
    for row in text.lines() {
        let Some(rest) = row.strip_prefix("| ") else { continue };
        let Some((letter, number)) = rest.split_once(" |").and_then(|(id, _)| id.split_once('-'))
        else {
            continue;
        };
        assert!(["F", "T", "U", "C", "R"].contains(&letter), "{row}");
        assert!(ids.insert((letter.to_owned(), number.parse::<u32>().unwrap())), "twice: {row}");
        let names: Vec<&str> = named(row).collect();
        let is_test = names.last().is_some_and(|name| name.contains("::"));
        assert!(names.len() == 2 && is_test, "a file and a test: {row}");
        let states = ["| supported |", "| partial: ", "| not applicable |"];
        assert!(states.iter().any(|state| row.contains(state)), "{row}");
    }
    let count = |letter: &str| ids.iter().filter(|(l, _)| l == letter).count();
    assert_eq!(["F", "T", "U", "C", "R"].map(count), [84, 35, 13, 11, 23]);
}
