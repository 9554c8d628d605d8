//! The one way out of a sandbox, for set-up commands only: `GET`, of the hosts on a list, through the core.
//!
//! ```text
//! command ─TCP─▶ 127.0.0.1 in its own network ─▶ helper ─unix socket─▶ here: rules ─TLS─▶ the host
//! ```
//!
//! Inside there is no route, no resolver and nobody to reach but the helper. It hands each connection on through a unix
//! socket; the core reads the request, judges it, and makes one of its own to a public address of the named host. `CONNECT`
//! is no tunnel: the core speaks TLS itself, with an authority made for this one set-up, and reads what comes through it by
//! the same rules. Promises: the sandbox sends nothing out but paths of listed hosts, bounded in length and in all; no
//! credential is ever added. Refuses to be more than that: an allowed host that is a stranger's can still read those paths.

mod door;
mod rules;
mod tls;
mod upstream;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::net::UnixListener;
use tokio::task::JoinHandle;
use url::Url;

use door::Door;
use upstream::Upstream;

use super::layout;

/// Where the helper listens inside.
pub(super) const PORT: u16 = 3128;
/// Where the socket is inside.
pub(super) const SOCKET: &str = "/.proxy";
/// Where the authority's certificate is inside.
const AUTHORITY: &str = "/.authority.pem";

/// The proxy of one set-up; gone when it is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    dir: tempfile::TempDir,
    door: Arc<Door>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Opens it for `hosts`; `mirrors` says where the operator wants some of them looked for.
    ///
    /// # Errors
    /// When the socket or the certificates cannot be made.
    pub(super) fn open(root: &Path, hosts: &[String], mirrors: &BTreeMap<String, Url>) -> io::Result<Proxy> {
        let dir = tempfile::Builder::new().prefix(&layout::scratch_prefix()).tempdir_in(root)?;
        let listener = UnixListener::bind(dir.path().join("socket"))?;
        std::fs::set_permissions(dir.path().join("socket"), std::fs::Permissions::from_mode(0o666))?;
        let hosts: BTreeSet<String> = hosts.iter().cloned().collect();
        let (speaker, pem) = tls::speaker(hosts.iter().cloned())?;
        std::fs::write(dir.path().join("authority.pem"), pem)?;
        std::fs::set_permissions(dir.path().join("authority.pem"), std::fs::Permissions::from_mode(0o644))?;
        let upstream = Upstream::new(mirrors).map_err(io::Error::other)?;
        let door = Arc::new(Door { hosts, speaker, upstream, asked: Mutex::default() });
        let task = tokio::spawn(door::serve(listener, Arc::clone(&door)));
        Ok(Proxy { dir, door, task })
    }

    /// What is shown of it inside: path on the host and path there.
    pub(super) fn shown(&self) -> [(PathBuf, PathBuf); 2] {
        [("socket", SOCKET), ("authority.pem", AUTHORITY)].map(|(name, to)| (self.dir.path().join(name), to.into()))
    }

    /// The variables by which the usual tools find it and believe it.
    pub(super) fn environment(&self) -> impl Iterator<Item = (String, String)> {
        let address = format!("http://127.0.0.1:{PORT}");
        let ways = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map(move |name| (name, address.clone()));
        let trust = [
            "SSL_CERT_FILE",
            "CURL_CA_BUNDLE",
            "REQUESTS_CA_BUNDLE",
            "PIP_CERT",
            "NODE_EXTRA_CA_CERTS",
            "NPM_CONFIG_CAFILE",
            "CARGO_HTTP_CAINFO",
            "GIT_SSL_CAINFO",
        ]
        .map(|name| (name, AUTHORITY.to_owned()));
        let online = [("CARGO_NET_OFFLINE", "false".to_owned())];
        ways.into_iter().chain(trust).chain(online).map(|(name, value)| (name.to_owned(), value))
    }

    /// What was asked for and not given, a line each.
    pub(super) fn refused(&self) -> Vec<String> {
        self.door.refused()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}
