//! What the event log binds besides the events themselves: what the model was asked and answered, and what was built.
//!
//! The outcome of a piece of paid work carries a [`Record`]: a digest for each answer of its conversation and for what the
//! tools said back, and of an execution all that was built, file by file, with how it stands to the plan. Each version of
//! a plan is named by its digest in the event that wrote it. The rows themselves stay where they are; [`verify_records`]
//! computes the digests anew and names what does not fit.

mod plans;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::Deed;
use super::execute::{unfinished_name, work_name};
use super::{Core, Trouble};
use crate::agent::executor::Work;
use crate::github::Write;
use crate::ids::{Digest, RunId, Timestamp};
use crate::model::{Answer, Arguments, Part};
use crate::sandbox::ChangeKind;
use crate::store::{NewEvent, Store, Turn};
use crate::workflow::conformance::Conformance;
use crate::workflow::deviation::Refusals;
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::terms::Canon;

/// Commands of one conversation that are written out at most.
const MAX_COMMANDS: usize = 200;
/// Characters of one command that are.
const MAX_COMMAND: usize = 500;

/// What the outcome of a piece of paid work binds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The conversations it rests on, whole.
    pub conversations: Vec<Conversation>,
    /// What was built, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<Build>,
    /// What an agent tried that built nothing, and was not let.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusals: Option<Refusals>,
}

/// A conversation with the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conversation {
    /// Which, such as `execute-1`.
    pub task: String,
    /// Its calls, in order.
    pub calls: Vec<Call>,
    /// The commands that the agent ran, in order, the first 200; the plan's own checks stand in its terms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Ran>,
}

/// A command that the agent ran in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ran {
    /// Given to `sh -c`; cut after 500 characters, the whole is under the digest of its answer.
    pub command: String,
    /// How it ended, such as `exit 0`; `None` if that was not said back.
    pub ended: Option<String>,
}

/// One call of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// Over the request, as the model was sent it.
    pub request: String,
    /// Over the answer with its tokens and cost; the commands that the agent ran are part of it.
    pub answer: Digest,
    /// Over what was said back, with what the commands printed; `None` if nothing was.
    pub results: Option<Digest>,
    /// What the answer cost, in millionths of a dollar; `None` where the price is not known.
    pub micro_dollars: Option<i64>,
}

/// What an execution has built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// The version that was executed.
    pub version: u32,
    /// Over all files that differ from the base, with their bytes and modes, after each step.
    pub result: Digest,
    /// How it stands to the plan.
    pub conformance: Conformance,
}

/// Writes to GitHub, as the log keeps them.
#[derive(Serialize)]
struct Wrote<'a> {
    event: &'static str,
    /// The effect they were made for, or the delivery's kind.
    of: &'a str,
    writes: &'a [Write],
}

impl Core {
    /// Appends what went out to GitHub, whatever became of the work it was a part of.
    pub(super) async fn log_writes(
        &self,
        run: Option<RunId>,
        of: &str,
        writes: &[Write],
        now: Timestamp,
    ) -> Result<(), Trouble> {
        if writes.is_empty() {
            return Ok(());
        }
        let event = NewEvent::of("wrote", &Wrote { event: "wrote", of, writes })?;
        Ok(self.store.append_to(run, vec![event], now).await?)
    }
}

