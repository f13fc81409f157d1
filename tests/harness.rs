//! The tests' own tools at work, without logship: hand-made frames into a real rsyslogd.
#![cfg(target_os = "linux")]

mod support;

use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use support::{Certificates, Identity, Input, Proxy, Record, Rsyslogd, eventually};

const MESSAGE: &str = concat!(
    "<165>1 2026-11-23T09:25:35.123456+01:00 web1.example.com shop 4711 shop::cart ",
    r#"[fields@32473 order_Id="42" quote="a \"b\" \\ \] c"][meta sequenceId="1"] "#,
    "Grüße, \"quoted\" \\ back\tslash 🚀"
);

const PATIENCE: Duration = Duration::from_secs(20);

fn octet_counted(message: &str) -> String {
    format!("{} {message}", message.len())
}

fn assert_is_message(record: &Record) {
    assert_eq!(record.bytes, MESSAGE.len() as u64);
    assert_eq!(record.pri, "165");
    assert_eq!((record.facility, record.severity), (20, 5));
    assert_eq!(record.timestamp, "2026-11-23T09:25:35.123456+01:00");
    assert_eq!(record.hostname, "web1.example.com");
    assert_eq!(record.app_name, "shop");
    assert_eq!(record.procid, "4711");
    assert_eq!(record.msgid, "shop::cart");
    assert!(record.sd_text.starts_with("[fields@32473 order_Id="), "{record:#?}");
    assert_eq!(record.field("order_Id"), "42");
    assert_eq!(record.field("quote"), r#"a "b" \ ] c"#);
    assert_eq!(record.parameter("meta", "sequenceId"), Some("1"));
    assert!(record.cee.is_null());
    assert_eq!(record.msg, "Grüße, \"quoted\" \\ back\tslash 🚀");
}

#[test]
fn frame_is_parsed_alike_by_every_plain_input() {
    let mut server = Rsyslogd::running();
    for input in [Input::Tcp, Input::PlainTcp] {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port(input))).unwrap();
        stream.write_all(octet_counted(MESSAGE).as_bytes()).unwrap();
        stream.write_all(format!("{MESSAGE}\n").as_bytes()).unwrap();
    }
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.send_to(MESSAGE.as_bytes(), ("127.0.0.1", server.port(Input::Udp))).unwrap();
    let unix = UnixDatagram::unbound().unwrap();
    unix.send_to(MESSAGE.as_bytes(), server.socket(Input::Unix)).unwrap();

    let records = server.exactly(6, PATIENCE);
    records.iter().for_each(assert_is_message);
    let count = |input: Input| records.iter().filter(|r| r.input == input.name()).count();
    let inputs = [Input::Tcp, Input::PlainTcp, Input::Udp, Input::Unix];
    assert_eq!(inputs.map(count), [2, 2, 1, 1]);
    server.assert_content();
}

#[test]
fn the_dev_log_socket_reads_rfc_3164_without_a_host() {
    let mut server = Rsyslogd::running();
    let unix = UnixDatagram::unbound().unwrap();
    let message = "<14>Nov 23 09:25:35 shop[4711]: hello";
    unix.send_to(message.as_bytes(), server.socket(Input::UnixDevLog)).unwrap();
    let records = server.exactly(1, PATIENCE);
    assert_eq!((records[0].app_name.as_str(), records[0].procid.as_str()), ("shop", "4711"));
    assert_eq!(records[0].msg.trim_start(), "hello");
    server.assert_content();
}

#[test]
fn cee_json_is_parsed_with_its_types() {
    let mut server = Rsyslogd::running();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port(Input::Tcp))).unwrap();
    let message = r#"<14>1 - h shop - - - @cee: {"n":42,"x":1.5,"ok":true,"t":"a\nb"}"#;
    stream.write_all(octet_counted(message).as_bytes()).unwrap();
    let records = server.exactly(1, PATIENCE);
    let expected = serde_json::json!({"n": 42, "x": 1.5, "ok": true, "t": "a\nb"});
    assert_eq!(records[0].cee, expected);
    assert!(records[0].sd.is_null());
    assert_eq!(records[0].sd_text, "-");
}

#[test]
fn a_framing_error_is_a_complaint() {
    let server = Rsyslogd::running();
    server.assert_content();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port(Input::Tcp))).unwrap();
    // A count without its blank.
    stream.write_all(b"12x<14>1 - h shop - - - oops\n").unwrap();
    assert!(eventually(PATIENCE, || !server.complaints().is_empty()));
}

#[test]
fn it_stops_starts_pauses_and_dies_on_the_same_port() {
    let mut server = Rsyslogd::prepared();
    let port = server.port(Input::Tcp);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let send = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(octet_counted(MESSAGE).as_bytes()).unwrap();
    };
    server.start();
    send();
    server.wait_for(1, PATIENCE);
    server.kill();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    server.start();
    server.pause();
    send();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(server.count(), 1);
    server.resume();
    server.wait_for(2, PATIENCE);
    server.stop();
    server.start();
    send();
    server.exactly(3, PATIENCE).iter().for_each(assert_is_message);
}

