//! Measurements in child processes.

use std::{net::SocketAddr, time::Duration};

use crate::{
    Outcome, call, deliver, limits,
    peers::{Peer, Setup, Transport, refusing},
    refused,
};

/// `--peer NAME call|flat-out|steadily TRANSPORT SERVER AMOUNT THREADS`: prints one JSON value.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let [_, name, task, transport, server, amount, threads] = arguments else {
        return Err("the parent gives the arguments".into());
    };
    let server: SocketAddr = server.parse()?;
    let (amount, threads): (u64, u64) = (amount.parse()?, threads.parse()?);
    let transport = match transport.as_str() {
        "tls" => Transport::Tls,
        "udp" => Transport::Udp,
        _ => Transport::Tcp,
    };
    let length = Duration::from_millis(amount);
    let is_lossless = task == "flat-out";
    let setup = Setup { server, transport, is_lossless, will_stall: task == "steadily" };
    let json = match (task.as_str(), name.as_str()) {
        ("limit", "gso") => serde_json::to_string(&limits::gso(server, length)?)?,
        ("limit", "sendmmsg") => serde_json::to_string(&limits::sendmmsg(server, length)?)?,
        ("limit", "udp") => serde_json::to_string(&limits::udp(server, length)?)?,
        ("limit", "tls") => serde_json::to_string(&limits::tls(server, length)?)?,
        ("limit", _) => serde_json::to_string(&limits::tcp(server, length)?)?,
        ("refused", _) => {
            match name.as_str() {
                "logship" => hold(logship::builder("bench").filter("info").try_init()?),
                "logship, others want more" => {
                    hold(logship::builder("bench").filter("info,other=trace").try_init()?);
                }
                _ => refusing()?,
            }
            serde_json::to_string(&refused::measure())?
        }
        _ => {
            let peer = Peer::named(name).ok_or("no such peer")?;
            let running = (peer.start)(&setup)?;
            if task == "flat-out" && transport == Transport::Tls {
                deliver::greet(&running);
            }
            match task.as_str() {
                "call" => {
                    let call = call::measure(&running, amount, peer.has_spans);
                    (running.finish)();
                    serde_json::to_string(&call)?
                }
                "flat-out" => serde_json::to_string(&deliver::flat_out(running, threads, length))?,
                _ => serde_json::to_string(&deliver::steadily(running, length))?,
            }
        }
    };
    println!("{json}");
    Ok(())
}

/// Nothing is to be sent, so nothing has to be flushed.
fn hold(guard: logship::Guard) {
    std::mem::forget(guard);
}
