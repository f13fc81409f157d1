//! Connections that change while they live.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    cases::NAME,
    certificates::{Pair, Wish},
    client::{Asked, Library, MARKER, PATIENCE, build, log},
};

/// OpenSSL's own server, which can be told to do what no library offers.
pub(crate) struct Server {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Server {
    pub(crate) fn start(directory: &TempDir, port: u16) -> Server {
        let path = |name| directory.path().join(name);
        let mut child = Command::new("openssl")
            .args(["s_server", "-tls1_3", "-accept"])
            .arg(format!("127.0.0.1:{port}"))
            .arg("-cert")
            .arg(path("cert.pem"))
            .arg("-key")
            .arg(path("key.pem"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs");
        let said: Arc<Mutex<String>> = Arc::default();
        let mut output = child.stdout.take().unwrap();
        let hears = said.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                hears.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        let server = Server { child, said };
        server.wait_for("ACCEPT", 1);
        server
    }

    pub(crate) fn command(&mut self, command: &str) {
        self.child.stdin.as_mut().unwrap().write_all(command.as_bytes()).unwrap();
    }

    pub(crate) fn wait_for(&self, words: &str, times: usize) {
        let end = Instant::now() + PATIENCE;
        while self.said.lock().unwrap().matches(words).count() < times {
            assert!(Instant::now() < end, "{words}: {}", self.said.lock().unwrap());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What it is started with.
pub(crate) fn files() -> (TempDir, Pair, u16) {
    let directory = TempDir::new().unwrap();
    let pair = Wish::server(&[NAME]).self_signed();
    fs::write(directory.path().join("cert.pem"), pair.pem()).unwrap();
    let key = pair.key.private_key_to_pem_pkcs8().unwrap();
    fs::write(directory.path().join("key.pem"), key).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    (directory, pair, port)
}

#[test]
fn a_goodbye_and_new_keys_lose_nothing() {
    for library in Library::BOTH {
        let (directory, pair, port) = files();
        let mut server = Server::start(&directory, port);
        let asked = Asked { fingerprints: vec![pair.fingerprint()], ..Asked::default() };
        // Nothing is kept of what was acknowledged, so that nothing comes twice.
        let url = format!("{}&resend_buffer=0", asked.url("tls", port, library));
        let (handle, troubles) = build(logship::builder("app").servers(url));
        log(&handle, 3);
        assert!(handle.flush(PATIENCE), "{library:?}");
        server.wait_for(MARKER, 3);
        // New keys of the server's, then of both.
        for (command, count) in [("k\n", 6), ("K\n", 9)] {
            server.command(command);
            log(&handle, 3);
            assert!(handle.flush(PATIENCE), "{library:?}");
            server.wait_for(MARKER, count);
        }
        assert_eq!(handle.stats().reconnects, 0, "{library:?}: new keys are no end");
        server.command("Q\n");
        server.child.wait().unwrap();
        log(&handle, 3);
        let server = Server::start(&directory, port);
        assert!(handle.flush(PATIENCE), "{library:?}: {:?}", troubles.try_iter().next());
        server.wait_for(MARKER, 3);
        assert_eq!(
            (handle.stats().captured - handle.stats().dropped, handle.stats().reconnects),
            (12, 1),
            "{library:?}"
        );
    }
}