impl Deed<'_> {
    /// What the outcome of an effect binds; nothing for one that asks no model.
    pub(super) async fn record(&self, effect: &Effect, event: &Event) -> Result<Option<Record>, Trouble> {
        let task = if let Effect::WritePlan { version } = effect {
            format!("plan-{version}")
        } else if let Effect::Execute { version } = effect {
            format!("execute-{version}")
        } else if let Effect::FollowUp { number } = effect {
            format!("fix-{number}")
        } else {
            return Ok(None);
        };
        let store = &self.core.store;
        let mut record = Record::default();
        for name in store.conversations(self.run.id).await? {
            if name == task || name.strip_prefix(&task).is_some_and(|rest| rest.starts_with('-')) {
                let turns = store.transcript(self.run.id, &name).await?;
                let (calls, commands) = (turns.iter().map(call).collect(), commands(&turns));
                record.conversations.push(Conversation { task: name, calls, commands });
            }
        }
        if let (
            Effect::Execute { version },
            Event::Stopped { .. } | Event::Rested | Event::Deviated { .. } | Event::OutOfBudget { .. },
        ) = (effect, event)
        {
            let work: Option<Work> = self.kept(&unfinished_name(*version)).await?;
            record.refusals = work.map(|work| work.refusals).filter(|refusals| refusals.all > 0);
        }
        if let (Effect::Execute { version }, Event::Executed) = (effect, event) {
            let (terms, work) = (self.terms(*version).await?, self.work(*version).await?);
            let (result, conformance) = (result(&work), self.found(&terms, &work).await?);
            record.built = Some(Build { version: *version, result, conformance });
        }
        Ok(Some(record))
    }
}

/// What the agent ran, as it asked for it and as it was told.
fn commands(turns: &[Turn]) -> Vec<Ran> {
    let mut all = Vec::new();
    for turn in turns {
        let Ok(answer) = serde_json::from_str::<Answer>(&turn.answer) else { continue };
        let parts = turn.results.as_deref().and_then(|results| serde_json::from_str::<Vec<Part>>(results).ok());
        for call in answer.calls.iter().filter(|call| call.name == "run") {
            let Arguments::Json(arguments) = &call.arguments else { continue };
            let Some(command) = arguments["command"].as_str() else { continue };
            let ended = parts.iter().flatten().find_map(|part| match part {
                Part::ToolResult { call: id, text, .. } if *id == call.id => text.lines().next().map(str::to_owned),
                Part::ToolResult { .. } | Part::Text { .. } => None,
            });
            all.push(Ran { command: command.chars().take(MAX_COMMAND).collect(), ended });
        }
    }
    all.truncate(MAX_COMMANDS);
    all
}

fn call(turn: &Turn) -> Call {
    let mut answer = Canon::new("assentry-answer-v1");
    answer.bytes(turn.answer.as_bytes());
    let usage = &turn.usage;
    for number in [usage.input, usage.cached, usage.cache_write, usage.output] {
        answer.number(u64::try_from(number).unwrap_or(0));
    }
    // A price that is not known is none, and not nothing.
    let cost = turn.cost_micro_dollars.map(|cost| u64::try_from(cost).unwrap_or(0));
    answer.list(&cost.into_iter().collect::<Vec<_>>(), |canon, cost| canon.number(*cost));
    let results = turn.results.as_ref().map(|results| {
        let mut canon = Canon::new("assentry-results-v1");
        canon.bytes(results.as_bytes());
        canon.finish()
    });
    let request = turn.request_hash.clone();
    Call { request, answer: answer.finish(), results, micro_dollars: turn.cost_micro_dollars }
}

/// Over what was built, step by step.
fn result(work: &Work) -> Digest {
    let mut canon = Canon::new("assentry-result-v1");
    canon.list(&work.steps, |canon, step| {
        canon.text(&step.id);
        canon.list(&step.changes, |canon, change| {
            canon.text(change.path.as_str());
            match &change.change {
                ChangeKind::Put { mode, bytes } => {
                    canon.text(mode.as_git());
                    canon.bytes(bytes);
                }
                ChangeKind::Delete => canon.text(""),
            }
        });
    });
    canon.finish()
}

/// Something that the log binds and that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbound {
    /// The event that binds it.
    pub seq: i64,
    /// What is wrong, as a sentence without its full stop.
    pub what: String,
}

#[derive(Deserialize)]
struct Bound {
    #[serde(default)]
    record: Option<Record>,
}

