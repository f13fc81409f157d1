//! Which server is next?

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

use super::{Trouble, backoff::Backoff, resolve::addresses};
use crate::transport::{Server, Transport};

/// The servers in the order of preference, and where we are.
pub(crate) struct Servers {
    all: Vec<Arc<Server>>,
    current: usize,
    limit: Duration,
    pub(super) backoff: Backoff,
    way_back: Option<JoinHandle<Option<(usize, Transport)>>>,
    asked_last: Instant,
}

impl Servers {
    /// `limit` is for each look-up of a name.
    pub(crate) fn new(all: Vec<Server>, limit: Duration) -> Self {
        let all = all.into_iter().map(Arc::new).collect();
        let (backoff, asked_last) = (Backoff::default(), Instant::now());
        Servers { all, current: 0, limit, backoff, way_back: None, asked_last }
    }

    /// The server that is, or was last, connected to.
    pub(super) fn current(&self) -> String {
        self.all.get(self.current).map(|server| server.endpoint.to_string()).unwrap_or_default()
    }

    /// Tries each address of each server, in order; none if no one answers.
    pub(super) async fn connect(&mut self, trouble: &mut Trouble) -> Option<Transport> {
        for (index, server) in self.all.iter().enumerate() {
            let outcome = connect(server, self.limit).await;
            for notice in server.take_notices() {
                trouble.tell(format_args!("{notice}"));
            }
            match outcome {
                Ok(transport) => {
                    self.current = index;
                    self.asked_last = Instant::now();
                    self.way_back = None;
                    return Some(transport);
                }
                Err(error) => {
                    trouble.tell(format_args!("can't reach {}: {error}", server.endpoint));
                }
            }
        }
        None
    }

    /// From time to time asks, beside the work, whether a server that is preferred to the
    /// current one is back; gives the way to it when it is.
    pub(super) async fn return_to_first(&mut self) -> Option<Transport> {
        if let Some(asked) = self.way_back.take_if(|asked| asked.is_finished()) {
            let (index, transport) = asked.await.ok().flatten()?;
            self.current = index;
            return Some(transport);
        }
        let is_due = self.asked_last.elapsed() >= RETURN_EVERY;
        if self.current > 0 && self.way_back.is_none() && is_due {
            self.asked_last = Instant::now();
            let preferred: Vec<_> = self.all.iter().take(self.current).cloned().collect();
            let limit = self.limit;
            self.way_back = Some(tokio::spawn(async move {
                for (index, server) in preferred.iter().enumerate() {
                    if let Ok(transport) = connect(server, limit).await {
                        return Some((index, transport));
                    }
                }
                None
            }));
        }
        None
    }
}

async fn connect(server: &Server, limit: Duration) -> io::Result<Transport> {
    let mut last = io::Error::other("it has no address");
    for address in addresses(&server.endpoint, limit).await? {
        match server.connect(address).await {
            Ok(transport) => return Ok(transport),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// How often to ask whether a preferred server is back.
const RETURN_EVERY: Duration = Duration::from_secs(10);
