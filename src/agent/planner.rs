//! Writes a plan, or a further version of one, by looking around in a checkout that cannot be changed.
//!
//! Promises: what is submitted has no faults; a submission that has some is told them, a few times at most; a further
//! version answers every note and changes only what the answers name. Refuses to take anything else for a result: an end without a plan has a name.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::budget::Spent;
use super::desk::{self, Desk};
use super::dialogue::{Dialogue, Heard, Said, arguments};
use super::ending::Ending;
use super::guest;
use super::house::HouseRules;
use super::issue::Issue;
use super::prompt::{self, Phase, told};
pub use super::revision::NoteAnswer;
use super::revision::Revision;
use super::text;
use super::transcript::Journal;
use crate::model::{Conversation, Message, Part, ToolCall};
use crate::sandbox::Access;
use crate::workflow::change::{Input, Stale};
use crate::workflow::plan::Plan;
use crate::workflow::plan::revision::Part as PlanPart;
use crate::workflow::run::{Ask, Note};

/// Submissions with faults that are told to the model; the next one ends its work (F49).
pub(super) const MAX_FAULTY: u32 = 3;

/// Faults that are told at once.
const MAX_FAULTS: usize = 20;

/// What a planner is told that asks where people said that it may not.
const NO_QUESTIONS: &str =
    "People want no questions: submit the plan, and state what you assume, each as a question in it.";

/// What is to be planned.
#[derive(Debug, Clone)]
pub struct PlanTask<'a> {
    /// The issue as it stands.
    pub issue: &'a Issue,
    /// Whether a first plan is wanted, or answers to notes.
    pub ask: &'a Ask,
    /// The version that people see, if there is one.
    pub previous: Option<&'a Plan>,
    /// Which part of that version a note stands at, by the note's id, where that is known.
    pub places: &'a BTreeMap<String, PlanPart>,
    /// What the repository asks of its plans.
    pub house: &'a HouseRules,
    /// Whether people want no questions.
    pub unasked: bool,
}

/// What came of planning.
#[derive(Debug)]
pub enum Planned {
    /// A plan without faults.
    Written(Box<Submission>),
    /// Questions for people, in order.
    Asked(Vec<String>),
    /// An end without a plan.
    Stopped(Ending),
}

/// A plan as it was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The plan.
    pub plan: Plan,
    /// What became of each note; none in a first version.
    pub answers: Vec<NoteAnswer>,
    /// What is different from the version before, in one line; empty in a first version.
    pub changes: String,
}

/// Lets the model plan, and says what that used up.
pub async fn plan<J: Journal>(desk: &Desk<'_, J>, task: &PlanTask<'_>) -> (Planned, Spent) {
    if let Some(guest) = desk.guest {
        return Box::pin(guest::plan(desk, guest, task)).await;
    }
    let conversation = task.conversation();
    let mut dialogue = match Dialogue::open((desk.model, desk.fallback), desk.journal, desk.leash, conversation).await {
        Ok(dialogue) => dialogue,
        Err(ending) => return (Planned::Stopped(ending), Spent::default()),
    };
    let planned = lead(desk, task, &mut dialogue).await.unwrap_or_else(Planned::Stopped);
    (planned, dialogue.spent)
}

async fn lead<J: Journal>(
    desk: &Desk<'_, J>,
    task: &PlanTask<'_>,
    dialogue: &mut Dialogue<'_, J>,
) -> Result<Planned, Ending> {
    let mut faulty = 0;
    loop {
        let heard = dialogue.next().await?;
        let mut said = Vec::new();
        let mut result = None;
        for call in &heard.calls {
            said.push(match task.read(call) {
                Call::Look => Box::pin(look(desk, &heard, call)).await?,
                Call::Result(planned) if result.is_none() => {
                    result = Some(planned);
                    Said::Done("taken".to_owned())
                }
                Call::Result(_) => Said::Rejected("there is a result already".to_owned()),
                Call::Rejected(Said::Rejected(why)) if call.name == task.submits() => {
                    faulty += 1;
                    if faulty > MAX_FAULTY {
                        return Err(Ending::Lost { text: format!("{faulty} plans were rejected; {why}") });
                    }
                    Said::Rejected(why)
                }
                Call::Rejected(said) => said,
            });
        }
        dialogue.reply(heard, said).await?;
        if let Some(result) = result {
            return Ok(result);
        }
    }
}

/// Looking changes nothing, so what was seen before a restart is not looked at again.
async fn look<J: Journal>(desk: &Desk<'_, J>, heard: &Heard, call: &ToolCall) -> Result<Said, Ending> {
    let request = match desk::request(call) {
        Ok(request) if request.changes().is_none() => request,
        Ok(_) => return Ok(super::dialogue::unknown(call)),
        Err(said) => return Ok(said),
    };
    match heard.stored(call) {
        Some(_) => Ok(Said::Done(String::new())),
        None => desk.tool(&request, Access::ReadOnly).await,
    }
}

