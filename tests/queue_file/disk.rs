//! Disks that fail or are full, and files that others change or of which nothing can be made.

use super::*;

#[test]
fn failing_disk_is_reported_and_shipping_goes_on() {
    let (_directory, path) = place();
    let collector = Collector::tcp().unwrap();
    let mut command = loadgen(&collector.url(), &path, 0, 300);
    command.args(["--rate", "1000"]).env("SYSLOG_QUEUE_SYNC_INTERVAL", "0.02");
    let ended = run(&mut command);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=2+"]);
    traced.args(["-o", "/dev/null"]).arg(command.get_program()).args(command.get_args());
    let ended = run(traced.env("SYSLOG_QUEUE_SYNC_INTERVAL", "0.02"));
    assert!(ended.stderr.contains("can't be written to the disk"), "{ended:?}");
    assert_eq!(ended.stderr.matches("power loss").count(), 1, "{ended:?}");
    assert_eq!(result(&ended)["delivered"], 300, "{ended:?}");
}

#[test]
fn failing_disk_leaves_the_old_queue_file() {
    let (directory, path) = place();
    let mut command = scenario("exit");
    command.env("SYSLOG_SERVERS", nobody()).env("SYSLOG_QUEUE_FILE", &path);
    run(command.env("SYSLOG_FLUSH_TIMEOUT", "0.2"));
    let collector = Collector::tcp().unwrap();
    let mut command = scenario("next");
    command.env("SYSLOG_SERVERS", collector.url()).env("SYSLOG_QUEUE_FILE", &path);
    command.env("SYSLOG_QUEUE_CAPACITY", "1M");
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"]);
    traced.args(["-o", "/dev/null"]).arg(command.get_program()).args(command.get_args());
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let ended = run(traced.envs(variables));
    assert!(ended.stderr.contains("Input/output error"), "{ended:?}");
    assert_eq!(collector.wait_for(1, PATIENCE).len(), 1);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "half a copy is left");
    let ended = run(&mut command);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(collector.wait_for(RECORDS + 2, PATIENCE).len(), RECORDS + 2);
}

#[test]
fn deleted_or_truncated_queue_file_is_reported_on_sync() {
    for (what, harm) in [
        ("was deleted", (|path| fs::remove_file(path).unwrap()) as fn(&Path)),
        ("was truncated", |path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            // Only what this test never reaches.
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        }),
    ] {
        let (_directory, path) = place();
        let collector = Collector::tcp().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let builder = logship::builder("shop").servers(collector.url()).queue_file(&path);
        let builder = builder.queue_sync_interval(Duration::from_millis(10));
        let handle = builder.on_error(move |error| tell.send(error.to_string()).unwrap());
        let handle = handle.build().unwrap();
        log(&handle, 10);
        assert!(handle.flush(PATIENCE));
        harm(&path);
        let told = told.recv_timeout(PATIENCE).unwrap();
        assert!(told.contains(what), "{told}");
        log(&handle, 10);
        assert!(handle.flush(PATIENCE));
        let stats = handle.stats();
        assert_eq!((stats.captured, stats.dropped), (20, 0), "{stats:?}");
    }
}

/// As one of these programs sees it, in a file system of its own.
fn in_a_file_system(options: &str, command: &Command, path: &Path) -> Command {
    let mut unshared = Command::new("unshare");
    let directory = path.parent().unwrap().display();
    unshared.args(["--map-root-user", "--mount", "sh", "-c"]);
    unshared.arg(format!("mount -t tmpfs -o {options} none {directory}; exec \"$0\" \"$@\""));
    unshared.arg(command.get_program()).args(command.get_args());
    unshared
}

#[test]
fn full_or_read_only_file_system_stops_nothing() {
    let (_directory, path) = place();
    let collector = Collector::tcp().unwrap();
    for (options, why) in [("size=1m", "No space left"), ("size=1m,ro", "Read-only file system")] {
        let command = loadgen(&collector.url(), &path, 0, 100);
        let ended = run(&mut in_a_file_system(options, &command, &path));
        assert!(ended.stderr.contains(why) && ended.stderr.contains("in memory"), "{ended:?}");
        assert_eq!(result(&ended)["delivered"], 100, "{ended:?}");
    }
}

#[test]
fn queue_file_of_other_version_size_or_endianness_is_set_aside() {
    let collector = Collector::tcp().unwrap();
    let constants = |version: [u8; 4], capacity: [u8; 8]| {
        let mut bytes =
            [b"logshipq".as_slice(), &version, &4096_u32.to_le_bytes(), &capacity].concat();
        bytes.extend(u64::from(crc32fast::hash(&bytes)).to_le_bytes());
        bytes.resize(1 << 20, 1);
        bytes
    };
    let capacity = 65_536_u64;
    for bytes in [
        constants(2_u32.to_le_bytes(), capacity.to_le_bytes()),
        constants(1_u32.to_be_bytes(), capacity.to_be_bytes()),
        constants(1_u32.to_le_bytes(), (capacity + 1).to_le_bytes()),
        constants(1_u32.to_le_bytes(), u64::MAX.to_le_bytes()),
    ] {
        let (_directory, path) = place();
        fs::write(&path, &bytes).unwrap();
        let ended = run(&mut loadgen(&collector.url(), &path, 0, 100));
        assert!(ended.stderr.contains("is set aside as"), "{ended:?}");
        assert_eq!((ended.code, &result(&ended)["delivered"]), (Some(0), &Value::from(100)));
        assert_eq!(fs::read(format!("{}.damaged", path.display())).unwrap(), bytes);
    }
}

/// As in a container, where each start of the program is process 1 and counts from 1 again.
#[test]
fn duplicates_are_identical_and_keys_unique() {
    let (_directory, path) = place();
    let collector = Collector::tcp().unwrap();
    let life = |count: u64| {
        let mut command = loadgen(&collector.url(), &path, 0, count);
        command.env("SYSLOG_SEQUENCE_ID", "1").env("SYSLOG_PROCID", "1");
        command
    };
    for wanted in [1_000, 2_000] {
        let mut command = life(1_000_000);
        command.args(["--rate", "20000"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        while collector.messages() < wanted {
            thread::sleep(Duration::from_millis(2));
        }
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let ended = run(&mut life(100));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // A kill may leave half a frame, whose record comes again in full.
    let records: Vec<_> =
        collector.take().into_iter().filter(|record| record.complaints.is_empty()).collect();
    let key = |record: &logship_collector::Received| {
        let message = record.message.clone().unwrap();
        let sequence = message.param("meta", "sequenceId").unwrap().to_owned();
        (message.hostname, message.app_name, message.procid, sequence, message.timestamp)
    };
    let keys: HashSet<_> = records.iter().map(key).collect();
    let messages: HashSet<_> = records.iter().map(|record| &record.bytes).collect();
    assert!(messages.len() < records.len(), "the tail came twice");
    assert_eq!(keys.len(), messages.len());
    let without_time = keys.iter().map(|key| (&key.0, &key.1, &key.2, &key.3));
    assert!(without_time.collect::<HashSet<_>>().len() < keys.len(), "they count from 1 again");
}
