//! HTTP and HTTPS to a store.

use ureq::{
    Agent,
    config::ConfigBuilder,
    tls::{RootCerts, TlsConfig, TlsProvider},
    typestate::AgentScope,
};

/// An agent that speaks TLS by the library of `logship listen`, and trusts these authorities.
pub(crate) fn agent(roots: RootCerts) -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).build();
    let agent = Agent::config_builder().tls_config(tls);
    agent.user_agent(concat!("logship/", env!("CARGO_PKG_VERSION")))
}
