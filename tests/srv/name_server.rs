//! A name server that answers what a test tells it to.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
    thread,
};

/// A name server on a loopback port: it knows A and SRV records and says that there is nothing
/// else. It lives as long as the process.
#[derive(Clone)]
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

#[derive(Default)]
struct Zone {
    records: HashMap<(String, u16), Vec<Vec<u8>>>,
    asked: HashMap<String, usize>,
}

impl NameServer {
    pub(crate) fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let zone = Arc::new(Mutex::new(Zone::default()));
        let server = NameServer { address: socket.local_addr().unwrap(), zone: Arc::clone(&zone) };
        thread::spawn(move || {
            let mut query = [0; 512];
            loop {
                let (length, client) = socket.recv_from(&mut query).unwrap();
                let answer = answer(&query[..length], &mut zone.lock().unwrap());
                socket.send_to(&answer, client).unwrap();
            }
        });
        server
    }

    /// From now on `host` has these addresses.
    pub(crate) fn set_hosts(&self, host: &str, addresses: &[Ipv4Addr]) {
        let records = addresses.iter().map(|address| address.octets().to_vec()).collect();
        self.zone.lock().unwrap().records.insert((host.to_owned(), A), records);
    }

    /// From now on `service` is at these: priority, weight, port, host.
    pub(crate) fn set_service(&self, service: &str, targets: &[(u16, u16, u16, &str)]) {
        let record = |(priority, weight, port, host): &(u16, u16, u16, &str)| {
            let numbers = [priority, weight, port].map(|number| number.to_be_bytes()).concat();
            [numbers, name(host)].concat()
        };
        let records = targets.iter().map(record).collect();
        self.zone.lock().unwrap().records.insert((service.to_owned(), SRV), records);
    }

    /// How often anything was asked about `name`.
    pub(crate) fn asked(&self, name: &str) -> usize {
        self.zone.lock().unwrap().asked.get(name).copied().unwrap_or_default()
    }
}

/// RFC 1035 section 4.1: the question comes back, and the records that answer it.
fn answer(query: &[u8], zone: &mut Zone) -> Vec<u8> {
    assert_eq!(query[4..6], [0, 1], "one question");
    let (mut labels, mut at) = (Vec::new(), 12);
    while query[at] > 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8(query[at + 1..end].to_vec()).unwrap());
        at = end;
    }
    let name = labels.join(".").to_ascii_lowercase();
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    *zone.asked.entry(name.clone()).or_default() += 1;
    let is_known = zone.records.keys().any(|(known, _)| *known == name);
    let records = zone.records.get(&(name, kind)).map_or(&[][..], Vec::as_slice);
    // An answer, with authority; NXDOMAIN where the name is not known.
    let flags = [0x84, if is_known { 0x80 } else { 0x83 }];
    let mut out = [&query[..2], &flags, &[0, 1, 0, records.len() as u8, 0, 0, 0, 0]].concat();
    out.extend_from_slice(&query[12..at + 5]);
    for record in records {
        // The name of the question, in class IN, for no time at all.
        out.extend_from_slice(&[0xc0, 12]);
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 1, 0, 0, 0, 0]);
        out.extend_from_slice(&(record.len() as u16).to_be_bytes());
        out.extend_from_slice(record);
    }
    out
}

fn name(dotted: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in dotted.split('.').filter(|label| !label.is_empty()) {
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

const A: u16 = 1;
const SRV: u16 = 33;
