//! RELP against servers that behave in every way.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use logship::{DropReason, Handle};
use tracing::info;

use crate::support::{PATIENCE, capture};

struct Frame {
    number: u32,
    command: String,
    data: Vec<u8>,
}

impl Frame {
    fn text(&self) -> String {
        String::from_utf8(self.data.clone()).unwrap()
    }
}

/// One connection, read to the letter.
struct Session {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Session {
    fn accept(listener: &TcpListener) -> Session {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Session { stream, read: Vec::new() }
    }

    /// With the answer that `open` hopes for.
    fn opened(listener: &TcpListener) -> Session {
        let mut session = Session::accept(listener);
        let open = session.frame().unwrap();
        assert_eq!((open.number, open.command.as_str()), (1, "open"));
        session.answer(1, "200 OK\nrelp_version=0\nrelp_software=test\ncommands=syslog");
        session
    }

    /// The next frame; none at the end of the connection.
    fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, length)) = parse(&self.read) {
                self.read.drain(..length);
                return Some(frame);
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) => {
                    assert!(self.read.is_empty(), "a stump: {}", self.read.escape_ascii());
                    return None;
                }
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Ok(count) => self.read.extend_from_slice(&bytes[..count]),
                Err(error) => panic!("nothing came: {error}, {}", self.read.escape_ascii()),
            }
        }
    }

    /// Whether nothing more comes for a while.
    fn is_silent(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let silent = self.read.is_empty() && !matches!(self.stream.read(&mut [0]), Ok(1));
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        silent
    }

    fn answer(&mut self, number: u32, text: &str) {
        // At once: who has read enough may close before the rest of it.
        let answer = format!("{number} rsp {} {text}\n", text.len());
        self.stream.write_all(answer.as_bytes()).unwrap();
    }

    /// Answers for each message until one holds `last`; returns them all.
    fn take_until(&mut self, last: &str) -> Vec<String> {
        let mut texts = Vec::new();
        loop {
            let frame = self.frame().expect("more to come");
            assert_eq!(frame.command, "syslog");
            self.answer(frame.number, "200 OK");
            texts.push(frame.text());
            if frame.text().ends_with(last) {
                return texts;
            }
        }
    }
}

/// `TXNR SP COMMAND SP DATALEN [SP DATA] LF`, and nothing else.
fn parse(bytes: &[u8]) -> Option<(Frame, usize)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut words = bytes.splitn(3, |byte| *byte == b' ');
    let (number, command, rest) = (words.next()?, words.next()?, words.next()?);
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let [number, length] = [text(number), text(&rest[..digits])];
    for digits in [&number, &length] {
        assert!(digits.len() <= 9 && (*digits == "0" || !digits.starts_with('0')), "{digits:?}");
    }
    let [number, length]: [usize; 2] = [number.parse().unwrap(), length.parse().unwrap()];
    let command = text(command);
    assert!((1..=32).contains(&command.len()) && command.bytes().all(|c| c.is_ascii_alphabetic()));
    let begin = digits + usize::from(length > 0);
    assert_eq!(rest[digits], if length > 0 { b' ' } else { b'\n' });
    let end = *rest.get(begin + length)?;
    assert_eq!(end, b'\n', "{}", bytes.escape_ascii());
    let whole = bytes.len() - rest.len() + begin + length + 1;
    let data = rest[begin..begin + length].to_vec();
    Some((Frame { number: u32::try_from(number).unwrap(), command, data }, whole))
}

/// A handle whose server is `serve`, in a thread of its own.
fn with_server<T: Send + 'static>(
    configure: impl FnOnce(logship::Builder) -> logship::Builder,
    serve: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (Handle, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("relp://{}", listener.local_addr().unwrap());
    let builder = logship::builder("app-tag").servers(url).on_error(|_| {});
    let handle = configure(builder).build().unwrap();
    (handle, std::thread::spawn(move || serve(listener)))
}

#[test]
fn a_session_is_as_the_protocol_says() {
    let (handle, server) = with_server(
        |b| b,
        |listener| {
            let mut session = Session::accept(&listener);
            let open = session.frame().unwrap();
            assert_eq!((open.number, open.command.as_str()), (1, "open"));
            let offers: Vec<String> = open.text().lines().map(str::to_owned).collect();
            assert_eq!(offers, ["relp_version=0", "relp_software=logship", "commands=syslog"]);
            assert!(session.is_silent(), "something was sent before the answer to `open`");
            session.answer(1, "200 OK\nrelp_version=0\ncommands=syslog");
            for number in 2..5 {
                let frame = session.frame().unwrap();
                assert_eq!((frame.number, frame.command.as_str()), (number, "syslog"));
                assert!(frame.text().ends_with(&format!("Grüße {number}")), "{}", frame.text());
                session.answer(number, "200 OK");
            }
            let close = session.frame().unwrap();
            assert_eq!((close.number, close.command.as_str()), (5, "close"));
            assert_eq!(close.data, b"");
            session.answer(5, "200 OK");
            assert!(session.frame().is_none(), "something was sent after `close`");
        },
    );
    let guard = capture(&handle);
    (2..5).for_each(|number| info!("Grüße {number}"));
    drop(guard);
    assert!(handle.flush(PATIENCE));
    assert_eq!(handle.stats().delivered, 3);
    drop(handle);
    server.join().unwrap();
}

