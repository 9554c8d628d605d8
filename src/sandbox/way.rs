//! The ways out of a sandbox: none for an agent's commands, a proxy for set-up, the core's gateway for a guest.

use std::path::PathBuf;

use super::bridge::Bridge;
use super::proxy::{Proxy, SOCKET};

/// Where connections to the sandbox's own loopback address lead.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'a> {
    /// To the proxy of a set-up.
    SetUp(&'a Proxy),
    /// To the core's gateway, for an agent that is not the house's own.
    Gateway(&'a Bridge, &'a super::Talk<'a>),
}

impl Way<'_> {
    /// What is shown of it inside: path on the host and path there.
    pub(super) fn shown(&self) -> Vec<(PathBuf, PathBuf)> {
        match self {
            Way::SetUp(proxy) => proxy.shown().into(),
            Way::Gateway(bridge, talk) => {
                let own = talk.read_only.iter().map(|path| (path.clone(), path.clone()));
                [(bridge.socket(), SOCKET.into())].into_iter().chain(own).collect()
            }
        }
    }

    /// The variables that belong to it.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        match self {
            Way::SetUp(proxy) => proxy.environment().collect(),
            Way::Gateway(_, talk) => talk.environment.to_vec(),
        }
    }
}
