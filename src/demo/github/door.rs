//! The door: every request, from the wire or from a person's verb, comes in here and is answered in one turn.
//!
//! Route, faults, identity, repository, permission, endpoint, pages, headers, log: in this order, for all alike. A request
//! that no route knows is answered 404 and remembered, so that a test can fail on it.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use serde_json::{Value, json};

use super::auth::{self, Actor, Needs};
use super::call::{Answer, Call, Outcome, Refusal};
use super::routes::{self, Route};
use super::state::{Level, State};
use super::{Kind, Request, moves, record};

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) authorization: Option<String>,
    pub(super) if_none_match: Option<String>,
    pub(super) body: Vec<u8>,
}

/// An answer as it goes.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// Answers a request from the wire.
pub(super) fn answer(state: &mut State, asked: &Asked) -> Answered {
    let answered = answer_caller(state, asked);
    record::keep(state, asked, &answered);
    answered
}

fn answer_caller(state: &mut State, asked: &Asked) -> Answered {
    let actor = match auth::identify(state, asked.authorization.as_deref()) {
        Ok(actor) => actor,
        Err(refusal) => {
            log(state, asked, "", "nobody", refusal.status);
            return finish(state, asked, "nobody", Err(refusal));
        }
    };
    let name = name_of(state, &actor);
    let outcome = perform(state, &actor, asked);
    let answered = finish(state, asked, &name, outcome);
    // "Best practices: Use conditional requests": what has not changed costs nothing.
    if answered.status == 304
        && let Some((_, used)) = state.spent.get_mut(&name)
    {
        *used = used.saturating_sub(1);
    }
    answered
}

/// Does what is asked in the name of `actor`: the same for the wire and for the people of a test.
pub(super) fn perform(state: &mut State, actor: &Actor, asked: &Asked) -> Outcome<Answer> {
    let name = name_of(state, actor);
    let Some((route, params)) = routes::find(&asked.method, &asked.path) else {
        log(state, asked, "", &name, 404);
        return Err(Refusal::not_found());
    };
    let outcome = match actor {
        // What a test orders is meant for the App, not for the people it plays.
        Actor::User { .. } => admitted(state, actor, asked, (route, params)),
        Actor::Nobody | Actor::App | Actor::Installation(_) => match state.faults.before(&asked.method, &asked.path) {
            Some(refusal) => Err(refusal),
            None => {
                let done = admitted(state, actor, asked, (route, params));
                let done = done.and_then(|answer| state.faults.stale(asked, answer, state.time.now()));
                state.faults.after(&asked.method, &asked.path).map_or(done, Err)
            }
        },
    };
    let status = match &outcome {
        Ok(Answer::Json(status, _) | Answer::Empty(status)) => *status,
        Ok(Answer::List(_) | Answer::Wrapped(..)) => 200,
        Err(refusal) => refusal.status,
    };
    log(state, asked, route.path, &name, status);
    outcome
}

fn admitted(
    state: &mut State,
    actor: &Actor,
    asked: &Asked,
    found: (&Route, BTreeMap<String, String>),
) -> Outcome<Answer> {
    let (route, params) = found;
    let writes = asked.method != "GET";
    limit(state, actor, writes)?;
    let repo = match (params.get("owner"), params.get("repo"), params.get("repository_id")) {
        (Some(owner), Some(name), _) => match state.repo_named(owner, name) {
            Some(repo) => Some(repo.id),
            None => return Err(moved(state, asked, &format!("{owner}/{name}"))),
        },
        (None, _, Some(id)) => Some(id.parse().map_err(|_| Refusal::not_found())?),
        _ => None,
    };
    let seen = repo.map(|id| state.repo(id)).transpose()?;
    auth::admit(state, actor, seen, route.needs)?;
    let of_settings = route.path == "/repos/{owner}/{repo}";
    if seen.is_some_and(|repo| repo.archived) && writes && !of_settings && matches!(route.needs, Needs::Access(..)) {
        return Err(Refusal::new(403, "Repository was archived so is read-only."));
    }
    let number = params.get("issue_number").and_then(|number| number.parse().ok());
    if let Some(answer) = repo.zip(number).and_then(|(repo, number)| moves::answer(state, repo, number)) {
        return Err(answer);
    }
    let body = match asked.body.as_slice() {
        [] => json!({}),
        bytes => serde_json::from_slice(bytes).map_err(|_| Refusal::new(400, "Problems parsing JSON"))?,
    };
    if !body.is_object() {
        return Err(Refusal::new(400, "Body should be a JSON object"));
    }
    let query = url::form_urlencoded::parse(asked.query.as_bytes()).into_owned().collect();
    let mut call = Call { state, actor: actor.clone(), repo: repo.unwrap_or(0), params, query, body };
    (route.handler)(&mut call)
}

