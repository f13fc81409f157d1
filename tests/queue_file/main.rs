//! What a log call accepted survives the process, however it ends.
//!
//! tests/reliability kills it, again and again.
#![cfg(target_os = "linux")]

mod disk;
#[path = "../scenarios/mod.rs"]
mod scenarios;

use std::{
    collections::HashSet,
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use logship::{Handle, Stats};
use logship_collector::Collector;
use serde_json::Value;
use tracing::info;
use tracing_subscriber::layer::SubscriberExt as _;

use self::scenarios::{
    Ended, my_scenario,
    queue_file::{loadgen, nobody, place},
    run, scenario,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn result(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[test]
fn an_abort_and_an_exit_leave_what_was_logged() {
    let collector = Collector::tcp().unwrap();
    for (name, code) in [("abort", None), ("exit", Some(7)), ("segfault", None)] {
        let (_directory, path) = place();
        let mut command = scenario(name);
        command.env("SYSLOG_SERVERS", nobody()).env("SYSLOG_QUEUE_FILE", &path);
        let ended = run(command.env("SYSLOG_FLUSH_TIMEOUT", "0.2"));
        assert_eq!(ended.code, code, "{ended:?}");
        let mut command = scenario("next");
        command.env("SYSLOG_SERVERS", collector.url()).env("SYSLOG_QUEUE_FILE", &path);
        let ended = run(&mut command);
        assert!(ended.code == Some(0), "{ended:?}");
        let records = collector.wait_for(RECORDS + 1, PATIENCE);
        let texts: Vec<_> = collector.take().iter().map(|r| r.text().unwrap().to_owned()).collect();
        assert_eq!(records.len(), texts.len());
        let expected = (0..RECORDS).map(|n| format!("record {n}")).chain(["next".to_owned()]);
        assert!(texts.iter().cloned().eq(expected), "{name}: {texts:?}");
    }
}

const RECORDS: usize = 1_000;

/// Plays its part in a process of its own.
#[test]
#[ignore = "it is run by others"]
fn child() {
    let Some(name) = my_scenario() else { return };
    let _guard = logship::init_syslog("shop").unwrap();
    if name == "next" {
        info!("next");
        return;
    }
    (0..RECORDS).for_each(|n| info!("record {n}"));
    match name.as_str() {
        "abort" => std::process::abort(),
        // As a wild pointer would; std's own handler lets the second one through.
        "segfault" => loop {
            let id = std::process::id().to_string();
            Command::new("kill").args(["-SEGV", &id]).status().unwrap();
        },
        _ => std::process::exit(7),
    }
}

#[test]
fn unusable_queue_file_is_reported_and_records_arrive() {
    let (directory, path) = place();
    let collector = Collector::tcp().unwrap();
    let mut first = loadgen(&collector.url(), &path, 0, 1_000_000);
    let mut first = first.args(["--rate", "1"]).stdout(Stdio::null()).spawn().unwrap();
    while collector.messages() == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    collector.take();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    let link = directory.path().join("link");
    symlink(directory.path().join("elsewhere"), &link).unwrap();
    for (path, why) in [
        (path.as_path(), "another process uses it"),
        (&link, "it is a symbolic link"),
        (&directory.path().join("missing/ring"), "No such file"),
        (Path::new("/proc/ring"), "cannot use the queue file"),
    ] {
        let ended = run(&mut loadgen(&collector.url(), path, 1_000, 100));
        assert!(ended.stderr.contains(why) && ended.stderr.contains("in memory"), "{ended:?}");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(result(&ended)["delivered"], 100);
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(!directory.path().join("elsewhere").exists());
}

#[test]
fn a_disk_that_is_full_stops_nothing() {
    let (_directory, path) = place();
    let collector = Collector::tcp().unwrap();
    let generator = loadgen(&collector.url(), &path, 0, 100);
    // A limit on the size of files is as near to it as one comes without a disk to fill.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""]);
    let ended = run(command.arg(generator.get_program()).args(generator.get_args()));
    assert!(ended.stderr.contains("in memory"), "{ended:?}");
    assert_eq!(result(&ended)["delivered"], 100, "{ended:?}");
    assert!(!path.exists(), "half a file is left");
}

/// A handle with this queue file, once the one before it has let go of it.
fn build(url: &str, path: &Path) -> Handle {
    loop {
        let troubles = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&troubles);
        let builder = logship::builder("shop").servers(url).queue_file(path);
        let builder = builder.flush_timeout(Duration::from_millis(50));
        let handle = builder.on_error(move |error| heard.lock().unwrap().push(error.to_string()));
        let handle = handle.build().unwrap();
        if !troubles.lock().unwrap().iter().any(|what| what.contains("another process")) {
            return handle;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn log(handle: &Handle, count: u64) {
    let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
    tracing::subscriber::with_default(subscriber, || (0..count).for_each(|n| info!(n, "said")));
}

fn books(stats: &Stats) -> [u64; 5] {
    assert_eq!(stats.captured, stats.delivered + stats.dropped + stats.pending, "{stats:?}");
    [stats.recovered, stats.captured, stats.delivered, stats.dropped, stats.pending]
}

#[test]
fn stats_continue_after_the_last_ones() {
    let (_directory, path) = place();
    let handle = build(&nobody(), &path);
    log(&handle, 100);
    assert_eq!(books(&handle.stats()), [0, 100, 0, 0, 100]);
    drop(handle);
    let handle = build(&nobody(), &path);
    log(&handle, 50);
    assert_eq!(books(&handle.stats()), [100, 150, 0, 0, 150]);
    drop(handle);
    let collector = Collector::tcp().unwrap();
    let handle = build(&collector.url(), &path);
    log(&handle, 25);
    assert_eq!(books(&handle.shutdown(PATIENCE).unwrap()), [150, 175, 175, 0, 0]);
    assert_eq!(collector.wait_for(175, PATIENCE).len(), 175);
    drop(handle);
    let handle = build(&collector.url(), &path);
    assert_eq!(books(&handle.stats()), [0; 5]);
}

#[test]
fn a_file_that_others_delete_only_loses_its_promise() {
    let (_directory, path) = place();
    let collector = Collector::tcp().unwrap();
    let handle = build(&collector.url(), &path);
    fs::remove_file(&path).unwrap();
    log(&handle, 100);
    assert!(handle.flush(PATIENCE));
    assert_eq!(collector.wait_for(100, PATIENCE).len(), 100);
}

#[test]
fn relative_path_is_an_error() {
    for path in ["ring", "./ring", ""] {
        let error = logship::builder("shop").queue_file(path).build().unwrap_err().to_string();
        assert!(error.contains("absolute") && error.contains("SYSLOG_QUEUE_FILE"), "{error}");
    }
}

fn killed_while_nobody_listens(path: &Path, start: u64) -> (Child, PathBuf) {
    let progress = path.with_file_name(format!("progress-{start}"));
    let mut command = loadgen(&nobody(), path, start, 1_000_000);
    command.args(["--rate", "20000", "--capacity", "1048576", "--progress"]).arg(&progress);
    let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    (process, progress)
}

#[test]
fn queue_directory_leftovers_are_shipped_by_the_next_process() {
    let (directory, _) = place();
    let path = directory.path().join("queues/");
    fs::create_dir(&path).unwrap();
    let mut processes: Vec<_> =
        [0, 1_000_000, 2_000_000].map(|start| killed_while_nobody_listens(&path, start)).into();
    let next = |progress: &Path, start: u64| {
        let text = fs::read_to_string(progress).unwrap_or_default();
        text.trim().parse().unwrap_or(start)
    };
    let starts = [0, 1_000_000, 2_000_000];
    // One that starts when another is dead has its records.
    for ((_, progress), start) in processes.iter().zip(starts) {
        while next(progress, start) < start + 200 {
            thread::sleep(Duration::from_millis(5));
        }
    }
    for (process, _) in &mut processes {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let count = || fs::read_dir(&path).unwrap().count();
    assert_eq!(count(), 3);
    let collector = Collector::tcp().unwrap();
    let ended = run(&mut loadgen(&collector.url(), &path, 0, 0));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(count(), 1, "the files of the dead are gone");
    let texts: Vec<_> = collector.take().iter().map(|r| r.text().unwrap().to_owned()).collect();
    for ((_, progress), start) in processes.iter().zip(starts) {
        let prefix = |n| format!("n={n} ");
        let end = next(progress, start).min(start + 2_000);
        let found = |n| texts.iter().filter(|text| text.starts_with(&prefix(n))).count();
        assert!((start..end).all(|n| found(n) == 1), "{start} to {end}: {}", texts.len());
    }
    assert_eq!(result(&ended)["adopted"], texts.len());
}

/// Each of the dead processes left more than half of the capacity, which is for what this one says itself.
#[test]
fn what_dead_processes_left_is_shipped_in_full_by_one() {
    let (directory, _) = place();
    let build = |url: &str| {
        let builder = logship::builder("shop").servers(url).queue_file(directory.path());
        builder.queue_capacity(64 << 10).on_error(|_| {}).build().unwrap()
    };
    let dead: Vec<_> = (0..3).map(|_| build(&nobody())).collect();
    for handle in &dead {
        log(handle, 380);
        assert!(handle.stats().queue_bytes > 32 << 10, "{:?}", handle.stats());
        handle.shutdown(Duration::ZERO).unwrap_err();
    }
    let collector = Collector::tcp().unwrap();
    let handle = build(&collector.url());
    assert_eq!(collector.wait_for_messages(1140, PATIENCE), 1140);
    let begin = Instant::now();
    while handle.stats().pending > 0 || fs::read_dir(directory.path()).unwrap().count() > 1 {
        assert!(begin.elapsed() < PATIENCE, "{:?}", handle.stats());
        thread::sleep(Duration::from_millis(5));
    }
    let stats = handle.stats();
    assert_eq!((stats.recovered, stats.delivered, stats.dropped), (1140, 1140, 0), "{stats:?}");
}

#[test]
fn leftover_without_its_header_is_set_aside_once() {
    let (directory, _) = place();
    let start = |capacity| {
        let (tell, told) = std::sync::mpsc::channel();
        let builder = logship::builder("shop").servers(nobody()).queue_file(directory.path());
        let builder = builder.queue_capacity(capacity).flush_timeout(Duration::ZERO);
        let builder = builder.on_error(move |error| drop(tell.send(error.to_string())));
        (builder.build().unwrap(), told)
    };
    let lose_header = |number: u32| {
        let path = directory.path().join(format!("shop.{number}.queue"));
        fs::OpenOptions::new().write(true).open(path).unwrap().write_all(&[0; 4096]).unwrap();
    };
    let (one, other) = (start(64 << 10), start(128 << 10));
    for (handle, _) in [&one, &other] {
        log(handle, 10);
        let _ = handle.shutdown(Duration::ZERO);
    }
    drop((one, other));
    (0..2).for_each(lose_header);
    let (handle, told) = start(256 << 10);
    log(&handle, 10);
    let told: Vec<_> =
        told.try_iter().filter(|error| error.contains("its header is lost")).collect();
    assert!(!told.is_empty(), "nothing was reported");
    assert_eq!(handle.stats().pending, 10);
    drop(handle.shutdown(Duration::ZERO));
    let (handle, told) = start(256 << 10);
    assert_eq!(handle.stats().recovered, 10);
    assert!(!told.try_iter().any(|error| error.contains("header")), "reported again");
    let count = |ending: &str| {
        let names = fs::read_dir(directory.path()).unwrap().flatten();
        names.filter(|file| file.file_name().to_string_lossy().ends_with(ending)).count()
    };
    assert_eq!((count(".damaged"), count(".queue")), (2, 1));
}

#[test]
fn directory_of_others_is_left_alone() {
    let (directory, _) = place();
    let handle = |tag: &str| {
        let builder = logship::builder(tag).servers(nobody()).queue_file(directory.path());
        builder.flush_timeout(Duration::ZERO).on_error(|_| {}).build().unwrap()
    };
    let names = || {
        let files = fs::read_dir(directory.path()).unwrap();
        let mut names: Vec<_> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let (one, other, stranger) = (handle("shop"), handle("shop"), handle("shop.1"));
    log(&one, 10);
    log(&other, 10);
    assert_eq!(names(), ["shop.0.queue", "shop.1.0.queue", "shop.1.queue"]);
    let third = handle("shop");
    assert_eq!((third.stats().recovered, stranger.stats().recovered), (0, 0));
}
