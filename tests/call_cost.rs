//! The cost of a log call, counted and not timed: system calls by strace, instructions by valgrind,
//! on a release build of `tests/steady`.
//!
//! Both tools are Debian packages of their own names. Instructions are compared with
//! `tests/data/instructions.txt`; after a change that is meant, record them anew:
//!
//! ```text
//! RECORD=1 cargo test --test call_cost
//! ```
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "the counts are printed beside the recorded ones")]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
    time::Duration,
};

use logship_collector::Collector;

/// A log call that finds room in the queue asks the system for nothing, and the shipper sends
/// many records at once.
#[test]
fn no_system_call_in_the_steady_state() {
    for call in ["tracing", "log", "spans", "cee"] {
        // If the scheduler stops the shipper between lock and unlock, a call has to wait. That
        // happens by chance to a few calls; what a call does by itself, it does every time.
        let tries: Vec<Traced> = (0..TRIES).map(|_| trace(call)).collect();
        let calls = tries.iter().map(|traced| &traced.by_caller).min_by_key(|calls| calls.len());
        let by_chance = |call: &&String| call.starts_with("futex(");
        let (waits, others): (Vec<_>, Vec<_>) = calls.into_iter().flatten().partition(by_chance);
        assert!(others.is_empty(), "{RECORDS} {call} calls made system calls: {others:?}");
        assert!(waits.len() as u64 * 1000 <= RECORDS, "{RECORDS} {call} calls waited: {waits:?}");
        let sends = tries.iter().map(|traced| traced.sends).min().unwrap_or_default();
        let most = SENDS_PER_1000 * (RECORDS + WARM_UP) / 1000;
        assert!((1..=most).contains(&sends), "{RECORDS} records took {sends} sends, not {most}");
    }
}

struct Traced {
    /// What the thread that logs asked of the system.
    by_caller: Vec<String>,
    /// How often bytes were sent, by whom ever.
    sends: u64,
}

fn trace(call: &str) -> Traced {
    let collector = Collector::tcp().unwrap();
    collector.drain();
    let directory = tempfile::tempdir().unwrap();
    let mut strace = Command::new("strace");
    strace.args(["-ff", "-qq", "-s", "64", "-o"]).arg(directory.path().join("thread"));
    strace.arg(steady()).args([call, &RECORDS.to_string(), &collector.url()]);
    let output = run("strace", &mut strace);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_forbidden = said.contains("PTRACE") || said.contains("ptrace(");
    assert!(!is_forbidden, "this machine forbids ptrace, which strace needs: {said}");
    assert!(output.status.success(), "{said}");
    let mut traced = Traced { by_caller: Vec::new(), sends: 0 };
    let mut has_begun = false;
    for file in fs::read_dir(directory.path()).unwrap() {
        let text = fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&text);
        traced.sends += text.lines().filter(|line| is_send(line)).count() as u64;
        let Some((_, after)) = text.split_once("\"/steady/begin\"") else { continue };
        has_begun = true;
        let (between, _) = after.split_once("\"/steady/end\"").expect("it came to the end");
        let lines: Vec<_> = between.lines().skip(1).map(str::to_owned).collect();
        // The last one is the beginning of the call that the end is known by.
        traced.by_caller = lines.split_last().map(|(_, lines)| lines.to_vec()).unwrap_or_default();
    }
    assert!(has_begun, "strace wrote nothing that is known: {said}");
    let expected = RECORDS + 2 * WARM_UP + 1;
    assert_eq!(collector.wait_for_messages(expected, Duration::from_secs(20)), expected);
    traced
}

fn is_send(line: &str) -> bool {
    ["sendto(", "sendmsg(", "sendmmsg(", "writev("].iter().any(|call| line.starts_with(call))
}

/// N and 2 N calls are counted, so that what happens once cancels out.
#[test]
fn instructions_per_call_stay_what_they_were() {
    let counted: BTreeMap<&str, u64> =
        ["tracing", "log", "spans", "cee"].into_iter().map(|call| (call, per_call(call))).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/instructions.txt");
    let compiler = compiler();
    if env::var_os("RECORD").is_some_and(|value| value == "1") {
        let lines = counted.iter().map(|(call, count)| format!("{call} {count}\n"));
        let text = format!("{HEAD}compiler {compiler}\n{}", lines.collect::<String>());
        fs::write(&file, text).unwrap();
        return;
    }
    let text = fs::read_to_string(&file).unwrap_or_default();
    let recorded: BTreeMap<&str, &str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let is_same = recorded.get("compiler") == Some(&compiler.as_str());
    for (call, count) in counted {
        let before: u64 = recorded.get(call).and_then(|n| n.parse().ok()).unwrap_or_default();
        println!("{call}: {count} instructions, {before} recorded");
        let is_close = count.abs_diff(before) * 100 <= before * PERCENT;
        let told = format!(
            "a {call} call takes {count} instructions, {before} are recorded in {}: find out why, \
             or if it is meant, run: RECORD=1 cargo test --test call_cost",
            file.display()
        );
        // Another compiler makes other code: that is no fault of a change.
        if is_same {
            assert!(is_close, "{told}");
        } else if !is_close {
            println!("warning, with {compiler}: {told}");
        }
    }
}

