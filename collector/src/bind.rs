//! Sockets of the collector.

#[cfg(unix)]
use std::{
    fs,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
};
use std::{
    io,
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
    thread::{self, JoinHandle},
};

#[cfg(feature = "native-tls")]
use super::listen::Certificate;
use super::{
    inbox::Inbox,
    listen::{Listen, because},
    serve::{self, POLL, Security},
};

/// A socket that is being read.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) url: String,
    pub(super) address: Option<SocketAddr>,
    #[cfg(unix)]
    pub(super) path: Option<PathBuf>,
    pub(super) thread: JoinHandle<()>,
}

pub(super) fn bind(on: Listen, inbox: &Arc<Inbox>) -> io::Result<Bound> {
    match on {
        Listen::Udp(address) => {
            udp(address, inbox).map_err(|error| because(&format!("udp://{address}"), &error))
        }
        Listen::Tcp(address) => stream("tcp", address, Security::None, inbox),
        #[cfg(feature = "native-tls")]
        Listen::Tls(address, certificate) => {
            let security = acceptor(&certificate)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            stream("tls", address, security, inbox)
        }
        #[cfg(unix)]
        Listen::Unix(path) => unix(&path, inbox)
            .map_err(|error| because(&format!("unix://{}", path.display()), &error)),
    }
}

fn udp(address: SocketAddr, inbox: &Arc<Inbox>) -> io::Result<Bound> {
    let socket = UdpSocket::bind(address)?;
    socket.set_read_timeout(Some(POLL))?;
    // A burst that outruns the reader is lost without a trace; what the system grants of
    // this is better than nothing.
    let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER);
    let address = socket.local_addr()?;
    let inbox = Arc::clone(inbox);
    let thread = spawn(move || serve::datagrams(|buffer| socket.recv(buffer), &inbox))?;
    Ok(Bound {
        url: format!("udp://{address}"),
        address: Some(address),
        #[cfg(unix)]
        path: None,
        thread,
    })
}

fn stream(
    scheme: &str,
    address: SocketAddr,
    security: Security,
    inbox: &Arc<Inbox>,
) -> io::Result<Bound> {
    let bind = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let inbox = Arc::clone(inbox);
        let thread = spawn(move || serve::connections(&listener, &security, &inbox))?;
        Ok(Bound {
            url: format!("{scheme}://{address}"),
            address: Some(address),
            #[cfg(unix)]
            path: None,
            thread,
        })
    };
    bind().map_err(|error| because(&format!("{scheme}://{address}"), &error))
}

#[cfg(unix)]
fn unix(path: &Path, inbox: &Arc<Inbox>) -> io::Result<Bound> {
    let socket = match UnixDatagram::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && nobody_listens(path) => {
            fs::remove_file(path)?;
            UnixDatagram::bind(path)?
        }
        bound => bound?,
    };
    socket.set_read_timeout(Some(POLL))?;
    let inbox = Arc::clone(inbox);
    let thread = spawn(move || serve::datagrams(|buffer| socket.recv(buffer), &inbox))?;
    let url = format!("unix://{}", path.display());
    Ok(Bound { url, address: None, path: Some(path.to_path_buf()), thread })
}

/// Only a socket refuses; any other file gives another error, and stays.
#[cfg(unix)]
fn nobody_listens(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;

    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let refused = |client: UnixDatagram| {
        client.connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    is_socket && UnixDatagram::unbound().is_ok_and(refused)
}

#[cfg(feature = "native-tls")]
fn acceptor(certificate: &Certificate) -> Result<Security, String> {
    let Certificate { cert_pem, key_pem } = certificate;
    let identity = native_tls::Identity::from_pkcs8(cert_pem.as_bytes(), key_pem.as_bytes())
        .map_err(|error| format!("certificate and key: {error}"))?;
    let acceptor = native_tls::TlsAcceptor::new(identity)
        .map_err(|error| format!("TLS with this certificate: {error}"))?;
    Ok(Security::Tls(acceptor))
}

fn spawn(serve: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(String::from("collector")).spawn(serve)
}

const RECEIVE_BUFFER: usize = 8 * 1024 * 1024;
