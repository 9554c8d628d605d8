//! Has the planner write a version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Trouble;
use super::apply::With;
use super::effect::{Deed, Done};
use super::policy::InForce;
use super::workplace::Notebook;
use crate::agent::planner::{NoteAnswer, PlanTask, Planned, Submission, plan};
use crate::agent::prompt::prompt_version;
use crate::agent::{Desk, Ending, Ground, Issue, JournalError, Leash, text};
use crate::ids::{AccountKind, CommitSha, Person};
use crate::model::ModelError;
use crate::store::NewPlan;
use crate::words::plan::{Base, Suggested, Taken, adopt, place, plan_body};
use crate::workflow::approval::Rules;
use crate::workflow::event::Event;
use crate::workflow::plan::Plan;
use crate::workflow::plan::revision::Part;
use crate::workflow::run::{Ask, Note, Outcome, Planning, Reply, Shown, State, Trouble as Why};
use crate::workflow::terms::{Canon, ModelIds, Terms};

/// What the store keeps of a version besides its terms.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Answered {
    /// What became of each note.
    pub(super) answers: Vec<NoteAnswer>,
    /// What is different from the version before.
    pub(super) changes: String,
    /// The person who wrote the version, where no model did.
    #[serde(default)]
    pub(super) by: Option<Person>,
}

/// Under which name the store keeps [`Answered`].
pub(super) fn answered_name(version: u32) -> String {
    format!("answers-{version}")
}

/// Under which name the store keeps a conversation: the version, and what it is to answer. A version that ended in
/// questions is asked for again with the answers, and that is another conversation.
fn task_name(planning: &Planning) -> Result<String, Trouble> {
    let mut canon = Canon::new("assentry-ask-v1");
    canon.text(&serde_json::to_string(&planning.ask)?);
    Ok(format!("plan-{}-{}", planning.version, canon.finish().short()))
}

