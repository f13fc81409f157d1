//! RELP, version 0: the server acknowledges each message.
//!
//! ```text
//! TXNR SP COMMAND SP DATALEN [SP DATA] LF
//! ```
//! A message is acknowledged when the server has answered `200` for its transaction.

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    SendError, Session, Timeouts,
    connection::{Connection, ended, has_input, try_read},
    failure::failure,
    liveness::Liveness,
    relp_response::{Answer, ResponseParser},
    with_timeout,
};
use crate::{
    ErrorKind,
    connection_info::TlsInfo,
    stored::{Cursor, Stored},
};

/// An open RELP session.
#[derive(Debug)]
pub(crate) struct Relp {
    connection: Box<dyn Connection>,
    liveness: Liveness,
    frames: Vec<u8>,
    answers: ResponseParser,
    /// Unanswered transactions, oldest first.
    in_flight: VecDeque<Transaction>,
    /// When the wait for the oldest of them began.
    waiting_since: Instant,
    next: u32,
    /// The server's `relp_software`.
    software: Option<String>,
    sent: Cursor,
    acked: Cursor,
}

#[derive(Debug)]
struct Transaction {
    number: u32,
    end: Cursor,
    is_answered: bool,
}

impl Relp {
    /// Opens a session: nothing is sent before the server has accepted the command `syslog`.
    pub(super) async fn open(
        connection: Box<dyn Connection>,
        timeouts: Timeouts,
    ) -> io::Result<Self> {
        let mut session = Relp {
            connection,
            liveness: Liveness::new(timeouts),
            frames: Vec::new(),
            answers: ResponseParser::default(),
            in_flight: VecDeque::new(),
            waiting_since: Instant::now(),
            next: FIRST,
            software: None,
            sent: 0,
            acked: 0,
        };
        with_timeout(
            timeouts.connect,
            ErrorKind::NotRelp,
            "the opening of a RELP session",
            session.shake_hands(),
        )
        .await?;
        Ok(session)
    }

    async fn shake_hands(&mut self) -> io::Result<()> {
        let number = self.push_frame("open", OFFERS.as_bytes());
        self.connection.write_all(&self.frames).await?;
        let answer = loop {
            match self.answers.next()? {
                Some(answer) => break answer,
                None => self.read().await?,
            }
        };
        if answer.number != number || answer.code != 200 {
            return Err(refused(&answer));
        }
        let offers_of = |name| answer.text.lines().find_map(|line| line.strip_prefix(name));
        self.software = offers_of("relp_software=").map(|name| name.replace(char::is_control, "?"));
        // Without a version it is not RELP, and without the command nothing can be sent.
        let mut offers = answer.text.lines().filter_map(|line| line.split_once('='));
        let takes = |(name, values): (&str, &str)| {
            name == "commands" && values.split(',').any(|value| value == "syslog")
        };
        if !answer.text.lines().any(|line| line.starts_with("relp_version=")) || !offers.any(takes)
        {
            return Err(failure(
                ErrorKind::NotRelp,
                "the server offers no RELP commands for syslog",
            ));
        }
        Ok(())
    }

