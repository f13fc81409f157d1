//! A real rsyslogd of the test's own: started, stopped, killed, paused, and read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::configuration::Configuration;
use super::ports::{self, PortBlock};
use super::process::{Process, find_rsyslogd};
use super::record::{read_complaints, read_records};
use super::{Certificates, Complaint, Identity, Input, Record, Tail, eventually};

/// A rsyslogd with ports, files and a directory of its own. It may be stopped and started as often
/// as a test likes; ports and socket paths stay the same, and what it stored is kept.
pub(crate) struct Rsyslogd {
    program: PathBuf,
    directory: TempDir,
    ports: PortBlock,
    certificates: Certificates,
    identity: Identity,
    process: Option<Process>,
    /// How often it has been started. Every run writes into files of its own: a line torn by
    /// `kill -9` must not be glued to the first line of the next run.
    runs: usize,
}

impl Rsyslogd {
    /// Started, and listening everywhere.
    pub(crate) fn running() -> Rsyslogd {
        Rsyslogd::running_as(Identity::Good)
    }

    /// Started, with this certificate on the TLS inputs that ask clients for none.
    pub(crate) fn running_as(identity: Identity) -> Rsyslogd {
        let mut server = Rsyslogd::prepared_as(identity);
        server.start();
        server
    }

    /// With its ports reserved, but not started yet.
    pub(crate) fn prepared() -> Rsyslogd {
        Rsyslogd::prepared_as(Identity::Good)
    }

    fn prepared_as(identity: Identity) -> Rsyslogd {
        Rsyslogd {
            program: find_rsyslogd(),
            directory: TempDir::new().expect("a temporary directory can be made"),
            ports: PortBlock::reserve(),
            certificates: Certificates::new(),
            identity,
            process: None,
            runs: 0,
        }
    }

    /// Starts it, for the first time or again, and waits until it listens everywhere.
    pub(crate) fn start(&mut self) {
        assert!(self.process.is_none(), "rsyslogd is already running");
        self.runs += 1;
        let configuration = Configuration {
            directory: self.directory.path(),
            ports: &self.ports,
            certificates: self.certificates.directory(),
            identity: self.identity,
            store: &self.store(self.runs),
            own_messages: &self.own_messages(self.runs),
        };
        let file = self.directory.path().join("rsyslog.conf");
        std::fs::write(&file, configuration.text()).expect("the directory can be written");
        // Left behind by `kill -9`, it would look like a socket that is being served.
        for input in Input::ALL.into_iter().filter(|input| input.is_unix()) {
            let _ = std::fs::remove_file(self.directory.path().join(input.name()));
        }
        let mut process = Process::start(&self.program, &file, self.directory.path());
        let listening = eventually(Duration::from_secs(30), || {
            !process.is_alive() || Input::ALL.into_iter().all(|input| self.listens(input))
        });
        assert!(
            listening && process.is_alive(),
            "rsyslogd did not come up: {}\n{:#?}",
            std::fs::read_to_string(self.directory.path().join("console")).unwrap_or_default(),
            self.complaints(),
        );
        self.process = Some(process);
    }

    /// SIGTERM, and wait for the end: everything received has been written then.
    pub(crate) fn stop(&mut self) {
        self.take_process().terminate();
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.take_process().kill();
    }

    /// SIGSTOP, and wait until it has: connections stay open, and nobody reads them.
    pub(crate) fn pause(&self) {
        let process = self.process.as_ref().expect("rsyslogd is running");
        process.signal("STOP");
        let stopped = eventually(Duration::from_secs(10), || process.is_stopped());
        assert!(stopped, "rsyslogd goes on after SIGSTOP");
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) {
        self.process.as_ref().expect("rsyslogd is running").signal("CONT");
    }

    /// Which certificate the TLS inputs that ask clients for none show from the next start on.
    pub(crate) fn present(&mut self, identity: Identity) {
        self.identity = identity;
    }

    /// The TCP or UDP port of an input.
    pub(crate) fn port(&self, input: Input) -> u16 {
        assert!(!input.is_unix(), "{input:?} is a path: see `socket`");
        self.ports.port(input as u16)
    }

