//! The policy in force: read from the default branch, each time anew.
//!
//! The worker looks into the mirror for it, which costs no call; a delivery, which must be quick, asks for the one file.
//! A repository's own `.github/assentry.toml` counts, else that of its organisation's `.github` repository where the
//! installation covers it, else the operator's word. No other branch is ever looked at (T20). A policy with mistakes holds
//! everything: the issue says so once, and what was held is tried again until the policy is sound.

use super::apply::With;
use super::delivery::{Arrival, patience};
use super::effect::Deed;
use super::{Core, Trouble};
use crate::agent::{Ground, HouseRules};
use crate::config::Mistake;
use crate::config::policy::{POLICY_PATH, Policy, Profile, Visibility};
use crate::github::{GithubError, RepoRef, Step, TeamState};
use crate::ids::{AccountKind, BranchName, Digest, Person, RepoName, RepoPath, Timestamp};
use crate::words::{Flaw, Words};
use crate::workflow::act::Place;
use crate::workflow::approval::{Approvers, Level, PolicyFact, Rules, Separation};
use crate::workflow::event::Event;
use crate::workflow::plan::Plan;
use crate::workflow::run::{Run, Shown};
use crate::workflow::terms::Canon;

/// Why something is put off until the policy is sound.
const MISTAKES: &str = "the repository's policy has mistakes";
/// How many bytes a policy may have.
const LARGEST: usize = 64 * 1024;

/// What was read.
pub(super) enum Read {
    /// It is sound.
    Sound(Box<InForce>),
    /// It has mistakes.
    Broken(Broken),
}

/// A sound policy, and where it is from.
pub(super) struct InForce {
    pub(super) policy: Policy,
    /// Whose file it is; `None` for the operator's word.
    pub(super) repo: Option<RepoName>,
    /// The file's blob.
    blob: Option<String>,
}

/// A policy with mistakes.
pub(super) struct Broken {
    /// Whose file it is.
    repo: RepoName,
    /// The file's blob, or what stands for it where there is none.
    blob: String,
    flaws: Vec<Flaw>,
    /// Labels that may be meant to ask for runs.
    labels: Vec<String>,
}

/// A policy's file as it was found.
struct Found {
    text: Result<String, &'static str>,
    /// The file's blob, or what stands for it where there is none.
    blob: String,
}

impl Found {
    fn new(bytes: Vec<u8>, blob: String) -> Found {
        Found { text: String::from_utf8(bytes).map_err(|_| "must be text in UTF-8"), blob }
    }

    fn no_file() -> Found {
        Found { text: Err("must be a file of at most 64 KiB, and no link"), blob: "none".to_owned() }
    }
}

impl Core {
    /// Reads the policy that counts for a repository now, given the file it has itself.
    async fn policy(
        &self,
        at: &RepoRef,
        own: Option<Found>,
        visibility: Visibility,
        now: Timestamp,
    ) -> Result<Read, Trouble> {
        if let Some(found) = own {
            return Ok(self.understand(at, found, visibility));
        }
        let shared: RepoName = match format!("{}/.github", at.name.owner()).parse() {
            Ok(shared) if shared != at.name => shared,
            Ok(_) | Err(_) => return Ok(self.own_word(visibility)),
        };
        if let Some(shared) = self.app.repository_named(at.installation, &shared, now).await?
            && let Some(found) = self.file(&shared, now).await?
        {
            return Ok(self.understand(&shared, found, visibility));
        }
        Ok(self.own_word(visibility))
    }

    fn own_word(&self, visibility: Visibility) -> Read {
        let policy = Policy::of_the_server(&self.settings.bounds, visibility);
        Read::Sound(Box::new(InForce { policy, repo: None, blob: None }))
    }

    /// Asks for the file on a repository's default branch; `None` where there is none.
    async fn file(&self, at: &RepoRef, now: Timestamp) -> Result<Option<Found>, Trouble> {
        match self.app.repository(at, Step::Read, now).file_now(&policy_path()?).await {
            Ok(file) => Ok(file.map(|file| Found::new(file.bytes, file.blob.to_string()))),
            Err(GithubError::Invalid { .. }) => Ok(Some(Found::no_file())),
            Err(error) => Err(error.into()),
        }
    }

    fn understand(&self, at: &RepoRef, Found { text, blob }: Found, visibility: Visibility) -> Read {
        let repo = at.name.clone();
        let (flaws, labels) = match text {
            Err(what) => (vec![Flaw { line: None, text: what.to_owned() }], vec![self.settings.label.clone()]),
            Ok(text) => match Policy::parse(&text, &self.settings.bounds, visibility) {
                Ok(policy) => {
                    return Read::Sound(Box::new(InForce { policy, repo: Some(repo), blob: Some(blob) }));
                }
                Err(mistakes) => (flaws(mistakes), Policy::labels_of_broken(&text, &self.settings.bounds)),
            },
        };
        Read::Broken(Broken { repo, blob, flaws, labels })
    }
}

