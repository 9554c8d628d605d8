//! What a gate asks GitHub: what people may, where the branches are, what became of the base.

use std::collections::BTreeMap;

use super::effect::{Deed, Done};
use super::{Trouble, YOUNG};
use crate::github::{self, GithubError, Step};
use crate::ids::{AccountKind, CommitSha, Person, Timestamp, UserId};
use crate::sandbox::mirror::MirrorError;
use crate::workflow::act::{ActId, ActKind};
use crate::workflow::approval::{BaseFact, BranchFact, Facts, Gate, Level, PolicyFact, Separation, Standing};
use crate::workflow::event::Event;
use crate::workflow::run::Shown;
use crate::workflow::scope::Wall;

impl Deed<'_> {
    /// Asks what a gate asks. What GitHub does not say is unknown, and so never a yes.
    pub(super) async fn judge(&self, gate: Gate, because: Option<ActId>) -> Result<Done, Trouble> {
        let Some(shown) = self.run.state.shown() else { return Ok(Done::quietly()) };
        let people = self.people().await;
        let (branch, base) = self.branches(shown).await?;
        let several_writers = self.several_writers(shown).await;
        let now = Some(self.moment.now());
        let facts = Facts {
            now,
            people,
            teams: BTreeMap::new(),
            branch,
            base,
            several_writers,
            policy: PolicyFact::Same,
            owners: vec![],
        };
        Ok(Done::with(Event::Judged { gate, facts, because }))
    }

    /// Asks once more, unless another question is on its way by now (rule P).
    pub(super) async fn judge_again(&self, gate: Gate, asked: u32) -> Result<Done, Trouble> {
        match self.run.state.hold() {
            Some(hold) if hold.awaits(asked) => self.judge(gate, None).await,
            Some(_) | None => Ok(Done::quietly()),
        }
    }

    /// What each person may whose act could count.
    async fn people(&self) -> BTreeMap<UserId, Standing> {
        let mut people = BTreeMap::new();
        for act in self.run.state.acts() {
            let counts = act.voided.is_none() && !act.via_app && act.by.kind == AccountKind::User;
            if counts && act.kind != ActKind::Withdraw && !people.contains_key(&act.by.id) {
                people.insert(act.by.id, self.standing(&act.by, act.at).await);
            }
        }
        people
    }

    /// What one person may who acted at `at` (E1, E3). A login that belongs to another account by now gives that person
    /// nothing (T12), and neither does one that belongs to nobody any more.
    pub(super) async fn standing(&self, person: &Person, at: Timestamp) -> Standing {
        match self.repo(Step::Read).permission(&person.login).await {
            Ok(answer) if answer.user == person.id => Standing::Known { kind: answer.kind, level: level(answer.level) },
            Ok(_) => Standing::Known { kind: AccountKind::User, level: Level::None },
            Err(GithubError::Gone { .. })
                if self.moment.now().since(at) > YOUNG && self.sees_the_repository().await =>
            {
                Standing::Known { kind: AccountKind::User, level: Level::None }
            }
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown what {} may", person.login);
                Standing::Unknown
            }
        }
    }

    /// Whether a 404 is about what was asked for, and not about the whole repository.
    async fn sees_the_repository(&self) -> bool {
        self.repo(Step::Read).about().await.is_ok()
    }

    async fn branches(&self, shown: &Shown) -> Result<(BranchFact, BaseFact), Trouble> {
        let origin = &self.run.origin;
        let heads = match self.fetch(&[origin.base_branch.clone(), origin.plan_branch.clone()]).await {
            Ok(heads) => heads,
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown where the branches are");
                return Ok((BranchFact::Unknown, BaseFact::Unknown));
            }
        };
        let branch = heads.get(&origin.plan_branch).map_or(BranchFact::Gone, |head| BranchFact::At(head.clone()));
        let base = match heads.get(&origin.base_branch) {
            None => BaseFact::Gone,
            Some(head) => self.base(shown, head).await?,
        };
        Ok((branch, base))
    }

    async fn base(&self, shown: &Shown, head: &CommitSha) -> Result<BaseFact, Trouble> {
        if *head == shown.base {
            return Ok(BaseFact::Contains { overlap: vec![] });
        }
        let mirror = self.mirror().await?;
        match mirror.is_ancestor(&shown.base, head).await {
            Ok(true) => {}
            // All of the base branch was fetched; a commit that is not here is not part of it.
            Ok(false) | Err(MirrorError::Gone(_)) => return Ok(BaseFact::Gone),
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown what became of the base");
                return Ok(BaseFact::Unknown);
            }
        }
        let Ok(changed) = mirror.changed_between(&shown.base, head).await else { return Ok(BaseFact::Unknown) };
        let terms = self.terms(shown.subject.version).await?;
        let wall = Wall::new(&terms.plan.scope).map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        let overlap = changed.into_iter().filter(|path| path.parse().is_ok_and(|path| wall.covers(&path))).collect();
        Ok(BaseFact::Contains { overlap })
    }

    /// Whether more than one person may write; asked only where someone who asked for the version approves it (rule C).
    async fn several_writers(&self, shown: &Shown) -> Option<bool> {
        let own = self
            .run
            .state
            .acts()
            .iter()
            .any(|act| act.kind.approves() && shown.subject.requesters.contains(&act.by.id));
        if !own || shown.rules.separation != Separation::Auto {
            return None;
        }
        match self.repo(Step::Read).writers().await {
            Ok(people) => Some(people.iter().filter(|person| person.kind == AccountKind::User).count() > 1),
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown how many people may write");
                None
            }
        }
    }
}

/// The permission API's level as the gate knows it.
pub(super) fn level(level: github::Level) -> Level {
    match level {
        github::Level::None => Level::None,
        github::Level::Read => Level::Read,
        github::Level::Triage => Level::Triage,
        github::Level::Write => Level::Write,
        github::Level::Maintain => Level::Maintain,
        github::Level::Admin => Level::Admin,
    }
}
