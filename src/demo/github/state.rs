//! What the simulated GitHub remembers: plain data, behind one lock, without a wire.
//!
//! Ids are counted, tokens follow from the seed: two worlds that are asked the same answer the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws_lc_rs::digest;
use serde_json::Value;

use super::auth::Token;
use super::call::{Outcome, Refusal};
use super::clock::Time;
use super::edits::Edit;
use super::faults::Faults;
use super::moves::Gone;
use super::oauth::Code;
use super::objects::Objects;
use super::places::Place;
use super::projects::Project;
use super::registration::Registered;
pub(super) use super::roles::{Level, Role};
use super::teams::Team;
use super::webhooks::Hooks;
use crate::ids::Timestamp;

/// Everything there is.
pub(super) struct State {
    pub(super) url: String,
    pub(super) data: PathBuf,
    pub(super) time: Time,
    pub(super) seed: u64,
    pub(super) counted: i64,
    pub(super) app: App,
    pub(super) accounts: BTreeMap<i64, Account>,
    pub(super) teams: BTreeMap<i64, Team>,
    pub(super) installations: BTreeMap<i64, Installation>,
    pub(super) tokens: BTreeMap<String, Token>,
    /// Codes of sign-ins that have begun.
    pub(super) codes: BTreeMap<String, Code>,
    pub(super) repos: BTreeMap<i64, Repo>,
    pub(super) projects: Vec<Project>,
    /// Names in lower case that repositories had before.
    pub(super) old_names: BTreeMap<String, i64>,
    pub(super) hooks: Hooks,
    pub(super) faults: Faults,
    pub(super) log: Vec<super::Request>,
    /// Requests with their answers, when somebody wants them kept.
    pub(super) kept: Option<Vec<super::Exchange>>,
    pub(super) spent: BTreeMap<String, (i64, u64)>,
    pub(super) registered: Registered,
}

/// The one App that this GitHub knows.
pub(super) struct App {
    pub(super) id: i64,
    pub(super) slug: String,
    pub(super) bot: i64,
    pub(super) owner: i64,
    pub(super) public_key: Vec<u8>,
    pub(super) permissions: BTreeMap<String, Level>,
    pub(super) events: Vec<String>,
    pub(super) created: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccountKind {
    User,
    Organization,
    Bot,
    /// Stands for somebody whose work was imported and who has no account here.
    Mannequin,
}

pub(super) struct Account {
    pub(super) id: i64,
    pub(super) login: String,
    pub(super) kind: AccountKind,
}

pub(super) struct Installation {
    pub(super) id: i64,
    pub(super) account: i64,
    /// Repositories it may reach.
    pub(super) repos: Vec<i64>,
    pub(super) suspended: Option<Timestamp>,
    pub(super) created: Timestamp,
}

pub(super) struct Repo {
    pub(super) id: i64,
    pub(super) owner: i64,
    pub(super) name: String,
    pub(super) private: bool,
    pub(super) archived: bool,
    pub(super) default_branch: String,
    pub(super) created: Timestamp,
    pub(super) pushed: Timestamp,
    pub(super) collaborators: BTreeMap<i64, Role>,
    /// The names of the custom roles that some grants have; the role in `collaborators` is their base.
    pub(super) custom_roles: BTreeMap<i64, String>,
    pub(super) objects: Objects,
    /// Full reference names (`refs/heads/main`) and the object each names.
    pub(super) refs: BTreeMap<String, String>,
    pub(super) issues: BTreeMap<i64, Issue>,
    /// Numbers of issues that left.
    pub(super) gone: BTreeMap<i64, Gone>,
    pub(super) labels: BTreeMap<String, Label>,
    /// Titles; the first has the number 1.
    pub(super) milestones: Vec<String>,
    pub(super) checks: Vec<Check>,
    /// Each with the commit that it is about.
    pub(super) statuses: Vec<(String, Value)>,
    pub(super) numbered: i64,
}

pub(super) struct Label {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) color: String,
    pub(super) description: Option<String>,
}