/// However deep it is, and however many keys there are, chosen for the worst.
#[test]
fn depth_and_number_make_nothing_dearer() {
    let [first, deep] = ["span-1", "span-100"].map(per_call);
    println!("a new span: {first} instructions, inside 99 others {deep}");
    assert!(deep * 100 <= first * 120, "{first} {deep}");
    for kind in ["keys", "equal"] {
        let [few, many] = ["300", "600"].map(|count| per(&format!("{kind}-{count}"), KEYS));
        println!("{kind}: 300 take {few} instructions, 600 take {many}");
        assert!(many * 100 <= few * 220, "{kind} {few} {many}");
    }
}

/// Some microseconds: buffers, the callsite's constant parts, and `tracing`'s own registration of it.
#[test]
fn first_call_costs_a_few_microseconds_more() {
    let first = collected("tracing", 1);
    println!("the first tracing call: {first} instructions");
    assert!(first < 20_000, "{first}");
}

/// The least of some runs: names are hashed with a number of the process, and may collide.
fn per_call(call: &str) -> u64 {
    (0..TRIES).map(|_| per(call, CALLS)).min().unwrap_or_default()
}

fn per(call: &str, calls: u64) -> u64 {
    (collected(call, 2 * calls) - collected(call, calls)) / calls
}

/// The instructions of this many calls, from the very first one on.
fn collected(call: &str, calls: u64) -> u64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    // The calls alone: how often the shipper looks meanwhile depends on the machine.
    valgrind.arg(format!("--toggle-collect=logship_steady::{}*", function(call)));
    valgrind.arg(steady()).args([call, &calls.to_string()]);
    let said = String::from_utf8_lossy(&run("valgrind", &mut valgrind).stderr).into_owned();
    let count = said.lines().find_map(|line| line.split_once("Collected : "));
    let count = count.and_then(|(_, count)| count.trim().parse().ok());
    count.filter(|count| *count > 0).unwrap_or_else(|| panic!("nothing was counted: {said}"))
}

/// The function of the load that makes this call.
fn function(call: &str) -> &'static str {
    match call.split('-').next() {
        Some("log") => "by_log",
        Some("span") => "new_span",
        Some("keys" | "equal") => "by_keys",
        _ => "by_tracing",
    }
}

/// The load, built as a user builds it, whatever this test was built as.
fn steady() -> &'static Path {
    static STEADY: OnceLock<PathBuf> = OnceLock::new();
    STEADY.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--release",
            "--package",
            "logship-steady",
            "--message-format",
            "json",
        ]);
        let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = String::from_utf8_lossy(&output.stdout).lines().find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            let is_it = message["target"]["name"] == "logship-steady";
            is_it.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
        });
        path.expect("cargo says where it is")
    })
}

fn run(package: &str, command: &mut Command) -> Output {
    for (variable, _) in env::vars().filter(|(name, _)| name.starts_with("SYSLOG_")) {
        command.env_remove(variable);
    }
    command.output().unwrap_or_else(|error| {
        panic!("{package} can't be run ({error}): install the package {package}")
    })
}

/// Its release and the machine it makes code for.
fn compiler() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("-vV").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let part = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let (release, host) = (part("release: "), part("host: "));
    format!("{} {}", release.unwrap_or_default(), host.unwrap_or_default())
}

const TRIES: usize = 4;
const RECORDS: u64 = 10_000;
/// What the example logs first, to a server, by either door.
const WARM_UP: u64 = 1000;
/// A batch of 64 KiB holds some 350 records; while the shipper catches up some are smaller.
const SENDS_PER_1000: u64 = 12;
const CALLS: u64 = 2000;
const KEYS: u64 = 100;
const PERCENT: u64 = 5;
const HEAD: &str = "\
# Instructions of a log call with four fields, in the steady state.
# Written by: RECORD=1 cargo test --test call_cost
";