impl InForce {
    /// What the terms of a version say of the policy: the rules, and the file they were read from.
    pub(super) fn digest(&self, rules: &Rules) -> Digest {
        let mut canon = Canon::new("assentry-policy-v2");
        canon.text(rules.digest().as_str());
        canon.text(self.repo.as_ref().map_or("", RepoName::as_str));
        canon.text(self.blob.as_deref().unwrap_or_default());
        canon.finish()
    }

    /// The profile of a run.
    pub(super) fn profile(&self, run: &Run) -> &Profile {
        self.policy.profile_or_first(run.origin.label.as_deref())
    }

    /// The rules that a plan of a run is judged by. What a bot asked for needs two people, or the owners (R6).
    pub(super) fn rules(&self, run: &Run, plan: &Plan, micro_dollars: Option<u64>) -> Rules {
        let rules = self.profile(run).rules(plan, micro_dollars);
        let asked_by_a_person = run.origin.requester.kind == AccountKind::User;
        if asked_by_a_person || rules.separation == Separation::Owners {
            return rules;
        }
        Rules { required: rules.required.max(2), ..rules }
    }

    /// What the planner is told, and held to.
    pub(super) fn house(&self, profile: &Profile) -> HouseRules {
        house(&self.policy, profile)
    }

    /// What an execution stands on.
    pub(super) fn ground(&self) -> Ground {
        ground(&self.policy)
    }
}

/// What a policy tells the planner, and holds it to.
#[must_use]
pub fn house(policy: &Policy, profile: &Profile) -> HouseRules {
    let (plan, execute) = (&policy.plan, &policy.execute);
    let template = policy.template(profile);
    let of_template = template.map(|template| template.instructions.clone());
    HouseRules {
        instructions: [Some(plan.instructions.clone()), of_template].into_iter().flatten().collect(),
        sections: template.map(|template| template.sections.clone()).unwrap_or_default(),
        checks: execute.checks.clone(),
        protected: execute.protected.clone(),
    }
}

/// What an execution stands on by a policy.
#[must_use]
pub fn ground(policy: &Policy) -> Ground {
    let (set_up, protected) = (policy.execute.set_up.clone(), policy.execute.protected.clone());
    Ground { set_up, protected, responses: policy.deviations }
}

impl Deed<'_> {
    /// The policy in force, or the hold until it is sound; then the issue says so, once for each file.
    pub(super) async fn policy(&self) -> Result<Box<InForce>, Trouble> {
        match self.read_policy().await? {
            Read::Sound(in_force) => Ok(in_force),
            Read::Broken(broken) => {
                self.tell(&broken).await?;
                let again_at = self.moment.now().plus(self.patience());
                Err(Trouble::Held { text: MISTAKES.to_owned(), again_at })
            }
        }
    }

    async fn read_policy(&self) -> Result<Read, Trouble> {
        let own = self.policy_file().await?;
        self.core.policy(self.at(), own, visibility(self.run.origin.private), self.moment.now()).await
    }

    /// Looks into the mirror for the file on the default branch; `None` where there is none.
    async fn policy_file(&self) -> Result<Option<Found>, Trouble> {
        let branch = &self.run.origin.base_branch;
        let Some(head) = self.fetch(std::slice::from_ref(branch)).await?.remove(branch) else { return Ok(None) };
        let (mirror, path) = (self.mirror().await?, policy_path()?);
        let tree = mirror.list(&head).await?;
        let Some(entry) = tree.entries.iter().find(|entry| entry.path == path) else { return Ok(None) };
        match mirror.read(&self.fetch_from().await?, &head, &path).await? {
            Some(bytes) if bytes.len() <= LARGEST => Ok(Some(Found::new(bytes, entry.object.to_string()))),
            Some(_) | None => Ok(Some(Found::no_file())),
        }
    }

    /// What the default branch asks for now, compared with what a version was published under (rule H).
    pub(super) async fn policy_now(&self, shown: &Shown) -> Result<PolicyFact, Trouble> {
        let in_force = match self.read_policy().await {
            Ok(Read::Sound(in_force)) => in_force,
            Ok(Read::Broken(broken)) => {
                self.tell(&broken).await?;
                return Ok(PolicyFact::Broken);
            }
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown what the policy is");
                return Ok(PolicyFact::Unknown);
            }
        };
        let terms = self.terms(shown.subject.version).await?;
        let cost = self.core.executor_named(&terms.models.execute).and_then(|(_, model)| model.at_most(&terms.plan));
        let mut now = in_force.rules(&self.run, &terms.plan, cost);
        // Two persons is what the version was published under; "two if two can write" asks for nothing more.
        if (now.separation, shown.rules.separation) == (Separation::Auto, Separation::TwoPerson) {
            now.separation = Separation::TwoPerson;
        }
        Ok(if now == shown.rules { PolicyFact::Same } else { PolicyFact::Changed(Box::new(now)) })
    }

    async fn tell(&self, broken: &Broken) -> Result<(), Trouble> {
        let name = broken.key();
        if self.kept::<bool>(&name).await?.is_some() {
            return Ok(());
        }
        let event = Event::Answered { words: broken.words(), place: Place::Issue, key: name.clone() };
        // Said twice after a crash in between, it is still one comment: the key is the same.
        let _ = self.core.apply(self.run.id, &event, With::default(), self.moment.now()).await?;
        self.keep(&name, b"true".to_vec()).await
    }
}

