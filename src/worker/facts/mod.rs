//! What a gate asks GitHub: who people are and what they may, in which teams they are and whose code it is, where the
//! branches are and what became of the base, whether the approvals still stand, and what time it is there.
//!
//! Asks only what the rules of the version turn on. What GitHub does not say is unknown, and so never a yes (rule P).

mod base;
mod owners;
mod people;
mod taken_back;
mod teams;

use std::collections::BTreeMap;

use super::Trouble;
use super::effect::{Deed, Done};
use super::trouble::Then;
use crate::github::Step;
use crate::ids::{Person, TeamName, Timestamp, UserId};
use crate::workflow::act::ActId;
use crate::workflow::approval::{AroundFact, Facts, Gate, Membership, PolicyFact, Rules, Standing, Verdict, judge};
use crate::workflow::change::Change;
use crate::workflow::event::Event;
use crate::workflow::run::{Shown, State};

pub(super) use people::level;

use base::Heads;
use owners::Ownership;
use teams::Teams;

impl Deed<'_> {
    /// Asks what a gate asks.
    pub(super) async fn judge(&self, gate: Gate, because: Option<ActId>) -> Result<Done, Trouble> {
        let Some(shown) = self.run.state.shown() else { return Ok(Done::quietly()) };
        if gate == Gate::Start && !matches!(self.run.state, State::Starting(_)) {
            return Ok(Done::quietly());
        }
        let mut around = AroundFact::Fine;
        // The start follows an approval at once, and looks for both.
        if gate != Gate::Act {
            let seen = if let State::InReview(review) = &self.run.state {
                Box::pin(self.around_work(shown, review.pull)).await
            } else {
                Box::pin(self.around(shown)).await
            };
            match seen {
                Ok(Some(event)) => return Ok(Done::with(event)),
                Ok(None) => {}
                Err(trouble) if is_no_answer(&trouble) => {
                    tracing::warn!(run.id = %self.run.id, %trouble, "it is unknown what became of the plan pull request");
                    around = AroundFact::Unknown;
                }
                Err(trouble) => return Err(trouble),
            }
        }
        if gate != Gate::Push && self.outdated(shown).await? {
            return Ok(Done::with(Event::Changed { change: Change::Outdated }));
        }
        let policy = self.policy_now(shown).await?;
        let rules: Vec<&Rules> = match &policy {
            PolicyFact::Changed(now) => vec![&shown.rules, now],
            PolicyFact::Same | PolicyFact::Broken | PolicyFact::Unknown => vec![&shown.rules],
        };
        let people = self.people().await;
        let Heads { branch, base, base_head } = self.branches(shown).await?;
        let several_writers = self.several_writers(shown, &rules).await;
        let mut teams = Teams::default();
        self.approvers(&rules, &people, &mut teams).await;
        let asked = Ownership { rules: &rules, people: &people, base_head: base_head.as_ref(), gate };
        let owners = self.owners(shown, asked, &mut teams).await?;
        let (people, now) = people.told();
        let now = match now {
            Some(now) => Some(now),
            // Nobody had to be asked about, or GitHub said nothing about them; its time is told with any answer.
            None => self.repo(Step::Read).pull_scene(shown.pull).await.ok().and_then(|scene| scene.at),
        };
        let mut facts =
            Facts { now, people, teams: teams.told(), branch, base, several_writers, policy, owners, around };
        let gate = match gate {
            Gate::Act if self.would_start(shown, &facts) => match Box::pin(self.around(shown)).await {
                Ok(None) => Gate::Start,
                Ok(Some(moved @ Event::PlanBranchMoved { .. })) => return Ok(Done::with(moved)),
                // The second gate asks for itself, and says what is in the way.
                Ok(Some(_)) | Err(_) => Gate::Act,
            },
            Gate::Act | Gate::Start | Gate::Push => gate,
        };
        if gate != Gate::Act {
            match Box::pin(self.taken_back(shown, &facts, gate)).await {
                Ok(Some(event)) => return Ok(Done::with(event)),
                Ok(None) => {}
                Err(trouble) if is_no_answer(&trouble) => {
                    tracing::warn!(run.id = %self.run.id, %trouble, "it is unknown whether the approvals still stand");
                    facts.around = AroundFact::Unknown;
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(Done::with(Event::Judged { gate, facts, because }))
    }

    /// What one person may, and in which of the rules' teams they are.
    pub(super) async fn one(
        &self,
        person: &Person,
        at: Timestamp,
        rules: &[Rules],
    ) -> (BTreeMap<UserId, Standing>, BTreeMap<TeamName, BTreeMap<UserId, Membership>>) {
        let (people, mut teams) = (self.only(person, at).await, Teams::default());
        self.approvers(&rules.iter().collect::<Vec<_>>(), &people, &mut teams).await;
        (people.told().0, teams.told())
    }

    /// Whether the second gate would say yes to the first one's answers. It is asked with them, in one step, where nothing
    /// around the run speaks against it.
    fn would_start(&self, shown: &Shown, facts: &Facts) -> bool {
        let State::AwaitingApproval(waiting) = &self.run.state else { return false };
        matches!(judge(shown.case(&waiting.acts), facts, Gate::Start), Verdict::Approved { .. })
    }

    /// Asks once more, unless another question is on its way by now (rule P).
    pub(super) async fn judge_again(&self, gate: Gate, asked: u32) -> Result<Done, Trouble> {
        match self.run.state.hold() {
            Some(hold) if hold.awaits(asked) => self.judge(gate, None).await,
            Some(_) | None => Ok(Done::quietly()),
        }
    }
}

/// Whether GitHub did not say what it was asked, as far as that keeps a gate waiting (rule P). Until when it wants to be
/// left alone, and that nothing can be done there for now, it says itself.
fn is_no_answer(trouble: &Trouble) -> bool {
    match trouble.then() {
        Then::Again | Then::GiveUp => matches!(trouble, Trouble::Github(_)),
        Then::Drop | Then::At(_) | Then::Rest => false,
    }
}
