//! A wall clock that jumps.

use std::{fs, path::Path, process::Command, thread, time::Duration};

use logship_collector::Collector;
use tempfile::TempDir;
use tracing::info;

use crate::{
    PATIENCE, init,
    scenarios::{run, scenario},
};

#[test]
fn clock_jump_shifts_only_timestamps() {
    let directory = TempDir::new().unwrap();
    let (source, library) = (directory.path().join("clock.c"), directory.path().join("clock.so"));
    fs::write(&source, CLOCK).unwrap();
    // rustc links with it, too.
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    assert!(cc.status().unwrap().success());
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("a clock that jumps")
        .env("SYSLOG_SERVERS", collector.url())
        .env("LD_PRELOAD", &library)
        .env("CLOCK_OFFSET", directory.path().join("offset")));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let records = collector.wait_for(JUMPS.len(), PATIENCE);
    assert_eq!(records.len(), JUMPS.len(), "{ended:?}");
    let year = |n: usize| {
        assert_eq!(records[n].complaints, []);
        assert_eq!(records[n].param("fields@32473", "n"), Some(n.to_string().as_str()));
        let timestamp = records[n].message.as_ref().unwrap().timestamp.clone();
        timestamp.map(|timestamp| timestamp[..4].parse::<i32>().unwrap())
    };
    let jump = |n| year(n).map(|year_then| year_then - year(0).unwrap());
    // Years are not all of one length.
    assert!(jump(1).is_some_and(|years| (-11..=-9).contains(&years)), "{:?}", jump(1));
    assert_eq!(jump(2), None, "before 1970 is no time");
    assert!(jump(3).is_some_and(|years| (19..=21).contains(&years)), "{:?}", jump(3));
    assert!(jump(4).is_some_and(|years| (0..=1).contains(&years)), "{:?}", jump(4));
}

pub(crate) fn a_clock_that_jumps() {
    let offset = std::env::var("CLOCK_OFFSET").unwrap();
    let guard = init();
    for (n, years) in JUMPS.iter().enumerate() {
        let moved = Path::new(&offset).with_extension("new");
        fs::write(&moved, format!("{}", years * SECONDS_IN_A_YEAR)).unwrap();
        fs::rename(moved, &offset).unwrap();
        info!(n, "at some time");
        // With the jump before it, in the middle of it, and behind it.
        thread::sleep(Duration::from_millis(20));
        assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
    }
    assert_eq!(guard.stats().captured - guard.stats().dropped, JUMPS.len() as u64);
}

const JUMPS: [i64; 5] = [0, -10, -100, 20, 0];
const SECONDS_IN_A_YEAR: i64 = 31_556_952;
/// The clock on the wall is off by what stands in a file.
const CLOCK: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    char text[32] = {0};
    int result = syscall(SYS_clock_gettime, clock, time);
    const char *path = getenv("CLOCK_OFFSET");
    int file = clock == CLOCK_REALTIME && path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atol(text);
        close(file);
    }
    return result;
}
"#;
