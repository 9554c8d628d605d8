//! What a piece of local work says about itself: for people in the terminal, and as JSON.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Bench, Executing};
use crate::agent::Spent;
use crate::ids::{BranchName, CommitSha};
use crate::workflow::conformance::{
    CheckVerdict, Conformance, FileReport, FileVerdict, Remark, SecondReading, StepReport, StepVerdict, Verdict,
    conformance,
};
use crate::workflow::plan::{FileChange, Plan};

/// What was used up.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Usage {
    /// The model, as provider and id.
    pub model: String,
    /// Its answers.
    pub turns: u32,
    /// Tokens it read.
    pub input_tokens: u64,
    /// How many of them came from the provider's cache.
    pub cached_tokens: u64,
    /// Tokens it wrote.
    pub output_tokens: u64,
    /// Millionths of a dollar; absent when the model's price is unknown.
    pub micro_dollars: Option<u64>,
}

/// What came of an execution.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Whether it finished: every step done or declared, every check green.
    pub finished: bool,
    /// Why it ended before that.
    pub why: Option<String>,
    /// The plan's title.
    pub plan: String,
    /// The commit that was worked on.
    pub base: CommitSha,
    /// The new branch; absent when there is nothing on it.
    pub branch: Option<BranchName>,
    /// Its commits, one a step.
    pub commits: Vec<CommitSha>,
    /// Planned against actual.
    pub conformance: Conformance,
    /// The agent's own words about it; nothing rests on them.
    pub summary: String,
    /// What it used up.
    pub used: Usage,
    /// What reading it a second time used up; absent where no second model is named.
    pub reading: Option<Usage>,
}

impl Usage {
    /// What an agent used up.
    #[must_use]
    pub fn of(model: &str, spent: &Spent) -> Usage {
        Usage {
            model: model.to_owned(),
            turns: spent.turns,
            input_tokens: spent.usage.input_tokens,
            cached_tokens: spent.usage.cached_tokens,
            output_tokens: spent.usage.output_tokens,
            micro_dollars: spent.micro_dollars,
        }
    }

    /// In words.
    #[must_use]
    pub fn told(&self) -> String {
        let cost = self
            .micro_dollars
            .map_or_else(|| "at an unknown price".to_owned(), |micro| crate::model::MicroDollars(micro).to_string());
        let Usage { model, turns, input_tokens, cached_tokens, output_tokens, .. } = self;
        format!(
            "{model}: {turns} answers, {input_tokens} tokens read ({cached_tokens} cached), {output_tokens} written, {cost}"
        )
    }
}

impl Report {
    /// Puts together what there is to say.
    #[must_use]
    pub fn of(bench: &Bench, plan: &Plan, branch: &BranchName, done: &Executing) -> Report {
        let reading = done.second.as_ref();
        let found = conformance(plan, &bench.ground().protected, &done.work.built());
        Report {
            finished: done.ending.is_none(),
            why: done.ending.as_ref().map(ToString::to_string),
            plan: plan.title.clone(),
            base: bench.base.clone(),
            branch: (!done.commits.is_empty()).then(|| branch.clone()),
            commits: done.commits.clone(),
            conformance: match reading.and_then(|reading| reading.said.clone()) {
                Some(said) => found.read_again(said),
                None => found,
            },
            summary: done.work.summary.clone(),
            used: Usage::of(&done.model, &done.work.spent),
            reading: reading.map(|reading| Usage::of(&reading.model, &reading.spent)),
        }
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}", plain(&self.plan))?;
        match (&self.why, &self.branch) {
            (Some(why), _) => writeln!(out, "Not finished: {}.", plain(why))?,
            (None, Some(branch)) => {
                let commits = self.commits.len();
                let plural = if commits == 1 { "" } else { "s" };
                writeln!(out, "Finished: {commits} commit{plural} on the branch {branch}.")?;
            }
            (None, None) => writeln!(out, "Finished; nothing had to be changed.")?,
        }
        let Conformance { verdict, steps, files, checks, deviations, refusals: _, second } = &self.conformance;
        writeln!(out, "\nplanned against actual: {}", overall(*verdict))?;
        for StepReport { id, title, verdict, .. } in steps {
            let name = id.as_deref().unwrap_or("—");
            writeln!(out, "  step  {name:<6} {:<16} {}", step(*verdict), plain(title))?;
        }
        for FileReport { path, planned, actual, verdict, in_scope } in files {
            let outside = if *in_scope { "" } else { ", outside the scope" };
            let (planned, actual) = (change(*planned), change(*actual));
            writeln!(out, "  file  {:<23} {path}: planned {planned}, actual {actual}{outside}", file(*verdict))?;
        }
        for check in checks {
            let before = if check.passed_before == Some(false) { ", red before" } else { "" };
            writeln!(out, "  check {:<23} {}{before}", self::check(check.verdict), plain(&check.command))?;
        }
        for deviation in deviations {
            let (what, why) = (plain(&deviation.what), plain(&deviation.why));
            writeln!(out, "  deviation in {}: {what} Why: {why}", plain(&deviation.step))?;
        }
        if let Some(SecondReading { by, verdict, remarks }) = second {
            writeln!(out, "\nread a second time by {}: {}", plain(by), overall(*verdict))?;
            for Remark { place, text } in remarks {
                let place = if place.is_empty() { "—".to_owned() } else { plain(place) };
                writeln!(out, "  remark at {place}: {}", plain(text))?;
            }
        }
        writeln!(out, "\n{}", self.used.told())?;
        match &self.reading {
            Some(reading) => writeln!(out, "{}", reading.told()),
            None => Ok(()),
        }
    }
}

/// One line that does nothing to a terminal.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn overall(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AsPlanned => "as planned",
        Verdict::Differs => "differs",
        Verdict::FallsShort => "falls short",
    }
}

fn step(verdict: StepVerdict) -> &'static str {
    match verdict {
        StepVerdict::Done => "done",
        StepVerdict::DoneDifferently => "done differently",
        StepVerdict::Claimed => "claimed",
        StepVerdict::NotDone => "not done",
        StepVerdict::NotPlanned => "not planned",
    }
}

fn file(verdict: FileVerdict) -> &'static str {
    match verdict {
        FileVerdict::PlannedAndChanged => "planned and changed",
        FileVerdict::PlannedAndUntouched => "planned and untouched",
        FileVerdict::Unplanned => "unplanned",
    }
}

fn check(verdict: CheckVerdict) -> &'static str {
    match verdict {
        CheckVerdict::Passed => "passed",
        CheckVerdict::Failed => "failed",
        CheckVerdict::NotRun => "not run",
    }
}

fn change(change: Option<FileChange>) -> &'static str {
    match change {
        None => "nothing",
        Some(FileChange::Create) => "create",
        Some(FileChange::Change) => "change",
        Some(FileChange::Delete) => "delete",
    }
}
