//! Gathers what the words need to know: where things are, what was hidden, what it has cost, where the run stands.

use super::effect::Deed;
use super::execute::{unfinished_name, work_name};
use super::{Core, Trouble};
use crate::agent::executor::Work;
use crate::agent::{Author, Disclosed, Writes, text};
use crate::store::Costs;
use crate::words::place::Home;
use crate::words::plan::{Hidden, HiddenKind, MadeFrom, Source, SourceStanding};
use crate::words::spending::PhaseCost;
use crate::words::status::{StatusFacts, status};
use crate::workflow::run::{Run, State};

impl Core {
    /// What a version was made from, for those who are to approve it.
    pub(super) async fn made_from(&self, run: &Run, version: u32) -> Result<MadeFrom, Trouble> {
        let Some(issue) = self.inputs(run, version).await? else { return Ok(MadeFrom::default()) };
        let comments = issue.comments.iter().map(|comment| (comment.id, source(&comment.author)));
        let (author, left_out) = (Some(source(&issue.author)), issue.left_out);
        Ok(MadeFrom { author, comments: comments.collect(), left_out })
    }
}

impl Deed<'_> {
    /// The repository that our texts stand in and may link to.
    pub(super) fn home(&self) -> Home {
        Home { web: self.core.settings.web.clone(), repo: self.run.origin.repo_name.clone() }
    }

    /// What was hidden in the issue and did not reach the planner.
    pub(super) async fn hidden(&self) -> Result<Vec<Hidden>, Trouble> {
        let version = self.run.state.shown().map_or(0, |shown| shown.subject.version).saturating_add(1);
        let issue = self.core.inputs(&self.run, version).await?;
        Ok(issue.map_or_else(Vec::new, |issue| issue.hidden().into_iter().map(disclosed).collect()))
    }

    /// What each phase has cost so far.
    pub(super) async fn costs(&self) -> Result<Vec<PhaseCost>, Trouble> {
        let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
        let cost = |costs: Costs| PhaseCost {
            phase: costs.phase,
            model: costs.model,
            input_tokens: unsigned(costs.usage.input),
            cached_tokens: unsigned(costs.usage.cached),
            output_tokens: unsigned(costs.usage.output),
            micro_dollars: unsigned(costs.micro_dollars),
            unpriced: unsigned(costs.unpriced),
        };
        Ok(self.core.store.costs(self.run.id).await?.into_iter().map(cost).collect())
    }

    /// The status comment as it should be now.
    pub(super) async fn status_text(&self) -> Result<String, Trouble> {
        let (run, since) = self.core.run_since(self.run.id).await?;
        let version = run.state.shown().map(|shown| shown.subject.version);
        let (steps, ticked) = match (&run.state, version) {
            (State::Executing(executing), Some(version)) => {
                (self.terms(version).await?.plan.steps, executing.ticked.clone())
            }
            (State::Resting(resting), Some(version)) => (self.terms(version).await?.plan.steps, resting.ticked.clone()),
            (State::Delivering(_) | State::InReview(_) | State::Ended(_), Some(version)) => {
                let work = match self.kept::<Work>(&work_name(version)).await? {
                    Some(work) => Some(work),
                    None => self.kept::<Work>(&unfinished_name(version)).await?,
                };
                match work {
                    Some(work) => {
                        let ticked = work.steps.into_iter().map(|step| step.id).collect();
                        (self.terms(version).await?.plan.steps, ticked)
                    }
                    None => (vec![], vec![]),
                }
            }
            (
                State::Planning(_)
                | State::AwaitingAnswer(_)
                | State::Publishing(_)
                | State::AwaitingApproval(_)
                | State::Starting(_)
                | State::Executing(_)
                | State::Resting(_)
                | State::Delivering(_)
                | State::InReview(_)
                | State::Ended(_),
                _,
            ) => (vec![], vec![]),
        };
        let (costs, dropped) = (self.costs().await?, self.dropped(&run.state).await?);
        Ok(status(&StatusFacts {
            run: run.id,
            state: &run.state,
            since,
            steps: &steps,
            ticked: &ticked,
            dropped: dropped.as_ref(),
            costs: &costs,
            prefix: &self.core.settings.prefix,
            rounds: run.origin.rounds,
            review: run.origin.review,
        }))
    }
}

fn source(author: &Author) -> Source {
    let standing = match author.writes {
        Writes::Yes => SourceStanding::Writes,
        Writes::No => SourceStanding::Outside,
        Writes::Unknown => SourceStanding::Unknown,
    };
    Source { by: author.login.clone(), standing }
}

fn disclosed(Disclosed { at, hidden }: Disclosed) -> Hidden {
    let kind = match hidden.kind {
        text::HiddenKind::InvisibleCharacters => HiddenKind::InvisibleCharacters,
        text::HiddenKind::HtmlComment => HiddenKind::HtmlComment,
        text::HiddenKind::HtmlTag => HiddenKind::HtmlTag,
        text::HiddenKind::Image => HiddenKind::Image,
        text::HiddenKind::Link => HiddenKind::Link,
        text::HiddenKind::Definition => HiddenKind::Definition,
    };
    Hidden { place: at, kind, characters: hidden.chars, excerpt: hidden.excerpt }
}
