//! The picture: two sets of bars, readable in light and in dark.

use std::fmt::{self, Write as _};

use crate::{
    peers::{FLOOR_TRACING, LOGSHIP, LOGSHIP_LOG, PEERS, Peer},
    rounds::{Figures, LIMIT_TCP, LOGGEN},
    table::grouped,
};

struct Bar {
    name: String,
    value: f64,
    kind: &'static str,
}

pub(crate) fn svg(figures: &Figures) -> String {
    let mut out = String::new();
    // A String takes all that is written to it.
    let _ = write(&mut out, figures);
    out
}

fn write(out: &mut String, figures: &Figures) -> fmt::Result {
    let mut calls: Vec<Bar> = PEERS
        .iter()
        .filter(|peer| !peer.is_floor() || peer.name == FLOOR_TRACING)
        .filter_map(|peer| {
            let value = figures.call(peer.name, |call| call.one.median)?;
            Some(Bar { name: label(peer), value, kind: kind(peer.name) })
        })
        .collect();
    calls.sort_by(|a, b| a.value.total_cmp(&b.value));
    let senders = PEERS.iter().map(|peer| peer.name).chain([LIMIT_TCP, LOGGEN]);
    let mut delivered: Vec<Bar> = senders
        .filter_map(|name| {
            let value = figures.delivery(name, "tcp", 1, |delivery| delivery.per_second)?;
            let name = name.trim_start_matches("limit: ");
            let shown = PEERS.iter().find(|peer| peer.name == name).map_or(name.to_owned(), label);
            Some(Bar { name: shown, value, kind: kind(name) })
        })
        .collect();
    delivered.sort_by(|a, b| b.value.total_cmp(&a.value));
    let height = TOP + chart_height(&calls) + GAP + chart_height(&delivered) + BOTTOM;
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="Cost of a log call, and records delivered per second, beside the peers">"#
    )?;
    out.push_str(STYLE);
    writeln!(out, r#"<rect class="ground" width="{WIDTH}" height="{height}"/>"#)?;
    chart(out, TOP, "Cost of a log call with four fields: ns, median, shorter is better", &calls)?;
    let below = TOP + chart_height(&calls) + GAP;
    let title = "Records delivered per second over TCP, one thread: longer is better";
    chart(out, below, title, &delivered)?;
    writeln!(
        out,
        r#"<text class="note" x="{LEFT}" y="{}">Peers send less than logship does; the tables say what. Ratios hold, absolute figures depend on the machine.</text>"#,
        height - 10
    )?;
    writeln!(out, "</svg>")
}

fn chart(out: &mut String, top: usize, title: &str, bars: &[Bar]) -> fmt::Result {
    writeln!(out, r#"<text class="title" x="{LEFT}" y="{}">{title}</text>"#, top + 14)?;
    let longest = bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
    for (number, bar) in bars.iter().enumerate() {
        let y = top + TITLE + number * ROW;
        let width = (bar.value / longest * BAR as f64).max(1.5);
        let (middle, x) = (y + ROW / 2 + 4, BARS_AT as f64 + width + 6.0);
        let Bar { name, value, kind } = bar;
        let value = grouped(Some(*value));
        writeln!(
            out,
            r#"<text class="name {kind}" x="{}" y="{middle}">{name}</text>"#,
            BARS_AT - 8
        )?;
        writeln!(
            out,
            r#"<rect class="{kind}" x="{BARS_AT}" y="{}" width="{width:.1}" height="{}" rx="2"/>"#,
            y + 3,
            ROW - 6
        )?;
        writeln!(out, r#"<text class="value" x="{x:.1}" y="{middle}">{value}</text>"#)?;
    }
    Ok(())
}

fn chart_height(bars: &[Bar]) -> usize {
    TITLE + bars.len() * ROW
}

fn kind(name: &str) -> &'static str {
    match name {
        LOGSHIP | LOGSHIP_LOG => "ours",
        name if name.starts_with("floor") || name.starts_with("64 KiB") => "limit",
        _ => "peer",
    }
}

fn label(peer: &Peer) -> String {
    match peer.name {
        LOGSHIP => "logship, tracing".to_owned(),
        LOGSHIP_LOG => "logship, log".to_owned(),
        FLOOR_TRACING => "formatting alone, by hand".to_owned(),
        name => name.to_owned(),
    }
}

const WIDTH: usize = 820;
const LEFT: usize = 16;
const BARS_AT: usize = 250;
const BAR: usize = 470;
const ROW: usize = 24;
const TITLE: usize = 28;
const TOP: usize = 12;
const GAP: usize = 26;
const BOTTOM: usize = 40;

/// A viewer that follows the reader's choice gets dark colours; others get light ones.
const STYLE: &str = "<style>
svg { font: 13px system-ui, 'DejaVu Sans', sans-serif; }
text { fill: #24292f; }
.title { font-weight: 600; font-size: 14px; }
.name { text-anchor: end; }
.name.ours { font-weight: 600; }
.value, .note { fill: #57606a; font-size: 12px; }
rect.ground { fill: #ffffff; }
rect.ours { fill: #1a7f37; }
rect.peer { fill: #9aa4af; }
rect.limit { fill: #d4a72c; }
@media (prefers-color-scheme: dark) {
rect.ground { fill: #0d1117; }
text { fill: #e6edf3; }
.value, .note { fill: #9198a1; }
rect.ours { fill: #3fb950; }
rect.peer { fill: #656d76; }
rect.limit { fill: #bb8009; }
}
</style>
";