    async fn write(&mut self) -> io::Result<()> {
        let mut rest = self.frames.as_slice();
        while !rest.is_empty() {
            match self.liveness.write(&mut *self.connection, rest).await {
                Ok(bytes) => rest = rest.get(bytes..).unwrap_or_default(),
                Err(error) => {
                    // Each answer that was on its way prevents a duplicate.
                    let _ = self.read_what_is_there().await;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn take_what_is_there(&mut self) -> io::Result<()> {
        if has_input(&*self.connection)? {
            // The runtime must learn of it before it lets us read.
            tokio::task::yield_now().await;
            self.read_what_is_there().await?;
        }
        Ok(())
    }

    /// Waits for answers; an error means that the session has ended, or that a transaction has
    /// waited for as long as a write may take.
    async fn wait_readable(&mut self) -> io::Result<()> {
        while !self.in_flight.is_empty() {
            match timeout(self.liveness.step(), self.listen_once()).await {
                Ok(heard) => return heard,
                Err(_) => {
                    let socket = self.connection.socket();
                    self.liveness.look(&socket, self.waiting_since, "a RELP transaction")?;
                }
            }
        }
        self.listen_once().await
    }

    async fn listen_once(&mut self) -> io::Result<()> {
        self.read().await?;
        self.take_answers()
    }

    async fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        match self.connection.read(&mut bytes).await? {
            0 => Err(ended()),
            count => {
                self.answers.push(bytes.get(..count).unwrap_or_default());
                Ok(())
            }
        }
    }

    async fn read_what_is_there(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        while let Some(count) = try_read(&mut *self.connection, &mut bytes).await? {
            self.answers.push(bytes.get(..count).unwrap_or_default());
            self.take_answers()?;
        }
        Ok(())
    }

    fn take_answers(&mut self) -> io::Result<()> {
        while let Some(answer) = self.answers.next()? {
            if answer.number == HINT {
                // `serverclose` is the only hint there is.
                return Err(ended());
            }
            let asked = self.in_flight.iter_mut().find(|asked| asked.number == answer.number);
            match asked {
                Some(asked) if answer.code == 200 => asked.is_answered = true,
                Some(_) => return Err(refused(&answer)),
                None => {
                    let text = format!("an answer to {}, which was not asked", answer.number);
                    return Err(failure(ErrorKind::NotRelp, text));
                }
            }
            while self.in_flight.front().is_some_and(|first| first.is_answered) {
                self.acked = self.in_flight.pop_front().map_or(self.acked, |first| first.end);
                self.waiting_since = Instant::now();
            }
        }
        Ok(())
    }

    fn push_frame(&mut self, command: &str, data: &[u8]) -> u32 {
        let number = self.next;
        self.next = following(number);
        push(&mut self.frames, number, command, data);
        number
    }
}

impl Session for Relp {
    async fn send(&mut self, batch: impl Iterator<Item = Stored<'_>>) -> Result<(), SendError> {
        self.take_what_is_there().await?;
        let mut batch = batch.peekable();
        while batch.peek().is_some() {
            self.frames.clear();
            let mut end = self.sent;
            while self.in_flight.len() < WINDOW {
                let Some(stored) = batch.next() else { break };
                if stored.bytes.len() > LONGEST {
                    self.write().await?;
                    self.sent = end;
                    // The caller drops the first unacknowledged message: it must be this one.
                    while !self.in_flight.is_empty() {
                        self.wait_readable().await?;
                    }
                    return Err(SendError::TooLong);
                }
                let number = self.push_frame("syslog", stored.bytes);
                end = stored.end;
                if self.in_flight.is_empty() {
                    self.waiting_since = Instant::now();
                }
                self.in_flight.push_back(Transaction { number, end, is_answered: false });
            }
            self.write().await?;
            self.sent = end;
            if self.in_flight.len() == WINDOW {
                self.wait_readable().await?;
            }
        }
        Ok(())
    }

    fn sent(&self) -> Cursor {
        self.sent
    }

    fn acked(&mut self) -> Cursor {
        self.acked
    }

    fn tls(&self) -> Option<&TlsInfo> {
        self.connection.tls()
    }

    /// Reads the answers that are there; errors as for `wait_readable`.
    async fn receive(&mut self) -> io::Result<()> {
        self.take_what_is_there().await?;
        if !self.in_flight.is_empty() {
            let socket = self.connection.socket();
            self.liveness.look(&socket, self.waiting_since, "a RELP transaction")?;
        }
        Ok(())
    }

    async fn close(mut self, limit: Duration) -> bool {
        let farewell = async {
            while !self.in_flight.is_empty() {
                self.listen_once().await?;
            }
            self.frames.clear();
            self.push_frame("close", b"");
            self.write().await?;
            // Either the answer or the end of the connection will do.
            self.read().await
        };
        // Whatever the outcome, what was answered before has arrived.
        let _ = tokio::time::timeout(limit, farewell).await;
        self.in_flight.is_empty()
    }

    fn software(&self) -> Option<&str> {
        self.software.as_deref()
    }
}

/// TXNR SP COMMAND SP DATALEN [SP DATA] LF, where DATALEN counts bytes.
fn push(out: &mut Vec<u8>, number: u32, command: &str, data: &[u8]) {
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(digits.format(number).as_bytes());
    out.push(b' ');
    out.extend_from_slice(command.as_bytes());
    out.push(b' ');
    out.extend_from_slice(digits.format(data.len()).as_bytes());
    if !data.is_empty() {
        out.push(b' ');
        out.extend_from_slice(data);
    }
    out.push(b'\n');
}

/// The transaction number after this one.
fn following(number: u32) -> u32 {
    if number == LAST { FIRST } else { number + 1 }
}

fn refused(answer: &Answer) -> io::Error {
    let text = answer.text.lines().next().unwrap_or_default();
    failure(ErrorKind::RelpRefused, format!("the server answered {} {text}", answer.code))
}

const OFFERS: &str = "relp_version=0\nrelp_software=logship\ncommands=syslog";
/// Concurrent transactions, the same as librelp.
const WINDOW: usize = 128;
const FIRST: u32 = 1;
const LAST: u32 = 999_999_999;
const HINT: u32 = 0;
/// A server's limit unless it offers another.
const LONGEST: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_last_number_comes_the_first() {
        assert_eq!([1, 999_999_998, 999_999_999].map(following), [2, 999_999_999, 1]);
    }

    #[test]
    fn relp_frame_counts_its_data() {
        let frame = |number, command, data: &str| {
            let mut out = Vec::new();
            push(&mut out, number, command, data.as_bytes());
            String::from_utf8(out).unwrap()
        };
        assert_eq!(frame(2, "syslog", "<14>1 é\n"), "2 syslog 9 <14>1 é\n\n");
        assert_eq!(frame(999_999_999, "close", ""), "999999999 close 0\n");
        let long = "x".repeat(LONGEST);
        assert_eq!(frame(7, "syslog", &long), format!("7 syslog 131072 {long}\n"));
    }
}
