//! The routes of set-up, and who may come in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::Markup;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::answers::{Answers, Typed, Wrong};
use super::pages::{CONTENT_POLICY, Confirm, Finished, Questions, stopped};
use super::{After, Done, Setup, keep, manifest};
use crate::config::Config;
use crate::github::Registration;

const COOKIE: &str = "assentry_setup";
/// A form has no more.
const LARGEST_FORM: usize = 64 * 1024;

/// What all routes share.
pub(super) struct Desk {
    setup: Setup,
    over: CancellationToken,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    /// The link has been opened.
    taken: bool,
    typed: Option<Typed>,
    answers: Option<Answers>,
    done: Option<Done>,
}

impl Desk {
    pub(super) fn new(setup: Setup, over: CancellationToken) -> Desk {
        Desk { setup, over, progress: Mutex::default() }
    }

    pub(super) fn done(&self) -> Option<Done> {
        self.lock().done.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the browser is the one that has opened the link.
    fn knows(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == COOKIE && same(value, &self.setup.secrets.session))
    }
}

pub(super) fn router(desk: Arc<Desk>) -> Router {
    const LATER: (StatusCode, &str) = (StatusCode::SERVICE_UNAVAILABLE, "not set up yet, deliver it again later\n");
    Router::new()
        .route("/setup", get(questions).post(answer))
        .route("/setup/done", get(finish))
        .route("/healthz", get("alive\n"))
        .route("/readyz", get((StatusCode::SERVICE_UNAVAILABLE, "not set up\n")))
        .route("/webhook", post(LATER))
        .fallback(|| async { stranger() })
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(desk)
}

async fn questions(
    State(desk): State<Arc<Desk>>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = query.get("token") {
        // A reload, or a second look at the link, is no other browser.
        if desk.knows(&headers) {
            return Redirect::to("/setup").into_response();
        }
        let mut progress = desk.lock();
        if progress.taken || !same(token, &desk.setup.secrets.token) {
            return stranger();
        }
        progress.taken = true;
        let secure = if seen_at(&headers).is_some_and(|url| url.scheme() == "https") { "; Secure" } else { "" };
        let session = desk.setup.secrets.session.expose_secret();
        let cookie = format!("{COOKIE}={session}; HttpOnly; SameSite=Lax; Path=/setup{secure}");
        return ([(header::SET_COOKIE, cookie)], Redirect::to("/setup")).into_response();
    }
    if !desk.knows(&headers) {
        return stranger();
    }
    let typed = desk.lock().typed.clone().unwrap_or_else(|| desk.setup.typed.clone());
    ask(&desk, &headers, typed, &[])
}

async fn answer(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    if !desk.knows(&headers) || !same(field("proof"), &desk.setup.secrets.session) {
        return stranger();
    }
    let typed = Typed::of_form(&form);
    desk.lock().typed = Some(typed.clone());
    let understood = typed.understand(&desk.setup.draft, field("key"));
    let understood = understood.and_then(|answers| match keep::try_place(&desk.setup.config) {
        Ok(()) => Ok(answers),
        Err(error) => {
            let why =
                format!("cannot be set up here: {error}. Start in a folder that may be written to, or as its owner.");
            Err(vec![("public_url", why)])
        }
    });
    match understood {
        Ok(answers) => confirm(&desk, &headers, answers),
        Err(wrong) => ask(&desk, &headers, typed, &wrong),
    }
}

