//! Pieces of spool files to the store, until each of their records is stored or a dead letter.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::Receiver,
    },
    thread,
    time::Duration,
};

use super::{
    letters::Letters,
    lines::Record,
    stats::Stats,
    store::{Answer, Item, Store},
};

/// Whole records of one file.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) records: Vec<Record>,
    /// How many bytes of the file are with the posters; this piece's are taken off when it is done.
    pub(super) in_flight: Arc<AtomicU64>,
    pub(super) length: u64,
}

/// One connection to the store.
#[derive(Debug)]
pub(super) struct Poster {
    pub(super) store: Arc<Store>,
    pub(super) stats: Arc<Stats>,
    pub(super) letters: Arc<Letters>,
    /// The node that it asks.
    pub(super) node: usize,
}

/// A record, with what replaces its document.
struct Entry {
    action: Range<usize>,
    document: Range<usize>,
    untyped: Option<Vec<u8>>,
}

impl Poster {
    /// Works until the process ends; nothing is lost whenever that is.
    pub(super) fn run(mut self, pieces: &Mutex<Receiver<Piece>>) {
        loop {
            let piece = pieces.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(piece) = piece else { return };
            let entries = piece.records.iter().map(|record| Entry {
                action: record.action.clone(),
                document: record.document.clone(),
                untyped: None,
            });
            let entries = entries.collect();
            self.store_all(&piece.bytes, entries);
            piece.in_flight.fetch_sub(piece.length, Relaxed);
        }
    }

    fn store_all(&mut self, bytes: &[u8], mut entries: Vec<Entry>) {
        let mut wait = SHORTEST;
        while !entries.is_empty() {
            self.stats.requests.fetch_add(1, Relaxed);
            let mut is_busy = true;
            match self.store.bulk(self.node, &body(bytes, &entries)) {
                Answer::AllStored => {
                    self.is_well();
                    self.stats.stored.fetch_add(entries.len() as u64, Relaxed);
                    return;
                }
                Answer::Items(items) if items.len() == entries.len() => {
                    let refusal = items.iter().find(|item| item.is_turned_away());
                    is_busy = refusal.is_some();
                    match refusal {
                        Some(item) => self.trouble(&format!(
                            "the store turns records away: {} {}",
                            item.status,
                            item.kind()
                        )),
                        None => self.is_well(),
                    }
                    entries = self.judge(bytes, entries, items);
                }
                Answer::Items(items) => {
                    let (sent, answered) = (entries.len(), items.len());
                    self.trouble(&format!("the store answers {answered} of {sent} records"));
                }
                Answer::Refused(status, error) if entries.len() == 1 => {
                    self.is_well();
                    return self.bury(bytes, &entries[0], status, &error);
                }
                Answer::Refused(..) => {
                    self.is_well();
                    self.stats.halved.fetch_add(1, Relaxed);
                    let second = entries.split_off(entries.len() / 2);
                    self.store_all(bytes, entries);
                    entries = second;
                    continue;
                }
                Answer::Unclear(reason) => {
                    self.trouble(&reason);
                    self.stats.failures.fetch_add(1, Relaxed);
                    self.node += 1;
                }
            }
            if is_busy {
                thread::sleep(wait);
                wait = (wait * 2).min(LONGEST);
            }
        }
    }

    /// What is to be sent again.
    fn judge(&self, bytes: &[u8], entries: Vec<Entry>, items: Vec<Item>) -> Vec<Entry> {
        let mut again = Vec::new();
        for (mut entry, item) in entries.into_iter().zip(items) {
            match item.status {
                _ if item.is_turned_away() => {
                    self.stats.retried.fetch_add(1, Relaxed);
                    again.push(entry);
                }
                200..300 => _ = self.stats.stored.fetch_add(1, Relaxed),
                409 => _ = self.stats.known.fetch_add(1, Relaxed),
                status => {
                    let text = match status {
                        400 if entry.untyped.is_none() => untyped(&bytes[entry.document.clone()]),
                        _ => None,
                    };
                    if text.is_some() {
                        self.stats.untyped.fetch_add(1, Relaxed);
                        entry.untyped = text;
                        again.push(entry);
                    } else {
                        let error = item.error.as_ref().map_or("null", |error| error.get());
                        self.bury(bytes, &entry, status, error);
                    }
                }
            }
        }
        again
    }