/// What `openssl s_client` says of a handshake, and one frame sent if it works.
fn openssl_client(server: &Rsyslogd, input: Input, client: Option<Identity>) -> String {
    let certificates = server.certificates();
    let mut command = Command::new("openssl");
    command.args(["s_client", "-verify_return_error", "-verify_ip", "127.0.0.1", "-connect"]);
    command.arg(format!("127.0.0.1:{}", server.port(input)));
    command.arg("-CAfile").arg(certificates.ca());
    if let Some(identity) = client {
        command.arg("-cert").arg(certificates.certificate(identity));
        command.arg("-key").arg(certificates.key(identity));
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program `openssl` can be run: `apt-get install openssl`");
    let mut input = child.stdin.take().unwrap();
    // The client may have given up already; its words are what counts.
    let _ = input.write_all(octet_counted(MESSAGE).as_bytes());
    std::thread::sleep(Duration::from_millis(500));
    drop(input);
    let output = child.wait_with_output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&words).into_owned()
}

#[test]
fn tls_inputs_show_the_certificate_they_were_given() {
    for (identity, words) in [
        (Identity::Good, "Verify return code: 0 (ok)"),
        (Identity::WrongName, "IP address mismatch"),
        (Identity::Expired, "certificate has expired"),
        (Identity::NotYetValid, "certificate is not yet valid"),
        (Identity::UnknownCa, "unable to get local issuer certificate"),
        (Identity::SelfSigned, "self-signed certificate"),
    ] {
        let server = Rsyslogd::running_as(identity);
        for input in [Input::TlsGnutls, Input::TlsOpenssl] {
            let said = openssl_client(&server, input, None);
            assert!(said.contains(words), "{identity:?} {input:?}: {said}");
        }
        if identity == Identity::Good {
            server.wait_for(2, PATIENCE).iter().for_each(assert_is_message);
        } else {
            assert_eq!(server.count(), 0);
        }
    }
}

#[test]
fn mutual_tls_accepts_only_the_permitted_client() {
    let server = Rsyslogd::running();
    openssl_client(&server, Input::TlsMutual, Some(Identity::ClientOfOtherName));
    for stranger in [None, Some(Identity::ClientOfUnknownCa)] {
        openssl_client(&server, Input::TlsMutual, stranger);
        openssl_client(&server, Input::TlsMutualOpenssl, stranger);
    }
    assert!(eventually(PATIENCE, || server.complaints().len() >= 5), "{:#?}", server.complaints());
    assert_eq!(server.count(), 0);
    openssl_client(&server, Input::TlsMutual, Some(Identity::Client));
    openssl_client(&server, Input::TlsMutualOpenssl, Some(Identity::Client));
    let records = server.wait_for(2, PATIENCE);
    records.iter().for_each(assert_is_message);
    assert_eq!(records[0].input, Input::TlsMutual.name());
    assert_eq!(records[1].input, Input::TlsMutualOpenssl.name());
}

#[test]
fn certificates_are_made_for_everybody() {
    let certificates = Certificates::new();
    for identity in Identity::ALL {
        let key = std::fs::read_to_string(certificates.key(identity)).unwrap();
        assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"), "PKCS#8 is what native-tls reads");
        assert!(certificates.certificate(identity).is_file());
    }
}

#[test]
fn the_proxy_cuts_in_the_middle_of_a_frame() {
    let mut server = Rsyslogd::running();
    let proxy = Proxy::to(server.port(Input::Tcp));
    proxy.cut_after(MESSAGE.len() as u64 + 20);
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    // It may be cut between the two already.
    let _ = stream.write_all(octet_counted(MESSAGE).repeat(2).as_bytes());
    assert!(eventually(PATIENCE, || proxy.cuts() == 1));
    let records = server.exactly(1, PATIENCE);
    assert_is_message(&records[0]);
    // imtcp tells of the half frame that it threw away.
    assert_eq!(server.complaints().len(), 1, "{:#?}", server.complaints());
}

#[test]
fn the_proxy_stalls_and_throttles_and_refuses() {
    let mut server = Rsyslogd::running();
    let proxy = Proxy::to(server.port(Input::PlainTcp));
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    proxy.stall(true);
    stream.write_all(octet_counted(MESSAGE).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(proxy.forwarded(), 0);
    proxy.throttle(1_000);
    proxy.stall(false);
    let start = std::time::Instant::now();
    stream.write_all(octet_counted(MESSAGE).repeat(2).as_bytes()).unwrap();
    server.wait_for(3, PATIENCE);
    assert!(start.elapsed() > Duration::from_millis(200), "three frames are 600 bytes");
    proxy.refuse(true);
    drop(stream);
    let mut refused = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    assert!(eventually(PATIENCE, || refused.write_all(b"x").is_err()));
    assert_eq!(proxy.connections(), 2);
    assert_eq!(server.exactly(3, PATIENCE).len(), 3);
}
