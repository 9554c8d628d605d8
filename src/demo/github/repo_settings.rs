//! "REST: Update a repository" and "Rename a branch": what changes a repository itself, told as `repository`.

use serde_json::{Value, json};

use super::branches::{self, Move};
use super::call::{Answer, Call, Outcome, Refusal};
use super::issues::{self, role};
use super::state::{Issue, Role, State};
use super::{GitHub, repos, shapes};

/// One change of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Name(String),
    Private(bool),
    Archived(bool),
    DefaultBranch(String),
}

/// "Update a repository": name, visibility, archived, default branch.
pub(super) fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let private = match call.maybe_text("visibility")?.as_deref() {
        Some("private" | "internal") => Some(true),
        Some("public") => Some(false),
        Some(_) | None => call.body["private"].as_bool(),
    };
    let changes = [
        call.maybe_text("name")?.map(Change::Name),
        private.map(Change::Private),
        call.body["archived"].as_bool().map(Change::Archived),
        call.maybe_text("default_branch")?.map(Change::DefaultBranch),
    ];
    let changes: Vec<Change> = changes.into_iter().flatten().collect();
    let wakes = changes.contains(&Change::Archived(false));
    if call.repo()?.archived && !wakes {
        return Err(Refusal::new(403, "Repository was archived so is read-only."));
    }
    let who = call.who();
    changes.into_iter().try_for_each(|change| apply(call.state, call.repo, who, change))?;
    repos::get(call)
}

/// "Rename a branch": the default branch only by who administers; pull requests into it follow, those from it are closed.
pub(super) fn rename_branch(call: &mut Call<'_>) -> Outcome<Answer> {
    let old = call.param("branch").to_owned();
    let new = call.text("Branch", "new_name")?;
    let repo = call.repo()?;
    let default = repo.default_branch == old;
    if default && role(call)? < Role::Admin {
        return Err(Refusal::new(403, "Must have admin rights to Repository."));
    }
    let sha = repo.branch(&old).ok_or_else(|| Refusal::new(404, "Branch not found"))?.clone();
    if repo.branch(&new).is_some() || !branches::well_formed(&format!("refs/heads/{new}")) {
        return Err(Refusal::invalid("New branch name is invalid, or already in use"));
    }
    let who = call.who();
    branches::go(call, Move { name: format!("refs/heads/{new}"), old: None, new: Some(sha.clone()) })?;
    if default {
        apply(call.state, call.repo, who, Change::DefaultBranch(new.clone()))?;
    }
    let into = |issue: &&Issue| issue.closed.is_none() && issue.pull.as_ref().is_some_and(|p| p.base_ref == old);
    let pulls: Vec<i64> = call.repo()?.issues.values().filter(into).map(|issue| issue.number).collect();
    for number in pulls {
        let pull = call.state.pull_mut(call.repo, number)?;
        new.clone_into(&mut pull.base_ref);
        issues::note(call.state, (call.repo, number), who, "automatic_base_change_succeeded", json!({}))?;
        let from = json!({ "ref": { "from": old }, "sha": { "from": sha } });
        issues::tell(call, number, "edited", json!({ "changes": { "base": from } }))?;
    }
    branches::go(call, Move { name: format!("refs/heads/{old}"), old: Some(sha), new: None })?;
    call.params.insert("branch".to_owned(), new);
    match branches::branch(call)? {
        Answer::Json(_, shape) => Ok(Answer::Json(201, shape)),
        answer @ (Answer::List(_) | Answer::Wrapped(..) | Answer::Empty(_)) => Ok(answer),
    }
}

/// Makes one change and tells it; what is so already is not told.
pub(super) fn apply(state: &mut State, id: i64, by: i64, change: Change) -> Outcome<()> {
    let full = shapes::full_name(state, state.repo(id)?);
    let repo = state.repo_mut(id)?;
    let (action, changes) = match change {
        Change::Name(name) if name != repo.name => {
            let old = std::mem::replace(&mut repo.name, name);
            state.old_names.insert(full.to_lowercase(), id);
            ("renamed", json!({ "repository": { "name": { "from": old } } }))
        }
        Change::Private(private) if private != repo.private => {
            repo.private = private;
            (if private { "privatized" } else { "publicized" }, Value::Null)
        }
        Change::Archived(archived) if archived != repo.archived => {
            repo.archived = archived;
            (if archived { "archived" } else { "unarchived" }, Value::Null)
        }
        Change::DefaultBranch(branch) if branch != repo.default_branch => {
            if repo.branch(&branch).is_none() {
                return Err(Refusal::failed("Repository", "default_branch", "invalid"));
            }
            let old = std::mem::replace(&mut repo.default_branch, branch);
            ("edited", json!({ "default_branch": { "from": old } }))
        }
        Change::Name(_) | Change::Private(_) | Change::Archived(_) | Change::DefaultBranch(_) => return Ok(()),
    };
    let mut payload = json!({ "action": action });
    if !changes.is_null() {
        payload["changes"] = changes;
    }
    state.tell(id, by, "repository", payload)?;
    // "Webhooks: public": told beside `repository`, without an action.
    if action == "publicized" { state.tell(id, by, "public", json!({})) } else { Ok(()) }
}

impl GitHub {
    /// Renames a repository; its old name leads to it until another takes that name.
    ///
    /// # Errors
    /// When it is not there.
    pub fn renames(&self, repo: &str, name: &str) -> Result<(), Refusal> {
        self.changes(repo, Change::Name(name.to_owned()))
    }

    /// Archives a repository: from now on it is read-only.
    ///
    /// # Errors
    /// When it is not there.
    pub fn archives(&self, repo: &str) -> Result<(), Refusal> {
        self.changes(repo, Change::Archived(true))
    }

    /// Ends that.
    ///
    /// # Errors
    /// When it is not there.
    pub fn unarchives(&self, repo: &str) -> Result<(), Refusal> {
        self.changes(repo, Change::Archived(false))
    }

    /// Makes a repository private or public.
    ///
    /// # Errors
    /// When it is not there.
    pub fn shows_only_to_collaborators(&self, repo: &str, private: bool) -> Result<(), Refusal> {
        self.changes(repo, Change::Private(private))
    }

    /// As the App's owner, who is told as the sender.
    fn changes(&self, repo: &str, change: Change) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let (id, operator) = (state.repo_id(repo)?, state.app.owner);
        apply(&mut state, id, operator, change)?;
        drop(state);
        self.hub.woken.notify_one();
        Ok(())
    }
}
