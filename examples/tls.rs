//! How is a server with TLS named, trusted, and shown who we are?
//!
//! `cargo run --example tls`
//!
//! The server in this process cannot demand a client's certificate; tests/rsyslog does.

#![allow(clippy::print_stdout, reason = "showing is what it is for")]

use std::{error::Error, fs, sync::mpsc, time::Duration};

use log::{Level, Log as _, Record};
use logship_collector::{Certificate, Collector};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = |name: &str| directory.path().join(name).display().to_string();

    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "example authority");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    fs::write(path("ca.pem"), authority.pem())?;
    let issue = |name: &str| -> Result<(String, String), rcgen::Error> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([name.to_owned()])?.signed_by(&key, &authority)?;
        Ok((certificate.pem(), key.serialize_pem()))
    };
    let (cert_pem, key_pem) = issue("logs.example.com")?;
    let server = Collector::tls(Certificate { cert_pem, key_pem })?;
    let (cert_pem, key_pem) = issue("client.example.com")?;
    fs::write(path("client.pem"), cert_pem)?;
    fs::write(path("client.key"), key_pem)?;

    // `ca_file` is the one authority that is trusted, instead of the system's; `cert_file` and `key_file` are what
    // we show if asked; `server_name` is the name the certificate bears, where the host is another.
    let trusted = format!("{}?ca_file={}", server.url(), path("ca.pem"));
    let (cert, key) = (path("client.pem"), path("client.key"));
    let right = format!("{trusted}&cert_file={cert}&key_file={key}&server_name=logs.example.com");
    let wrong_name = format!("{trusted}&server_name=else.example.com");
    let wrong_authority = format!("{}?ca_file={cert}&server_name=logs.example.com", server.url());

    let is_as_told = arrives(&right)? && !arrives(&wrong_name)? && !arrives(&wrong_authority)?;
    if is_as_told && server.messages() == 1 {
        Ok(())
    } else {
        Err("TLS trusted whom it should not, or not whom".into())
    }
}

fn arrives(url: &str) -> Result<bool, Box<dyn Error>> {
    let (sender, troubles) = mpsc::channel();
    let syslog = logship::builder("tls")
        .servers(url)
        .filter("info")
        .flush_timeout(Duration::from_millis(100))
        .on_error(move |error| drop(sender.send(error.to_string())))
        .build()?;
    let text = format_args!("nobody between us can read this");
    syslog.logger().log(&Record::builder().level(Level::Info).target("tls").args(text).build());
    let arrived = syslog.flush(Duration::from_secs(3));
    println!("{} {url}", if arrived { "delivered" } else { "refused  " });
    // The shipper tries again and again, and has the same trouble each time.
    troubles.try_iter().take(1).for_each(|trouble| println!("  {trouble}"));
    Ok(arrived)
}
