//! "REST: Actions, workflow jobs": the log of a job, and the place beside the API where logs lie.

use aws_lc_rs::digest::{SHA256, digest};
use url::form_urlencoded;

use super::call::{Answer, Call, Outcome, Refusal};
use super::door::{Answered, Asked};
use super::state::State;
use super::{Kind, Request};
use crate::ids::Timestamp;

/// "The link expires after 1 minute."
const LINK_LIFE_MS: i64 = 60_000;
/// Where logs lie.
const PLACE: &str = "/_logs/";

/// "Download job logs for a workflow run": a redirect to a link that needs no token.
pub(super) fn logs(call: &mut Call<'_>) -> Outcome<Answer> {
    let job = call.number("job_id")?;
    let check = call.repo()?.checks.iter().find(|check| check.id == job).ok_or_else(Refusal::not_found)?;
    if check.log.is_none() {
        return Err(Refusal::not_found());
    }
    let ends = Timestamp(call.state.now().0 + LINK_LIFE_MS);
    let location = format!("{}{PLACE}{job}?se={}&sig={}", call.state.url, ends.0, signature(call.state, job, ends));
    Err(Refusal { location: Some(location), ..Refusal::new(302, "Found") })
}

/// Answers for where logs lie, as a blob store does: by the link alone, and never to a token of somebody else.
pub(super) fn stored(state: &mut State, asked: &Asked) -> Option<Answered> {
    let job: i64 = asked.path.strip_prefix(PLACE)?.parse().ok()?;
    let field = |name: &str| {
        form_urlencoded::parse(asked.query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let ends = Timestamp(field("se").and_then(|ends| ends.parse().ok()).unwrap_or(0));
    let signed = field("sig") == Some(signature(state, job, ends)) && state.now() < ends;
    let log = state.repos.values().flat_map(|repo| &repo.checks).find(|check| check.id == job);
    let answered = match (asked.method.as_str(), log.and_then(|check| check.log.as_ref())) {
        ("GET", Some(log)) if signed && asked.authorization.is_none() => Answered {
            status: 200,
            headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())],
            body: log.clone().into_bytes(),
        },
        _ => Answered { status: 403, ..Answered::default() },
    };
    state.log.push(Request {
        method: asked.method.clone(),
        path: asked.path.clone(),
        route: PLACE.to_owned(),
        actor: if asked.authorization.is_some() { "somebody" } else { "nobody" }.to_owned(),
        status: answered.status,
        kind: Kind::Read,
    });
    Some(answered)
}

fn signature(state: &State, job: i64, ends: Timestamp) -> String {
    hex::encode(digest(&SHA256, format!("{} {job} {}", state.seed, ends.0).as_bytes()))
}
