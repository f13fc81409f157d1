//! `logship index`: what rsyslogd has spooled, into Elasticsearch or OpenSearch, each record once.

mod brake;
mod lease;
mod letters;
mod lines;
mod post;
mod size;
mod spool;
mod stats;
mod status;
mod store;

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use self::{
    brake::Brake,
    letters::Letters,
    post::{Piece, Poster},
    size::Size,
    spool::Spool,
    stats::Stats,
    status::Status,
    store::Store,
};
use crate::Outcome;

/// Post what rsyslogd spools to Elasticsearch or OpenSearch, each record once, and remove it.
///
/// Whole lines of the files DIR/*.ndjson are sent to `_bulk` as they are; a file is removed once every
/// record in it is stored and no process has it open for writing. Nothing is kept on the disk: after a
/// restart the remaining files are sent again, and the store ignores ids that it already has. It may be
/// killed at any moment. It runs as the user that rsyslogd runs as.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory that rsyslogd writes to. Not a mount point itself: the brake renames it.
    #[arg(long, value_name = "DIR")]
    spool: PathBuf,
    /// The nodes of the store. If one does not answer, the next is asked.
    #[arg(
        long,
        value_name = "URL,…",
        env = "CENTRAL_STORE",
        value_delimiter = ',',
        required = true
    )]
    store: Vec<String>,
    /// The user of the store, with the password in the variable CENTRAL_STORE_PASSWORD.
    #[arg(long, value_name = "NAME", env = "CENTRAL_STORE_USER")]
    user: Option<String>,
    /// Not given as an option: everybody on the machine sees those.
    #[arg(
        long,
        env = "CENTRAL_STORE_PASSWORD",
        hide = true,
        hide_env_values = true,
        default_value = ""
    )]
    password: String,
    /// Authorities of the store's certificate, as PEM, instead of those that the system trusts.
    #[arg(long, value_name = "FILE", env = "CENTRAL_STORE_CA")]
    ca_file: Option<PathBuf>,
    /// How many requests are under way at once.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: u16,
    /// How long a request may be.
    #[arg(long, value_name = "SIZE", default_value = "5M")]
    request_size: Size,
    /// Where documents go that the store refuses for good. Defaults to dead-letters.ndjson beside DIR.
    #[arg(long, value_name = "FILE")]
    dead_letters: Option<PathBuf>,
    /// Hold rsyslogd, and so its senders, when more than this waits. Defaults to no limit but the disk.
    #[arg(long, value_name = "SIZE", env = "CENTRAL_SPOOL_LIMIT")]
    limit: Option<Size>,
    /// Hold rsyslogd when less than this is free on the disk. It still writes for up to ten seconds
    /// then, so this must hold what comes in within eleven.
    #[arg(long, value_name = "SIZE", env = "CENTRAL_KEEP_FREE", default_value = "1G")]
    keep_free: Size,
    /// Answer /health and /metrics over HTTP at this address, such as 127.0.0.1:9514.
    #[arg(long, value_name = "ADDRESS", env = "CENTRAL_STATUS")]
    status: Option<String>,
    /// /health answers 503 unless rsyslogd accepts connections at this TCP address.
    #[arg(long, value_name = "ADDRESS")]
    probe: Vec<String>,
    /// /health says so when a record waits longer than this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
}

pub(crate) fn run(args: &Args) -> Outcome {
    // The kernel sends it if a file is opened during a lease, and by default it ends the process.
    signal_hook::flag::register(signal_hook::consts::SIGIO, Arc::new(AtomicBool::new(false)))?;
    let user = args.user.as_deref().filter(|user| !user.is_empty());
    let user = user.map(|user| (user, args.password.as_str()));
    let store = Arc::new(Store::new(&args.store, user, args.ca_file.as_deref())?);
    let brake = Brake::new(&args.spool, args.limit.map(|size| size.0), args.keep_free.0)
        .map_err(|error| format!("cannot make {}: {error}", args.spool.display()))?;
    assert_no_mount_point(args, &brake)?;
    let default = || brake.parent().join("dead-letters.ndjson");
    let letters = Arc::new(Letters::at(args.dead_letters.clone().unwrap_or_else(default)));
    let stats = Arc::new(Stats::default());
    if let Some(address) = &args.status {
        let patience = Duration::from_secs(args.patience);
        let status = Status { stats: Arc::clone(&stats), probes: args.probe.clone(), patience };
        let bound = status::serve(address, status)
            .map_err(|error| format!("cannot listen at {address}: {error}"))?;
        say(&format!("health and metrics at http://{bound}"));
    }
    say(&format!("posting {} to {}", args.spool.display(), store.nodes().join(", ")));
    if brake.is_on() {
        say("brake on, as it was left");
    }
    thread::spawn({
        let (store, stats) = (Arc::clone(&store), Arc::clone(&stats));
        move || post::watch(&store, &stats)
    });
    let (pieces, receiver) = sync_channel(0);
    let receiver = Arc::new(Mutex::new(receiver));
    for node in 0..usize::from(args.connections) {
        let (store, stats) = (Arc::clone(&store), Arc::clone(&stats));
        let poster = Poster { store, stats, letters: Arc::clone(&letters), node };
        let receiver = Arc::clone(&receiver);
        thread::spawn(move || poster.run(&receiver));
    }
    let longest = usize::try_from(args.request_size.0)?.max(64 << 10);
    let spool = Spool::new(Arc::clone(&stats), letters, longest);
    work(spool, &brake, &stats, &pieces)
}

