//! How is `tracing-subscriber` JSON through `tracing-appender` set up? Its worker writes to a TCP
//! stream, through a buffer that it flushes when its queue is empty.

use std::{error::Error, io::BufWriter, net::TcpStream};

use tracing_appender::non_blocking::NonBlockingBuilder;

use super::{Running, Setup};
use crate::event;

pub(super) fn start(setup: &Setup) -> Result<Running, Box<dyn Error>> {
    let stream = BufWriter::with_capacity(64 * 1024, TcpStream::connect(setup.server)?);
    let (writer, guard) = NonBlockingBuilder::default().lossy(!setup.is_lossless).finish(stream);
    let subscriber = tracing_subscriber::fmt().json().with_writer(writer).finish();
    tracing::subscriber::set_global_default(subscriber)?;
    Ok(Running::new(event::tracing, move || drop(guard)))
}
