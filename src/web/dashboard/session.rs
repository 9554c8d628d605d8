//! Signing in with GitHub, and out.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::cookie::Cookie;
use super::guard::{Viewer, hash_of, same};
use super::page::Refused;
use super::{Dashboard, frame};
use crate::github::{NotSignedIn, Verifier};

/// How long somebody stays signed in. What they may see is asked anew every few minutes all the same.
const SESSION: Duration = Duration::from_secs(24 * 3600);
/// How long a sign-in may take; GitHub's code lives as long.
const LOGIN: Duration = Duration::from_secs(600);

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub(super) struct Begin {
    #[serde(default)]
    to: String,
}

/// What GitHub sends a browser back with.
#[derive(Debug, Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

/// A form that carries nothing but its token.
#[derive(Debug, Deserialize)]
pub(super) struct Bare {
    #[serde(default)]
    pub(super) token: String,
}

/// Sends a browser to GitHub, and remembers in a cookie of its own what it must come back with.
pub(super) async fn begin(State(dashboard): State<Dashboard>, Query(begin): Query<Begin>) -> Result<Response, Refused> {
    let (Some(state), Some(verifier)) = ((dashboard.0.parts.random)(), (dashboard.0.parts.random)()) else {
        return Err(Refused::NoRandom);
    };
    let (state, verifier) = (URL_SAFE_NO_PAD.encode(state), Verifier::of(verifier));
    let to = URL_SAFE_NO_PAD.encode(local(&begin.to));
    let kept = format!("{state}.{}.{to}", verifier.expose());
    let cookie = Cookie::login(dashboard.is_secure()).set(&kept, LOGIN);
    let url = dashboard.0.sign_in.authorize_url(&state, &verifier);
    Ok((AppendHeaders(cookie.map(|cookie| (header::SET_COOKIE, cookie))), Redirect::to(url.as_str())).into_response())
}

/// Takes a browser back that GitHub has sent: the state must be the one it left with.
pub(super) async fn back(
    State(dashboard): State<Dashboard>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Refused> {
    let cookie = Cookie::login(dashboard.is_secure());
    let kept: Vec<&str> = cookie.of(&headers).unwrap_or_default().split('.').collect();
    let [state, verifier, to] = kept[..] else { return Ok(failed("This sign-in was not begun in this browser.")) };
    if !same(state, &back.state) || back.code.is_empty() {
        return Ok(failed("GitHub sent back something other than was asked for, or you did not agree."));
    }
    let person = match dashboard.0.sign_in.person(&back.code, &Verifier::kept(verifier)).await {
        Ok(person) => person,
        Err(error) => {
            tracing::info!(%error, "nobody was signed in to the dashboard");
            return Ok(failed(match error {
                NotSignedIn::Refused(_) => "GitHub did not take what this browser brought back.",
                NotSignedIn::NotAPerson(_) => "Only people sign in here.",
                NotSignedIn::Unclear(_) => "GitHub gave no clear answer.",
            }));
        }
    };
    let secret = URL_SAFE_NO_PAD.encode((dashboard.0.parts.random)().ok_or(Refused::NoRandom)?);
    let now = dashboard.now();
    let whose = (person.id, &person.login);
    dashboard.store().begin_session(&hash_of(&secret), whose, (now, now.plus(SESSION))).await?;
    tracing::info!(login = %person.login, "{} signed in to the dashboard", person.login);
    let to = URL_SAFE_NO_PAD.decode(to).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let cookies = [Cookie::session(dashboard.is_secure()).set(&secret, SESSION), cookie.unset()];
    let cookies = AppendHeaders(cookies.into_iter().flatten().map(|cookie| (header::SET_COOKIE, cookie)));
    Ok((cookies, Redirect::to(local(&to))).into_response())
}

/// Signs out.
pub(super) async fn end(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    Form(form): Form<Bare>,
) -> Result<Response, Refused> {
    viewer.sent(&form.token)?;
    dashboard.store().end_session(&viewer.session).await?;
    let cookie = Cookie::session(dashboard.is_secure()).unset();
    Ok((AppendHeaders(cookie.map(|cookie| (header::SET_COOKIE, cookie))), Redirect::to("/")).into_response())
}

fn failed(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, frame::not_signed_in(why)).into_response()
}

/// A path of ours, or the first page: nobody is sent to another site by a link to this one.
fn local(to: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '?' | '=' | '&' | '.');
    if to.starts_with('/') && !to.starts_with("//") && to.len() <= 512 && to.chars().all(plain) { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn nobody_is_sent_to_another_site_after_signing_in() {
        for to in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/%0d%0a", "/a b"] {
            assert_eq!(local(to), "/", "{to}");
        }
        assert_eq!(local("/runs?group=waiting&before=7"), "/runs?group=waiting&before=7");
    }
}
