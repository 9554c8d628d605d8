//! "REST: Users", "REST: Collaborators" and the small things every caller may ask.

use serde_json::{Value, json};

use super::call::{Answer, Call, Outcome, Refusal};
use super::shapes;
use super::state::Role;

/// "Get the authenticated user": an installation is no user.
pub(super) fn me(call: &mut Call<'_>) -> Outcome<Answer> {
    if call.actor.is_app() && call.who() == call.state.app.bot {
        return Err(Refusal::not_accessible());
    }
    let account = call.state.accounts.get(&call.who()).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(200, shapes::profile(call.state, account)))
}

/// "Get a user"; bots are found by `slug[bot]`.
pub(super) fn user(call: &mut Call<'_>) -> Outcome<Answer> {
    let account = call.state.account_named(call.param("username")).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(200, shapes::profile(call.state, account)))
}

/// "Get a user using their ID".
pub(super) fn user_by_id(call: &mut Call<'_>) -> Outcome<Answer> {
    let account = call.state.accounts.get(&call.number("account_id")?).ok_or_else(Refusal::not_found)?;
    Ok(Answer::Json(200, shapes::profile(call.state, account)))
}

/// "Get repository permissions for a user": `maintain` is told as `write`, `triage` as `read`, a custom role as the one it
/// is based on; `role_name` tells them apart.
pub(super) fn permission(call: &mut Call<'_>) -> Outcome<Answer> {
    let login = call.param("username");
    let account = call.state.account_named(login).ok_or_else(|| Refusal::new(404, format!("{login} is not a user")))?;
    let repo = call.repo()?;
    let role = call.state.role(repo, account.id);
    // A custom role names the highest grant only if nothing else grants more than its base.
    let granted = repo.collaborators.get(&account.id) == Some(&role);
    let custom = repo.custom_roles.get(&account.id).filter(|_| granted);
    let name = custom.map_or(role.name(), String::as_str);
    let mut user = shapes::of_account(call.state, account);
    user["permissions"] = shapes::permissions(role);
    user["role_name"] = json!(name);
    Ok(Answer::Json(200, json!({ "permission": role.permission(), "role_name": name, "user": user })))
}

/// "Check if a user is a repository collaborator".
pub(super) fn is_collaborator(call: &mut Call<'_>) -> Outcome<Answer> {
    let account = call.state.account_named(call.param("username")).ok_or_else(Refusal::not_found)?;
    let repo = call.repo()?;
    if repo.collaborators.contains_key(&account.id) || repo.owner == account.id {
        return Ok(Answer::Empty(204));
    }
    Err(Refusal::not_found())
}

/// "List repository collaborators"; `permission` names the least that those who are listed may do.
pub(super) fn collaborators(call: &mut Call<'_>) -> Outcome<Answer> {
    let least = match call.asked("permission") {
        None | Some("pull") => Role::Read,
        Some("triage") => Role::Triage,
        Some("push") => Role::Write,
        Some("maintain") => Role::Maintain,
        Some("admin") => Role::Admin,
        Some(_) => return Err(Refusal::failed("Repository", "permission", "invalid")),
    };
    let shape = |(id, role): (&i64, &Role)| {
        let mut user = shapes::account(call.state, *id);
        user["role_name"] = json!(role.name());
        user
    };
    Ok(Answer::List(call.repo()?.collaborators.iter().filter(|(_, role)| **role >= least).map(shape).collect()))
}

/// "Get rate limit status for the authenticated user".
pub(super) fn rate_limit(call: &mut Call<'_>) -> Outcome<Answer> {
    let name = super::door::name_of(call.state, &call.actor);
    let hour = call.state.now().0 / 3_600_000;
    let used = call.state.spent.get(&name).map_or(0, |(_, used)| *used);
    let limit = call.state.faults.hourly_limit;
    let rate: Value = json!({
        "limit": limit, "used": used, "remaining": limit.saturating_sub(used), "reset": (hour + 1) * 3600,
    });
    Ok(Answer::Json(200, json!({ "resources": { "core": rate, "search": rate, "graphql": rate }, "rate": rate })))
}

/// "Get GitHub meta information".
pub(super) fn meta(_: &mut Call<'_>) -> Outcome<Answer> {
    Ok(Answer::Json(200, json!({ "verifiable_password_authentication": false, "hooks": ["127.0.0.0/8"] })))
}
