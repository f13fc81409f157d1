//! The table: Markdown, medians of the rounds, with ratios to logship.

use std::fmt::{self, Write as _};

use crate::{
    call::Call,
    peers::{FLOOR_LOG, FLOOR_TRACING, LOGSHIP, LOGSHIP_LOG, LOGSHIP_RUSTLS, PEERS, Peer},
    rounds::{Delivery, Figures, LIMIT_SENDMMSG, LIMIT_TCP, LIMITS, LOGGEN, Plan, REFUSING},
    samples::median,
};

impl Figures {
    /// A figure of a peer's calls, the median of the rounds.
    pub(crate) fn call(&self, peer: &str, figure: impl Fn(&Call) -> f64) -> Option<f64> {
        let rounds = self.calls.get(peer)?;
        median(&rounds.iter().map(figure).filter(|f| f.is_finite()).collect::<Vec<_>>())
    }

    /// A figure of what a sender delivered, the median of the rounds.
    pub(crate) fn delivery(
        &self,
        sender: &'static str,
        way: &'static str,
        threads: u64,
        figure: impl Fn(&Delivery) -> f64,
    ) -> Option<f64> {
        let rounds = self.delivered.get(&(sender, way, threads))?;
        median(&rounds.iter().map(figure).filter(|f| f.is_finite()).collect::<Vec<_>>())
    }
}

pub(crate) fn markdown(figures: &Figures, plan: &Plan) -> String {
    let mut out = String::new();
    // A String takes all that is written to it.
    let _ = write(&mut out, figures, plan);
    out
}

fn write(out: &mut String, figures: &Figures, plan: &Plan) -> fmt::Result {
    writeln!(
        out,
        "Medians of {} interleaved rounds; \"×\" is the ratio to logship.\n",
        plan.rounds
    )?;
    if !figures.calls.is_empty() {
        calls(out, figures)?;
    }
    if !figures.refused.is_empty() {
        refused(out, figures)?;
    }
    if !figures.delivered.is_empty() {
        delivered(out, figures)?;
    }
    if !figures.stalled.is_empty() {
        stalled(out, figures)?;
    }
    writeln!(out, "### What each sends\n\n| | sends |\n|---|---|")?;
    PEERS.iter().try_for_each(|peer| writeln!(out, "| {} | {} |", peer.name, peer.sends))
}

fn calls(out: &mut String, figures: &Figures) -> fmt::Result {
    writeln!(out, "### The call, on the application's thread\n")?;
    writeln!(out, "ns; bursts of 64 events every 300 us; the clock's own cost is taken off.\n")?;
    writeln!(
        out,
        "| | in bursts | median | × | p99 | × | p99.9 | two threads | × one | in two spans | × none | allocations |"
    )?;
    writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    for peer in PEERS.iter().filter(|peer| peer.has_call()) {
        // A peer behind `log` is compared with logship behind `log`.
        let ours = if is_behind_log(peer) { LOGSHIP_LOG } else { LOGSHIP };
        let of = |name: &str, figure: fn(&Call) -> f64| figures.call(name, figure);
        let figure = |figure: fn(&Call) -> f64| of(peer.name, figure);
        let median = figure(|c| c.one.median);
        let p99 = figure(|c| c.one.p99);
        let two = figure(|c| c.two.median);
        let spans = figure(|c| c.spans.map_or(f64::NAN, |s| s.median));
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            peer.name,
            whole(figure(|c| c.in_bursts)),
            whole(median),
            ratio(median, of(ours, |c| c.one.median)),
            whole(p99),
            ratio(p99, of(ours, |c| c.one.p99)),
            whole(figure(|c| c.one.p999)),
            whole(two),
            ratio(two, median),
            whole(spans),
            ratio(spans, median),
            tenth(figure(|c| c.allocations)),
        )?;
    }
    let over = |ours, floor| {
        let figure = |name: &str| figures.call(name, |c| c.in_bursts);
        ratio(figure(ours), figure(floor))
    };
    writeln!(
        out,
        "\nOver its formatting floor: logship {}, its log door {}. Peers behind `log` are compared \
         with the log door.\n",
        over(LOGSHIP, FLOOR_TRACING),
        over(LOGSHIP_LOG, FLOOR_LOG),
    )
}

fn is_behind_log(peer: &Peer) -> bool {
    peer.name.starts_with("syslog 7")
        || peer.name.starts_with("logforth")
        || peer.name == LOGSHIP_LOG
        || peer.name == FLOOR_LOG
}