/// "REST: Redirects": a repository that was renamed is pointed to by its id; 301 for reads, 307 for writes.
fn moved(state: &State, asked: &Asked, name: &str) -> Refusal {
    let Some(id) = state.old_names.get(&name.to_lowercase()) else { return Refusal::not_found() };
    let path = asked.path.strip_prefix("/api/v3").unwrap_or(&asked.path);
    let prefix = &asked.path[..asked.path.len() - path.len()];
    let rest: String = path.split('/').skip(4).flat_map(|part| ["/", part]).collect();
    let query = if asked.query.is_empty() { String::new() } else { format!("?{}", asked.query) };
    let location = format!("{}{prefix}/repositories/{id}{rest}{query}", state.url);
    let reads = asked.method == "GET";
    Refusal {
        location: Some(location),
        ..if reads { Refusal::new(301, "Moved Permanently") } else { Refusal::new(307, "Temporary Redirect") }
    }
}

/// "REST: Rate limits": 5,000 requests an hour for each caller, told in headers, refused with 403 when spent.
fn limit(state: &mut State, actor: &Actor, writes: bool) -> Outcome<()> {
    if *actor == Actor::Nobody {
        return Ok(());
    }
    let hour = state.now().0 / 3_600_000;
    let name = name_of(state, actor);
    let spent = state.spent.entry(name).or_insert((hour, 0));
    if spent.0 != hour {
        *spent = (hour, 0);
    }
    spent.1 += 1;
    if spent.1 > state.faults.hourly_limit {
        return Err(Refusal::new(403, "API rate limit exceeded for installation ID."));
    }
    let now = state.now();
    if writes && matches!(actor, Actor::Installation(_)) { state.faults.content(now) } else { Ok(()) }
}

fn finish(state: &State, asked: &Asked, name: &str, outcome: Outcome<Answer>) -> Answered {
    let mut headers = rate_headers(state, name);
    let (status, body) = match outcome {
        Ok(Answer::Json(status, value)) => (status, Some(value)),
        Ok(Answer::Empty(status)) => (status, None),
        Ok(Answer::List(items)) => (200, Some(Value::Array(page(state, asked, items, &mut headers)))),
        Ok(Answer::Wrapped(key, items)) => {
            let total = items.len();
            let items = page(state, asked, items, &mut headers);
            (200, Some(json!({ "total_count": total, key: items })))
        }
        Err(refusal) => {
            if let Some(seconds) = refusal.retry_after {
                headers.push(("retry-after", seconds.to_string()));
            }
            if let Some(location) = &refusal.location {
                headers.push(("location", location.clone()));
            }
            if refusal.message == "Resource not accessible by integration"
                && let Some((Route { needs: Needs::Access(any_of, _) | Needs::Organization(any_of), .. }, _)) =
                    routes::find(&asked.method, &asked.path)
            {
                headers.push(("x-accepted-github-permissions", accepted(any_of)));
            }
            // "302 Found" of a link has no body.
            (refusal.status, (refusal.status != 302).then(|| refusal.body()))
        }
    };
    let body = body.map(|value| value.to_string().into_bytes()).unwrap_or_default();
    if asked.method == "GET" && status == 200 {
        let tag = format!("W/\"{}\"", hex::encode(digest::digest(&digest::SHA256, &body).as_ref()));
        headers.push(("etag", tag.clone()));
        if asked.if_none_match.as_deref() == Some(tag.as_str()) {
            return Answered { status: 304, headers, body: Vec::new() };
        }
    }
    if !body.is_empty() {
        headers.push(("content-type", "application/json; charset=utf-8".to_owned()));
    }
    Answered { status, headers, body }
}

