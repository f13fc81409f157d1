//! A real syslog-ng of the test's own, from Debian's package, unpacked and not installed: the
//! package manager would remove rsyslog for it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::certificates::{Certificates, Identity};
use super::eventually;
use super::ports::{self, PortBlock};
use super::tail::Tail;

/// One way into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Door {
    /// `syslog()`: RFC 5424 with octet counting.
    SyslogTcp = 1,
    /// `syslog()`, a datagram each.
    SyslogUdp,
    /// `network()` with line ends, RFC 5424.
    NetworkTcp,
    /// `network()` with line ends, RFC 3164.
    NetworkOld,
    /// `network()`, a datagram each, RFC 3164.
    NetworkOldUdp,
    /// `syslog()` over TLS, clients not asked for a certificate.
    SyslogTls,
}

impl Door {
    pub(crate) const ALL: [Door; 6] = [
        Door::SyslogTcp,
        Door::SyslogUdp,
        Door::NetworkTcp,
        Door::NetworkOld,
        Door::NetworkOldUdp,
        Door::SyslogTls,
    ];

    pub(crate) fn is_udp(self) -> bool {
        matches!(self, Door::SyslogUdp | Door::NetworkOldUdp)
    }
}

/// Dropping it kills this one process, by its own handle.
pub(crate) struct SyslogNg {
    child: Child,
    directory: TempDir,
    ports: PortBlock,
    certificates: Certificates,
}

impl SyslogNg {
    /// None, and a loud word of it, where it is neither unpacked nor to be had from Debian.
    #[allow(clippy::print_stderr, reason = "a test that looks at nothing must say so")]
    pub(crate) fn running() -> Option<SyslogNg> {
        let root = match unpacked() {
            Ok(root) => root,
            Err(why) => {
                eprintln!("\n*** SKIPPED, syslog-ng is not to be had here: {why} ***\n");
                return None;
            }
        };
        let directory = TempDir::new().expect("a temporary directory can be made");
        let ports = PortBlock::reserve();
        let file = directory.path().join("syslog-ng.conf");
        let version = version(&root);
        let certificates = Certificates::new();
        fs::write(&file, configuration(&version, directory.path(), &ports, &certificates))
            .expect("it can be written");
        let console = File::create(directory.path().join("console")).expect("it can be written");
        let child = Command::new(root.join("usr/sbin/syslog-ng"))
            .args(["--foreground", "--stderr", "--no-caps", "--module-path"])
            .arg(root.join("usr/lib/syslog-ng").join(&version))
            .arg("--cfgfile")
            .arg(&file)
            .arg("--persist-file")
            .arg(directory.path().join("persist"))
            .arg("--pidfile")
            .arg(directory.path().join("pid"))
            .arg("--control")
            .arg(directory.path().join("control"))
            .env("LD_LIBRARY_PATH", libraries(&root))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(console)
            .spawn()
            .expect("syslog-ng can be started");
        let server = SyslogNg { child, directory, ports, certificates };
        let listening = eventually(Duration::from_secs(30), || {
            Door::ALL.into_iter().all(|door| match door.is_udp() {
                true => ports::udp_listens(server.port(door)),
                false => ports::tcp_listens(server.port(door)),
            })
        });
        assert!(listening, "syslog-ng did not come up: {}", server.console());
        Some(server)
    }

    pub(crate) fn port(&self, door: Door) -> u16 {
        self.ports.port(door as u16)
    }

    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// What came through this door, read as it comes.
    pub(crate) fn stored(&self, door: Door) -> Tail {
        Tail::new(self.directory.path().join(format!("{door:?}.jsonl")))
    }

    /// What it had to say, and so what it complained of.
    pub(crate) fn console(&self) -> String {
        fs::read_to_string(self.directory.path().join("console")).unwrap_or_default()
    }
}

