//! Is all that a server shows looked at, by either library, before it gets a byte?

#[allow(dead_code, reason = "tests/tls uses the rest")]
#[path = "../../../../tests/tls/certificates.rs"]
mod certificates;
mod connect;
mod files;
mod parts;
#[allow(dead_code, reason = "tests/tls uses the rest")]
#[path = "../../../../tests/tls/server.rs"]
mod server;

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use self::{
    certificates::{Pair, Wish},
    server::{Behaviour, Recorded, Server},
};
use super::{Connection, Connector};
use crate::{TlsBackend, builder::url::parse_list, transport::Timeouts};

const LIBRARIES: [TlsBackend; 2] = [TlsBackend::NativeTls, TlsBackend::Rustls];
const PATIENCE: Duration = Duration::from_secs(30);
const LIMITS: Timeouts =
    Timeouts { connect: PATIENCE, write: PATIENCE, user_timeout: Duration::ZERO };

fn run<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(work)
}

fn connector(library: TlsBackend, options: &str) -> Result<Connector, crate::Error> {
    let library = if library == TlsBackend::NativeTls { "native-tls" } else { "rustls" };
    let url = format!("tls://logs.example.com?tls_backend={library}{options}");
    Connector::new(&parse_list(&url).unwrap()[0].endpoint)
}

async fn connect(connector: &Connector, server: &Server) -> io::Result<Box<dyn Connection>> {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    connector.connect(at, LIMITS).await
}

/// What is told of a server that is not connected to.
fn refused(library: TlsBackend, options: &str, behaviour: Behaviour) -> (String, Recorded) {
    let server = Server::start(behaviour);
    let error = run(async {
        let connector = connector(library, options).unwrap();
        connect(&connector, &server).await.map(drop).unwrap_err()
    });
    (error.to_string(), server.recorded())
}

/// What a server has recorded, once that is so much.
fn recorded(server: &Server, is_all: impl Fn(&Recorded) -> bool) -> Recorded {
    let begin = Instant::now();
    while !is_all(&server.recorded()) && begin.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
    server.recorded()
}

struct Files {
    directory: TempDir,
    ca: Pair,
}

impl Files {
    fn new() -> Files {
        let files = Files {
            directory: TempDir::new().unwrap(),
            ca: Wish::authority("the authority").self_signed(),
        };
        files.put("ca.pem", files.ca.pem());
        files
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.directory.path().join(name), content).unwrap();
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn ca(&self) -> String {
        format!("&ca_file={}/ca.pem", self.path().display())
    }

    fn good(&self) -> Pair {
        Wish::server(&["logs.example.com"]).signed_by(&self.ca)
    }
}
