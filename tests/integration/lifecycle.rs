//! What is guaranteed from the first record to the last.

use std::time::{Duration, Instant};

use log::Log as _;
use logship_collector::Collector;
use tracing::{info, info_span};

use crate::support::{PATIENCE, builder, capture};

#[test]
fn log_records_carry_key_values_and_their_span() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let logger = handle.logger();
    let _guard = capture(&handle);
    let _span = info_span!("request", user = 7).entered();
    let error = "x".parse::<u8>().unwrap_err();
    let pairs: Vec<(&str, log::kv::Value<'_>)> = vec![
        ("order_id", 42_u64.into()),
        ("amount", 9.5.into()),
        ("paid", true.into()),
        ("customer name", "ann".into()),
        ("customer=name", "bob".into()),
        ("error", log::kv::Value::from_dyn_error(&error)),
    ];
    logger.log(
        &log::Record::builder()
            .level(log::Level::Warn)
            .target("shop::cart")
            .args(format_args!("order {}", "accepted"))
            .key_values(&pairs)
            .build(),
    );
    logger.flush();
    let records = collector.wait_for(1, PATIENCE);
    assert_eq!(records[0].complaints, []);
    let field = |name| records[0].param("fields@32473", name);
    assert_eq!(records[0].message.as_ref().unwrap().severity, 4);
    assert_eq!(records[0].text(), Some("order accepted"));
    assert_eq!(field("order_id"), Some("42"));
    assert_eq!(field("amount"), Some("9.5"));
    assert_eq!(field("paid"), Some("true"));
    assert_eq!(field("customer_name"), Some("ann"));
    assert_eq!(field("customer_name_2"), Some("bob"));
    assert_eq!(field("error"), Some("invalid digit found in string"));
    assert_eq!(records[0].param("span@32473", "user"), Some("7"));
}

#[test]
fn a_lone_record_needs_no_flush() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let _guard = capture(&handle);
    for n in 0..5 {
        std::thread::sleep(Duration::from_millis(60));
        info!(n, "alone");
        assert_eq!(collector.wait_for_messages(n + 1, PATIENCE), n + 1);
    }
}

#[test]
fn when_the_last_handle_goes_what_is_queued_is_shipped() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let guard = capture(&handle);
    (0..5000).for_each(|n| info!(n, "in a hurry"));
    drop((guard, handle));
    assert_eq!(collector.wait_for_messages(5000, PATIENCE), 5000);
    let begin = Instant::now();
    while collector.open_connections() > 0 && begin.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(collector.open_connections(), 0, "the shipper is still there");
}

#[test]
fn many_threads_lose_nothing_and_mix_nothing() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).queue_capacity(64 << 20).build().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let handle = &handle;
            scope.spawn(move || {
                let _guard = capture(handle);
                (0..2000).for_each(|n| info!(thread, n, "t={thread} n={n}"));
            });
        }
    });
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(16_000, PATIENCE);
    assert_eq!(records.len(), 16_000);
    let mut next = [0; 8];
    for record in records {
        assert_eq!(record.complaints, []);
        let number = |name| record.param("fields@32473", name).unwrap().parse::<usize>().unwrap();
        let (thread, n) = (number("thread"), number("n"));
        assert_eq!(record.text(), Some(format!("t={thread} n={n}").as_str()));
        assert_eq!(n, next[thread]);
        next[thread] += 1;
    }
}

