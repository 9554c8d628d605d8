//! "REST: Apps": the App itself, its installations, their tokens, its webhook deliveries.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::auth::{Actor, Grant, TOKEN_LIFE, Token};
use super::call::{Answer, Call, Outcome, Refusal};
use super::shapes;
use super::state::{Installation, Level, State};
use super::webhooks::Delivery;

/// "Get the authenticated app".
pub(super) fn app(call: &mut Call<'_>) -> Outcome<Answer> {
    Ok(Answer::Json(200, shapes::app(call.state)))
}

/// "List installations for the authenticated app".
pub(super) fn installations(call: &mut Call<'_>) -> Outcome<Answer> {
    let all = call.state.installations.values();
    Ok(Answer::List(all.map(|installation| shapes::installation(call.state, installation)).collect()))
}

/// "Get an installation for the authenticated app".
pub(super) fn installation(call: &mut Call<'_>) -> Outcome<Answer> {
    let found = named(call)?;
    Ok(Answer::Json(200, shapes::installation(call.state, found)))
}

/// "Get a repository installation for the authenticated app".
pub(super) fn installation_of_repo(call: &mut Call<'_>) -> Outcome<Answer> {
    let found = call.state.installation_of(call.repo).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(200, shapes::installation(call.state, found)))
}

/// "Get a user installation" and "Get an organization installation".
pub(super) fn installation_of_account(call: &mut Call<'_>) -> Outcome<Answer> {
    let account = call.state.account_named(call.param("account")).ok_or_else(Refusal::not_found)?.id;
    let found = call.state.installations.values().find(|i| i.account == account).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(200, shapes::installation(call.state, found)))
}

/// "Create an installation access token for an app": narrowed to repositories and permissions, never widened (422).
pub(super) fn mint(call: &mut Call<'_>) -> Outcome<Answer> {
    let installation = named(call)?;
    if installation.suspended.is_some() {
        return Err(Refusal::new(403, "This installation has been suspended"));
    }
    let (id, reachable) = (installation.id, installation.repos.clone());
    let asked = asked_repos(call, &reachable)?;
    let permissions = asked_permissions(call)?;
    let repos = asked.clone().unwrap_or(reachable);
    let secret = format!("ghs_{}", call.state.next_secret());
    let expires = call.state.now().plus(TOKEN_LIFE);
    let serial = call.state.next_id();
    let grant = Grant { serial, installation: id, repos: repos.clone(), permissions };
    let told: serde_json::Map<_, _> =
        grant.permissions.iter().map(|(name, level)| (name.clone(), json!(level.name()))).collect();
    call.state.tokens.insert(secret.clone(), Token { actor: Actor::Installation(grant), expires: Some(expires) });
    let mut body = json!({
        "token": secret,
        "expires_at": expires.to_rfc3339(),
        "permissions": told,
        "repository_selection": "selected",
    });
    if asked.is_some() {
        body["repositories"] = json!(shapes_of(call.state, &repos));
    }
    Ok(Answer::Json(201, body))
}

/// "Revoke an installation access token": the one that was sent.
pub(super) fn revoke(call: &mut Call<'_>) -> Outcome<Answer> {
    let sent = call.actor.clone();
    call.state.tokens.retain(|_, token| token.actor != sent);
    Ok(Answer::Empty(204))
}

/// "List repositories accessible to the app installation".
pub(super) fn repositories(call: &mut Call<'_>) -> Outcome<Answer> {
    let Actor::Installation(grant) = &call.actor else { return Err(Refusal::not_accessible()) };
    Ok(Answer::Wrapped("repositories", shapes_of(call.state, &grant.repos)))
}

/// "Get a webhook configuration for an app".
pub(super) fn hook_config(call: &mut Call<'_>) -> Outcome<Answer> {
    let url = call.state.hooks.target.as_ref().map(|target| target.url.as_str());
    Ok(Answer::Json(200, json!({ "content_type": "json", "insecure_ssl": "0", "secret": "********", "url": url })))
}

/// "List deliveries for an app webhook": newest first. An attempt is listed when it is over.
pub(super) fn deliveries(call: &mut Call<'_>) -> Outcome<Answer> {
    let over = call.state.hooks.deliveries.iter().rev().filter(|delivery| delivery.answered.is_some());
    Ok(Answer::List(over.map(delivery_shape).collect()))
}

/// "Get a delivery for an app webhook": with the request that was sent.
pub(super) fn delivery(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("delivery_id")?;
    let found = call.state.hooks.deliveries.iter().find(|d| d.id == id).ok_or_else(Refusal::not_found)?;
    let mut shape = delivery_shape(found);
    let payload: Value = serde_json::from_str(&found.payload).unwrap_or_default();
    shape["request"] = json!({ "headers": { "X-GitHub-Event": found.event }, "payload": payload });
    shape["response"] = json!({ "headers": {}, "payload": "" });
    Ok(Answer::Json(200, shape))
}

/// "Redeliver a delivery for an app webhook".
pub(super) fn redeliver(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("delivery_id")?;
    let place = call.state.hooks.deliveries.iter().position(|d| d.id == id).ok_or_else(Refusal::not_found)?;
    call.state.redeliver(place);
    Ok(Answer::Json(202, json!({})))
}

fn named<'c>(call: &'c Call<'_>) -> Outcome<&'c Installation> {
    call.state.installations.get(&call.number("installation_id")?).ok_or_else(Refusal::not_found)
}

fn asked_repos(call: &Call<'_>, reachable: &[i64]) -> Outcome<Option<Vec<i64>>> {
    let refused = || {
        Refusal::invalid(
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    };
    let names = call.names("repositories")?;
    let ids = call.body["repository_ids"].as_array();
    if names.is_none() && ids.is_none() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for name in names.unwrap_or_default() {
        let fits = |id: &&i64| call.state.repo(**id).is_ok_and(|repo| repo.name.eq_ignore_ascii_case(&name));
        found.push(*reachable.iter().find(fits).ok_or_else(refused)?);
    }
    for id in ids.into_iter().flatten() {
        found.push(id.as_i64().filter(|id| reachable.contains(id)).ok_or_else(refused)?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(Some(found))
}

fn asked_permissions(call: &Call<'_>) -> Outcome<BTreeMap<String, Level>> {
    let has = &call.state.app.permissions;
    let Some(asked) = call.body["permissions"].as_object() else { return Ok(has.clone()) };
    let mut granted = BTreeMap::from([("metadata".to_owned(), Level::Read)]);
    for (name, level) in asked {
        let level = level.as_str().and_then(Level::parse);
        match (level, has.get(name)) {
            (Some(level), Some(most)) if level <= *most => granted.insert(name.clone(), level),
            _ => {
                return Err(Refusal::invalid("The permissions requested are not granted to this installation."));
            }
        };
    }
    Ok(granted)
}

fn shapes_of(state: &State, repos: &[i64]) -> Vec<Value> {
    repos.iter().filter_map(|id| state.repo(*id).ok()).map(|repo| shapes::repo(state, repo)).collect()
}

fn delivery_shape(delivery: &Delivery) -> Value {
    let code = delivery.answered.unwrap_or(0);
    let status = match code {
        0 if delivery.answered.is_none() => "pending".to_owned(),
        0 => "timed out".to_owned(),
        200..=299 => "OK".to_owned(),
        other => format!("Invalid HTTP Response: {other}"),
    };
    json!({
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": delivery.at.to_rfc3339(),
        "redelivery": delivery.redelivery,
        "duration": 0.01,
        "status": status,
        "status_code": code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation,
        "repository_id": delivery.repo,
    })
}
