//! The end of a handle while the program goes on, and flushes that block no thread.

use std::{
    io::Read as _,
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

#[cfg(unix)]
use logship::DropReason;
use logship_collector::Collector;
use tracing::info;

use crate::support::{PATIENCE, builder, capture};

#[cfg(unix)]
#[test]
fn shutdown_delivers_closes_and_unlocks_the_queue_file() {
    let directory = tempfile::TempDir::new().unwrap();
    let collector = Collector::tcp().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let build = || {
        let builder = builder(&collector).queue_file(directory.path().join("queue"));
        let builder = builder.queue_sync_interval(Duration::from_secs(3600));
        let tell = tell.clone();
        builder.on_error(move |error| tell.send(error.to_string()).unwrap()).build().unwrap()
    };
    for round in 1..=3 {
        let handle = build();
        // It outlives the shutdown, as a global one does.
        let _guard = capture(&handle);
        info!(round, "before");
        let last = handle.shutdown(PATIENCE).unwrap();
        assert_eq!((last.delivered, last.pending, last.dropped), (1, 0, 0), "{last:?}");
        assert_eq!(collector.wait_for_messages(round, PATIENCE), round);
        let begin = Instant::now();
        while collector.open_connections() > 0 {
            assert!(begin.elapsed() < PATIENCE, "no goodbye");
            thread::sleep(Duration::from_millis(2));
        }
        info!(round, "after");
        assert_eq!(handle.stats().dropped_for(DropReason::Closed), 1);
        assert!(handle.flush(PATIENCE) && handle.shutdown(PATIENCE).is_ok());
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [""; 0]);
    }
}

/// It takes what fits into its buffers, and reads nothing.
#[test]
fn a_shutdown_waits_for_no_server_that_stalls() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("relp://{}", server.local_addr().unwrap());
    let handle = logship::builder("app-tag").servers(url).on_error(|_| {}).build().unwrap();
    let _guard = capture(&handle);
    info!("one");
    let mut stalled = server.accept().unwrap().0;
    let begin = Instant::now();
    let error = handle.shutdown(Duration::from_millis(300)).unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    assert_eq!((error.undelivered(), error.stats().dropped), (1, 1), "{error:?}");
    assert!(error.to_string().starts_with("1 record was not delivered"), "{error}");
    // The thread is gone, and its connection with it.
    stalled.set_read_timeout(Some(PATIENCE)).unwrap();
    stalled.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_flush_that_is_awaited_blocks_no_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).on_error(|_| {}).build().unwrap();
    let _guard = capture(&handle);
    runtime.block_on(async {
        for _ in 0..3 {
            info!("one of many");
            assert!(tokio::time::timeout(PATIENCE, handle.flush_async()).await.unwrap());
        }
        assert_eq!(collector.wait_for_messages(3, PATIENCE), 3);
        collector.stop();
        info!("to nobody");
        let limit = Duration::from_millis(100);
        while tokio::time::timeout(limit, handle.flush_async()).await == Ok(true) {
            info!("to nobody");
        }
        let ending = handle.clone();
        let flush = tokio::spawn(handle.flush_async());
        tokio::task::yield_now().await;
        thread::spawn(move || ending.shutdown(Duration::ZERO)).join().unwrap().unwrap_err();
        assert!(!flush.await.unwrap(), "the shipping has ended");
    });
}
