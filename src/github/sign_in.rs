//! Signing people in: the web application flow of the App ("Generating a user access token for a GitHub App").
//!
//! What is asked is who somebody is, and nothing else: their token is used once, for `GET /user`, and dropped. What a person
//! may see is asked with the App's own token, each time anew.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::wire::{JSON, encode, is_loopback};
use super::{fields, install_crypto};
use crate::ids::{AccountKind, Person};

const WHOLE_CALL: Duration = Duration::from_secs(20);
/// No answer of this flow is near as long.
const LONGEST: usize = 256 * 1024;

/// The App as people sign in through it.
#[derive(Debug, Clone)]
pub struct SignIn {
    client: reqwest::Client,
    web_url: Url,
    api_url: Url,
    client_id: String,
    client_secret: SecretString,
    callback: Url,
}

/// What a flow begins with and ends with; made anew for each.
#[derive(Debug, Clone)]
pub struct Verifier(SecretString);

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum NotSignedIn {
    /// GitHub did not take what the browser brought: it is too old, was used, or is not of this flow.
    #[error("GitHub did not take the code: {0}")]
    Refused(String),
    /// Not a person.
    #[error("{0} is not a person's account")]
    NotAPerson(String),
    /// GitHub gave no clear answer.
    #[error("GitHub gave no clear answer: {0}")]
    Unclear(String),
}

impl Verifier {
    /// A verifier of 32 random bytes (RFC 7636, section 4.1).
    #[must_use]
    pub fn of(random: [u8; 32]) -> Verifier {
        Verifier(URL_SAFE_NO_PAD.encode(random).into())
    }

    /// One that a browser has kept.
    #[must_use]
    pub fn kept(text: &str) -> Verifier {
        Verifier(text.to_owned().into())
    }

    /// The text that a browser keeps.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.expose().as_bytes()).as_ref())
    }
}

impl SignIn {
    /// Prepares the flow; asks nothing yet. `callback` is one of the App's callback URLs.
    ///
    /// # Errors
    /// When no connection to such an address can ever be made.
    pub fn new(
        (web_url, api_url): (&Url, &Url),
        (client_id, client_secret): (&str, &SecretString),
        callback: Url,
    ) -> Result<SignIn, Box<dyn std::error::Error + Send + Sync>> {
        install_crypto();
        let client = reqwest::Client::builder().timeout(WHOLE_CALL).redirect(Policy::none()).user_agent("assentry");
        let client = if web_url.scheme() == "http" { client.tls_certs_only([]) } else { client };
        let client = if is_loopback(web_url) { client.no_proxy() } else { client };
        Ok(SignIn {
            client: client.build()?,
            web_url: web_url.clone(),
            api_url: api_url.clone(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.clone(),
            callback,
        })
    }

    /// Where a browser is sent to: `GET /login/oauth/authorize`.
    #[must_use]
    pub fn authorize_url(&self, state: &str, verifier: &Verifier) -> Url {
        let mut url = below(&self.web_url, "login/oauth/authorize");
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", self.callback.as_str())
            .append_pair("state", state)
            .append_pair("code_challenge", &verifier.challenge())
            .append_pair("code_challenge_method", "S256");
        url
    }

    /// Asks who came back with this code: `POST /login/oauth/access_token`, then `GET /user`.
    ///
    /// # Errors
    /// [`NotSignedIn`]; nobody is known then.
    pub async fn person(&self, code: &str, verifier: &Verifier) -> Result<Person, NotSignedIn> {
        let form = [
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose_secret()),
            ("code", code),
            ("redirect_uri", self.callback.as_str()),
            ("code_verifier", verifier.expose()),
        ];
        let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = self.client.post(below(&self.web_url, "login/oauth/access_token"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.join("&"));
        let granted: Granted = read(request.header(ACCEPT, "application/json")).await?;
        let token = match granted {
            Granted { access_token: Some(token), .. } => token,
            Granted { error, .. } => return Err(NotSignedIn::Refused(error.unwrap_or_default())),
        };
        let bearer = format!("Bearer {}", token.expose_secret());
        let request = self.client.get(below(&self.api_url, "user")).header(ACCEPT, JSON);
        let whose: Whose = read(request.header(AUTHORIZATION, bearer)).await?;
        match whose.0 {
            Some(person) if person.kind == AccountKind::User => Ok(person),
            Some(other) => Err(NotSignedIn::NotAPerson(other.login.to_string())),
            None => Err(NotSignedIn::Unclear("it does not say whose token it is".to_owned())),
        }
    }
}

async fn read<T: serde::de::DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, NotSignedIn> {
    // The error may name the address, which holds no secret here: codes and tokens are in bodies and headers.
    let unclear = |error: reqwest::Error| NotSignedIn::Unclear(error.to_string());
    let mut answer = request.send().await.map_err(unclear)?;
    if !answer.status().is_success() {
        return Err(NotSignedIn::Unclear(format!("status {}", answer.status())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unclear)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(NotSignedIn::Unclear("an answer without end".to_owned()));
        }
    }
    serde_json::from_slice(&body).map_err(|_| NotSignedIn::Unclear("an answer of another form".to_owned()))
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// GitHub answers 200 for a refusal too.
#[derive(Deserialize)]
struct Granted {
    access_token: Option<SecretString>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Whose(#[serde(deserialize_with = "fields::person")] Option<Person>);