#[test]
fn flushing_is_allowed_in_any_runtime() {
    use tokio::{runtime, task};

    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let _guard = capture(&handle);
    let say_and_flush = |what: &str| {
        info!("{what}");
        assert!(handle.flush(PATIENCE), "{what}: {:?}", handle.stats());
    };
    let one = runtime::Builder::new_current_thread().build().unwrap();
    one.block_on(async {
        say_and_flush("in a runtime of one thread");
        let local = task::LocalSet::new();
        local.run_until(async { say_and_flush("among tasks of one thread") }).await;
    });
    let many = runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    many.block_on(async {
        say_and_flush("in a runtime of many threads");
        // Another one inside of it, as a library that hides its own has it.
        task::block_in_place(|| {
            one.block_on(async { say_and_flush("in a runtime in a runtime") });
        });
        let (other, dispatch) = (handle.clone(), tracing::Dispatch::default());
        let work = move || {
            tracing::dispatcher::with_default(&dispatch, || info!("where one may block"));
            other.flush(PATIENCE)
        };
        assert!(task::spawn_blocking(work).await.unwrap());
        // Its one worker is this task's: the shipper doesn't need it.
        let other = handle.clone();
        assert!(tokio::spawn(async move { other.flush(PATIENCE) }).await.unwrap());
        drop(handle.guard());
    });
    drop((one, many));
    say_and_flush("after all of them");
    let said: Vec<_> = collector.wait_for(6, PATIENCE);
    let said: Vec<_> = said.iter().map(|record| record.text().unwrap()).collect();
    assert_eq!(
        said,
        [
            "in a runtime of one thread",
            "among tasks of one thread",
            "in a runtime of many threads",
            "in a runtime in a runtime",
            "where one may block",
            "after all of them",
        ]
    );
}

#[test]
fn stats_are_shipped_at_an_interval() {
    let collector = Collector::tcp().unwrap();
    let every = Duration::from_secs(1);
    let handle =
        builder(&collector).stats_interval(every).queue_capacity(80 << 10).build().unwrap();
    let guard = capture(&handle);
    info!("too long for the queue: {}", "x".repeat(7_000));
    collector.pause();
    (0..5_000).for_each(|n| info!(n, "{}", "x".repeat(1_000)));
    collector.resume();
    let dropped = handle.stats().dropped;
    assert!(dropped > 0);
    let begin = Instant::now();
    let is_told = |record: &logship_collector::Received| {
        let message = record.message.as_ref().unwrap();
        let field = |name| message.param("fields@32473", name)?.parse::<u64>().ok();
        message.msgid.as_deref() == Some("logship::statistics")
            && field("dropped_queue_full") == Some(dropped)
    };
    let told = loop {
        if let Some(told) = collector.received().into_iter().find(is_told) {
            break told;
        }
        assert!(begin.elapsed() < PATIENCE, "{:?}", handle.stats());
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(told.complaints, []);
    let field = |name: &str| told.param("fields@32473", name).unwrap().parse::<u64>().unwrap();
    assert_eq!(field("captured"), field("delivered") + field("dropped") + field("pending"));
    assert_eq!((field("dropped"), field("dropped_info")), (dropped, dropped));
    assert!(field("captured") >= 5_001);
    assert_eq!(told.message.as_ref().unwrap().severity, 6);
    drop(guard);
    let too_often =
        builder(&collector).stats_interval(Duration::from_millis(1)).build().unwrap_err();
    assert!(too_often.to_string().contains("SYSLOG_STATS_INTERVAL"), "{too_often}");
}

/// How often each thread of this name went to sleep so far.
#[cfg(target_os = "linux")]
fn sleeps(thread: &str) -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let statuses =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    let of_thread = statuses.filter(|status| status.starts_with(&format!("Name:\t{thread}\n")));
    let count = |status: String| {
        let line = status.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    };
    of_thread.filter_map(count).sum()
}

/// The shippers of other tests in this process work at the same time: it is one of its own.
#[test]
#[cfg(target_os = "linux")]
fn an_idle_program_is_not_woken() {
    const IDLE: &str = "LOGSHIP_TEST_IDLE";
    if std::env::var_os(IDLE).is_none() {
        let mut this = std::process::Command::new(std::env::current_exe().unwrap());
        let only = ["--exact", "lifecycle::an_idle_program_is_not_woken", "--test-threads=1"];
        assert!(this.args(only).env(IDLE, "1").status().unwrap().success());
        return;
    }
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let guard = capture(&handle);
    info!("the only one");
    drop(guard);
    assert!(handle.flush(PATIENCE));
    std::thread::sleep(Duration::from_millis(200));
    let before = sleeps("logship");
    std::thread::sleep(Duration::from_secs(2));
    assert!(sleeps("logship") - before < 20, "{} wake-ups in 2 s", sleeps("logship") - before);
}
