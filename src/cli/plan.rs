//! `assentry plan`: has a plan written for an issue in a file, on a checkout on this host.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::local::report::{Usage, plain};
use super::local::{Bench, Place, read_issue};
use crate::agent::planner::Planned;
use crate::words::plan::plan_body;

/// Writes a plan without GitHub.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The issue: its title in the first line, its text below.
    #[arg(long, value_name = "FILE")]
    issue: PathBuf,
    /// Where the plan is written to; without it, to the terminal.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints plan, questions and what was used up as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Plans. The plan is Markdown that people may edit before `assentry execute` reads it.
///
/// # Errors
/// When there is no plan in the end; the text says why.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let issue = read_issue(&args.issue, super::now())?;
    let bench = Bench::open(&args.place.repo, args.place.means.load()?).await?;
    let cancel = CancellationToken::new();
    let done = super::until_interrupted(&cancel, Box::pin(bench.plan(&issue, &cancel))).await?;
    let used = Usage::of(&done.model, &done.spent);
    let mut out = anstream::stdout();
    match &done.planned {
        Planned::Written(submission) => {
            let text = plan_body(&submission.plan);
            if let Some(file) = &args.out {
                std::fs::write(file, &text).with_context(|| format!("cannot write {}", file.display()))?;
            }
            if args.json {
                let json = json!({ "plan": submission.plan, "markdown": text, "base": bench.base, "used": used });
                writeln!(out, "{json}")?;
            } else if let Some(file) = &args.out {
                let (repo, plan, branch) = (args.place.repo.display(), file.display(), &bench.branch);
                writeln!(out, "{plan} is a plan for {branch}. Read it, then:")?;
                writeln!(out, "assentry execute --repo {repo} --plan {plan}")?;
                writeln!(out, "{}", used.told())?;
            } else {
                write!(out, "{text}")?;
                anstream::eprintln!("{}", used.told());
            }
            Ok(())
        }
        Planned::Asked(questions) => {
            if args.json {
                writeln!(out, "{}", json!({ "questions": questions, "base": bench.base, "used": used }))?;
            }
            let list: Vec<String> =
                questions.iter().enumerate().map(|(n, text)| format!("\n  {}. {}", n + 1, plain(text))).collect();
            anyhow::bail!("the issue leaves open what to build; answer in {}:{}", args.issue.display(), list.concat())
        }
        Planned::Stopped(ending) => anyhow::bail!("there is no plan: {ending}. {}", used.told()),
    }
}