/// A call as the planner understands it.
pub(super) enum Call {
    Look,
    Result(Planned),
    Rejected(Said),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    plan: Plan,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Questions {
    questions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoChange {
    why: String,
}

impl PlanTask<'_> {
    fn phase(&self) -> Phase {
        if self.notes().is_empty() { Phase::Plan } else { Phase::Revise }
    }

    /// The notes to answer. Without a version to revise there is nothing they could stand on.
    fn notes(&self) -> &[Note] {
        match self.ask {
            Ask::Revise { notes } if self.previous.is_some() => notes,
            Ask::Revise { .. } | Ask::Fresh { .. } | Ask::Republish | Ask::Adopt(_) | Ask::Anew { .. } => &[],
        }
    }

    /// The call that ends the work with a version.
    pub(super) fn submits(&self) -> &'static str {
        if self.revises().is_some() { "submit_revision" } else { "submit_plan" }
    }

    /// The version to revise, if notes are to be answered.
    fn revises(&self) -> Option<&Plan> {
        self.previous.filter(|_| self.phase() == Phase::Revise)
    }

    pub(super) fn read(&self, call: &ToolCall) -> Call {
        let read = match (call.name.as_str(), self.revises()) {
            ("submit_revision", Some(previous)) => arguments(call)
                .and_then(|revision: Revision| revision.judge(previous, self.notes()).map_err(rejected))
                .and_then(|submission| self.house.hold(submission).map_err(rejected))
                .map(written),
            ("submit_plan", None) => arguments(call)
                .and_then(first)
                .and_then(|submission| self.house.hold(submission).map_err(rejected))
                .map(written),
            ("ask_questions", _) if self.unasked => Err(Said::Rejected(NO_QUESTIONS.to_owned())),
            ("ask_questions", _) => arguments(call).and_then(questions).map(Planned::Asked),
            ("no_change", None) => arguments(call)
                .map(|NoChange { why }| Planned::Stopped(Ending::NoChange { text: text::visible(&why).text })),
            _ => return Call::Look,
        };
        read.map_or_else(Call::Rejected, Call::Result)
    }

    /// The beginning of the conversation; the same bytes each time.
    pub(super) fn conversation(&self) -> Conversation {
        let phase = self.phase();
        let task = told(match phase {
            Phase::Revise => "Revise the plan.",
            Phase::Plan | Phase::Execute | Phase::FollowUp | Phase::Review => "Plan the issue.",
        });
        let parts = [Some(self.data()), self.house.told().map(told), Some(task)].into_iter().flatten().collect();
        Conversation {
            system: phase.instructions().to_owned(),
            tools: phase.tools(),
            messages: vec![Message::User { parts }],
        }
    }

    fn data(&self) -> Part {
        let mut all = json!({ "issue": self.issue.read() });
        if let Ask::Fresh { guidance: Some(guidance) } = self.ask {
            all["guidance"] = json!(text::clean(guidance).text);
        }
        if let Ask::Anew { why } = self.ask {
            all["out_of_date_because"] = json!(missed(why));
        }
        if let Some(plan) = self.previous {
            all["plan"] = json!(plan);
        }
        if !self.notes().is_empty() {
            all["notes"] = self.notes().iter().map(|note| read_note(note, self.places.get(&note.id))).collect();
        }
        prompt::data(&all)
    }
}

fn written(submission: Submission) -> Planned {
    Planned::Written(Box::new(submission))
}

fn first(First { plan }: First) -> Result<Submission, Said> {
    let faults: Vec<String> = plan.faults().into_iter().map(|fault| format!("{}: {}", fault.at, fault.what)).collect();
    if faults.is_empty() {
        Ok(Submission { plan, answers: vec![], changes: String::new() })
    } else {
        Err(rejected(faults))
    }
}

fn rejected(mut faults: Vec<String>) -> Said {
    let more = faults.len().saturating_sub(MAX_FAULTS);
    faults.truncate(MAX_FAULTS);
    let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
    Said::Rejected(format!("the plan was not taken:\n{}{more}", faults.join("\n")))
}

/// What the version before did not know, for the model. Names only: what was changed is in the issue it reads.
fn missed(why: &Stale) -> Vec<String> {
    match why {
        Stale::Input { edits } => {
            edits.iter().map(|edit| format!("changed in the issue: {}", part(edit.what))).collect()
        }
        Stale::Base { paths } => paths.iter().map(|path| format!("changed in the repository: {path}")).collect(),
        Stale::BaseRenamed { to } => vec![format!("the base branch is called {to} now")],
        Stale::Outdated => vec!["another model is in use".to_owned()],
    }
}

fn part(input: Input) -> String {
    match input {
        Input::Title => "the title".to_owned(),
        Input::Body => "the body".to_owned(),
        Input::Comment(id) => format!("comment {id}"),
    }
}

fn read_note(note: &Note, place: Option<&PlanPart>) -> serde_json::Value {
    let mut read = json!({"id": note.id, "by": note.by.login, "text": text::clean(&note.text).text});
    if let Some(on) = &note.on {
        read["on"] = json!({"quoted": text::visible(&on.quoted).text});
    }
    if let Some(part) = place {
        read["on"]["part"] = json!(part.to_string());
    }
    read
}

fn questions(Questions { questions }: Questions) -> Result<Vec<String>, Said> {
    let questions: Vec<String> = questions.iter().map(|question| one_text(question, 1_000)).collect();
    if questions.is_empty() || questions.len() > 10 || questions.iter().any(String::is_empty) {
        return Err(Said::Rejected("ask one to ten questions, none of them empty".to_owned()));
    }
    Ok(questions)
}

/// A model's text for people: without what does not show, and not longer than it may be.
pub(super) fn one_text(text: &str, chars: usize) -> String {
    text::visible(text).text.trim().chars().take(chars).collect()
}
