//! Rules for IANA's registered SD-IDs (RFC 5424 section 7).

use std::net::IpAddr;

use super::{
    complaint::{Complaint, quote},
    message::Element,
};

/// The registry "syslog Structured Data ID Values".
pub(super) const IDS: [&str; 9] =
    ["timeQuality", "origin", "meta", "snmp", "alarm", "ssign", "ssign-cert", "PCNNode", "PCNTerm"];

pub(super) fn check(element: &Element, complaints: &mut Vec<Complaint>) {
    let unsynced = element.id == "timeQuality" && element.param("isSynced") == Some("0");
    if unsynced && element.param("syncAccuracy").is_some() {
        let found = "timeQuality has a syncAccuracy although isSynced is 0";
        complaints.push(Complaint::new("RFC 5424 7.1.3", found));
    }
    for (name, value) in &element.params {
        let fault = match element.id.as_str() {
            "timeQuality" => time_quality(name, value),
            "origin" => origin(name, value),
            "meta" => meta(name, value),
            _ => return,
        };
        if let Some((rule, must)) = fault {
            let found = format!("{} {name}={} {must}", element.id, quote(value.as_bytes()));
            complaints.push(Complaint::new(rule, found));
        }
    }
}

type Fault = Option<(&'static str, &'static str)>;

fn time_quality(name: &str, value: &str) -> Fault {
    let flag = matches!(value, "0" | "1");
    match name {
        "tzKnown" => (!flag).then_some(("RFC 5424 7.1.1", "is neither 0 nor 1")),
        "isSynced" => (!flag).then_some(("RFC 5424 7.1.2", "is neither 0 nor 1")),
        "syncAccuracy" => (!integer(value)).then_some(("RFC 5424 7.1.3", "is not an integer")),
        _ => Some(("RFC 5424 7.1", "is not a parameter of timeQuality")),
    }
}

fn origin(name: &str, value: &str) -> Fault {
    match name {
        "ip" => value.parse::<IpAddr>().err().map(|_| ("RFC 5424 7.2.1", "is not an IP address")),
        "enterpriseId" => {
            let arcs = value.split('.').all(integer);
            (!arcs).then_some(("RFC 5424 7.2.2", "is not an enterprise number"))
        }
        "software" => too_long(value, 48).then_some(("RFC 5424 7.2.3", "is over 48 characters")),
        "swVersion" => too_long(value, 32).then_some(("RFC 5424 7.2.4", "is over 32 characters")),
        _ => Some(("RFC 5424 7.2", "is not a parameter of origin")),
    }
}

fn meta(name: &str, value: &str) -> Fault {
    match name {
        "sequenceId" => {
            let right = integer(value)
                && value.parse::<u32>().is_ok_and(|id| (1..=2_147_483_647).contains(&id));
            (!right).then_some(("RFC 5424 7.3.1", "is not in 1 to 2147483647"))
        }
        "sysUpTime" => (!integer(value)).then_some(("RFC 5424 7.3.2", "is not an integer")),
        "language" => value.is_empty().then_some(("RFC 5424 7.3.3", "is empty")),
        _ => Some(("RFC 5424 7.3", "is not a parameter of meta")),
    }
}

fn integer(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
}

fn too_long(value: &str, longest: usize) -> bool {
    value.chars().count() > longest
}