impl Drop for SyslogNg {
    fn drop(&mut self) {
        // Both fail only when the process has already ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(
    version: &str,
    directory: &Path,
    ports: &PortBlock,
    certificates: &Certificates,
) -> String {
    let mut text = format!(
        "@version: {version}\noptions {{ keep-hostname(yes); use-dns(no); dns-cache(no); \
         check-hostname(no); normalize-hostnames(no); chain-hostnames(no); stats-freq(0); \
         time-reap(0); frac-digits(6); log-msg-size(65536); }};\n"
    );
    for door in Door::ALL {
        let to = format!("ip(127.0.0.1) port({})", ports.port(door as u16));
        let source = match door {
            Door::SyslogTcp => format!("syslog({to} transport(tcp))"),
            Door::SyslogUdp => format!("syslog({to} transport(udp))"),
            Door::NetworkTcp => format!("network({to} transport(tcp) flags(syslog-protocol))"),
            Door::NetworkOld => format!("network({to} transport(tcp))"),
            Door::NetworkOldUdp => format!("network({to} transport(udp))"),
            Door::SyslogTls => format!(
                "syslog({to} transport(tls) tls(key-file(\"{}\") cert-file(\"{}\") \
                 peer-verify(optional-untrusted)))",
                certificates.key(Identity::Good).display(),
                certificates.certificate(Identity::Good).display(),
            ),
        };
        let file = directory.join(format!("{door:?}.jsonl"));
        text += &format!(
            "log {{ source {{ {source}; }}; destination {{ file(\"{}\" template(\"{TEMPLATE}\") \
             flush-lines(1)); }}; flags(flow-control); }};\n",
            file.display()
        );
    }
    text
}

// Flat, since a name may hold a dot. $SDATA would be put together anew: a name with a dot would be
// taken for an element and its parameter.
const TEMPLATE: &str = "$(format-flat-json --scope none --key .SDATA.* pri=$PRI \
    timestamp=$S_ISODATE hostname=$HOST app_name=$PROGRAM procid=$PID msgid=$MSGID \
    msg=$MESSAGE)\\n";

/// The directory of the unpacked packages: made once, under the target directory of the build.
fn unpacked() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("syslog-ng");
    if home.is_dir() {
        return Ok(home);
    }
    let tmp = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).map_err(|error| error.to_string())?;
    run("apt-get", &["download", "-qq", "syslog-ng-core"], tmp.path())?;
    let package = packages(tmp.path()).pop().ok_or("apt-get downloaded nothing")?;
    let depends = run("dpkg-deb", &["-f", &package, "Depends"], tmp.path())?;
    let wanted = depends.split(',').filter_map(|one| one.split_whitespace().next());
    let missing: Vec<_> = wanted
        .filter(|name| name.starts_with("lib"))
        .filter(|name| {
            let asked = run("dpkg-query", &["-W", "-f", "${Status}", name], tmp.path());
            !asked.is_ok_and(|status| status.ends_with(" installed"))
        })
        .collect();
    if !missing.is_empty() {
        run("apt-get", &[&["download", "-qq"], &missing[..]].concat(), tmp.path())?;
    }
    let root = tmp.path().join("root");
    for package in packages(tmp.path()) {
        run("dpkg-deb", &["-x", &package, "root"], tmp.path())?;
    }
    // Another test may have been faster: then its directory is as good.
    let renamed = fs::rename(&root, &home);
    if home.is_dir() { Ok(home) } else { renamed.map(|()| home).map_err(|e| e.to_string()) }
}

fn packages(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    names.filter(|name| name.ends_with(".deb")).collect()
}

fn version(root: &Path) -> String {
    let directories = fs::read_dir(root.join("usr/lib/syslog-ng")).into_iter().flatten().flatten();
    let mut names = directories.filter_map(|entry| entry.file_name().into_string().ok());
    names.find(|name| name.starts_with(|c: char| c.is_ascii_digit())).unwrap_or_default()
}

/// Every directory of the unpacked packages that holds libraries.
fn libraries(root: &Path) -> String {
    let architecture = |lib: &str| {
        let entries = fs::read_dir(root.join(lib)).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let directories = architecture("usr/lib").into_iter().chain(architecture("lib"));
    directories.map(|path| path.display().to_string()).collect::<Vec<_>>().join(":")
}

fn run(program: &str, arguments: &[&str], directory: &Path) -> Result<String, String> {
    let output = Command::new(program).args(arguments).current_dir(directory).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// A line that it stored, which must be JSON and UTF-8.
pub(crate) fn parse(line: &[u8]) -> Value {
    serde_json::from_slice(line)
        .unwrap_or_else(|e| panic!("no JSON ({e}): {}", String::from_utf8_lossy(line)))
}