impl Broken {
    fn key(&self) -> String {
        format!("policy-{}", self.blob)
    }

    fn words(&self) -> Words {
        Words::PolicyBroken { repo: self.repo.clone(), flaws: self.flaws.clone() }
    }

    /// Whether one of the labels may be meant to ask for a run.
    pub(super) fn may_mean(&self, labels: &[&str]) -> bool {
        self.labels.iter().any(|own| labels.iter().any(|label| own.to_lowercase() == label.to_lowercase()))
    }
}

impl Arrival<'_> {
    /// Reads the policy of the delivery's repository.
    pub(super) async fn policy(&self) -> Result<Read, Trouble> {
        let now = self.moment.now();
        let own = self.core.file(&self.at, now).await?;
        self.core.policy(&self.at, own, visibility(self.hint.repo.private), now).await
    }

    /// A push to a default branch may have mended the policy that others wait for: that of this repository, or of all of
    /// its organisation's.
    pub(super) async fn may_mend_policy(&self, branch: &BranchName) -> Result<(), Trouble> {
        if *branch == self.hint.repo.default_branch {
            self.core.store.look_again(MISTAKES).await?;
        }
        Ok(())
    }

    /// Puts the delivery back until the policy is sound, and says so on the issue, once for each file.
    pub(super) async fn hold(&self, issue: &crate::webhook::IssueFacts, broken: &Broken) -> Result<(), Trouble> {
        self.say_without_run(issue, &broken.words(), &broken.key()).await?;
        let again_at = self.moment.now().plus(patience(self.attempts));
        Err(Trouble::Held { text: MISTAKES.to_owned(), again_at })
    }

    /// Why a person with this much access may not ask for runs here; `None` if they may.
    pub(super) async fn may_not_ask(
        &self,
        by: &Person,
        level: Level,
        in_force: &InForce,
    ) -> Result<Option<Words>, Trouble> {
        let Some(Approvers { users, teams, level: least }) = &in_force.policy.trigger else { return Ok(None) };
        if users.iter().any(|user| user.id == by.id) || least.is_some_and(|least| level >= least) {
            return Ok(None);
        }
        for team in teams {
            if self.repo(Step::Teams).team_state(team, &by.login).await? == Some(TeamState::Active) {
                return Ok(None);
            }
        }
        let users = users.iter().map(|user| user.login.to_string());
        let teams = teams.iter().map(ToString::to_string);
        let role = least.map(|least| format!("role {}", if least == Level::Admin { "admin" } else { "maintain" }));
        let repo = in_force.repo.clone().unwrap_or_else(|| self.at.name.clone());
        Ok(Some(Words::MayNotAsk { who: by.clone(), repo, may: users.chain(teams).chain(role).collect() }))
    }
}

/// Where the policy is in each repository.
pub(super) fn policy_path() -> Result<RepoPath, Trouble> {
    POLICY_PATH.parse().map_err(|bad: crate::ids::BadName| Trouble::Corrupt(bad.to_string()))
}

/// The mistakes as people are told of them.
pub(super) fn flaws(mistakes: Vec<Mistake>) -> Vec<Flaw> {
    let flaw = |Mistake { key, line, what }: Mistake| Flaw {
        line: line.and_then(|line| u32::try_from(line).ok()),
        text: if key.is_empty() { what } else { format!("{key}: {what}") },
    };
    mistakes.into_iter().map(flaw).collect()
}

pub(super) fn visibility(private: bool) -> Visibility {
    if private { Visibility::Private } else { Visibility::Public }
}