/// "REST: Using pagination": 30 a page, 100 at most, `Link` names the others.
fn page(state: &State, asked: &Asked, items: Vec<Value>, headers: &mut Vec<(&'static str, String)>) -> Vec<Value> {
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(asked.query.as_bytes()).into_owned().collect();
    let number = |name: &str, or: usize| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(or);
    let size = number("per_page", 30).clamp(1, 100);
    if asked.path == "/app/hook/deliveries" {
        return stretch(state, asked, (items, size, query.get("cursor")), headers);
    }
    let current = number("page", 1).max(1);
    let last = items.len().div_ceil(size).max(1);
    let link = |page: usize, rel: &str| {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in query.iter().filter(|(name, _)| *name != "page") {
            text.append_pair(name, value);
        }
        text.append_pair("page", &page.to_string());
        format!("<{}{}?{}>; rel=\"{rel}\"", state.url, asked.path, text.finish())
    };
    let mut links = Vec::new();
    if current < last {
        links.extend([link(current + 1, "next"), link(last, "last")]);
    }
    if current > 1 {
        links.extend([link(1, "first"), link(current - 1, "prev")]);
    }
    if !links.is_empty() {
        headers.push(("link", links.join(", ")));
    }
    items.into_iter().skip((current - 1).saturating_mul(size)).take(size).collect()
}

/// "REST: List deliveries for an app webhook": such a list has a cursor and no numbered pages.
fn stretch(
    state: &State,
    asked: &Asked,
    (items, size, cursor): (Vec<Value>, usize, Option<&String>),
    headers: &mut Vec<(&'static str, String)>,
) -> Vec<Value> {
    let name = |item: &Value| format!("v1_{}", item["id"]);
    let begin = cursor.map_or(Some(0), |cursor| items.iter().position(|item| name(item) == *cursor));
    let mut rest = items.into_iter().skip(begin.unwrap_or(usize::MAX));
    let here = rest.by_ref().take(size).collect();
    if let Some(next) = rest.next() {
        let (url, path, next) = (&state.url, &asked.path, name(&next));
        headers.push(("link", format!("<{url}{path}?per_page={size}&cursor={next}>; rel=\"next\"")));
    }
    here
}

fn rate_headers(state: &State, name: &str) -> Vec<(&'static str, String)> {
    let hour = state.now().0 / 3_600_000;
    let used = state.spent.get(name).filter(|(h, _)| *h == hour).map_or(0, |(_, used)| *used);
    let limit = state.faults.hourly_limit;
    vec![
        ("x-github-request-id", format!("{:04X}:{:06X}", state.seed & 0xFFFF, state.log.len())),
        ("x-github-api-version-selected", "2022-11-28".to_owned()),
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", limit.saturating_sub(used).to_string()),
        ("x-ratelimit-used", used.to_string()),
        ("x-ratelimit-reset", ((hour + 1) * 3600).to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
    ]
}

/// "REST: Troubleshooting, X-Accepted-GitHub-Permissions": alternatives apart by semicolons.
fn accepted(any_of: &[(&str, Level)]) -> String {
    let each: Vec<String> = any_of.iter().map(|(name, level)| format!("{name}={}", level.name())).collect();
    each.join("; ")
}

/// How the log calls a caller: a login, or what kind of token came.
pub(super) fn name_of(state: &State, actor: &Actor) -> String {
    match actor {
        Actor::Nobody => "nobody".to_owned(),
        Actor::App => "the app".to_owned(),
        Actor::Installation(grant) => format!("installation {}", grant.installation),
        Actor::User { id, .. } => state.login(*id).to_owned(),
    }
}

fn log(state: &mut State, asked: &Asked, route: &str, actor: &str, status: u16) {
    let kind = if route.ends_with("/access_tokens") {
        Kind::Token
    } else if asked.method == "GET" {
        Kind::Read
    } else {
        Kind::Write
    };
    state.log.push(Request {
        method: asked.method.clone(),
        path: asked.path.clone(),
        route: route.to_owned(),
        actor: actor.to_owned(),
        status,
        kind,
    });
}
