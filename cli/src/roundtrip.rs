//! `logship roundtrip`: one record to a server, and the search for it in the store behind.

use std::{
    process::{self, ExitCode},
    sync::mpsc,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use log::{Level, Log as _, Record};
use ureq::{Agent, tls::RootCerts};

use crate::{Outcome, http};

/// Send a record to a server and search the store behind it (Elasticsearch, OpenSearch) until it is
/// found.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The syslog server, such as tcp://logs.example.com:514.
    server: String,
    /// The store and perhaps the index to search in, such as
    /// http://search.example.com:9200/syslog-*; user:password@ may stand before the host.
    store: String,
    /// Give up after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let limit = Duration::from_secs(args.timeout);
    let (base, index) = parts(&args.store)?;
    let agent = http::agent(RootCerts::PlatformVerifier);
    let agent = agent.timeout_global(Some(ANSWER_TIMEOUT)).build().new_agent();
    ask(&agent, &format!("{base}/"))
        .map_err(|error| format!("cannot use the store {}: {error}", without_password(base)))?;
    let (sender, errors) = mpsc::channel();
    let begin = Instant::now();
    let syslog = logship::builder("roundtrip")
        .servers(&args.server)
        .filter("info")
        .sequence_id(true)
        .on_error(move |error| drop(sender.send(error.to_string())))
        .build()?;
    let id = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() + u128::from(process::id());
    let text = format!("roundtrip{id}");
    let arguments = format_args!("{text}");
    syslog.logger().log(&Record::builder().level(Level::Info).args(arguments).build());
    if !syslog.flush(limit / 6) {
        let why = errors.try_iter().last().unwrap_or_else(|| "no answer".to_owned());
        return Err(format!("the server {} did not take the record: {why}", args.server).into());
    }
    println!("{:>9.1?}  the server has it", begin.elapsed());
    let query = format!("{base}/{index}/_search?ignore_unavailable=true&q=%22{text}%22");
    let mut last = "no answer".to_owned();
    while begin.elapsed() < limit {
        match ask(&agent, &query) {
            Ok(answer) if answer.contains(&text) => {
                println!("{:>9.1?}  a search in {index} finds it", begin.elapsed());
                return Ok(ExitCode::SUCCESS);
            }
            Ok(_) => last = "the store answers, and does not have it".to_owned(),
            Err(error) => last = format!("the store no longer answers: {error}"),
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(format!(
        "{text} was not found within {limit:?}: {last}. The server took it: check its queue or \
         spool, its dead letters, and whether it writes to {index}"
    )
    .into())
}

/// The body of the answer to a GET, if the store says that all is well.
fn ask(agent: &Agent, url: &str) -> Result<String, String> {
    let answer = agent.get(url).header("accept", "application/json").call();
    answer.and_then(|mut answer| answer.body_mut().read_to_string()).map_err(|e| e.to_string())
}

/// The store's URL without a path, and the index to search in.
fn parts(store: &str) -> Result<(&str, &str), String> {
    let invalid = || format!("invalid store {store:?}: expected http://host:9200[/index]");
    let (scheme, rest) = store.split_once("://").ok_or_else(invalid)?;
    if !matches!(scheme, "http" | "https") || rest.trim_end_matches('/').is_empty() {
        return Err(invalid());
    }
    let (base, index) = match rest.find('/') {
        Some(slash) => store.split_at(scheme.len() + 3 + slash),
        None => (store, ""),
    };
    let index = index.trim_matches('/');
    Ok((base, if index.is_empty() { "syslog-*" } else { index }))
}

fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        _ => url.to_owned(),
    }
}

const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
