//! The README's recipe for a stock rsyslog, run as it is printed there.

use std::{fs, path::Path};

use tempfile::TempDir;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::shipping::{PATIENCE, build};
use crate::support::{PortBlock, Process, eventually, find_rsyslogd, tcp_listens};

#[test]
fn the_recipe_of_the_readme_shows_fields_and_severity() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let blocks: Vec<&str> = readme.split("```").collect();
    let block = |begin| *blocks.iter().find(|block| block.contains(begin)).unwrap();
    let recipe = block("module(load=\"imtcp\")").strip_prefix("text").unwrap();
    let shown = block("] info app: ").lines().find(|line| line.contains("app-tag[")).unwrap();

    let directory = TempDir::new().unwrap();
    let ports = PortBlock::reserve();
    let (port, file) = (ports.port(1), directory.path().join("app-tag.log"));
    let configuration = recipe
        .replace("port=\"514\"", &format!("port=\"{port}\" address=\"127.0.0.1\""))
        .replace("/var/log/app-tag.log", file.to_str().unwrap());
    assert!(configuration.contains(&port.to_string()), "{configuration}");
    assert!(configuration.contains(file.to_str().unwrap()), "{configuration}");
    let conf = directory.path().join("rsyslog.conf");
    fs::write(&conf, configuration).unwrap();
    let mut server = Process::start(&find_rsyslogd(), &conf, directory.path());
    assert!(eventually(PATIENCE, || !server.is_alive() || tcp_listens(port)));
    assert!(server.is_alive(), "{:?}", fs::read_to_string(directory.path().join("console")));

    let url = format!("tcp://127.0.0.1:{port}");
    let handle = build(logship::builder("app-tag").servers(url).filter("info"));
    let subscriber = tracing_subscriber::registry().with(handle.layer());
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "app", order_id = 42, customer = "ann", "order accepted");
        tracing::error!(target: "app", code = 7);
    });
    let stored = || fs::read_to_string(&file).unwrap_or_default();
    assert!(eventually(PATIENCE, || stored().lines().count() == 2), "{}", stored());
    let stored = stored();
    let said = |line: &str| line.split_once("] ").map(|(_, said)| said.to_owned()).unwrap();
    let lines: Vec<String> = stored.lines().map(said).collect();
    assert_eq!(lines[0], said(shown));
    assert_eq!(lines[1], "err app: code=7 [fields@32473 code=\"7\"]");
}
