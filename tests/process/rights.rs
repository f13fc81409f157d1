//! A program that gives up its root directory, or its rights.

use std::{
    fs, process, thread,
    time::{Duration, Instant},
};

use logship_collector::Collector;
use rustix::process::geteuid;
use tempfile::TempDir;
use tracing::info;

use crate::{
    PATIENCE, become_nobody, capture,
    certificates::Certificates,
    good,
    scenarios::{run, scenario},
    within,
};

#[test]
fn after_chroot_and_as_another_user_it_ships_on() {
    for name in ["another root", "another user"] {
        let plain = scenario(name);
        let is_root = geteuid().is_root();
        let ended = match (is_root, name) {
            (true, _) => run(&mut scenario(name)),
            (false, "another root") => run(&mut within("unshare", &["--map-root-user"], &plain)),
            _ => {
                println!("{name}: skipped, only root can become somebody else");
                continue;
            }
        };
        if ended.stderr.contains("unshare failed") {
            println!("{name}: skipped: {}", ended.stderr);
            continue;
        }
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
    }
}

pub(crate) fn another_root() {
    let empty = TempDir::new().unwrap();
    ship_on_after(|| {
        std::os::unix::fs::chroot(empty.path()).unwrap();
        std::env::set_current_dir("/").unwrap();
        assert!(!fs::exists("/etc").unwrap());
        // The directory's own end would look for it in here.
        std::mem::forget(empty);
    });
}

pub(crate) fn another_user() {
    ship_on_after(|| assert!(become_nobody()));
}

/// Neither the authority's file nor, in another root, the name can be read a second time.
fn ship_on_after(change: impl FnOnce()) {
    let certificates = Certificates::new();
    let collector = Collector::tls(good(&certificates)).unwrap();
    let url = collector.url().replace("127.0.0.1", "localhost");
    let url = format!("{url}?ca_file={}", certificates.ca().display());
    let handle = logship::builder("process").servers(url).on_error(|_| {}).build().unwrap();
    let _guard = capture(&handle);
    info!("before");
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
    fs::set_permissions(certificates.ca(), std::os::unix::fs::PermissionsExt::from_mode(0o000))
        .unwrap();
    change();
    assert!(fs::read(certificates.ca()).is_err());
    collector.wait_for_messages(1, PATIENCE);
    collector.disconnect();
    info!("after");
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
    let begin = Instant::now();
    while !collector.received().iter().any(|record| record.text() == Some("after")) {
        assert!(begin.elapsed() < PATIENCE, "{:?}", handle.stats());
        thread::sleep(Duration::from_millis(10));
    }
    // What lies in directories of before can't be removed any more.
    process::exit(0);
}