/// Computes anew what the events of a whole log bind, and names the first thing that is not what it was.
///
/// # Errors
/// When the store does not answer.
pub async fn verify_records(store: &Store) -> Result<Option<Unbound>, Trouble> {
    let (mut after, mut builds, mut plans) = (0, BTreeMap::new(), plans::Plans::default());
    // What is missing, until it is known whether the log says that it was forgotten.
    let mut missing: Vec<(RunId, &str, Unbound)> = vec![];
    let mut forgotten: Vec<(RunId, String)> = vec![];
    loop {
        let page = store.events_after(after).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for row in page {
            if let (Some(run), "forgot", Ok(Forgot { what })) = (row.run, &*row.kind, serde_json::from_str(&row.json)) {
                forgotten.push((run, what));
            }
            plans.note(&row);
            // An event of which no record can be read binds nothing more; that it is as it was written the chain proves.
            let Ok(Bound { record: Some(record) }) = serde_json::from_str(&row.json) else { continue };
            let Some(run) = row.run else { continue };
            for conversation in &record.conversations {
                match unlike(store, run, conversation).await? {
                    Unlike::No => {}
                    Unlike::Missing(what) => missing.push((run, "transcripts", Unbound { seq: row.seq, what })),
                    Unlike::Yes(what) => return Ok(Some(Unbound { seq: row.seq, what })),
                }
            }
            if let Some(build) = record.built {
                // Work that was stopped as it ended is done again, and the newest is what is pushed.
                builds.insert((run, build.version), (row.seq, build.result));
            }
        }
    }
    if let Some(unbound) = plans.verify(store).await? {
        return Ok(Some(unbound));
    }
    for ((run, version), (seq, bound)) in builds {
        // What is at work again is bound again when it ends.
        let at_work = store.run(run).await?.is_some_and(|row| matches!(row.phase.as_str(), "executing" | "resting"));
        if at_work {
            continue;
        }
        let what = format!("what run {run} built by version {version} is not what is stored");
        match built_now(store, run, version).await? {
            Some(now) if now == bound => {}
            None => missing.push((run, "outputs", Unbound { seq, what })),
            Some(_) => return Ok(Some(Unbound { seq, what })),
        }
    }
    missing.retain(|(run, what, _)| !forgotten.iter().any(|(of, forgot)| of == run && forgot == what));
    Ok(missing.into_iter().map(|(_, _, unbound)| unbound).next())
}

#[derive(Deserialize)]
struct Forgot {
    what: String,
}

/// Whether a conversation is stored as it was bound.
enum Unlike {
    No,
    /// Its words are not there; that may be right.
    Missing(String),
    /// It is another one.
    Yes(String),
}

/// What is wrong with a conversation as it is stored.
async fn unlike(store: &Store, run: RunId, bound: &Conversation) -> Result<Unlike, Trouble> {
    let turns = match store.transcript(run, &bound.task).await {
        Ok(turns) => turns,
        Err(error) if error.is_passing() => return Err(error.into()),
        Err(_) => return Ok(Unlike::Yes(format!("the conversation {} of run {run} cannot be read", bound.task))),
    };
    let stored: Vec<Call> = turns.iter().map(call).collect();
    let wordless = turns.iter().all(|turn| turn.answer.is_empty() && turn.results.is_none());
    for (turn, call) in bound.calls.iter().enumerate() {
        let what = match stored.get(turn) {
            None => "is missing",
            Some(now) if now.request != call.request => "answers another request",
            Some(now) if now.answer != call.answer || now.micro_dollars != call.micro_dollars => "is another answer",
            // What came after it was bound stands in the next record.
            Some(now) if call.results.is_some() && now.results != call.results => "got other results",
            Some(_) => continue,
        };
        let what = format!("turn {turn} of the conversation {} of run {run} {what}", bound.task);
        return Ok(if wordless { Unlike::Missing(what) } else { Unlike::Yes(what) });
    }
    Ok(Unlike::No)
}

async fn built_now(store: &Store, run: RunId, version: u32) -> Result<Option<Digest>, Trouble> {
    let bytes = store.kept(run, &work_name(version)).await?;
    let work = bytes.and_then(|bytes| serde_json::from_slice::<Work>(&bytes).ok());
    Ok(work.as_ref().map(result))
}