fn refused(out: &mut String, figures: &Figures) -> fmt::Result {
    writeln!(out, "### An event that the filter refuses, ns\n")?;
    writeln!(out, "| | `tracing::debug!` | `log::debug!` |\n|---|--:|--:|")?;
    for name in REFUSING {
        let rounds = figures.refused.get(name).map(Vec::as_slice).unwrap_or_default();
        let tracing = median(&rounds.iter().map(|costs| costs.0).collect::<Vec<_>>());
        let log = median(&rounds.iter().map(|costs| costs.1).collect::<Vec<_>>());
        let hundredth = |ns: Option<f64>| ns.map_or("".into(), |ns| format!("{ns:.2}"));
        writeln!(out, "| {name} | {} | {} |", hundredth(tracing), hundredth(log))?;
    }
    writeln!(out)
}

fn delivered(out: &mut String, figures: &Figures) -> fmt::Result {
    writeln!(out, "### Delivered end to end, flat out\n")?;
    writeln!(
        out,
        "Records that reached the other process. Peers that can wait for room do, so that they lose \
         nothing.\n"
    )?;
    writeln!(
        out,
        "| | over | records/s, 1 thread | × | 2 threads | lost % | CPU us a record | × | bytes |"
    )?;
    writeln!(out, "|---|---|--:|--:|--:|--:|--:|--:|--:|")?;
    let limits = LIMITS.iter().map(|(name, ..)| *name);
    let senders = PEERS.iter().map(|peer| peer.name).chain(limits).chain([LOGGEN]);
    for way in ["tcp", "tls", "udp"] {
        for name in senders.clone() {
            let figure = |threads, figure: fn(&Delivery) -> f64| {
                figures.delivery(name, way, threads, figure)
            };
            let ours = |figure: fn(&Delivery) -> f64| figures.delivery(LOGSHIP, way, 1, figure);
            let Some(rate) = figure(1, |d| d.per_second) else { continue };
            let lost = [1, 2].map(|threads| figure(threads, |d| d.lost_percent));
            let lost = lost.into_iter().flatten().reduce(f64::max);
            let cpu = figure(1, |d| d.cpu_us);
            writeln!(
                out,
                "| {name} | {way} | {} | {} | {} | {} | {} | {} | {} |",
                grouped(Some(rate)),
                ratio(Some(rate), ours(|d| d.per_second)),
                grouped(figure(2, |d| d.per_second)),
                tenth(lost),
                cpu.map_or(String::new(), |us| format!("{us:.2}")),
                ratio(cpu, ours(|d| d.cpu_us)),
                whole(figure(1, |d| d.bytes)),
            )?;
        }
    }
    let rate = |way| figures.delivery(LOGSHIP, way, 1, |d| d.per_second);
    let rustls = figures.delivery(LOGSHIP_RUSTLS, "tls", 1, |d| d.per_second);
    let of = |name, way, figure: fn(&Delivery) -> f64| figures.delivery(name, way, 1, figure);
    let over = |limit, way, figure| ratio(of(LOGSHIP, way, figure), of(limit, way, figure));
    writeln!(
        out,
        "\nlogship's TLS over its own TCP: {}, through rustls {}. Its TCP over 64 KiB writes of ready \
         frames: {}. Its UDP over sendmmsg of 64: {}, of its CPU per datagram: {}.\n",
        ratio(rate("tls"), rate("tcp")),
        ratio(rustls, rate("tcp")),
        over(LIMIT_TCP, "tcp", |d| d.per_second),
        over(LIMIT_SENDMMSG, "udp", |d| d.per_second),
        over(LIMIT_SENDMMSG, "udp", |d| d.cpu_us),
    )
}

fn stalled(out: &mut String, figures: &Figures) -> fmt::Result {
    writeln!(out, "### The server stops reading for 2 s, 50,000 events a second offered\n")?;
    writeln!(out, "| | longest call, ms | lost |\n|---|--:|--:|")?;
    for peer in PEERS {
        let Some(rounds) = figures.stalled.get(peer.name) else { continue };
        let longest = median(&rounds.iter().map(|d| d.longest_ms).collect::<Vec<_>>());
        let lost = median(&rounds.iter().map(|d| d.lost).collect::<Vec<_>>());
        writeln!(out, "| {} | {} | {} |", peer.name, tenth(longest), grouped(lost))?;
    }
    writeln!(out)
}

fn whole(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| grouped(Some(value.round())))
}

fn tenth(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| format!("{:.1}", value + 0.0))
}

fn ratio(value: Option<f64>, to: Option<f64>) -> String {
    match (value, to) {
        (Some(value), Some(to)) if to > 0.0 => format!("{:.2}", value / to),
        _ => String::new(),
    }
}

/// 1234567 as 1,234,567.
pub(crate) fn grouped(value: Option<f64>) -> String {
    let Some(value) = value else { return String::new() };
    let digits = format!("{:.0}", value.abs());
    let mut out = if value <= -0.5 { "-".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
