//! `logship doctor` names each fault so that its reader can fix it.

#[allow(dead_code, reason = "the tests with rsyslogd use the rest")]
#[path = "../../tests/support/certificates.rs"]
mod certificates;
#[path = "../../tests/scenarios/mod.rs"]
mod scenarios;

use std::{net::TcpListener, time::Duration};

use logship_collector::{Certificate, Collector};

use self::{
    certificates::{Certificates, Identity},
    scenarios::{Ended, logship, run},
};

#[test]
fn what_is_well_is_called_good() {
    let (tcp, udp) = (Collector::tcp().unwrap(), Collector::udp().unwrap());
    let ended = run(logship("doctor").args([tcp.url(), udp.url()]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(&format!("good:  {}", tcp.url())), "{ended:?}");
    assert!(ended.stdout.contains("look for \"logship check: "), "{ended:?}");
    for collector in [tcp, udp] {
        let records = collector.wait_for(2, PATIENCE);
        assert_eq!(records.len(), 2);
        assert!(records.iter().all(|record| record.complaints.is_empty()), "{records:?}");
    }

    let certificates = Certificates::new();
    let tls = tls(&certificates, Identity::Good);
    let ended = run(logship("doctor").arg(with_ca(&tls, &certificates)));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(tls.wait_for(2, PATIENCE).len(), 2);
}

#[test]
fn url_defaults_to_the_environment() {
    let collector = Collector::tcp().unwrap();
    let ended = run(logship("doctor").env("SYSLOG_SERVERS", collector.url()));
    assert_eq!((ended.code, collector.messages()), (Some(0), 2), "{ended:?}");
}

#[test]
fn a_server_that_is_not_there_is_called_by_its_fault() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for scheme in ["tcp", "udp", "tls"] {
        assert_told(
            &format!("{scheme}://127.0.0.1:{port}"),
            &["connection refused", "start the server"],
        );
    }
    assert_told("tcp://no-such-host.invalid", &["name not found", "spelling"]);
    let ended = run(logship("doctor").arg("logs.example.com"));
    let is_told = ended.stderr.contains("invalid server URL \"logs.example.com\"");
    assert!(ended.code != Some(0) && is_told, "{ended:?}");
}

#[test]
fn tls_and_plain_tcp_are_told_apart() {
    let certificates = Certificates::new();
    let tls = tls(&certificates, Identity::Good);
    let plain_url = tls.url().replace("tls://", "tcp://");
    assert_told(&plain_url, &["speaks TLS", "use tls:// instead of tcp://"]);
    assert_eq!(Collector::received(&tls).iter().filter(|r| r.message.is_none()).count(), 0);

    let plain = Collector::tcp().unwrap();
    let tls_url = plain.url().replace("tcp://", "tls://");
    assert_told(&tls_url, &["does not speak TLS", "use tcp:// instead of tls://"]);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("tls://{}", silent.local_addr().unwrap());
    assert_told(&silent_url, &["no answer to the TLS handshake", "within"]);
}

#[test]
fn a_certificate_is_refused_with_the_reason() {
    let certificates = Certificates::new();
    for (identity, words) in [
        (Identity::Expired, "certificate expired"),
        (Identity::NotYetValid, "not yet valid"),
        (Identity::WrongName, "set server_name="),
        (Identity::UnknownCa, "unknown authority"),
        (Identity::SelfSigned, "unknown authority"),
    ] {
        let server = tls(&certificates, identity);
        assert_told(&with_ca(&server, &certificates), &[words]);
        assert_eq!(server.messages(), 0);
    }
    let server = tls(&certificates, Identity::Good);
    assert_told(&server.url(), &["unknown authority", "set ca_file="]);
    let ended = run(logship("doctor").arg(format!("{}?ca_file=/no/such.pem", server.url())));
    assert!(ended.stderr.contains("ca_file=/no/such.pem"), "{ended:?}");
}

/// The doctor must fail, and say all of `words`.
fn assert_told(url: &str, words: &[&str]) {
    let ended: Ended = run(logship("doctor").arg(url).env("SYSLOG_CONNECT_TIMEOUT", "1"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let server = url.split('?').next().unwrap();
    for part in [server, "What to do: "].iter().chain(words) {
        assert!(ended.stdout.contains(part), "{part:?} is not said: {ended:?}");
    }
}

fn tls(certificates: &Certificates, identity: Identity) -> Collector {
    let (cert, key) = (certificates.certificate(identity), certificates.key(identity));
    Collector::tls(Certificate::from_files(cert, key).unwrap()).unwrap()
}

fn with_ca(server: &Collector, certificates: &Certificates) -> String {
    format!("{}?ca_file={}", server.url(), certificates.ca().display())
}

const PATIENCE: Duration = Duration::from_secs(10);
