//! Does a record come out at the other end of the chain, and how long does it take?
//!
//! `cargo run --example roundtrip -- tcp://logs.example.com:514 http://search.example.com:9200/syslog-*`
//! writes one record and asks the store (Elasticsearch, OpenSearch) until it is found, 60 s at most.

#![allow(clippy::print_stdout, reason = "the result is printed")]

use std::{
    env,
    error::Error,
    io::{Read as _, Write as _},
    net::TcpStream,
    process, thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use log::{Level, Log as _, Record};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [server, store] = arguments.as_slice() else { return Err(USAGE.into()) };
    let (host, index) = parts(store)?;
    ask(host, "/").map_err(|e| format!("the store {host} doesn't answer: {e}"))?;
    let (trouble, begin) = (std::sync::mpsc::channel(), Instant::now());
    let sender = trouble.0;
    let syslog = logship::builder("roundtrip")
        .servers(server)
        .sequence_id(true)
        .on_error(move |error| drop(sender.send(error.to_string())))
        .build()?;
    let id = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() + u128::from(process::id());
    let text = format!("roundtrip{id}");
    let arguments = format_args!("{text}");
    syslog.logger().log(&Record::builder().level(Level::Info).args(arguments).build());
    if !syslog.flush(PATIENCE / 6) {
        let why = trouble.1.try_recv().unwrap_or_else(|_| "it takes no record".to_owned());
        return Err(format!("the server {server} did not take the record: {why}").into());
    }
    println!("{:>9.1?}  the server has it", begin.elapsed());
    let query = format!("/{index}/_search?ignore_unavailable=true&q=%22{text}%22");
    let mut last = String::new();
    while begin.elapsed() < PATIENCE {
        match ask(host, &query) {
            Ok(answer) if answer.contains(&text) => {
                println!("{:>9.1?}  a search in {index} finds it", begin.elapsed());
                return Ok(());
            }
            Ok(_) => last = "the store answers, and does not have it".to_owned(),
            Err(error) => last = format!("the store doesn't answer well any more: {error}"),
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(format!(
        "{text} was not found within {PATIENCE:?}: {last}. The server took it: look into its queue, \
         its error file and its dead letters, and whether it writes to {index}"
    )
    .into())
}

/// The body of the answer to a GET, where the store says that all is well.
fn ask(host: &str, path: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(|e| format!("no answer within 5 s ({e})"))?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("it is no HTTP server")?;
    let first = head.lines().next().unwrap_or_default();
    if !first.contains(" 200") {
        return Err(format!("{first}: {}", body.chars().take(200).collect::<String>()).into());
    }
    Ok(body.to_owned())
}

/// Host with port, and the index to search in.
fn parts(store: &str) -> Result<(&str, &str), String> {
    let rest = store.strip_prefix("http://").ok_or(format!("{store:?} is no http:// URL"))?;
    let (host, index) = rest.trim_end_matches('/').split_once('/').unwrap_or((rest, "syslog-*"));
    let host = host.trim_end_matches('/');
    if host.contains(':') { Ok((host, index)) } else { Err(format!("{store:?} has no port")) }
}

const USAGE: &str = "usage: roundtrip tcp://server:514 http://store:9200[/index]";
const PATIENCE: Duration = Duration::from_secs(60);