impl Deed<'_> {
    /// Writes a version, or ends up with questions or a named failure.
    pub(super) async fn write_plan(&self, version: u32) -> Result<Done, Trouble> {
        let State::Planning(planning) = &self.run.state else { return Ok(Done::quietly()) };
        if planning.version != version {
            return Ok(Done::quietly());
        }
        if let (Ask::Republish, Some(shown)) = (&planning.ask, &planning.shown) {
            let before = self.terms(shown.subject.version).await?;
            return self.written(Terms { version, ..before }, shown.rules.clone());
        }
        if self.asks_nothing(&planning.ask) {
            return Ok(failed(Why::EmptyIssue));
        }
        let in_force = self.policy().await?;
        let house = in_force.house(in_force.profile(&self.run));
        let made = (planning, &*in_force);
        let Some(base) = self.base_of(planning).await? else { return Ok(failed(Why::EmptyRepository)) };
        let issue = self.inputs(planning, in_force.policy.plan.outsiders).await?;
        if let Ask::Adopt(offer) = &planning.ask {
            let submission = Submission { plan: offer.plan.clone(), answers: vec![], changes: String::new() };
            return self.submitted(made, &issue, base, submission).await;
        }
        let before = match &planning.shown {
            Some(shown) => Some((shown, self.terms(shown.subject.version).await?)),
            None => None,
        };
        let revision = before.as_ref().and_then(|(shown, before)| revision(planning, shown, before));
        if let Some(revision) = revision.as_ref().filter(|revision| revision.rest.is_empty()) {
            return self.revised(made, &issue, base, revision.with(None)).await;
        }
        let rest = revision.as_ref().map(|revision| Ask::Revise { notes: revision.rest.clone() });
        let previous = revision.as_ref().map(|revision| &revision.plan);
        let nowhere = BTreeMap::new();
        let task = PlanTask {
            issue: &issue,
            ask: rest.as_ref().unwrap_or(&planning.ask),
            previous: previous.or(before.as_ref().map(|(_, before)| &before.plan)),
            places: revision.as_ref().map_or(&nowhere, |revision| &revision.places),
            house: &house,
            unasked: planning.unasked,
        };
        match self.ask_planner(made, &task, &base).await? {
            Planned::Written(submission) => match &revision {
                Some(revision) => self.revised(made, &issue, base, revision.with(Some(*submission))).await,
                None => self.submitted(made, &issue, base, *submission).await,
            },
            Planned::Asked(questions) => Ok(Done::with(Event::QuestionsAsked { questions })),
            Planned::Stopped(ending) => self.ended(ending).await,
        }
    }

    /// Has the model write, in a checkout of the base.
    async fn ask_planner(
        &self,
        (planning, in_force): (&Planning, &InForce),
        task: &PlanTask<'_>,
        base: &CommitSha,
    ) -> Result<Planned, Trouble> {
        self.core.sandbox.self_test().await?;
        let checkout = self.checkout(&format!("plan-{}", planning.version), base).await?;
        let settings = &self.core.settings;
        let budget = settings.planning;
        let chosen = in_force.profile(&self.run).plan_model.as_deref();
        let (model, choice) = self.core.planner_for(chosen, &planning.ask);
        let by = (phase(&planning.ask), self.asked_by(planning));
        let journal = Notebook::new(self, task_name(planning)?, by, budget);
        let leash = Leash { budget, until: journal.deadline().await?, cancel: self.cancel.clone() };
        let desk = Desk {
            model,
            fallback: choice.fallback.as_deref(),
            guest: choice.guest.as_deref(),
            journal: &journal,
            sandbox: &self.core.sandbox,
            checkout: &checkout,
            limits: self.limits(),
            leash: &leash,
        };
        let (planned, _) = Box::pin(plan(&desk, task)).await;
        self.tidy(checkout);
        journal.close().await?;
        Ok(planned)
    }

    /// For whose day the version counts: whoever said last what it answers, else whoever asked for the run.
    fn asked_by<'a>(&'a self, planning: &'a Planning) -> &'a Person {
        let noted = match &planning.ask {
            Ask::Revise { notes } => notes.iter().map(|note| &note.by).rfind(|by| by.kind == AccountKind::User),
            Ask::Fresh { .. } | Ask::Republish | Ask::Adopt(_) | Ask::Anew { .. } => None,
        };
        noted.unwrap_or(&self.run.origin.requester)
    }

    /// Whether neither the issue nor guidance has anything in it that people see.
    fn asks_nothing(&self, ask: &Ask) -> bool {
        let blank = |text: &str| text::clean(text).text.trim().is_empty();
        let guided = matches!(ask, Ask::Fresh { guidance: Some(guidance) } if !blank(guidance));
        let origin = &self.run.origin;
        let adopts = matches!(ask, Ask::Adopt(_));
        !guided && !adopts && blank(&origin.title) && blank(&origin.body)
    }

    /// The commit to plan on: for an answer to notes the one the version was written for, else the newest.
    async fn base_of(&self, planning: &Planning) -> Result<Option<CommitSha>, Trouble> {
        let base = self.run.base_branch();
        let head = self.fetch(std::slice::from_ref(base)).await?.remove(base);
        Ok(match (&planning.ask, &planning.shown) {
            (Ask::Revise { .. }, Some(shown)) => Some(shown.base.clone()),
            (Ask::Adopt(offer), Some(shown)) if offer.is_push() => Some(shown.base.clone()),
            (Ask::Revise { .. } | Ask::Fresh { .. } | Ask::Republish | Ask::Adopt(_) | Ask::Anew { .. }, _) => head,
        })
    }

    /// A revision is a version of its own if anything of the plan is different by it; else it is only answers.
    async fn revised(
        &self,
        (planning, in_force): (&Planning, &InForce),
        issue: &Issue,
        base: CommitSha,
        revised: (Submission, bool),
    ) -> Result<Done, Trouble> {
        let (submission, differs) = revised;
        if differs {
            return self.submitted((planning, in_force), issue, base, submission).await;
        }
        let Ask::Revise { notes } = &planning.ask else { return Ok(Done::quietly()) };
        let reply = |note: &Note| {
            let answer = submission.answers.iter().find(|answer| answer.note == note.id)?;
            Some(Reply { note: note.clone(), text: answer.answer.clone(), done: answer.done })
        };
        let replies = notes.iter().filter_map(reply).collect();
        Ok(Done::with(Event::PlanKept { version: planning.version, replies }))
    }

    async fn submitted(
        &self,
        (planning, in_force): (&Planning, &InForce),
        issue: &Issue,
        base: CommitSha,
        submission: Submission,
    ) -> Result<Done, Trouble> {
        let Submission { mut plan, answers, changes } = submission;
        let profile = in_force.profile(&self.run);
        // A plan that a person wrote, or changed by a suggestion, has the repository's checks too.
        in_force.house(profile).complete(&mut plan);
        let by = match &planning.ask {
            Ask::Adopt(offer) => Some(offer.by.clone()),
            Ask::Fresh { .. } | Ask::Revise { .. } | Ask::Republish | Ask::Anew { .. } => None,
        };
        let planned_by = match &by {
            Some(person) => format!("{}, by hand", person.login),
            None => self.core.planner_for(profile.plan_model.as_deref(), &planning.ask).1.name.clone(),
        };
        let answered = serde_json::to_vec(&Answered { answers, changes, by })?;
        self.keep(&answered_name(planning.version), answered).await?;
        let (origin, settings) = (&self.run.origin, &self.core.settings);
        let execute_model = self.core.executor_for(profile.execute_model.as_deref()).1;
        let rules = self.settled(in_force.rules(&self.run, &plan, execute_model.at_most(&plan))).await;
        let Ground { set_up, protected, responses } = in_force.ground();
        let terms = Terms {
            host: settings.host.clone(),
            repository: origin.repo,
            issue: origin.issue,
            version: planning.version,
            text: plan_body(&plan),
            plan,
            budget: profile.budget,
            network: in_force.policy.execute.hosts.clone(),
            models: ModelIds { plan: planned_by, execute: execute_model.name.clone() },
            prompts: prompt_version(),
            base_branch: self.run.base_branch().clone(),
            base,
            inputs: issue.digest(),
            policy: in_force.digest(&rules),
            requesters: planning.requesters.iter().map(|person| person.id).collect(),
            set_up,
            image: in_force.policy.execute.image.clone(),
            protected,
            responses,
        };
        self.written(terms, rules)
    }

    fn written(&self, terms: Terms, rules: Rules) -> Result<Done, Trouble> {
        let (version, digest) = (terms.version, terms.digest());
        let event = Event::PlanWritten { version, digest: digest.clone(), base: terms.base.clone(), rules };
        let plan = NewPlan { version, digest, terms: serde_json::to_string(&terms)?, markdown: terms.text.clone() };
        Ok(Done::and(event, With { plan: Some(plan), ..With::default() }))
    }

    /// What an agent's end without a result means for the run.
    pub(super) async fn ended(&self, ending: Ending) -> Result<Done, Trouble> {
        let why = match ending {
            Ending::Cancelled => return Err(Trouble::Interrupted),
            Ending::Journal(JournalError::LostLease) => return Err(Trouble::Interrupted),
            Ending::Journal(JournalError::Store(text)) => return Err(Trouble::Journal(text)),
            Ending::Journal(JournalError::Unreadable(text)) => return Err(Trouble::Corrupt(text)),
            Ending::Sandbox(error) => return Err(Trouble::Sandbox(error)),
            Ending::Model(error) => return self.model_failed(error).await,
            Ending::Refused { text } => Why::Refused { text },
            Ending::NoChange { text } => Why::NoChange { text },
            Ending::PlanIsWrong { text } => return Ok(needs_new_plan(text)),
            deviates @ Ending::Deviates { .. } => return Ok(needs_new_plan(deviates.to_string())),
            Ending::ChecksFailed { commands } => Why::ChecksFailed { commands },
            Ending::OverBudget(limit) => Why::OverBudget { what: limit.to_string() },
            Ending::OverDay(reached) => Why::DayIsFull { reached },
            Ending::Lost { text } => Why::Lost { text },
            Ending::Forbidden { text } => Why::Forbidden { text },
            Ending::Interrupted { text } => Why::Lost { text },
        };
        Ok(failed(why))
    }

    /// A model that may answer later is asked later, as a row that waits; the conversation goes on where it was.
    /// What else kept the effect from being done does not use up the patience with the model.
    async fn model_failed(&self, error: ModelError) -> Result<Done, Trouble> {
        let tries = self.core.store.failed_tries(self.run.id, self.id).await?;
        let attempt = u32::try_from(tries.max(1)).unwrap_or(u32::MAX);
        match crate::model::retry_after(attempt, &error) {
            Some(wait) => Err(Trouble::Model { text: error.to_string(), again_at: self.moment.now().plus(wait) }),
            None => Ok(failed(Why::Model { text: error.to_string() })),
        }
    }
}

