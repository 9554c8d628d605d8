//! What an administrator does with the App: installs it, chooses its repositories, suspends it, throws it out.
//!
//! Told as `installation` and `installation_repositories`, which come to every App.

use serde_json::{Value, json};

use super::auth::Actor;
use super::call::Refusal;
use super::state::{Installation, Level, State};
use super::{GitHub, shapes};

impl GitHub {
    /// Takes a permission away from the App, or changes its level; tokens minted before keep theirs.
    pub fn permits(&self, name: &str, level: Option<Level>) {
        let permissions = &mut self.hub.lock().app.permissions;
        match level {
            Some(level) => permissions.insert(name.to_owned(), level),
            None => permissions.remove(name),
        };
    }

    /// Tells the App of this kind of event no more.
    pub fn unsubscribes(&self, event: &str) {
        self.hub.lock().app.events.retain(|has| has != event);
    }

    /// Suspends the installation on a repository, or ends its suspension.
    ///
    /// # Errors
    /// When it is not there.
    pub fn suspends_installation(&self, repo: &str, suspended: bool) -> Result<(), Refusal> {
        self.with_installation(repo, |state, (id, of)| {
            let now = state.now();
            if let Some(installation) = state.installations.get_mut(&of) {
                installation.suspended = suspended.then_some(now);
            }
            let action = if suspended { "suspend" } else { "unsuspend" };
            let payload = about(state, of, action);
            state.queue("installation", (id, of), &payload);
        })
    }

    /// Ends the installation on a repository and all repositories of its owner; its tokens die.
    ///
    /// # Errors
    /// When it is not there.
    pub fn uninstalls(&self, repo: &str) -> Result<(), Refusal> {
        self.with_installation(repo, |state, (id, of)| {
            let mut payload = about(state, of, "deleted");
            let repos = state.installations.get(&of).map(|i| i.repos.clone()).unwrap_or_default();
            payload["repositories"] = shorts(state, &repos);
            state.queue("installation", (id, of), &payload);
            state.installations.remove(&of);
            let of_it = |actor: &Actor| matches!(actor, Actor::Installation(grant) if grant.installation == of);
            state.tokens.retain(|_, token| !of_it(&token.actor));
        })
    }

    /// Takes a repository out of its installation.
    ///
    /// # Errors
    /// When it is in none.
    pub fn removes_from_installation(&self, repo: &str) -> Result<(), Refusal> {
        self.with_installation(repo, |state, (id, of)| {
            if let Some(installation) = state.installations.get_mut(&of) {
                installation.repos.retain(|has| *has != id);
            }
            selected(state, (id, of), "removed");
        })
    }

    /// Puts a repository into the installation of its owner, which is made if there is none.
    ///
    /// # Errors
    /// When it is not there.
    pub fn adds_to_installation(&self, repo: &str) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let id = state.repo_id(repo)?;
        let owner = state.repo(id)?.owner;
        if state.installation_of(id).is_none() {
            let existing = state.installations.values().find(|i| i.account == owner).map(|i| i.id);
            install(&mut state, owner, id);
            if let Some(of) = existing {
                selected(&mut state, (id, of), "added");
            }
        }
        drop(state);
        self.hub.woken.notify_one();
        Ok(())
    }

    /// Acts on a repository's installation: both ids.
    fn with_installation(&self, repo: &str, act: impl FnOnce(&mut State, (i64, i64))) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let id = state.repo_id(repo)?;
        let of = state.installation_of(id).map(|installation| installation.id).ok_or_else(Refusal::not_found)?;
        act(&mut state, (id, of));
        drop(state);
        self.hub.woken.notify_one();
        Ok(())
    }
}

/// One installation an account, on all repositories of it that are added.
pub(super) fn install(state: &mut State, account: i64, repo: i64) {
    if let Some(installation) = state.installations.values_mut().find(|i| i.account == account) {
        installation.repos.push(repo);
        return;
    }
    let (id, created) = (state.next_id(), state.now());
    state.installations.insert(id, Installation { id, account, repos: vec![repo], suspended: None, created });
    let mut payload = about(state, id, "created");
    payload["repositories"] = shorts(state, &[repo]);
    state.queue("installation", (repo, id), &payload);
}

/// "Webhooks: installation".
fn about(state: &State, installation: i64, action: &str) -> Value {
    let shape = state.installations.get(&installation).map(|found| shapes::installation(state, found));
    json!({ "action": action, "installation": shape, "sender": shapes::account(state, state.app.owner) })
}

/// "Webhooks: installation_repositories".
fn selected(state: &mut State, place: (i64, i64), action: &str) {
    let mut payload = about(state, place.1, action);
    payload["repository_selection"] = json!("selected");
    payload["requester"] = Value::Null;
    for side in ["added", "removed"] {
        let repos = if side == action { shorts(state, &[place.0]) } else { json!([]) };
        payload[format!("repositories_{side}")] = repos;
    }
    state.queue("installation_repositories", place, &payload);
}

/// How these events name repositories.
fn shorts(state: &State, repos: &[i64]) -> Value {
    let short = |repo: &super::state::Repo| {
        let full = shapes::full_name(state, repo);
        let node = format!("R_{}", repo.id);
        json!({ "id": repo.id, "node_id": node, "name": repo.name, "full_name": full, "private": repo.private })
    };
    repos.iter().filter_map(|id| state.repo(*id).ok()).map(short).collect()
}
