//! `assentry eval`: has a set of tasks done from issue to branch, and says how well, at what price and in what time.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::local::report::{Report, Usage, plain};
use super::local::{Bench, Means, read_issue, read_plan_file};
use crate::agent::planner::Planned;
use crate::config::LocalConfig;
use crate::ids::BranchName;
use crate::model::MicroDollars;
use crate::sandbox::LocalRepository;
use crate::workflow::conformance::Verdict;
use crate::workflow::plan::Plan;

/// Measures models and prompts on tasks of your own.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tasks.
    #[arg(value_name = "SUITE.toml")]
    suite: PathBuf,
    #[command(flatten)]
    means: Means,
    /// Only tasks whose name has this in it.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Where the repositories with their results stay; without it they are removed.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Prints all results as one JSON object.
    #[arg(long)]
    json: bool,
}

/// A set of tasks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    task: Vec<Task>,
}

/// One task. Paths are relative to the suite's folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    /// How it is called in the results.
    name: String,
    /// A folder of files; each try begins with a fresh repository of them.
    repo: PathBuf,
    /// The issue, as `assentry plan` reads it.
    issue: PathBuf,
    /// The plan; without it one is written first, by the model that plans.
    plan: Option<PathBuf>,
    /// Commands that must succeed on the result besides the plan's own checks; the agent does not see them.
    #[serde(default)]
    verify: Vec<String>,
}

/// What came of all tasks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Results {
    /// One entry a task, in the suite's order.
    pub tasks: Vec<Outcome>,
    /// How many were done and verified.
    pub succeeded: usize,
}

/// What came of one task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outcome {
    /// The task's name.
    pub name: String,
    /// Whether the work finished, every check passed and every command of `verify` succeeded.
    pub success: bool,
    /// What was in the way, if something was.
    pub why: Option<String>,
    /// What planning used up; absent where the suite gives the plan.
    pub planning: Option<Usage>,
    /// What came of the execution; absent where there was no plan.
    pub report: Option<Report>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// Runs the suite.
///
/// # Errors
/// When the suite cannot be used, or not every task succeeded; the results are printed all the same.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let name = args.suite.display();
    let text = std::fs::read_to_string(&args.suite).with_context(|| format!("cannot read {name}"))?;
    let mut suite: Suite = toml::from_str(&text).with_context(|| format!("{name} is no suite of tasks"))?;
    if let Some(only) = &args.only {
        suite.task.retain(|task| task.name.contains(only));
    }
    anyhow::ensure!(!suite.task.is_empty(), "{name}: there is no such task: write [[task]] with name, repo and issue");
    let config = args.means.load()?;
    let folder = args.suite.parent().unwrap_or(Path::new("."));
    let temporary;
    let work = match &args.keep {
        Some(dir) => dir.as_path(),
        None => {
            temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
            temporary.path()
        }
    };
    std::fs::create_dir_all(work).with_context(|| format!("cannot make {}", work.display()))?;
    let cancel = CancellationToken::new();
    let mut out = anstream::stdout();
    if !args.json {
        writeln!(out, "{}", row(["task", "result", "deviations", "cost", "answers", "seconds"]))?;
    }
    let mut results = Results { tasks: vec![], succeeded: 0 };
    for task in &suite.task {
        let began = Instant::now();
        let trial = Trial { task, folder, work, config: &config, cancel: &cancel };
        let mut outcome = super::until_interrupted(&cancel, Box::pin(trial.run())).await;
        outcome.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !args.json {
            outcome.tell(&mut out)?;
        }
        results.succeeded += usize::from(outcome.success);
        results.tasks.push(outcome);
        if cancel.is_cancelled() {
            break;
        }
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&results)?)?;
    }
    let (succeeded, all) = (results.succeeded, suite.task.len());
    anyhow::ensure!(succeeded == all, "{succeeded} of {all} tasks succeeded");
    Ok(())
}

/// One try of one task.
struct Trial<'a> {
    task: &'a Task,
    folder: &'a Path,
    work: &'a Path,
    config: &'a LocalConfig,
    cancel: &'a CancellationToken,
}

