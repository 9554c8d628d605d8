//! "Generating a user access token for a GitHub App": the web application flow, with `state` and PKCE.
//!
//! Nobody types a password here: the page lists the people there are, and whoever asks for `login=ann` is ann at once.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded::parse;

use super::auth::{Actor, Token};
use super::door::{Answered, Asked};
use super::state::{AccountKind, State};
use super::{GitHub, Kind, Request};
use crate::ids::Timestamp;

/// "The temporary code will expire after 10 minutes."
const CODE_LIFE: Duration = Duration::from_secs(600);
/// A user access token lives for eight hours.
const TOKEN_LIFE: Duration = Duration::from_secs(8 * 3600);

/// What a code stands for.
#[derive(Debug, Clone)]
pub(super) struct Code {
    user: i64,
    redirect: String,
    challenge: Option<String>,
    expires: Timestamp,
}

/// Answers what belongs to the flow; nothing else.
pub(super) fn answer(state: &mut State, asked: &Asked) -> Option<Answered> {
    let answered = match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/login/oauth/authorize") => authorize(state, &asked.query),
        ("POST", "/login/oauth/access_token") => exchange(state, &asked.body),
        _ => return None,
    };
    state.log.push(Request {
        method: asked.method.clone(),
        path: asked.path.clone(),
        route: asked.path.clone(),
        actor: "nobody".to_owned(),
        status: answered.status,
        kind: if asked.method == "GET" { Kind::Read } else { Kind::Write },
    });
    Some(answered)
}

impl GitHub {
    /// The App's client id.
    #[must_use]
    pub fn client_id(&self) -> String {
        client_id(&self.hub.lock())
    }

    /// The App's client secret.
    #[must_use]
    pub fn client_secret(&self) -> String {
        client_secret(&self.hub.lock())
    }
}

pub(super) fn client_id(state: &State) -> String {
    format!("Iv23sim{}", state.app.id)
}

pub(super) fn client_secret(state: &State) -> String {
    hex::encode(digest(&SHA256, format!("client secret {} {}", state.app.id, state.seed).as_bytes()).as_ref())
}

fn authorize(state: &mut State, query: &str) -> Answered {
    let query: BTreeMap<String, String> = parse(query.as_bytes()).into_owned().collect();
    let given = |name: &str| query.get(name).map_or("", String::as_str);
    if given("client_id") != client_id(state) {
        return page(404, "<h1>404</h1>");
    }
    let Some(mut back) = Url::parse(given("redirect_uri")).ok() else { return page(400, "<h1>redirect_uri</h1>") };
    let account = state.account_named(given("login")).filter(|account| account.kind == AccountKind::User);
    let Some(user) = account.map(|account| account.id) else { return people(state, &query) };
    let code = state.next_secret();
    let challenge = query.get("code_challenge").cloned();
    let expires = state.now().plus(CODE_LIFE);
    let redirect = back.to_string();
    state.codes.insert(code.clone(), Code { user, redirect, challenge, expires });
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", given("state"));
    Answered { status: 302, headers: vec![("location", back.to_string())], body: vec![] }
}

/// Whoever signs in is one of these.
fn people(state: &State, query: &BTreeMap<String, String>) -> Answered {
    let mut list = String::new();
    for account in state.accounts.values().filter(|account| account.kind == AccountKind::User) {
        let mut next = url::form_urlencoded::Serializer::new(String::new());
        next.extend_pairs(query.iter().filter(|(name, _)| *name != "login")).append_pair("login", &account.login);
        let next = next.finish().replace('&', "&amp;");
        list.push_str("<li><a href=\"?");
        list.push_str(&next);
        list.push_str("\">");
        list.push_str(&account.login);
        list.push_str("</a></li>");
    }
    page(
        200,
        &format!(
            "<!doctype html><html lang=\"en\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>Simulated GitHub</title><style>body{{font:18px/1.6 system-ui;margin:3rem auto;max-width:30rem;\
             padding:0 1rem}}</style><h1>Simulated GitHub</h1><p>Who are you?</p><ul>{list}</ul></html>"
        ),
    )
}

fn page(status: u16, html: &str) -> Answered {
    let headers = vec![("content-type", "text/html; charset=utf-8".to_owned())];
    Answered { status, headers, body: html.as_bytes().to_vec() }
}

/// "Exchange the code": a refusal is 200 with an `error`.
fn exchange(state: &mut State, body: &[u8]) -> Answered {
    let form: BTreeMap<String, String> = parse(body).into_owned().collect();
    let given = |name: &str| form.get(name).map_or("", String::as_str);
    let refused = |error: &str| answered(&json!({ "error": error }));
    if given("client_id") != client_id(state) || given("client_secret") != client_secret(state) {
        return refused("incorrect_client_credentials");
    }
    // A code is good once.
    let Some(code) = state.codes.remove(given("code")).filter(|code| code.expires > state.now()) else {
        return refused("bad_verification_code");
    };
    if code.redirect != given("redirect_uri") {
        return refused("redirect_uri_mismatch");
    }
    let proof = URL_SAFE_NO_PAD.encode(digest(&SHA256, given("code_verifier").as_bytes()).as_ref());
    if code.challenge.is_some_and(|challenge| challenge != proof) {
        return refused("bad_verification_code");
    }
    let secret = format!("ghu_{}", state.next_secret());
    let expires = Some(state.now().plus(TOKEN_LIFE));
    let actor = Actor::User { id: code.user, via_app: true };
    state.tokens.insert(secret.clone(), Token { actor, expires });
    let seconds = TOKEN_LIFE.as_secs();
    answered(&json!({ "access_token": secret, "expires_in": seconds, "token_type": "bearer", "scope": "" }))
}

fn answered(body: &Value) -> Answered {
    let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
    Answered { status: 200, headers, body: body.to_string().into_bytes() }
}