fn ask(desk: &Desk, headers: &HeaderMap, typed: Typed, wrong: &[(&'static str, String)]) -> Response {
    let typed = typed.or_usual(&desk.setup.draft, seen_at(headers).as_ref());
    let proof = desk.setup.secrets.session.expose_secret();
    let ask_model = !desk.setup.draft.has_model;
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    show(status, Questions { typed: &typed, wrong, ask_model, proof }.page(), &CONTENT_POLICY)
}

fn confirm(desk: &Desk, headers: &HeaderMap, answers: Answers) -> Response {
    let Some(seen_at) = seen_at(headers) else {
        let wrong: Wrong = vec![("github", "the browser did not say under which address it sees this page".to_owned())];
        return ask(desk, headers, Typed::default(), &wrong);
    };
    let redirect = manifest::below(&seen_at, "setup/done");
    let asked_for = manifest(&answers.name, &answers.public_url, &redirect).to_string();
    let owner = answers.organization.as_ref().map(ToString::to_string);
    let place = match &owner {
        Some(owner) => format!("organizations/{owner}/settings/apps/new"),
        None => "settings/apps/new".to_owned(),
    };
    let state = desk.setup.secrets.state.expose_secret();
    let page = Confirm {
        action: &format!("{}?state={state}", manifest::below(&answers.web, &place)),
        manifest: &asked_for,
        name: &answers.name,
        owner: owner.as_deref(),
        hook: &manifest::below(&answers.public_url, "webhook"),
        host: answers.web.host_str().unwrap_or("GitHub"),
    };
    let policy = CONTENT_POLICY
        .replace("form-action 'self'", &format!("form-action {}", answers.web.origin().ascii_serialization()));
    let shown = show(StatusCode::OK, page.page(), &policy);
    desk.lock().answers = Some(answers);
    shown
}

async fn finish(
    State(desk): State<Arc<Desk>>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let given = |name: &str| query.get(name).map_or("", String::as_str);
    // A code that somebody else brings would make us the server of their App.
    if !desk.knows(&headers) || !same(given("state"), &desk.setup.secrets.state) {
        return stranger();
    }
    let Some(answers) = desk.lock().answers.clone() else { return stranger() };
    let app = match Registration::convert(&answers.api, given("code"), (desk.setup.clock)()).await {
        Ok(app) => app,
        Err(error) => {
            tracing::warn!(%error, "GitHub did not hand over the App");
            let lines = [
                format!("GitHub did not hand over the App: {error}."),
                "A code works once and for an hour. Delete the App that was just made on GitHub, and begin anew at /setup."
                    .to_owned(),
            ];
            return show(StatusCode::BAD_GATEWAY, stopped("That did not work", &lines), &CONTENT_POLICY);
        }
    };
    if let Err(error) = keep::keep(&desk.setup.config, &answers, &app) {
        tracing::error!(%error, app.slug, "the App's secrets could not be kept");
        let lines = [
            format!("The App {} is there, but not everything could be kept: {error}.", app.slug),
            format!("Delete it at {} or make a new key there, and begin anew at /setup.", app.html_url),
        ];
        return show(StatusCode::INTERNAL_SERVER_ERROR, stopped("That did not work", &lines), &CONTENT_POLICY);
    }
    tracing::info!(app.id = app.id, app.slug, "the App {} is set up", app.slug);
    finished(&desk, &app)
}

fn finished(desk: &Desk, app: &Registration) -> Response {
    let install = manifest::below(&app.html_url, "installations/new");
    let config = &desk.setup.config;
    let kept = Config::load(config).ok();
    let dashboard = kept.as_ref().and_then(|kept| kept.web.dashboard.as_ref()).map(|web| web.public_url.as_str());
    let page = Finished {
        slug: &app.slug,
        install: &install,
        label: kept.as_ref().map_or("assentry", |kept| kept.trigger_label.as_str()),
        config: &config.display().to_string(),
        secrets: &config.with_file_name("secrets").display().to_string(),
        dashboard,
        starts: desk.setup.after == After::ServerStarts,
    };
    let shown = show(StatusCode::OK, page.page(), &CONTENT_POLICY);
    if let Ok(install) = install.parse::<Url>() {
        desk.lock().done = Some(Done { slug: app.slug.clone(), install });
    }
    // What is under way is finished, this answer too.
    desk.over.cancel();
    shown
}

fn stranger() -> Response {
    let lines = [
        "This server is not set up yet. Whoever started it finds a link in its terminal, which opens this page once."
            .to_owned(),
        "The link has been opened already, and not by you? Start the server again: it prints a new one.".to_owned(),
    ];
    show(StatusCode::FORBIDDEN, stopped("Not here", &lines), &CONTENT_POLICY)
}

fn show(status: StatusCode, page: Markup, policy: &str) -> Response {
    let mut response = (status, page).into_response();
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &str); 4] = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // GitHub is told from where a form comes, and nothing more.
        (header::REFERRER_POLICY, "strict-origin"),
    ];
    for (name, value) in fixed {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

/// Under which address the browser sees us. It is told by the browser itself, or by the proxy before us, and leads nobody
/// but that browser anywhere.
fn seen_at(headers: &HeaderMap) -> Option<Url> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = if text("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    let host = text("x-forwarded-host").or_else(|| text("host"))?;
    let url: Url = format!("{scheme}://{host}/").parse().ok()?;
    let plain = url.path() == "/" && url.username().is_empty() && url.password().is_none() && url.query().is_none();
    plain.then_some(url)
}

fn same(given: &str, secret: &SecretString) -> bool {
    verify_slices_are_equal(given.as_bytes(), secret.expose_secret().as_bytes()).is_ok()
}
