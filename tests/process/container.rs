//! A small container: an empty, read-only root, PID 1, no zones, no hosts, no authorities.

use std::{fs, path::Path, process::Command};

use logship_collector::Collector;
use tempfile::TempDir;
use tracing::info;

use crate::{
    PATIENCE, capture,
    scenarios::{run, scenario},
    within,
};

#[test]
fn small_container_ships_and_names_what_is_missing() {
    let root = TempDir::new().unwrap();
    let plain = scenario("a small container");
    fill(root.path(), Path::new(plain.get_program()));
    let collector = Collector::tcp().unwrap();
    let url = collector.url().replace("127.0.0.1", "localhost");
    let mut inside = Command::new("/child");
    inside.args(plain.get_args());
    inside.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    inside.env("SYSLOG_SERVERS", format!("{url}?format=rfc3164-local")).env("TZ", "UTC");
    inside.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    // What a container's runtime does: a bind mount that is read-only, and namespaces of its own.
    let enter = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec chroot \"$0\" \"$@\"";
    let root = root.path().to_str().unwrap();
    let arguments = ["--map-root-user", "--mount", "--pid", "--fork", "sh", "-c", enter, root];
    let ended = run(&mut within("unshare", &arguments, &inside));
    if ended.stderr.contains("unshare failed") || ended.stderr.contains("mount:") {
        println!("skipped: {}", ended.stderr);
        return;
    }
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let records = collector.wait_for(1, PATIENCE);
    let raw = String::from_utf8_lossy(&records[0].bytes).into_owned();
    assert!(raw.contains("in a small container"), "{raw}");
    assert!(!ended.stderr.contains("time zone"), "{ended:?}");
}

pub(crate) fn a_small_container() {
    assert_eq!(std::process::id(), 1);
    assert!(!fs::exists("/etc").unwrap() && fs::write("/x", "").is_err());
    // A server that can't be trusted is refused in words that help.
    let tls = "tls://127.0.0.1:1?tls_backend=rustls";
    let error = logship::builder("process").servers(tls).build().unwrap_err().to_string();
    assert!(error.contains("install ca-certificates") && error.contains("ca_file="), "{error}");
    let handle = logship::builder("process").build().unwrap();
    let guard = capture(&handle);
    info!("in a small container");
    drop(guard);
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
}

/// Puts the program and its libraries into an empty root, and nothing else.
fn fill(root: &Path, program: &Path) {
    let libraries = Command::new("ldd").arg(program).output().unwrap();
    let libraries = String::from_utf8(libraries.stdout).unwrap();
    for library in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
        let inside = root.join(library.trim_start_matches('/'));
        fs::create_dir_all(inside.parent().unwrap()).unwrap();
        fs::copy(library, inside).unwrap();
    }
    fs::copy(program, root.join("child")).unwrap();
}
