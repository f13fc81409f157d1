//! The ready central of `examples/stack`, as it is shipped, in a directory and at ports of its own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use logship::{Builder, Handle, Overflow};
use tempfile::TempDir;
use tracing_subscriber::prelude::*;

use crate::{
    poster::Poster,
    store::Store,
    support::{
        Certificates, Identity, PortBlock, Process, eventually, find_rsyslogd, tcp_listens,
        udp_listens,
    },
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A rsyslogd with `examples/stack/rsyslog/central.conf`, and the store behind it.
pub(crate) struct Central {
    pub(crate) store: Store,
    configuration: &'static str,
    directory: TempDir,
    ports: PortBlock,
    certificates: Certificates,
    process: Option<Process>,
    poster: Option<Poster>,
}

impl Central {
    pub(crate) fn running() -> Central {
        let ports = PortBlock::reserve();
        let store = Store::running(&read("elasticsearch/template.json"), ports.port(STORE));
        let mut central = Central::with("rsyslog/central.conf", ports, store);
        central.start_poster(&[]);
        central
    }

    /// With another configuration, and what it writes left to the test.
    pub(crate) fn spooling(configuration: &'static str) -> Central {
        let ports = PortBlock::reserve();
        let store = Store::running(&read("elasticsearch/template.json"), ports.port(STORE));
        Central::with(configuration, ports, store)
    }

    /// With another configuration of `examples/stack`.
    pub(crate) fn with(configuration: &'static str, ports: PortBlock, store: Store) -> Central {
        let mut central = Central {
            store,
            configuration,
            directory: TempDir::new().expect("a temporary directory can be made"),
            ports,
            certificates: Certificates::new(),
            process: None,
            poster: None,
        };
        for directory in ["spool/records", "logs"] {
            std::fs::create_dir_all(central.path(directory)).expect("the directory can be written");
        }
        central.start();
        central
    }

    pub(crate) fn start_poster(&mut self, options: &[&str]) {
        self.start_poster_with(&[], options);
    }

    /// With these variables as well.
    pub(crate) fn start_poster_with(&mut self, more: &[(&'static str, &str)], options: &[&str]) {
        self.kill_poster();
        let mut variables = self.environment();
        variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.poster = Some(Poster::start(self.directory.path(), &variables, options));
    }

    pub(crate) fn kill_poster(&mut self) {
        drop(self.poster.take());
    }

    pub(crate) fn start(&mut self) {
        // Left behind by `kill -9`: its number may be somebody else's by now.
        let _ = std::fs::remove_file(self.path("pid"));
        let mut process = Process::start_in(
            &find_rsyslogd(),
            &stack(self.configuration),
            self.directory.path(),
            &self.environment(),
        );
        // The older one has no more than these two.
        let streams = if self.configuration.starts_with("older") { 1 } else { 3 };
        let listens = || {
            udp_listens(self.ports.port(TCP))
                && [TCP, TLS, RELP][..streams].iter().all(|&n| tcp_listens(self.ports.port(n)))
        };
        let is_up = eventually(PATIENCE, || !process.is_alive() || listens());
        assert!(is_up && process.is_alive(), "rsyslogd did not come up: {}", self.own_log());
        self.process = Some(process);
    }

    pub(crate) fn kill(&mut self) {
        self.process.take().expect("it is running").kill();
    }

    pub(crate) fn stop(&mut self) {
        self.process.take().expect("it is running").terminate();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What the poster answers, with the header.
    pub(crate) fn ask(&self, page: &str) -> String {
        use std::io::{Read as _, Write as _};
        let mut answer = String::new();
        let connection = std::net::TcpStream::connect(("127.0.0.1", self.ports.port(STATUS)));
        if let Ok(mut connection) = connection {
            write!(connection, "GET {page} HTTP/1.1\r\nHost: x\r\n\r\n").expect("it listens");
            connection.read_to_string(&mut answer).expect("it answers");
        }
        answer
    }

    /// What is in a file of the spool or of the logs; nothing if there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.path(name)).unwrap_or_default()).into_owned()
    }

    pub(crate) fn own_log(&self) -> String {
        ["console", "spool/rsyslogd.log", "poster"].map(|name| self.text(name)).join("\n")
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        let ca = self.certificates.ca();
        match scheme {
            "tls" => {
                format!("tls://127.0.0.1:{}?ca_file={}", self.ports.port(TLS), ca.display())
            }
            "relp" => format!("relp://127.0.0.1:{}", self.ports.port(RELP)),
            // UDP and TCP have the same number.
            _ => format!("{scheme}://127.0.0.1:{}", self.ports.port(TCP)),
        }
    }

    /// Runs a script of `examples/stack`.
    pub(crate) fn script(&self, name: &str) -> Output {
        self.script_with(name, &[])
    }

    /// With these variables as well.
    pub(crate) fn script_with(&self, name: &str, variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(stack(name));
        command.envs(self.environment()).envs(variables.iter().copied());
        command.output().expect("it can be started")
    }

    /// Waits until the store has so many documents.
    pub(crate) fn wait_for(&self, count: usize) {
        let all = eventually(PATIENCE, || self.store.count() >= count);
        let (stored, refused) = (self.store.count(), self.store.books().refused.first().cloned());
        assert!(all, "{stored} of {count} are stored; refused: {refused:?}\n{}", self.own_log());
    }

    /// Waits until the poster has removed every file: then nobody can store anything any more.
    pub(crate) fn wait_until_empty(&self) {
        let is_empty = || {
            let entries = std::fs::read_dir(self.path("spool/records"));
            entries.is_ok_and(|mut entries| entries.next().is_none())
        };
        assert!(eventually(PATIENCE, is_empty), "{}", self.own_log());
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |path: PathBuf| path.display().to_string();
        vec![
            ("CENTRAL_UDP_PORT", self.ports.port(TCP).to_string()),
            ("CENTRAL_TCP_PORT", self.ports.port(TCP).to_string()),
            ("CENTRAL_TLS_PORT", self.ports.port(TLS).to_string()),
            ("CENTRAL_RELP_PORT", self.ports.port(RELP).to_string()),
            ("CENTRAL_SPOOL", text(self.path("spool"))),
            ("CENTRAL_LOGS", text(self.path("logs"))),
            ("CENTRAL_PID", text(self.path("pid"))),
            ("CENTRAL_CA", text(self.certificates.ca())),
            ("CENTRAL_CERTIFICATE", text(self.certificates.certificate(Identity::Good))),
            ("CENTRAL_KEY", text(self.certificates.key(Identity::Good))),
            ("CENTRAL_STORE", self.store.url()),
            ("CENTRAL_STATUS", format!("127.0.0.1:{}", self.ports.port(STATUS))),
        ]
    }
}

/// A file of `examples/stack`.
pub(crate) fn stack(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/stack").join(name)
}

pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(stack(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The application `shop` on `client.example`, with numbers in its records.
pub(crate) fn shop(url: &str) -> Builder {
    logship::builder("shop")
        .servers(url)
        .hostname("client.example")
        .sequence_id(true)
        .queue_capacity(16 << 20)
        .overflow(Overflow::Block(PATIENCE))
        .on_error(|_| {})
}

/// Logs the records of these numbers.
pub(crate) fn log(handle: &Handle, numbers: std::ops::Range<u64>) {
    logging(handle, || {
        for n in numbers {
            tracing::info!(target: "shop::cart", n, price = 1.5, paid = true, customer = "ann", "record {n}");
        }
    });
}

pub(crate) fn logging(handle: &Handle, work: impl FnOnce()) {
    let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
    tracing::subscriber::with_default(subscriber, work);
}

// Within the block of ports.
const TCP: u16 = 1;
const TLS: u16 = 2;
const RELP: u16 = 3;
const STORE: u16 = 4;
const STATUS: u16 = 5;