/// An issue, or the issue half of a pull request.
pub(super) struct Issue {
    pub(super) id: i64,
    pub(super) number: i64,
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) author: i64,
    pub(super) by_app: bool,
    pub(super) labels: Vec<String>,
    pub(super) assignees: Vec<i64>,
    pub(super) milestone: Option<i64>,
    pub(super) closed: Option<Closed>,
    pub(super) locked: Option<Option<String>>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) edits: Vec<Edit>,
    pub(super) comments: Vec<Comment>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) timeline: Vec<Value>,
    /// The ids of the issues below it, in order.
    pub(super) below: Vec<i64>,
    pub(super) pull: Option<Pull>,
}

#[derive(Debug, Clone)]
pub(super) struct Closed {
    pub(super) at: Timestamp,
    pub(super) by: i64,
    pub(super) reason: String,
}

pub(super) struct Comment {
    pub(super) id: i64,
    pub(super) author: i64,
    pub(super) by_app: bool,
    pub(super) body: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) edits: Vec<Edit>,
    pub(super) reactions: Vec<Reaction>,
}

pub(super) struct Reaction {
    pub(super) id: i64,
    pub(super) by: i64,
    pub(super) content: String,
    pub(super) created: Timestamp,
}

/// The pull half of a pull request.
pub(super) struct Pull {
    pub(super) id: i64,
    pub(super) head_ref: String,
    pub(super) head_sha: String,
    pub(super) base_ref: String,
    pub(super) base_sha: String,
    pub(super) draft: bool,
    pub(super) merged: Option<Merged>,
    pub(super) requested: Vec<i64>,
    /// When each commit came, as a place in the timeline.
    pub(super) arrived: BTreeMap<String, i64>,
    /// From where to where its branch was forced.
    pub(super) forced: Vec<(String, String)>,
    pub(super) reviews: Vec<Review>,
    pub(super) comments: Vec<ReviewComment>,
}

#[derive(Debug, Clone)]
pub(super) struct Merged {
    pub(super) at: Timestamp,
    pub(super) by: i64,
    pub(super) sha: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pending,
    Commented,
    Approved,
    ChangesRequested,
    Dismissed,
}

pub(super) struct Review {
    pub(super) id: i64,
    pub(super) author: i64,
    pub(super) by_app: bool,
    pub(super) verdict: Verdict,
    pub(super) body: String,
    pub(super) commit: String,
    pub(super) submitted: Option<Timestamp>,
    /// Its place in the timeline; 0 until it is submitted.
    pub(super) announced: i64,
}

/// A comment on a line of a pull request.
#[derive(Debug, Clone)]
pub(super) struct ReviewComment {
    pub(super) id: i64,
    pub(super) review: i64,
    pub(super) reply_to: Option<i64>,
    pub(super) author: i64,
    pub(super) by_app: bool,
    pub(super) body: String,
    pub(super) path: String,
    /// Where it was written.
    pub(super) original: Place,
    pub(super) original_commit: String,
    /// Where that is at `commit`; nowhere once it is outdated.
    pub(super) place: Option<Place>,
    pub(super) commit: String,
    pub(super) resolved_by: Option<i64>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

pub(super) struct Check {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) head_sha: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) external_id: String,
    pub(super) details_url: Option<String>,
    pub(super) output: Value,
    /// What it says at lines.
    pub(super) annotations: Vec<Value>,
    /// What it has printed, where it is a job.
    pub(super) log: Option<String>,
    /// The App that made it, where it is not ours: its id and slug.
    pub(super) app: Option<(i64, String)>,
    pub(super) started: Timestamp,
    pub(super) completed: Option<Timestamp>,
}

