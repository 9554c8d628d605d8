//! What an administrator of repositories does: they are made, renamed, shown, archived; the App is installed on them.

use std::collections::BTreeMap;
use std::fs;

use serde_json::json;

use super::call::Refusal;
use super::objects::{Commit, Files, Objects, Person};
use super::settings::StartError;
use super::state::{AccountKind, Installation, Level, Repo, State};
use super::{GitHub, shapes, smart_http};

/// A repository to be made, or taken from the data directory if it is there.
#[derive(Debug, Clone, Default)]
pub struct NewRepository {
    /// `owner/name`.
    pub name: String,
    /// What the first commit holds: paths, bytes, whether executable. Without files the repository has no commits.
    pub files: Vec<(String, Vec<u8>, bool)>,
    /// Whether only collaborators see it.
    pub private: bool,
}

impl GitHub {
    /// Makes a repository and installs the App on it; the owner becomes an organization if there is no such account.
    ///
    /// # Errors
    /// When the name is not `owner/name`, or git fails.
    pub async fn adds_repository(&self, new: NewRepository) -> Result<(), StartError> {
        let (owner, name) = new.name.split_once('/').ok_or_else(Refusal::not_found)?;
        if !crate::ids::RepoName::try_from(new.name.clone()).is_ok_and(|name| !name.as_str().ends_with(".git")) {
            return Err(Refusal::invalid("name is invalid").into());
        }
        if self.hub.lock().repo_id(&new.name).is_ok() {
            return Err(Refusal::failed("Repository", "name", "already_exists").into());
        }
        let owner_id = self.adds_account(owner, AccountKind::Organization);
        let dir = self.hub.lock().data.join(owner).join(format!("{name}.git"));
        if !dir.join("HEAD").exists() {
            fs::create_dir_all(&dir)?;
            let made = smart_http::git(&dir, &["init", "--bare", "--quiet", "--initial-branch=main", "."], b"").await?;
            if !made.status.success() {
                return Err(StartError::Git(String::from_utf8_lossy(&made.stderr).into_owned()));
            }
        }
        let (loaded, refs) = smart_http::load(&dir).await?;
        let mut objects = Objects::new(dir);
        for (sha, kind, bytes) in loaded {
            objects.learn(sha, kind, bytes);
        }
        let mut state = self.hub.lock();
        let (id, created) = (state.next_id(), state.now());
        let fresh = refs.is_empty();
        let repo = Repo {
            id,
            owner: owner_id,
            name: name.to_owned(),
            private: new.private,
            archived: false,
            default_branch: "main".to_owned(),
            created,
            collaborators: BTreeMap::new(),
            custom_roles: BTreeMap::new(),
            objects,
            refs,
            issues: BTreeMap::new(),
            labels: BTreeMap::new(),
            checks: Vec::new(),
            statuses: Vec::new(),
            numbered: 0,
        };
        state.repos.insert(id, repo);
        if fresh && !new.files.is_empty() {
            first_commit(&mut state, id, &new.files)?;
        }
        install(&mut state, owner_id, id);
        Ok(())
    }

    /// Renames a repository; its old name leads to it until another takes that name.
    ///
    /// # Errors
    /// When it is not there.
    pub fn renames(&self, repo: &str, name: &str) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let id = state.repo_id(repo)?;
        state.old_names.insert(repo.to_lowercase(), id);
        name.clone_into(&mut state.repo_mut(id)?.name);
        Ok(())
    }

    /// Archives a repository: from now on it is read-only.
    ///
    /// # Errors
    /// When it is not there.
    pub fn archives(&self, repo: &str) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let id = state.repo_id(repo)?;
        state.repo_mut(id)?.archived = true;
        Ok(())
    }

    /// Makes a repository private or public.
    ///
    /// # Errors
    /// When it is not there.
    pub fn shows_only_to_collaborators(&self, repo: &str, private: bool) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let id = state.repo_id(repo)?;
        state.repo_mut(id)?.private = private;
        Ok(())
    }

    /// Takes a permission away from the App, or changes its level; tokens minted before keep theirs.
    pub fn permits(&self, name: &str, level: Option<Level>) {
        let permissions = &mut self.hub.lock().app.permissions;
        match level {
            Some(level) => permissions.insert(name.to_owned(), level),
            None => permissions.remove(name),
        };
    }

    /// Suspends the installation on a repository, or ends its suspension.
    ///
    /// # Errors
    /// When it is not there.
    pub fn suspends_installation(&self, repo: &str, suspended: bool) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let (id, now) = (state.repo_id(repo)?, state.now());
        let of = state.installation_of(id).map(|installation| installation.id).ok_or_else(Refusal::not_found)?;
        let installation = state.installations.get_mut(&of).ok_or_else(Refusal::not_found)?;
        installation.suspended = suspended.then_some(now);
        let shape = state.installations.get(&of).map(|installation| shapes::installation(&state, installation));
        let action = if suspended { "suspend" } else { "unsuspend" };
        state.queue("installation", (id, of), &json!({ "action": action, "installation": shape }));
        drop(state);
        self.hub.woken.notify_one();
        Ok(())
    }
}

/// One installation an account, on all repositories of it that are added.
fn install(state: &mut State, account: i64, repo: i64) {
    if let Some(installation) = state.installations.values_mut().find(|i| i.account == account) {
        installation.repos.push(repo);
        return;
    }
    let (id, created) = (state.next_id(), state.now());
    state.installations.insert(id, Installation { id, account, repos: vec![repo], suspended: None, created });
    let shape = state.installations.get(&id).map(|installation| shapes::installation(state, installation));
    let sender = shapes::account(state, account);
    let repositories: Vec<_> = state.repos.get(&repo).map(|repo| short(state, repo)).into_iter().collect();
    let payload = json!({ "action": "created", "installation": shape, "repositories": repositories, "sender": sender });
    state.queue("installation", (repo, id), &payload);
}

/// How "Webhooks: installation" names a repository.
fn short(state: &State, repo: &Repo) -> serde_json::Value {
    let full = shapes::full_name(state, repo);
    json!({ "id": repo.id, "name": repo.name, "full_name": full, "private": repo.private })
}

fn first_commit(state: &mut State, id: i64, files: &[(String, Vec<u8>, bool)]) -> Result<(), StartError> {
    let at = state.now().0.div_euclid(1000);
    let repo = state.repo_mut(id)?;
    let mut tree = Files::new();
    for (path, bytes, executable) in files {
        let sha = repo.objects.write("blob", bytes)?;
        let mode = if *executable { "100755" } else { "100644" };
        tree.insert(path.clone(), (mode.to_owned(), sha));
    }
    let person = Person { name: "operator".to_owned(), email: "operator@example.com".to_owned(), at };
    let commit = Commit {
        tree: repo.objects.write_tree(&tree)?,
        parents: Vec::new(),
        author: person.clone(),
        committer: person,
        message: "Begin\n".to_owned(),
    };
    let sha = repo.objects.write_commit(&commit)?;
    let heads = repo.dir().join("refs/heads");
    fs::create_dir_all(&heads)?;
    fs::write(heads.join("main"), format!("{sha}\n"))?;
    repo.refs.insert("refs/heads/main".to_owned(), sha);
    Ok(())
}
