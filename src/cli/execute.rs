//! `assentry execute`: executes a plan in a checkout on this host, onto a new branch.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::local::report::Report;
use super::local::{Bench, Place, read_plan_file};
use crate::ids::BranchName;

/// Executes a plan without GitHub.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The plan, as `assentry plan` writes it.
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// The new branch.
    #[arg(long, value_name = "NAME", default_value = "assentry/work")]
    branch: String,
    /// Prints the report as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Executes. Work tree and checked-out branch stay as they are.
///
/// # Errors
/// When the work did not finish; the report is printed all the same.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let plan = read_plan_file(&args.plan)?;
    let branch: BranchName = args.branch.parse().with_context(|| format!("--branch {}", args.branch))?;
    let bench = Bench::open(&args.place.repo, args.place.means.load()?).await?;
    let cancel = CancellationToken::new();
    let work = Box::pin(bench.execute(&plan, &branch, super::now(), &cancel));
    let done = super::until_interrupted(&cancel, work).await?;
    let report = Report::of(&bench, &plan, &branch, &done);
    let mut out = anstream::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        report.tell(&mut out)?;
    }
    match report.why {
        None => Ok(()),
        Some(why) => anyhow::bail!("the plan was not carried out: {why}"),
    }
}
