//! Stand-in for TLS in builds without a TLS library.

use std::{io, net::SocketAddr};

use super::{Timeouts, connection::Connection, endpoint::Endpoint};
use crate::Error;

/// Uninhabited.
#[derive(Debug)]
pub(super) enum Connector {}

impl Connector {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        Err(Error::new(format!(
            "cannot use {endpoint}: expected the feature \"native-tls\" or \"rustls\" of logship"
        )))
    }

    pub(super) fn warning(&self) -> Option<String> {
        match *self {}
    }

    pub(super) fn take_notices(&self) -> Vec<String> {
        match *self {}
    }

    pub(super) async fn connect(
        &self,
        _: SocketAddr,
        _: Timeouts,
    ) -> io::Result<Box<dyn Connection>> {
        match *self {}
    }
}
