//! Writes a plan, or a further version of one, by looking around in a checkout that cannot be changed.
//!
//! Promises: what is submitted has no faults and answers every note; a submission that has some is told them, a few times
//! at most. Refuses to take anything else for a result: an end without a plan has a name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::budget::Spent;
use super::desk::{self, Desk};
use super::dialogue::{Dialogue, Heard, Said, arguments};
use super::ending::Ending;
use super::issue::Issue;
use super::prompt::{self, Phase, told};
use super::text;
use super::transcript::Journal;
use crate::model::{Conversation, Message, Part, ToolCall};
use crate::sandbox::Access;
use crate::workflow::plan::Plan;
use crate::workflow::run::{Ask, Note};

/// Submissions with faults that are told to the model; the next one ends its work (F49).
const MAX_FAULTY: u32 = 3;

/// Faults that are told at once.
const MAX_FAULTS: usize = 20;

/// What is to be planned.
#[derive(Debug, Clone)]
pub struct PlanTask<'a> {
    /// The issue as it stands.
    pub issue: &'a Issue,
    /// Whether a first plan is wanted, or answers to notes.
    pub ask: &'a Ask,
    /// The version that people see, if there is one.
    pub previous: Option<&'a Plan>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The plan.
    pub plan: Plan,
    /// What became of each note; none in a first version.
    #[serde(default)]
    pub answers: Vec<NoteAnswer>,
    /// What is different from the version before, in one line; empty in a first version.
    #[serde(default)]
    pub changes: String,
}

/// What became of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteAnswer {
    /// The note's id.
    pub note: String,
    /// What was done about it, or why nothing was.
    pub answer: String,
    /// Whether the plan now does what the note asks.
    pub done: bool,
}

/// Lets the model plan, and says what that used up.
pub async fn plan<J: Journal>(desk: &Desk<'_, J>, task: &PlanTask<'_>) -> (Planned, Spent) {
    let conversation = task.conversation();
    let mut dialogue = match Dialogue::open(desk.model, desk.journal, desk.leash, conversation).await {
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
                Call::Look => look(desk, &heard, call).await?,
                Call::Result(planned) if result.is_none() => {
                    result = Some(planned);
                    Said::Done("taken".to_owned())
                }
                Call::Result(_) => Said::Rejected("there is a result already".to_owned()),
                Call::Rejected(Said::Rejected(why)) if call.name == "submit_plan" => {
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
enum Call {
    Look,
    Result(Planned),
    Rejected(Said),
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
            Ask::Revise { .. } | Ask::Fresh { .. } | Ask::Republish => &[],
        }
    }

    fn read(&self, call: &ToolCall) -> Call {
        let read = match call.name.as_str() {
            "submit_plan" => {
                arguments(call).and_then(|submission| self.judge(submission)).map(Box::new).map(Planned::Written)
            }
            "ask_questions" => arguments(call).and_then(questions).map(Planned::Asked),
            "no_change" if self.phase() == Phase::Plan => arguments(call)
                .map(|NoChange { why }| Planned::Stopped(Ending::NoChange { text: text::visible(&why).text })),
            _ => return Call::Look,
        };
        read.map_or_else(Call::Rejected, Call::Result)
    }

    fn judge(&self, mut submission: Submission) -> Result<Submission, Said> {
        let mut faults: Vec<String> =
            submission.plan.faults().into_iter().map(|fault| format!("{}: {}", fault.at, fault.what)).collect();
        let notes = self.notes();
        for note in notes {
            match submission.answers.iter().filter(|answer| answer.note == note.id).count() {
                0 => faults.push(format!("answers: the note {} has no answer", note.id)),
                1 => {}
                _ => faults.push(format!("answers: the note {} has several answers", note.id)),
            }
        }
        for (n, answer) in submission.answers.iter_mut().enumerate() {
            if !notes.iter().any(|note| note.id == answer.note) {
                faults.push(format!("answers[{n}].note: there is no such note"));
            }
            answer.answer = one_text(&answer.answer, 4_000);
            if answer.answer.is_empty() {
                faults.push(format!("answers[{n}].answer: is empty"));
            }
        }
        submission.changes = one_text(&submission.changes, 500).replace('\n', " ");
        if !notes.is_empty() && submission.changes.is_empty() {
            faults.push("changes: is empty".to_owned());
        }
        if faults.is_empty() {
            return Ok(submission);
        }
        let more = faults.len().saturating_sub(MAX_FAULTS);
        faults.truncate(MAX_FAULTS);
        let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
        Err(Said::Rejected(format!("the plan was not taken:\n{}{more}", faults.join("\n"))))
    }

    /// The beginning of the conversation; the same bytes each time.
    fn conversation(&self) -> Conversation {
        let phase = self.phase();
        let parts = vec![
            self.data(),
            told(match phase {
                Phase::Revise => "Revise the plan.",
                Phase::Plan | Phase::Execute => "Plan the issue.",
            }),
        ];
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
        if let Some(plan) = self.previous {
            all["plan"] = json!(plan);
        }
        if !self.notes().is_empty() {
            all["notes"] = self.notes().iter().map(read_note).collect();
        }
        prompt::data(&all)
    }
}

fn read_note(note: &Note) -> serde_json::Value {
    let mut read = json!({"id": note.id, "by": note.by.login, "text": text::clean(&note.text).text});
    if let Some(on) = &note.on {
        read["on"] = json!({"lines_of_the_plan": [on.first, on.last], "quoted": text::visible(&on.quoted).text});
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