    /// The path of a unix datagram socket.
    pub(crate) fn socket(&self, input: Input) -> PathBuf {
        assert!(input.is_unix(), "{input:?} is a port: see `port`");
        self.directory.path().join(input.name())
    }

    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// All records so far, of all runs, in the order of arrival.
    pub(crate) fn records(&self) -> Vec<Record> {
        (1..=self.runs).flat_map(|run| read_records(&self.store(run))).collect()
    }

    /// The records of one run, from 1.
    pub(crate) fn records_of_run(&self, run: usize) -> Vec<Record> {
        read_records(&self.store(run))
    }

    /// Everything stored so far, unparsed: for a test that makes the server store rubbish.
    pub(crate) fn stored_text(&self) -> String {
        (1..=self.runs)
            .map(|run| std::fs::read(self.store(run)).unwrap_or_default())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect()
    }

    /// The file of the records of one run, from 1.
    pub(crate) fn store_of(&self, run: usize) -> PathBuf {
        self.store(run)
    }

    /// What this run stores, read as it comes.
    pub(crate) fn stored(&self) -> Tail {
        Tail::new(self.store(self.runs))
    }

    /// How many records there are so far.
    pub(crate) fn count(&self) -> usize {
        (1..=self.runs).map(|run| count_lines(&self.store(run))).sum()
    }

    /// Waits until there are `wanted` records, and returns all there are. Fails, with what
    /// rsyslogd complained of, when they have not come within `limit`.
    pub(crate) fn wait_for(&self, wanted: usize, limit: Duration) -> Vec<Record> {
        let all = eventually(limit, || self.count() >= wanted);
        assert!(
            all,
            "{} of {wanted} records came within {limit:?}; rsyslogd's own messages: {:#?}",
            self.count(),
            self.complaints(),
        );
        self.records()
    }

    /// Waits for `wanted` records, stops the server so that nothing can follow, and fails if
    /// there is one more.
    pub(crate) fn exactly(&mut self, wanted: usize, limit: Duration) -> Vec<Record> {
        self.wait_for(wanted, limit);
        self.stop();
        let records = self.records();
        assert_eq!(records.len(), wanted, "some records arrived twice");
        records
    }

    /// What rsyslogd itself had to say, worse than informational: framing errors, refused
    /// handshakes, broken messages.
    pub(crate) fn complaints(&self) -> Vec<Complaint> {
        (1..=self.runs).flat_map(|run| read_complaints(&self.own_messages(run))).collect()
    }

    /// Fails if rsyslogd had anything to complain of.
    pub(crate) fn assert_content(&self) {
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "rsyslogd complained: {complaints:#?}");
    }

    fn take_process(&mut self) -> Process {
        self.process.take().expect("rsyslogd is running")
    }

    fn listens(&self, input: Input) -> bool {
        match input {
            Input::Udp => ports::udp_listens(self.port(input)),
            Input::Unix | Input::UnixDevLog => self.socket(input).exists(),
            Input::Tcp
            | Input::PlainTcp
            | Input::TlsOpenssl
            | Input::TlsGnutls
            | Input::TlsMutual
            | Input::TlsMutualOpenssl
            | Input::Relp
            | Input::RelpTls => ports::tcp_listens(self.port(input)),
        }
    }

    fn store(&self, run: usize) -> PathBuf {
        self.directory.path().join(format!("records-{run}.jsonl"))
    }

    fn own_messages(&self, run: usize) -> PathBuf {
        self.directory.path().join(format!("rsyslogd-{run}.jsonl"))
    }
}

/// Counted without parsing: a test that waits for 100,000 records asks often.
fn count_lines(file: &Path) -> usize {
    let Ok(mut file) = File::open(file) else { return 0 };
    let mut buffer = vec![0; 1 << 16];
    let mut lines = 0;
    while let Ok(read @ 1..) = file.read(&mut buffer) {
        lines += buffer[..read].iter().filter(|&&byte| byte == b'\n').count();
    }
    lines
}