    fn bury(&self, bytes: &[u8], entry: &Entry, status: u16, error: &str) {
        self.stats.dead.fetch_add(1, Relaxed);
        let document = entry.untyped.as_deref().unwrap_or(&bytes[entry.document.clone()]);
        self.letters.refused(status, error, &bytes[entry.action.clone()], document);
    }

    fn is_well(&self) {
        store_is_well(&self.stats);
    }

    fn trouble(&self, reason: &str) {
        store_is_ill(&self.stats, reason);
    }
}

/// Checks the store whenever nothing has been posted to it for a while.
pub(super) fn watch(store: &Store, stats: &Stats) {
    let mut requests = 0;
    loop {
        let now = stats.requests.load(Relaxed);
        if now == requests {
            match store.greet() {
                Ok(()) => store_is_well(stats),
                Err(reason) => store_is_ill(stats, &reason),
            }
        }
        requests = now;
        thread::sleep(LONGEST);
    }
}

fn store_is_well(stats: &Stats) {
    if let Some(ill) = stats.store_is_well() {
        super::say(&format!("the store answers again, after {} s", ill.as_secs()));
    }
}

fn store_is_ill(stats: &Stats, reason: &str) {
    if stats.store_is_ill(reason) {
        super::say(&format!("{reason}; records wait until it is well"));
    }
}

/// Once more without what a mapping can refuse: the typed parts as one text.
fn untyped(document: &[u8]) -> Option<Vec<u8>> {
    let mut document: serde_json::Value = serde_json::from_slice(document).ok()?;
    let root = document.as_object_mut()?;
    let (fields, spans) = (root.remove("fields"), root.remove("spans"));
    let syslog = root.get_mut("log").and_then(|log| log.get_mut("syslog")?.as_object_mut());
    let structured_data = syslog.and_then(|syslog| syslog.remove("structured_data"));
    let parts = serde_json::json!({
        "fields": fields, "spans": spans, "structured_data": structured_data
    });
    let event = root.entry("event").or_insert_with(|| serde_json::json!({}));
    event.as_object_mut()?.insert("original".to_owned(), parts.to_string().into());
    serde_json::to_vec(&document).ok()
}

fn body(bytes: &[u8], entries: &[Entry]) -> Vec<u8> {
    let length = |entry: &Entry| entry.action.len() + entry.document.len() + 2;
    let mut body = Vec::with_capacity(entries.iter().map(length).sum());
    for entry in entries {
        body.extend_from_slice(&bytes[entry.action.clone()]);
        body.push(b'\n');
        let document = entry.untyped.as_deref().unwrap_or(&bytes[entry.document.clone()]);
        body.extend_from_slice(document);
        body.push(b'\n');
    }
    body
}

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

#[test]
fn what_a_program_named_becomes_text() {
    let document = br#"{"event":{"created":"x"},"fields":{"a":1},"log":{"syslog":{"structured_data":{"m":{}},"pri":1}},"message":"m"}"#;
    let value: serde_json::Value = serde_json::from_slice(&untyped(document).unwrap()).unwrap();
    let original = value["event"]["original"].as_str().unwrap();
    let original: serde_json::Value = serde_json::from_str(original).unwrap();
    assert_eq!(original["fields"]["a"], 1);
    assert_eq!(original["spans"], serde_json::Value::Null);
    assert!(value.get("fields").is_none() && value["log"]["syslog"]["pri"] == 1);
    assert_eq!(value["message"], "m");
    assert!(untyped(b"{\"half").is_none());
}