#[test]
fn a_server_that_offers_no_relp_gets_nothing() {
    let (handle, server) = with_server(
        |b| b,
        |listener| {
            for answer in [
                "200 OK\ncommands=syslog",
                "200 OK\nrelp_version=0",
                "200 OK\nrelp_version=0\ncommands=other",
                "500 no",
            ] {
                let mut session = Session::accept(&listener);
                assert_eq!(session.frame().unwrap().command, "open");
                session.answer(1, answer);
                assert!(session.frame().is_none(), "after {answer:?} something was sent");
            }
            Session::opened(&listener).take_until("kept").len()
        },
    );
    let guard = capture(&handle);
    info!("kept");
    drop(guard);
    assert!(handle.flush(PATIENCE));
    assert_eq!(server.join().unwrap(), 1);
}

#[test]
fn relp_window_is_respected() {
    let (handle, server) = with_server(
        |b| b,
        |listener| {
            let mut session = Session::opened(&listener);
            let frames: Vec<Frame> = (0..128).map(|_| session.frame().unwrap()).collect();
            assert!(session.is_silent(), "more than 128 transactions under way");
            // Answers may come in any order.
            frames.iter().rev().for_each(|frame| session.answer(frame.number, "200 OK"));
            128 + session.take_until("text 299").len()
        },
    );
    let guard = capture(&handle);
    (0..300).for_each(|n| info!("text {n}"));
    drop(guard);
    assert!(handle.flush(PATIENCE));
    assert_eq!((server.join().unwrap(), handle.stats().delivered), (300, 300));
}

#[test]
fn an_answer_that_was_not_asked_for_ends_the_session() {
    let (handle, server) = with_server(
        |b| b,
        |listener| {
            let mut session = Session::opened(&listener);
            let first = session.frame().unwrap();
            session.answer(77, "200 OK");
            assert!(session.frame().is_none_or(|frame| frame.command == "close"));
            drop(session);
            let again = Session::opened(&listener).take_until("text");
            assert_eq!(again, [first.text()], "the same bytes");
        },
    );
    let guard = capture(&handle);
    info!("text");
    drop(guard);
    assert!(handle.flush(PATIENCE));
    assert_eq!(handle.stats().delivered, 1);
    server.join().unwrap();
}

#[test]
fn what_a_server_refuses_does_not_stop_the_others() {
    let (handle, server) = with_server(
        |b| b,
        |listener| {
            let (mut sessions, mut others_are_done, mut alone) = (0, false, 0);
            loop {
                let mut session = Session::opened(&listener);
                sessions += 1;
                let mut has_poison = false;
                while let Some(frame) = session.frame().filter(|frame| frame.command == "syslog") {
                    let text = frame.text();
                    has_poison |= text.ends_with("poison");
                    if text.ends_with("poison") {
                        session.answer(frame.number, "500 no");
                        alone += i32::from(others_are_done);
                        if alone == 2 {
                            return sessions;
                        }
                        break;
                    }
                    session.answer(frame.number, "200 OK");
                    others_are_done |= text.ends_with("after") && !has_poison;
                }
            }
        },
    );
    let guard = capture(&handle);
    info!("before");
    info!("poison");
    let begin = Instant::now();
    // It is sent alone twice, each time once something else has gone through.
    while handle.stats().dropped == 0 {
        info!("after");
        assert!(begin.elapsed() < PATIENCE, "{:?}", handle.stats());
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(guard);
    let stats = handle.stats();
    assert_eq!((stats.dropped, stats.dropped_for(DropReason::Refused)), (1, 1), "{stats:?}");
    let sessions = server.join().unwrap();
    assert!((2..60).contains(&sessions), "{sessions}");
}

#[test]
fn a_server_that_says_it_closes_is_left() {
    let (handle, server) = with_server(
        |b| b,
        |listener| {
            let mut session = Session::opened(&listener);
            session.take_until("first");
            session.stream.write_all(b"0 serverclose 0\n").unwrap();
            while session.frame().is_some() {}
            Session::opened(&listener).take_until("second").len()
        },
    );
    let guard = capture(&handle);
    info!("first");
    assert!(handle.flush(PATIENCE));
    std::thread::sleep(Duration::from_millis(100));
    info!("second");
    drop(guard);
    assert!(handle.flush(PATIENCE));
    assert_eq!((server.join().unwrap(), handle.stats().delivered), (1, 2));
}

#[test]
fn what_is_longer_than_relp_takes_is_set_aside() {
    let (handle, server) = with_server(
        |builder| builder.max_message_size(200_000).queue_capacity(8 << 20),
        |listener| {
            let mut session = Session::opened(&listener);
            let mut texts = Vec::new();
            while let Some(frame) = session.frame() {
                session.answer(frame.number, "200 OK");
                texts.push(frame.text());
            }
            texts
        },
    );
    let guard = capture(&handle);
    info!("before");
    info!("{}", "x".repeat(150_000));
    info!("after");
    drop(guard);
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
    let stats = handle.stats();
    assert_eq!((stats.dropped, stats.dropped_for(DropReason::TooLong)), (1, 1), "{stats:?}");
    assert_eq!(stats.captured, stats.delivered + 1 + stats.pending, "{stats:?}");
    drop(handle);
    let texts = server.join().unwrap();
    // The crate's own record of the loss may be there, too.
    let said = |end: &str| texts.iter().filter(|text| text.ends_with(end)).count();
    assert_eq!((said("before"), said("after"), said("xx")), (1, 1, 0), "{texts:?}");
}
