//! Asks the outside, in the core's name: over TLS, of public addresses only, or of the mirrors the operator names.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, header};
use url::Url;

use super::rules::Asked;
use crate::outside::PublicOnly;

/// How long one file may take.
const WALL: Duration = Duration::from_secs(600);

/// The way out.
#[derive(Debug)]
pub(super) struct Upstream {
    public: Client,
    /// The operator's own mirrors may be anywhere.
    own: Client,
    mirrors: BTreeMap<String, Url>,
}

impl Upstream {
    pub(super) fn new(mirrors: &BTreeMap<String, Url>) -> reqwest::Result<Upstream> {
        let builder = || Client::builder().redirect(Policy::none()).no_proxy().timeout(WALL);
        let public = builder().https_only(true).dns_resolver(Arc::new(PublicOnly)).build()?;
        Ok(Upstream { public, own: builder().build()?, mirrors: mirrors.clone() })
    }

    /// Asks for a file. A redirect is an answer: whoever follows it asks again, by the same rules.
    pub(super) async fn get(&self, asked: &Asked) -> io::Result<Response> {
        let (client, base) = match self.mirrors.get(&asked.host) {
            Some(mirror) => (&self.own, mirror.as_str().trim_end_matches('/').to_owned()),
            None => (&self.public, format!("https://{}", asked.host)),
        };
        let url = Url::parse(&format!("{base}{}", asked.target)).map_err(io::Error::other)?;
        // The second parser must have understood what the first one did.
        if Url::parse(&base).map(|base| base.origin()).ok() != Some(url.origin()) {
            return Err(io::Error::other("the address is not what it seems"));
        }
        let mut request = client.get(url).header(header::USER_AGENT, "assentry-set-up");
        if let Some(accept) = &asked.accept {
            request = request.header(header::ACCEPT, accept);
        }
        request.send().await.map_err(|error| io::Error::other(error.without_url()))
    }
}
