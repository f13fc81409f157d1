//! A client that is told of one server in one of the ways there are, and asked what became of it.

use std::{
    path::PathBuf,
    process::Command,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use log::{Level, Log as _, Record};
use logship::{Builder, Handle, Stats, TlsBackend, TlsVersion};

/// What is asked of TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    pub(crate) server_name: Option<&'static str>,
    pub(crate) fingerprints: Vec<String>,
    pub(crate) min_version: Option<&'static str>,
}

/// Where a setting is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Url,
    Builder,
    Environment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    System,
    Rustls,
}

impl Library {
    pub(crate) const BOTH: [Library; 2] = [Library::System, Library::Rustls];

    fn name(self) -> &'static str {
        match self {
            Library::System => "native-tls",
            Library::Rustls => "rustls",
        }
    }
}

/// What was seen of a server that must not get anything.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) trouble: String,
    pub(crate) books: [u64; 4],
}

/// It must not be found anywhere.
pub(crate) const MARKER: &str = "nobody-may-read-this";
pub(crate) const RECORDS: u64 = 3;
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

impl Asked {
    /// The URL with everything in it.
    pub(crate) fn url(&self, scheme: &str, port: u16, library: Library) -> String {
        let mut url = format!("{scheme}://127.0.0.1:{port}?tls_backend={}", library.name());
        let mut add = |name: &str, value: &str| url += &format!("&{name}={value}");
        if let Some(ca) = &self.ca {
            add("ca_file", &ca.display().to_string());
        }
        if let Some((cert, key)) = &self.identity {
            add("cert_file", &cert.display().to_string());
            add("key_file", &key.display().to_string());
        }
        if let Some(name) = self.server_name {
            add("server_name", name);
        }
        if !self.fingerprints.is_empty() {
            add("fingerprint", &self.fingerprints.join(";"));
        }
        if let Some(version) = self.min_version {
            add("min_version", version);
        }
        url
    }

    pub(crate) fn builder(&self, scheme: &str, port: u16, library: Library) -> Builder {
        let mut builder = logship::builder("app").servers(format!("{scheme}://127.0.0.1:{port}"));
        builder = builder.tls_backend(match library {
            Library::System => TlsBackend::NativeTls,
            Library::Rustls => TlsBackend::Rustls,
        });
        if let Some(ca) = &self.ca {
            builder = builder.tls_ca_file(ca);
        }
        if let Some((cert, key)) = &self.identity {
            builder = builder.tls_identity(cert, key);
        }
        if let Some(name) = self.server_name {
            builder = builder.tls_server_name(name);
        }
        for fingerprint in &self.fingerprints {
            builder = builder.tls_fingerprint(fingerprint);
        }
        if let Some(version) = self.min_version {
            builder = builder.tls_min_version(version.parse::<TlsVersion>().unwrap());
        }
        builder
    }

    fn variables(&self, scheme: &str, port: u16, library: Library) -> Vec<(&str, String)> {
        let mut all = vec![
            ("SYSLOG_SERVERS", format!("{scheme}://127.0.0.1:{port}")),
            ("SYSLOG_TLS_BACKEND", library.name().to_owned()),
        ];
        if let Some(ca) = &self.ca {
            all.push(("SYSLOG_TLS_CA_FILE", ca.display().to_string()));
        }
        if let Some((cert, key)) = &self.identity {
            all.push(("SYSLOG_TLS_CERT_FILE", cert.display().to_string()));
            all.push(("SYSLOG_TLS_KEY_FILE", key.display().to_string()));
        }
        if let Some(name) = self.server_name {
            all.push(("SYSLOG_TLS_SERVER_NAME", name.to_owned()));
        }
        if !self.fingerprints.is_empty() {
            all.push(("SYSLOG_TLS_FINGERPRINT", self.fingerprints.join(" ")));
        }
        if let Some(version) = self.min_version {
            all.push(("SYSLOG_TLS_MIN_VERSION", version.to_owned()));
        }
        all
    }

    /// Logs to a server and waits for the first trouble with it.
    pub(crate) fn outcome(
        &self,
        way: Way,
        scheme: &str,
        port: u16,
        library: Library,
        limit: Duration,
    ) -> Outcome {
        let builder = match way {
            Way::Url => logship::builder("app").servers(self.url(scheme, port, library)),
            Way::Builder => self.builder(scheme, port, library),
            Way::Environment => {
                let mut child = Command::new(std::env::current_exe().unwrap());
                child
                    .args(["--exact", "client::child", "--ignored", "--nocapture"])
                    .env("LIMIT", limit.as_millis().to_string())
                    .envs(self.variables(scheme, port, library));
                let output = child.output().unwrap();
                let text = String::from_utf8_lossy(&output.stdout);
                let told = text.lines().find_map(|line| line.split_once("OUTCOME "));
                let (_, told) = told.unwrap_or_else(|| panic!("{text} {output:?}"));
                let (books, trouble) = told.split_once('|').unwrap();
                let books: Vec<u64> = books.split(' ').map(|n| n.parse().unwrap()).collect();
                let books = books.try_into().unwrap();
                return Outcome { trouble: trouble.to_owned(), books };
            }
        };
        outcome(builder, limit)
    }
}

fn outcome(builder: Builder, limit: Duration) -> Outcome {
    let (handle, troubles) = build(builder.connect_timeout(limit));
    log(&handle, RECORDS);
    let trouble = troubles.recv_timeout(PATIENCE).expect("the server is refused");
    assert_eq!(handle.connection(), None);
    let stats = handle.stats();
    Outcome { trouble, books: books(&stats) }
}

/// A handle that does not linger, and its troubles.
pub(crate) fn build(builder: Builder) -> (Handle, Receiver<String>) {
    let (sender, troubles) = channel();
    let handle = builder
        .queue_capacity(64 << 10)
        .max_message_size(2048)
        .flush_timeout(Duration::from_millis(1))
        .on_error(move |error| drop(sender.send(error.to_string())))
        .build()
        .unwrap();
    (handle, troubles)
}

pub(crate) fn log(handle: &Handle, count: u64) {
    for n in 0..count {
        let text = format_args!("{MARKER} {n}");
        handle.logger().log(&Record::builder().level(Level::Info).target("t").args(text).build());
    }
}

/// Captured, waiting, delivered, dropped.
pub(crate) fn books(stats: &Stats) -> [u64; 4] {
    [stats.captured, stats.pending, stats.delivered, stats.dropped]
}

/// What a process does that knows its server from the environment alone.
#[test]
#[ignore = "it is started by other tests"]
#[allow(clippy::print_stdout, reason = "it is how it tells them")]
fn child() {
    let limit = std::env::var("LIMIT").unwrap().parse().unwrap();
    let outcome = outcome(logship::builder("app"), Duration::from_millis(limit));
    let books = outcome.books.map(|n| n.to_string()).join(" ");
    println!("\nOUTCOME {books}|{}", outcome.trouble);
}
