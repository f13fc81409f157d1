//! Links of the Markdown files, and of the documentation that is made from them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::tidy::sources;

const FILES: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs",
    "examples",
    "tests",
    "fuzz",
];

#[test]
fn every_relative_link_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut dead, mut count) = (Vec::new(), 0);
    for file in FILES.iter().flat_map(|name| markdown(&root.join(name))) {
        let text = fs::read_to_string(&file).unwrap();
        for target in targets(&text).filter(|target| is_relative(target)) {
            count += 1;
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !file.parent().unwrap().join(path).exists() {
                dead.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
    assert!(count > 30, "only {count} links are understood");
}

/// rustdoc resolves paths of items, and nothing else that is relative.
#[test]
fn no_documentation_comment_links_to_a_file() {
    for (path, text) in sources("src") {
        for line in text.lines().map(str::trim_start) {
            let Some(comment) = line.strip_prefix("//!").or_else(|| line.strip_prefix("///"))
            else {
                continue;
            };
            let is_dead = |target: &&str| {
                is_relative(target) && (target.contains('/') || target.ends_with(".md"))
            };
            let dead: Vec<_> = targets(comment).filter(is_dead).collect();
            assert!(dead.is_empty(), "{}: {dead:?}", path.display());
        }
    }
}

/// A guide is a page of the documentation too, where only labels that `guide.rs` defines lead anywhere.
#[test]
fn guide_link_labels_are_defined() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guides = fs::read_to_string(root.join("src/guide.rs")).unwrap();
    let names = guides.split("guides! {").nth(1).unwrap().split('}').next().unwrap();
    assert!(names.split_whitespace().count() >= 6, "{names}");
    for name in names.split_whitespace() {
        let text = fs::read_to_string(root.join(format!("docs/{name}.md"))).unwrap();
        for (label, _) in definitions(&text) {
            assert!(guides.contains(&format!("/// [{label}]: ")), "{name}.md: [{label}]");
        }
        let inline: Vec<_> = inline_targets(&text).filter(|target| is_relative(target)).collect();
        assert!(inline.is_empty(), "{name}.md: {inline:?}");
    }
}

/// The registry's page and docs.rs find what is in the package, and nothing else.
#[test]
fn linked_files_are_in_the_package() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cargo = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let files = String::from_utf8(cargo.stdout).unwrap();
    let guides = fs::read_to_string(root.join("src/guide.rs")).unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let pages = guides.split("/latest/source/").skip(1).filter_map(|rest| rest.lines().next());
    let links = targets(&readme).filter(|target| is_relative(target));
    let missing: Vec<_> =
        pages.chain(links).filter(|page| !files.lines().any(|file| file == *page)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn markdown(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| !path.ends_with("target"))
        .flat_map(|path| match path.is_dir() {
            true => markdown(&path),
            false => Vec::from_iter(path.extension().is_some_and(|e| e == "md").then_some(path)),
        })
        .collect()
}

fn targets(text: &str) -> impl Iterator<Item = &str> {
    inline_targets(text).chain(definitions(text).map(|(_, target)| target))
}

/// What is behind the brackets of `[text](target)`, outside of code.
fn inline_targets(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split(')').next())
}

/// `[label]: target`.
fn definitions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    prose(text).filter_map(|line| line.trim_start().strip_prefix('[')?.split_once("]: "))
}

fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

fn is_relative(target: &str) -> bool {
    !target.contains("://") && !target.starts_with("mailto:") && !target.contains("::")
}