impl State {
    pub(super) fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// The next id; ids rise over all kinds of things, as no client may rely on more.
    pub(super) fn next_id(&mut self) -> i64 {
        self.counted += 1;
        self.counted
    }

    /// Forty letters and digits that follow from the seed and the count.
    pub(super) fn next_secret(&mut self) -> String {
        let n = self.next_id();
        let hash = digest::digest(&digest::SHA256, format!("{}/{n}", self.seed).as_bytes());
        hex::encode(hash.as_ref()).chars().take(36).collect()
    }

    pub(super) fn repo(&self, id: i64) -> Outcome<&Repo> {
        self.repos.get(&id).ok_or_else(Refusal::not_found)
    }

    pub(super) fn repo_mut(&mut self, id: i64) -> Outcome<&mut Repo> {
        self.repos.get_mut(&id).ok_or_else(Refusal::not_found)
    }

    pub(super) fn issue(&self, repo: i64, number: i64) -> Outcome<&Issue> {
        self.repo(repo)?.issues.get(&number).ok_or_else(Refusal::not_found)
    }

    pub(super) fn issue_mut(&mut self, repo: i64, number: i64) -> Outcome<&mut Issue> {
        self.repo_mut(repo)?.issues.get_mut(&number).ok_or_else(Refusal::not_found)
    }

    pub(super) fn pull(&self, repo: i64, number: i64) -> Outcome<(&Issue, &Pull)> {
        let issue = self.issue(repo, number)?;
        issue.pull.as_ref().map(|pull| (issue, pull)).ok_or_else(Refusal::not_found)
    }

    pub(super) fn pull_mut(&mut self, repo: i64, number: i64) -> Outcome<&mut Pull> {
        self.issue_mut(repo, number)?.pull.as_mut().ok_or_else(Refusal::not_found)
    }

    pub(super) fn account_named(&self, login: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.login.eq_ignore_ascii_case(login))
    }

    pub(super) fn login(&self, id: i64) -> &str {
        self.accounts.get(&id).map_or("ghost", |account| &account.login)
    }

    pub(super) fn repo_named(&self, owner: &str, name: &str) -> Option<&Repo> {
        self.repos
            .values()
            .find(|repo| repo.name.eq_ignore_ascii_case(name) && self.login(repo.owner).eq_ignore_ascii_case(owner))
    }

    /// The id of `owner/name`.
    pub(super) fn repo_id(&self, full: &str) -> Outcome<i64> {
        let (owner, name) = full.split_once('/').ok_or_else(Refusal::not_found)?;
        self.repo_named(owner, name).map(|repo| repo.id).ok_or_else(Refusal::not_found)
    }

    pub(super) fn installation_of(&self, repo: i64) -> Option<&Installation> {
        self.installations.values().find(|installation| installation.repos.contains(&repo))
    }

    /// What an account may do in a repository: the highest of its grant, its teams' grants, and `read` where anyone may.
    pub(super) fn role(&self, repo: &Repo, account: i64) -> Role {
        let open = if repo.private { Role::None } else { Role::Read };
        let owns = if repo.owner == account { Role::Admin } else { Role::None };
        let given = repo.collaborators.get(&account).copied().unwrap_or(Role::None);
        given.max(open).max(owns).max(self.role_by_teams(repo.id, account))
    }
}

impl Repo {
    pub(super) fn dir(&self) -> PathBuf {
        self.objects.dir().to_owned()
    }

    pub(super) fn branch(&self, name: &str) -> Option<&String> {
        self.refs.get(&format!("refs/heads/{name}"))
    }

    /// The commit that a branch, a tag or a full id names.
    pub(super) fn resolve(&self, name: &str) -> Option<String> {
        [name.to_owned(), format!("refs/{name}"), format!("refs/heads/{name}"), format!("refs/tags/{name}")]
            .iter()
            .find_map(|full| self.refs.get(full).cloned())
            .or_else(|| self.objects.commit(name).map(|_| name.to_owned()))
    }
}
