//! The rsyslog configuration: every way in, one JSON line per record out.

use std::path::Path;

use super::{certificates::Identity, ports::PortBlock};

/// One way into the server. Each is a socket of its own, and its name stands in every record
/// that came through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Input {
    Udp = 1,
    /// imtcp: octet counting and LF, told apart frame by frame.
    Tcp,
    /// imptcp: the same, by rsyslog's other TCP input.
    PlainTcp,
    /// OpenSSL driver (negotiates TLS 1.3), clients not asked for a certificate.
    ///
    /// rsyslog 8.2302 loses in about 1 % of short connections the only message behind the
    /// handshake (seen): where a test counts such connections, use `TlsGnutls`.
    TlsOpenssl,
    /// GnuTLS driver (negotiates TLS 1.2), clients not asked for a certificate.
    TlsGnutls,
    /// GnuTLS driver, only a client certificate for `client.example` signed by our CA gets in.
    ///
    /// Not the OpenSSL driver: its x509/name let strangers in before 8.2602 (seen).
    TlsMutual,
    /// OpenSSL driver (TLS 1.3: a refusal comes after the client's handshake has succeeded),
    /// any client certificate signed by our CA gets in.
    TlsMutualOpenssl,
    Relp,
    /// OpenSSL under imrelp, clients not asked for a certificate.
    RelpTls,
    /// A datagram socket whose messages go through the RFC 5424 and RFC 3164 parsers.
    Unix,
    /// A datagram socket as /dev/log is by default: RFC 3164 without a host name only.
    UnixDevLog,
}

impl Input {
    pub(crate) const ALL: [Input; 11] = [
        Input::Udp,
        Input::Tcp,
        Input::PlainTcp,
        Input::TlsOpenssl,
        Input::TlsGnutls,
        Input::TlsMutual,
        Input::TlsMutualOpenssl,
        Input::Relp,
        Input::RelpTls,
        Input::Unix,
        Input::UnixDevLog,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Input::Udp => "udp",
            Input::Tcp => "tcp",
            Input::PlainTcp => "plain_tcp",
            Input::TlsOpenssl => "tls_openssl",
            Input::TlsGnutls => "tls_gnutls",
            Input::TlsMutual => "tls_mutual",
            Input::TlsMutualOpenssl => "tls_mutual_openssl",
            Input::Relp => "relp",
            Input::RelpTls => "relp_tls",
            Input::Unix => "unix",
            Input::UnixDevLog => "unix_dev_log",
        }
    }

    pub(crate) fn is_unix(self) -> bool {
        matches!(self, Input::Unix | Input::UnixDevLog)
    }
}

/// Everything that differs from one server to the next.
pub(crate) struct Configuration<'a> {
    pub(crate) directory: &'a Path,
    pub(crate) ports: &'a PortBlock,
    /// The directory of the certificates.
    pub(crate) certificates: &'a Path,
    /// What the two TLS inputs without client certificates show to a client.
    pub(crate) identity: Identity,
    /// Where the records go.
    pub(crate) store: &'a Path,
    /// Where rsyslogd's own messages go.
    pub(crate) own_messages: &'a Path,
}

