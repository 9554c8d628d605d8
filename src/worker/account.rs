//! Everything that the store knows of a run, for the command line: no server has to run, and nothing is asked of GitHub.

use serde::Serialize;

use super::Trouble;
use super::apply::read;
use super::conformance::{Built, built};
use super::history::past;
use crate::agent::executor::{CheckRun, Work};
use crate::ids::{IssueNumber, PullNumber, RepoName, RunId, Timestamp};
use crate::store::{RunRow, Store};
use crate::words::history::{PastAct, PastVersion};
use crate::words::place::Home;
use crate::workflow::conformance::Conformance;
use crate::workflow::run::{Outcome, State};

/// A run in one line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    /// The run.
    pub run: RunId,
    /// The repository, as it was called when the run began.
    pub repository: RepoName,
    /// The issue.
    pub issue: IssueNumber,
    /// The issue's title when the run began.
    pub title: String,
    /// Where it stands.
    pub phase: String,
    /// How it ended, if it did.
    pub outcome: Option<Outcome>,
    /// The newest version that people saw.
    pub version: Option<u32>,
    /// The pull request with the work.
    pub pull: Option<PullNumber>,
    /// What the model has cost, in millionths of a dollar; models without a known price count as nothing.
    pub micro_dollars: i64,
    /// When it was opened, in milliseconds since 1970.
    pub opened_at: Timestamp,
    /// When it was moved last, in milliseconds since 1970.
    pub updated_at: Timestamp,
}

/// A run with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Account {
    /// The run in one line.
    #[serde(flatten)]
    pub overview: Overview,
    /// Who asked for it.
    pub requester: String,
    /// Its versions, oldest first.
    pub versions: Vec<PastVersion>,
    /// What people decided, and what the gate made of it.
    pub acts: Vec<PastAct>,
    /// What was executed last, and how it stands to the plan.
    pub execution: Option<Execution>,
    /// What models were paid, by phase and model.
    pub costs: Vec<Cost>,
    /// Where to look.
    pub links: Links,
}

/// What came of the execution of a version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Execution {
    /// Which version.
    pub version: u32,
    /// Whether the agent finished; otherwise this is what it had done when it was stopped.
    pub finished: bool,
    /// How it stands to the plan.
    pub conformance: Conformance,
    /// The plan's checks as they ran last, with what they printed.
    pub checks: Vec<CheckRun>,
    /// The agent's own words about it.
    pub summary: String,
}

/// What one model's work in one phase has cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The phase: `plan`, `revise`, `execute`, `review`.
    pub phase: String,
    /// Provider and model.
    pub model: String,
    /// How many calls there were, failed ones too.
    pub calls: i64,
    /// How many of them brought no answer.
    pub failed_calls: i64,
    /// Tokens sent, cached ones included.
    pub input_tokens: i64,
    /// Tokens sent that came from the vendor's cache.
    pub cached_tokens: i64,
    /// Tokens received.
    pub output_tokens: i64,
    /// What those calls cost whose price is known, in millionths of a dollar.
    pub micro_dollars: i64,
    /// How many calls have no known price.
    pub calls_without_price: i64,
}

/// Addresses on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Links {
    /// The issue.
    pub issue: String,
    /// Where the plan is reviewed.
    pub plan_pull: Option<String>,
    /// Where the work is.
    pub pull: Option<String>,
}

/// A run in one line.
///
/// # Errors
/// When the store does not answer, or what it keeps of the run cannot be read.
pub async fn overview(store: &Store, row: RunRow) -> Result<Overview, Trouble> {
    let (opened_at, updated_at) = (row.opened_at, row.updated_at);
    let run = read(row)?;
    let costs = store.costs(run.id).await?;
    let outcome = match &run.state {
        State::Ended(ended) => Some(ended.outcome.clone()),
        State::Planning(_)
        | State::AwaitingAnswer(_)
        | State::Publishing(_)
        | State::AwaitingApproval(_)
        | State::Starting(_)
        | State::Executing(_)
        | State::Resting(_)
        | State::Delivering(_)
        | State::InReview(_) => None,
    };
    Ok(Overview {
        run: run.id,
        repository: run.origin.repo_name.clone(),
        issue: run.origin.number,
        title: run.origin.title.clone(),
        phase: run.state.phase().to_owned(),
        version: run.state.shown().map(|shown| shown.subject.version),
        pull: run.state.work_pull(),
        micro_dollars: costs.iter().map(|costs| costs.micro_dollars).sum(),
        outcome,
        opened_at,
        updated_at,
    })
}

/// A run with all that belongs to it. `web` is GitHub's address for people, without a slash at its end.
///
/// # Errors
/// When the store does not answer, or what it keeps of the run cannot be read.
pub async fn account(store: &Store, row: RunRow, web: &str) -> Result<Account, Trouble> {
    let run = read(row.clone())?;
    let overview = overview(store, row).await?;
    let past = past(store, &run).await?;
    let home = Home { web: web.to_owned(), repo: run.origin.repo_name.clone() };
    let cost = |costs: crate::store::Costs| Cost {
        phase: costs.phase,
        model: costs.model,
        calls: costs.calls,
        failed_calls: costs.failed,
        input_tokens: costs.usage.input,
        cached_tokens: costs.usage.cached,
        output_tokens: costs.usage.output,
        micro_dollars: costs.micro_dollars,
        calls_without_price: costs.unpriced,
    };
    Ok(Account {
        requester: run.origin.requester.login.to_string(),
        execution: built(store, run.id).await?.map(execution),
        costs: store.costs(run.id).await?.into_iter().map(cost).collect(),
        links: Links {
            issue: home.issue(run.origin.number),
            plan_pull: past.plan_pull.map(|pull| home.pull(pull)),
            pull: overview.pull.map(|pull| home.pull(pull)),
        },
        versions: past.versions,
        acts: past.acts,
        overview,
    })
}

fn execution(built: Built) -> Execution {
    let Built { version, finished, conformance, work: Work { checks, summary, .. } } = built;
    Execution { version, finished, conformance, checks, summary }
}