impl Trial<'_> {
    async fn run(&self) -> Outcome {
        let mut outcome = Outcome {
            name: self.task.name.clone(),
            success: false,
            why: None,
            planning: None,
            report: None,
            elapsed_ms: 0,
        };
        match self.steps(&mut outcome).await {
            Ok(()) => outcome.success = true,
            Err(error) => outcome.why = Some(format!("{error:#}")),
        }
        outcome
    }

    async fn steps(&self, outcome: &mut Outcome) -> anyhow::Result<()> {
        let now = super::now();
        let into = self.work.join(folder_name(&self.task.name));
        LocalRepository::of_folder(&self.folder.join(&self.task.repo), &into, now)
            .await
            .with_context(|| format!("cannot make a repository of {}", self.task.repo.display()))?;
        let bench = Bench::open(&into, self.config.clone()).await?;
        let plan = self.plan(&bench, outcome).await?;
        let branch: BranchName = "assentry/work".parse()?;
        let done = Box::pin(bench.execute(&plan, &branch, now, self.cancel)).await?;
        let report = Report::of(&bench, &plan, &branch, &done);
        let why = report.why.clone();
        outcome.report = Some(report);
        if let Some(why) = why {
            anyhow::bail!(why);
        }
        let Some(head) = done.commits.last() else { anyhow::bail!("nothing was changed") };
        let failed = Box::pin(bench.verify(&branch, head, &self.task.verify, self.cancel)).await?;
        match failed {
            None => Ok(()),
            Some((command, exit)) => anyhow::bail!("{command}: {exit}"),
        }
    }

    async fn plan(&self, bench: &Bench, outcome: &mut Outcome) -> anyhow::Result<Plan> {
        let issue = read_issue(&self.folder.join(&self.task.issue), super::now())?;
        if let Some(file) = &self.task.plan {
            return read_plan_file(&self.folder.join(file));
        }
        let done = Box::pin(bench.plan(&issue, self.cancel)).await?;
        outcome.planning = Some(Usage::of(&done.model, &done.spent));
        match done.planned {
            Planned::Written(submission) => Ok(submission.plan),
            Planned::Asked(questions) => anyhow::bail!("asked in place of planning: {}", questions.join(" / ")),
            Planned::Stopped(ending) => anyhow::bail!("there is no plan: {ending}"),
        }
    }
}

impl Outcome {
    fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        let conformance = self.report.as_ref().map(|report| &report.conformance);
        let result = match (self.success, conformance.map(|conformance| conformance.verdict)) {
            (false, _) => "failed",
            (true, Some(Verdict::AsPlanned)) => "as planned",
            (true, Some(Verdict::Differs)) => "differs",
            (true, Some(Verdict::FallsShort) | None) => "falls short",
        };
        let deviations = conformance.map_or(0, |conformance| conformance.deviations.len());
        let used = || {
            self.planning
                .iter()
                .chain(self.report.iter().flat_map(|report| [&report.used].into_iter().chain(&report.reading)))
        };
        let cost: Option<u64> = used().map(|used| used.micro_dollars).sum();
        let cost = cost.map_or_else(|| "unknown".to_owned(), |micro| MicroDollars(micro).to_string());
        let turns: u32 = used().map(|used| used.turns).sum();
        let seconds = format!("{}.{}", self.elapsed_ms / 1000, self.elapsed_ms % 1000 / 100);
        let name = plain(&self.name);
        writeln!(out, "{}", row([&name, result, &deviations.to_string(), &cost, &turns.to_string(), &seconds]))?;
        match &self.why {
            Some(why) => writeln!(out, "  {}", plain(why)),
            None => Ok(()),
        }
    }
}

fn row([task, result, deviations, cost, answers, seconds]: [&str; 6]) -> String {
    format!("{task:<28} {result:<12} {deviations:>10} {cost:>10} {answers:>8} {seconds:>8}")
}

/// A name that is one folder.
fn folder_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}