/// What can be said of a revision before the model is asked: suggestions are adopted as they are.
struct Revision<'a> {
    before: &'a Plan,
    plan: Plan,
    taken: Vec<NoteAnswer>,
    rest: Vec<Note>,
    places: BTreeMap<String, Part>,
}

fn revision<'a>(planning: &Planning, shown: &'a Shown, before: &'a Terms) -> Option<Revision<'a>> {
    let Ask::Revise { notes } = &planning.ask else { return None };
    let base = Base { plan: &before.plan, text: &before.text, commit: &shown.subject.commit };
    let Suggested { plan, answers, rest } = adopt(&base, notes);
    let answer = |taken: Taken| {
        let Taken { note, text, done, changed } = taken;
        NoteAnswer { note, answer: text, done, changed, rejects: None }
    };
    let places = rest.iter().filter_map(|note| Some((note.id.clone(), place(&base, note)?))).collect();
    Some(Revision { before: &before.plan, plan, taken: answers.into_iter().map(answer).collect(), rest, places })
}

impl Revision<'_> {
    /// The suggestions and what the model made of the rest, and whether the plan is different by both.
    fn with(&self, submission: Option<Submission>) -> (Submission, bool) {
        let nothing = Submission { plan: self.plan.clone(), answers: vec![], changes: String::new() };
        let Submission { plan, answers, changes } = submission.unwrap_or(nothing);
        let answers = self.taken.iter().cloned().chain(answers).collect();
        let differs = plan != *self.before;
        (Submission { plan, answers, changes }, differs)
    }
}

/// A plan that is made anew is planned; only answers to notes are a revision.
fn phase(ask: &Ask) -> &'static str {
    match ask {
        Ask::Revise { .. } => "revise",
        Ask::Fresh { .. } | Ask::Republish | Ask::Adopt(_) | Ask::Anew { .. } => "plan",
    }
}

fn failed(why: Why) -> Done {
    Done::with(Event::Stopped { outcome: Outcome::Failed { why } })
}

fn needs_new_plan(text: String) -> Done {
    let outcome = Outcome::NeedsNewPlan { why: Why::PlanIsWrong { text } };
    Done::with(Event::Stopped { outcome })
}
