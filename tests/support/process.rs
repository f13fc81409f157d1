//! rsyslogd as a child process: found, started, signalled, reaped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::eventually;

/// Fails with the names of the packages to install where rsyslogd or one of its modules is
/// missing: a test that skips itself would be green without having looked.
pub(crate) fn find_rsyslogd() -> PathBuf {
    let search = std::env::var_os("PATH").unwrap_or_default();
    let program = std::env::split_paths(&search)
        // An ordinary user's PATH often leaves the system directories out.
        .chain(["/usr/sbin".into(), "/sbin".into(), "/usr/local/sbin".into()])
        .map(|directory| directory.join("rsyslogd"))
        .find(|candidate| candidate.is_file());
    let Some(program) = program else { panic!("rsyslogd was not found. {INSTALL}") };
    let directories = module_folders();
    for module in MODULES {
        let file = format!("{module}.so");
        assert!(
            directories.iter().any(|directory| directory.join(&file).is_file()),
            "rsyslogd's module {module} was not found in {directories:?}. {INSTALL}"
        );
    }
    program
}

fn module_folders() -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> =
        vec!["/usr/lib/rsyslog".into(), "/usr/lib64/rsyslog".into()];
    // Debian: /usr/lib/<architecture>/rsyslog.
    for entry in std::fs::read_dir("/usr/lib").into_iter().flatten().flatten() {
        directories.push(entry.path().join("rsyslog"));
    }
    directories.retain(|directory| directory.is_dir());
    directories
}

/// A running rsyslogd. Dropping it kills this one process, by its own handle.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(program: &Path, configuration: &Path, directory: &Path) -> Process {
        Process::start_in(program, configuration, directory, &[])
    }

    /// With these variables in its environment.
    pub(crate) fn start_in(
        program: &Path,
        configuration: &Path,
        directory: &Path,
        environment: &[(&str, String)],
    ) -> Process {
        let output = File::create(directory.join("console")).expect("the directory can be written");
        let child = Command::new(program)
            // -n: stay our child. The pid file must be absolute: rsyslogd changes directory.
            .args(["-n", "-f"])
            .arg(configuration)
            .arg("-i")
            .arg(directory.join("pid"))
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file can be cloned"))
            .stderr(output)
            .spawn()
            .expect("rsyslogd can be started");
        Process { child }
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal by its name. The `kill` program does it, because std knows only SIGKILL
    /// and the crate has no unsafe code to spare for tests.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status()
            .expect("the program `kill` can be run");
        assert!(status.success(), "kill -{name} of rsyslogd failed: {status}");
    }

    /// Whether every thread stands still. The signal is sent before the last one does.
    pub(crate) fn is_stopped(&self) -> bool {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        threads.into_iter().flatten().flatten().all(|thread| {
            let status = std::fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            status.lines().any(|line| line.starts_with("State:\tT"))
        })
    }

    /// SIGTERM, and wait for the end.
    pub(crate) fn terminate(mut self) {
        self.signal("TERM");
        let ended = eventually(Duration::from_secs(20), || !self.is_alive());
        assert!(ended, "rsyslogd did not end within 20 s of SIGTERM");
    }

    /// SIGKILL, and wait for the end.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the process has already ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const INSTALL: &str = "These tests ship to a real rsyslog: on Debian or Ubuntu, install it with \
     `apt-get install rsyslog rsyslog-openssl rsyslog-gnutls rsyslog-relp rsyslog-elasticsearch`";

// lmnsd_ossl, lmnsd_gtls, imrelp and omelasticsearch have Debian packages of their own.
const MODULES: [&str; 13] = [
    "imudp",
    "imtcp",
    "imptcp",
    "imuxsock",
    "imrelp",
    "lmnsd_ptcp",
    "lmnsd_ossl",
    "lmnsd_gtls",
    "mmpstrucdata",
    "mmjsonparse",
    "mmutf8fix",
    "fmhash",
    "omelasticsearch",
];
