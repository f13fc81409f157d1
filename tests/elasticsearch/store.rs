//! A strict stand-in of Elasticsearch's bulk interface, for tests that want its faults on demand.
//!
//! It refuses what Elasticsearch refuses, and a few things that it would swallow. It turns items or
//! whole requests away, and goes away itself, at the same port.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::atomic::AtomicBool,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
};

use serde_json::{Value, json};

use crate::bulk::Books;

/// Stops with the value.
pub(crate) struct Store {
    port: u16,
    shared: Arc<Shared>,
}

/// What becomes of whole requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Answered with this status, in JSON.
    Status(u16),
    /// A proxy's page, with a status that says all is well.
    Html,
    /// 413 above so many bytes.
    TooLong(usize),
    /// Stored, and the connection ends before the answer.
    AnswerLost,
}

struct Shared {
    books: Mutex<Books>,
    is_up: AtomicBool,
    /// What becomes of whole requests.
    fault: Mutex<Option<Fault>>,
    /// Every `n`th item is answered with this status.
    items: Mutex<Option<(usize, u16)>>,
    connections: Mutex<Vec<TcpStream>>,
    /// What was put where.
    put: Mutex<Vec<(String, Vec<u8>)>>,
}

impl Store {
    /// With the index template of this text, at this port.
    pub(crate) fn running(template: &str, port: u16) -> Store {
        let template = serde_json::from_str(template).expect("the template is JSON");
        let shared = Shared {
            books: Mutex::new(Books::new(&template)),
            is_up: AtomicBool::new(false),
            fault: Mutex::new(None),
            items: Mutex::new(None),
            connections: Mutex::new(Vec::new()),
            put: Mutex::default(),
        };
        let mut store = Store { port, shared: Arc::new(shared) };
        store.come_back();
        store
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.shared.books)
    }

    /// How many documents it has.
    pub(crate) fn count(&self) -> usize {
        self.books().messages.len()
    }

    /// What was put at this path last.
    pub(crate) fn put_at(&self, path: &str) -> Option<Value> {
        let put = lock(&self.shared.put);
        let body = put.iter().rev().find(|(request, _)| request.contains(path));
        body.map(|(_, body)| serde_json::from_slice(body).expect("it is JSON"))
    }

    /// Every connection ends, and new ones are refused.
    pub(crate) fn go_away(&self) {
        self.shared.is_up.store(false, Relaxed);
        // Wakes the listener, which sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        for connection in lock(&self.shared.connections).drain(..) {
            // It may have ended by itself.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// At the same port.
    pub(crate) fn come_back(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).expect("the port is ours");
        self.shared.is_up.store(true, Relaxed);
        let shared = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if !shared.is_up.load(Relaxed) {
                    return;
                }
                lock(&shared.connections).extend(connection.try_clone());
                let shared = Arc::clone(&shared);
                // A broken connection is the other side's affair.
                std::thread::spawn(move || drop(shared.serve(connection)));
            }
        });
    }

    /// What becomes of whole requests from now on.
    pub(crate) fn fail(&self, fault: impl Into<Option<Fault>>) {
        *lock(&self.shared.fault) = fault.into();
    }

    /// Every `n`th item is answered with this status from now on.
    pub(crate) fn turn_items_away(&self, every: Option<(usize, u16)>) {
        *lock(&self.shared.items) = every;
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.go_away();
    }
}

impl Shared {
    fn serve(&self, connection: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(connection.try_clone()?);
        while let Some((request, body)) = read_request(&mut reader, &connection)? {
            if !self.is_up.load(Relaxed) {
                return Ok(());
            }
            let fault = *lock(&self.fault);
            let (status, answer) = self.answer(&request, &body, fault);
            let answer = match fault {
                Some(Fault::AnswerLost) => return connection.shutdown(Shutdown::Both),
                Some(Fault::Html) => "<html>Welcome to the proxy</html>".to_owned(),
                _ => answer.to_string(),
            };
            write!(
                &connection,
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            )?;
            if request.ends_with("HTTP/1.0\r\n") {
                return connection.shutdown(Shutdown::Both);
            }
        }
        Ok(())
    }

    fn answer(&self, request: &str, body: &[u8], fault: Option<Fault>) -> (u16, Value) {
        let mut books = lock(&self.books);
        if let Some((_, query)) = request.split_once("_search?") {
            // What is asked for stands at the end of it, in quotes.
            let wanted = query.split("%22").nth(1).unwrap_or_default();
            let hits: Vec<_> = books.messages.values().filter(|text| *text == wanted).collect();
            return (200, json!({"hits": {"hits": hits}}));
        }
        if request.starts_with("PUT") {
            lock(&self.put).push((request.to_owned(), body.to_owned()));
        }
        if !request.starts_with("POST") {
            return (200, json!({"tagline": "You Know, for Tests"}));
        }
        let status = match fault {
            Some(Fault::Status(status)) => status,
            Some(Fault::TooLong(most)) if body.len() > most => 413,
            Some(Fault::Html) => 200,
            _ => return books.answer(body, *lock(&self.items)),
        };
        books.turned_away += 1;
        let error = json!({"type": "circuit_breaking_exception", "reason": "busy"});
        (status, json!({"error": error, "status": status}))
    }
}

/// The first line of a request, and its body; nothing at the end of the connection.
fn read_request(
    reader: &mut BufReader<TcpStream>,
    mut connection: &TcpStream,
) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line == "expect: 100-continue" {
            connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((first, body)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