impl Configuration<'_> {
    pub(crate) fn text(&self) -> String {
        let directory = self.directory.display();
        let mut text = format!(
            r#"
# processInternalMessages: Debian's default sends rsyslogd's own errors to syslog(3), where no
# test would see a framing error.
# escapeControlCharactersOnReceive: off, so that what is stored is what was sent, and not what
# rsyslog made of it.
# maxMessageSize stays at the stock 8k, which is what a sender must respect.
global(workDirectory="{directory}" net.enableDNS="off" processInternalMessages="on"
       parser.escapeControlCharactersOnReceive="off")
module(load="imudp" batchSize="128")
module(load="imtcp")
module(load="imptcp" threads="2")
module(load="imrelp" tls.tlslib="openssl")
module(load="imuxsock" sysSock.use="off")
module(load="mmpstrucdata")
module(load="mmjsonparse")
{TEMPLATES}
# Nothing but rsyslogd's own messages reaches the default ruleset.
action(type="omfile" file="{own}" template="own_message" flushOnTXEnd="on")
# queue.type Direct: a line in the file is a record delivered, and SIGTERM loses none in between.
ruleset(name="store" queue.type="Direct") {{
{STORE}
  action(type="omfile" file="{store}" template="record" flushOnTXEnd="on")
}}
"#,
            own = self.own_messages.display(),
            store = self.store.display(),
        );
        for input in Input::ALL {
            let name = input.name();
            text += &format!(
                "ruleset(name=\"{name}\" queue.type=\"Direct\") {{ \
                 set $.input = \"{name}\"; call store }}\n{}\n",
                self.input(input)
            );
        }
        text
    }

    fn input(&self, input: Input) -> String {
        let port = self.ports.port(input as u16);
        let to = format!("address=\"127.0.0.1\" port=\"{port}\" ruleset=\"{}\"", input.name());
        match input {
            Input::Udp => {
                format!(r#"input(type="imudp" {to} rcvbufSize="{}")"#, receive_buffer())
            }
            Input::Tcp => format!(r#"input(type="imtcp" {to})"#),
            Input::PlainTcp => format!(r#"input(type="imptcp" {to} maxFrameSize="200000")"#),
            Input::TlsOpenssl => self.tls(&to, "ossl", r#"streamDriver.authMode="anon""#),
            Input::TlsGnutls => self.tls(&to, "gtls", r#"streamDriver.authMode="anon""#),
            Input::TlsMutual => self.tls(
                &to,
                "gtls",
                r#"streamDriver.authMode="x509/name" permittedPeer=["client.example"]"#,
            ),
            Input::TlsMutualOpenssl => {
                self.tls(&to, "ossl", r#"streamDriver.authMode="x509/certvalid""#)
            }
            Input::Relp => format!(r#"input(type="imrelp" {to} maxDataSize="64k")"#),
            Input::RelpTls => format!(
                r#"input(type="imrelp" {to} maxDataSize="64k" tls="on"
  tls.caCert="{}" tls.myCert="{}" tls.myPrivKey="{}")"#,
                self.certificates.join(Identity::CA_FILE).display(),
                self.certificates.join(self.identity.certificate_file()).display(),
                self.certificates.join(self.identity.key_file()).display(),
            ),
            Input::Unix => self.unix(input, r#"useSpecialParser="off" parseHostname="on""#),
            Input::UnixDevLog => self.unix(input, ""),
        }
    }

    fn tls(&self, to: &str, driver: &str, authentication: &str) -> String {
        // Who asks for certificates shows a good one: the test is about the client then.
        let mutual = authentication.contains("x509");
        let identity = if mutual { Identity::Good } else { self.identity };
        let certificate = self.certificates.join(identity.certificate_file());
        let key = self.certificates.join(identity.key_file());
        let ca = self.certificates.join(Identity::CA_FILE);
        format!(
            r#"input(type="imtcp" {to} streamDriver.name="{driver}" streamDriver.mode="1" {authentication}
  streamDriver.caFile="{}" streamDriver.certFile="{}" streamDriver.keyFile="{}")"#,
            ca.display(),
            certificate.display(),
            key.display(),
        )
    }

    fn unix(&self, input: Input, parser: &str) -> String {
        format!(
            r#"input(type="imuxsock" socket="{}" ruleset="{}" {parser} usePIDFromSystem="off"
  ignoreTimestamp="off" rateLimit.interval="0")"#,
            self.directory.join(input.name()).display(),
            input.name(),
        )
    }
}

/// As large as an ordinary user may have it, so that a burst is not lost in the kernel. Asking
/// for more would be a complaint in rsyslogd's own messages.
fn receive_buffer() -> u32 {
    let limit = std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap_or_default();
    limit.trim().parse().map_or(212_992, |limit: u32| limit.min(8 << 20))
}

const TEMPLATES: &str = r#"
template(name="own_message" type="string" string="{\"severity\":%syslogseverity%,\"text\":\"%msg:::json%\"}\n")
template(name="record" type="list") {
  constant(value="{\"input\":\"") property(name="$.input")
  constant(value="\",\"bytes\":") property(name="$.bytes")
  constant(value=",\"pri\":\"") property(name="pri")
  constant(value="\",\"facility\":") property(name="syslogfacility")
  constant(value=",\"severity\":") property(name="syslogseverity")
  constant(value=",\"timestamp\":\"") property(name="timereported" dateFormat="rfc3339")
  constant(value="\",\"hostname\":\"") property(name="hostname" format="json")
  constant(value="\",\"tag\":\"") property(name="syslogtag" format="json")
  constant(value="\",\"app_name\":\"") property(name="app-name" format="json")
  constant(value="\",\"procid\":\"") property(name="procid" format="json")
  constant(value="\",\"msgid\":\"") property(name="msgid" format="json")
  constant(value="\",\"sd_text\":\"") property(name="structured-data" format="json")
  constant(value="\",\"sd\":") property(name="$.sd")
  constant(value=",\"cee\":") property(name="$.cee")
  constant(value=",\"msg\":\"") property(name="msg" format="json")
  constant(value="\"}\n")
}"#;

// sd_name.lowercase: by default mmpstrucdata lower-cases names, and `userId` meets `userid`.
// A nested object must be printed as a property of its own: option.jsonf would quote it.
const STORE: &str = r#"  set $.bytes = strlen($rawmsg);
  action(type="mmpstrucdata" sd_name.lowercase="off")
  if exists($!rfc5424-sd) then set $.sd = $!rfc5424-sd; else set $.sd = "null";
  action(type="mmjsonparse" cookie="@cee:" container="$!json")
  if $parsesuccess == "OK" then set $.cee = $!json; else { set $.cee = "null"; unset $!json; }"#;