/// Works until a signal ends the process.
fn work(mut spool: Spool, brake: &Brake, stats: &Stats, pieces: &SyncSender<Piece>) -> Outcome {
    let mut next = None;
    let mut progress = Progress::new();
    loop {
        // Whatever is wrong with a file, the brake is looked after.
        let looked = spool.look(brake.directories()).map(|waiting| {
            stats.waiting_bytes.store(waiting.bytes, Relaxed);
            let millis = waiting.oldest.as_millis().try_into().unwrap_or(u64::MAX);
            stats.waiting_millis.store(millis, Relaxed);
        });
        let done = [looked, hold(brake, stats), spool.remove_done()];
        let done = done.into_iter().collect::<io::Result<()>>();
        let trouble = done.err().map(|error| format!("the spool: {error}"));
        if let Some(trouble) = &trouble {
            progress.complain(trouble);
        }
        stats.spool_is(trouble);
        progress.show(stats);
        let end = Instant::now() + LOOK;
        while Instant::now() < end {
            let Some(piece) = next.take().or_else(|| spool.piece()) else { break };
            match pieces.try_send(piece) {
                Ok(()) => {}
                Err(TrySendError::Full(piece)) => {
                    next = Some(piece);
                    thread::sleep(Duration::from_millis(5));
                }
                Err(TrySendError::Disconnected(_)) => {
                    return Err("every poster has ended".into());
                }
            }
        }
        thread::sleep(end.saturating_duration_since(Instant::now()));
    }
}

/// Puts the brake on or takes it off, by what waits and what is free.
fn hold(brake: &Brake, stats: &Stats) -> io::Result<()> {
    let free = free_bytes(brake)?;
    stats.free_bytes.store(free, Relaxed);
    let news = brake.look(stats.waiting_bytes.load(Relaxed), free).map_err(|error| {
        let directory = brake.directories()[0].display();
        io::Error::other(format!("cannot rename {directory}, so rsyslogd is not held: {error}"))
    })?;
    if let Some(news) = news {
        say(&news);
    }
    stats.brake.store(brake.is_on(), Relaxed);
    Ok(())
}

fn free_bytes(brake: &Brake) -> io::Result<u64> {
    let system = rustix::fs::statvfs(brake.parent())?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

fn assert_no_mount_point(args: &Args, brake: &Brake) -> Result<(), String> {
    let device = |path| fs::metadata(path).map(|metadata| metadata.dev());
    match (device(args.spool.as_path()), device(brake.parent())) {
        (Ok(own), Ok(parents)) if own != parents => Err(format!(
            "invalid --spool {:?}: expected a directory on a file system, not a mount point: the brake renames it",
            args.spool
        )),
        _ => Ok(()),
    }
}

/// A line for people and for the journal.
fn say(line: &str) {
    let clear = if io::stderr().is_terminal() { "\r\x1b[K" } else { "" };
    let _ = writeln!(io::stderr(), "{clear}logship index: {line}");
}

/// The line that shows how it goes, on a terminal only.
struct Progress {
    is_terminal: bool,
    last: Instant,
    stored: u64,
    complained: Option<Instant>,
}

impl Progress {
    fn new() -> Progress {
        let is_terminal = io::stderr().is_terminal();
        Progress { is_terminal, last: Instant::now(), stored: 0, complained: None }
    }

    fn show(&mut self, stats: &Stats) {
        let elapsed = self.last.elapsed().as_secs_f64();
        if !self.is_terminal || elapsed < 1.0 {
            return;
        }
        let stored = stats.stored.load(Relaxed);
        let rate = (stored - self.stored) as f64 / elapsed;
        (self.stored, self.last) = (stored, Instant::now());
        let (records, bytes) = (stats.waiting_records(), stats.waiting_bytes.load(Relaxed));
        let seconds = stats.waiting_millis.load(Relaxed) as f64 / 1000.0;
        let brake = if stats.brake.load(Relaxed) { ", brake on" } else { "" };
        let _ = write!(
            io::stderr(),
            "\r\x1b[K{stored} stored, {rate:.0}/s; waiting: about {records} records, {bytes} bytes, oldest {seconds:.0} s{brake}"
        );
    }

    /// Once a minute.
    fn complain(&mut self, trouble: &str) {
        if self.complained.is_none_or(|at| at.elapsed() > Duration::from_secs(60)) {
            say(trouble);
            self.complained = Some(Instant::now());
        }
    }
}

/// How often the spool is looked at.
const LOOK: Duration = Duration::from_millis(100);
