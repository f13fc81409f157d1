//! A store behind TLS and a password: a real HAProxy in front of the stand-in.

use std::{
    fs,
    process::{Child, Command},
};

use crate::{
    central::{Central, PATIENCE, log, shop},
    faults::said,
    support::{Certificates, Identity, PortBlock, eventually, tcp_listens},
};

#[test]
fn store_with_tls_and_password() {
    let mut central = Central::running();
    central.kill_poster();
    let handle = shop(&central.url("relp")).build().unwrap();
    log(&handle, 0..10);
    assert!(handle.flush(PATIENCE));
    let certificates = Certificates::new();
    let ports = PortBlock::reserve();
    let _proxy = Haproxy::before(&central, &certificates, ports.port(1));
    let url = format!("https://127.0.0.1:{}", ports.port(1));
    let ca = certificates.ca().display().to_string();
    // Each time something else is missing, and the records wait.
    central.start_poster(&["--store", &url]);
    said(&central, "certificate verify failed");
    central.start_poster(&["--store", &url, "--ca-file", &ca]);
    said(&central, "answers 401");
    assert!(
        central.ask("/health").contains("no answer of the store"),
        "{}",
        central.ask("/health")
    );
    assert_eq!(central.store.count(), 0);
    let variables = [("CENTRAL_STORE_USER", "central"), ("CENTRAL_STORE_PASSWORD", "s3cret")];
    central.start_poster_with(&variables, &["--store", &url, "--ca-file", &ca]);
    central.wait_for(10);
    assert!(!central.own_log().contains("s3cret"), "{}", central.own_log());
    assert_eq!(central.text("spool/dead-letters.ndjson"), "");
}

/// Killed with the value.
struct Haproxy(Child);

impl Haproxy {
    fn before(central: &Central, certificates: &Certificates, port: u16) -> Haproxy {
        let pem = central.path("proxy.pem");
        let parts = [certificates.certificate(Identity::Good), certificates.key(Identity::Good)];
        fs::write(&pem, parts.map(|part| fs::read(part).unwrap()).concat()).unwrap();
        let store = central.store.url().replace("http://", "");
        let configuration = central.path("proxy.cfg");
        let text = format!(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n\
             userlist known\n  user central insecure-password s3cret\n\
             frontend tls\n  bind 127.0.0.1:{port} ssl crt {}\n\
             \x20 http-request auth unless {{ http_auth(known) }}\n  default_backend store\n\
             backend store\n  server one {store}\n",
            pem.display()
        );
        fs::write(&configuration, text).unwrap();
        let child = Command::new("haproxy").arg("-db").arg("-f").arg(configuration).spawn();
        let proxy = Haproxy(child.expect("haproxy is installed: see tests/setup"));
        assert!(eventually(PATIENCE, || tcp_listens(port)), "HAProxy did not come up");
        proxy
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
