//! How repositories are made, or taken from disk.

use std::collections::BTreeMap;
use std::fs;

use super::call::Refusal;
use super::objects::{Commit, Files, Objects, Person};
use super::settings::StartError;
use super::state::{AccountKind, Repo, State};
use super::{GitHub, installations, smart_http};

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
            pushed: created,
            collaborators: BTreeMap::new(),
            custom_roles: BTreeMap::new(),
            objects,
            refs,
            issues: BTreeMap::new(),
            gone: BTreeMap::new(),
            labels: BTreeMap::new(),
            milestones: Vec::new(),
            checks: Vec::new(),
            statuses: Vec::new(),
            numbered: 0,
        };
        state.repos.insert(id, repo);
        if fresh && !new.files.is_empty() {
            first_commit(&mut state, id, &new.files)?;
        }
        installations::install(&mut state, owner_id, id);
        Ok(())
    }
}

impl GitHub {
    /// Makes a milestone and gives its number.
    ///
    /// # Errors
    /// When the repository is not there.
    pub fn adds_milestone(&self, repo: &str, title: &str) -> Result<i64, Refusal> {
        let mut state = self.hub.lock();
        let id = state.repo_id(repo)?;
        let milestones = &mut state.repo_mut(id)?.milestones;
        milestones.push(title.to_owned());
        i64::try_from(milestones.len()).map_err(|_| Refusal::not_found())
    }
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
