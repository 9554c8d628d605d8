//! `assentry demo`: the main job from beginning to end, offline.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::agent::executor::Work;
use crate::demo::stage::{Dashboard, Stage};
use crate::demo::story;
use crate::demo::teller::{Teller, Told};
use crate::ids::{IssueNumber, Timestamp};
use crate::store::{EventRow, RunRow, Store, Verdict};
use crate::workflow::run::State;

/// Tells the whole story offline: simulated GitHub, scripted model, real git, real sandbox, real database.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prints one JSON object about the run instead of the story.
    #[arg(long)]
    json: bool,
    /// Leaves the server and its dashboard running when the story is told, until Ctrl-C.
    #[arg(long, conflicts_with = "json")]
    web: bool,
    /// Keeps the server's database and log, the repositories and the transcripts in this folder.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Sets the stage, tells the story, and says what came of it.
///
/// # Errors
/// When the story does not come to its end; the text says where to look.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let scratch = match args.keep {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("cannot make a temporary folder")?),
    };
    let dir = match (&args.keep, &scratch) {
        (Some(dir), _) => dir.as_path(),
        (None, Some(scratch)) => scratch.path(),
        (None, None) => Path::new("."),
    };
    if args.keep.is_some() && dir.join("server").exists() {
        anyhow::bail!("{} holds an earlier demo; name another folder for --keep", dir.display());
    }
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let dashboard = if args.web { Dashboard::On } else { Dashboard::Off };
    let mut stage = Stage::set(dir, &program, dashboard).await?;
    let mut out: Box<dyn std::io::Write> =
        if args.json { Box::new(std::io::sink()) } else { Box::new(anstream::stdout()) };
    introduce(&mut out, &stage)?;
    let told = Teller::new(&stage, &mut out).tell().await;
    let told = match (told, scratch) {
        (Ok(told), scratch) => {
            if !args.web {
                stage.stop_server().await.context("the server did not stop")?;
            }
            let result = result(&stage, &told).await?;
            conclude(&mut out, &stage, &result, args.keep.is_some())?;
            if args.json {
                writeln!(anstream::stdout(), "{result}")?;
            }
            if args.web {
                stay(&mut out, &mut stage).await?;
            }
            drop(scratch);
            return Ok(());
        }
        (Err(untold), scratch) => {
            // What went wrong is still to be looked at.
            if let Some(scratch) = scratch {
                let _ = scratch.keep();
            }
            untold
        }
    };
    Err(told.into())
}

fn introduce(out: &mut dyn std::io::Write, stage: &Stage) -> std::io::Result<()> {
    writeln!(out, "A simulated GitHub ({}) and a scripted model ({}).", stage.github.url(), stage.model.url())?;
    writeln!(out, "Everything between them is the product: server, database, git, sandbox.\n")
}

fn conclude(out: &mut dyn std::io::Write, stage: &Stage, result: &Value, kept: bool) -> std::io::Result<()> {
    let (calls, model) = (&result["github_calls"], &result["model"]);
    writeln!(
        out,
        "\n{} calls to GitHub, {} to the model: {} tokens in ({} from its cache), {} out. The audit trail of {} events is whole.",
        calls["reads"].as_u64().unwrap_or(0) + calls["writes"].as_u64().unwrap_or(0),
        model["calls"],
        model["input_tokens"],
        model["cached_tokens"],
        model["output_tokens"],
        result["audit"]["events"],
    )?;
    if !kept {
        return writeln!(out, "`--keep DIR` keeps everything for a look; `--json` prints this run as one object.");
    }
    let repository = stage.dir.join("github").join(format!("{}.git", story::REPO));
    writeln!(out, "Where to look:")?;
    writeln!(
        out,
        "  git --git-dir {} log -p {}",
        repository.display(),
        result["pull_request"]["branch"].as_str().unwrap_or("--all")
    )?;
    writeln!(out, "  {}  the server's database: runs, effects, events, conversations", stage.database().display())?;
    writeln!(out, "  {}  its log", stage.dir.join("server.log").display())
}

/// Leaves everything running until Ctrl-C.
async fn stay(out: &mut dyn std::io::Write, stage: &mut Stage) -> anyhow::Result<()> {
    let dashboard = stage.dashboard.clone().context("there is no dashboard")?;
    writeln!(out, "\nThe dashboard is at {dashboard}")?;
    writeln!(out, "Sign in as ann, who administers it, or as bob, cara or eve. Ctrl-C ends it all.")?;
    tokio::signal::ctrl_c().await?;
    stage.stop_server().await.context("the server did not stop")
}

/// What came of the run, from the server's own database and the simulated GitHub's count.
async fn result(stage: &Stage, told: &Told) -> anyhow::Result<Value> {
    let store = Store::open(&stage.database().display().to_string()).await?;
    let runs = store.runs(None, 10).await?;
    let run =
        runs.into_iter().find(|run| run.issue_number == IssueNumber(told.issue)).context("the run is not there")?;
    let state: State = serde_json::from_str(&run.state)?;
    let shown = state.shown().context("the run shows no version")?;
    let version = shown.subject.version;
    let work = store.kept(run.id, &format!("work-{version}")).await?.context("the result is not there")?;
    let work: Work = serde_json::from_slice(&work)?;
    let costs = store.costs(run.id).await?;
    let sum = |of: fn(&crate::store::Costs) -> i64| costs.iter().map(of).sum::<i64>();
    let events = store.events(run.id).await?;
    let verified = match store.verify().await? {
        Verdict::Whole(verified) => json!({"events": verified.rows, "head": verified.head}),
        Verdict::Broken(broken) => anyhow::bail!("the audit trail is broken at {}: {}", broken.seq, broken.what),
    };
    let (calls, before) = (stage.github.calls(), told.calls_before);
    let writes = (calls.writes + calls.tokens) - (before.writes + before.tokens);
    let pull = &told.pull;
    let check = |check: &crate::agent::executor::CheckRun| json!({"command": check.command, "before": check.before, "exit_code": check.exit_code});
    let result = json!({
        "run": run.id,
        "issue": told.issue,
        "plan": {"version": version, "digest": shown.subject.digest},
        "approved_by": approvers(&events)?,
        "pull_request": {
            "number": pull.number,
            "url": pull.url,
            "branch": pull.head,
            "head_sha": pull.head_sha,
            "files": stage.github.changed_files(story::REPO, pull.number),
        },
        "commits": stage.github.pull_commits(story::REPO, pull.number).iter().map(|c| &c.sha).collect::<Vec<_>>(),
        "checks": work.checks.iter().map(check).collect::<Vec<_>>(),
        "model": {
            "calls": sum(|c| c.calls),
            "input_tokens": sum(|c| c.usage.input),
            "output_tokens": sum(|c| c.usage.output),
            "cached_tokens": sum(|c| c.usage.cached),
        },
        "github_calls": {"reads": calls.reads - before.reads, "writes": writes},
        "phases_ms": phases(&run, &events),
        "audit": verified,
        "server_starts": stage.starts(),
    });
    store.close().await;
    Ok(result)
}

/// Who approved, as the last judgement before the push found.
fn approvers(events: &[EventRow]) -> anyhow::Result<Vec<String>> {
    let Some(judged) = events.iter().rfind(|event| event.kind == "judged") else { return Ok(vec![]) };
    let body: Value = serde_json::from_str(&judged.json)?;
    let by = body["led"]["approved_by"].as_array().into_iter().flatten();
    Ok(by.filter_map(|person| person["login"].as_str().map(str::to_owned)).collect())
}

/// How long each part took, people's time left out: from what began it to what ended it, by the event log.
fn phases(run: &RunRow, events: &[EventRow]) -> Value {
    let first = |kind: &str| events.iter().find(|event| event.kind == kind).map(|event| event.at);
    let last = |kind: &str| events.iter().rev().find(|event| event.kind == kind).map(|event| event.at);
    let span = |from: Option<Timestamp>, to: Option<Timestamp>| from.zip(to).map(|(from, to)| millis(to.since(from)));
    json!({
        "plan": span(Some(run.opened_at), first("plan_posted")),
        "revise": span(first("noted"), last("plan_posted")),
        "execute": span(events.iter().find(|event| is_start(event)).map(|event| event.at), first("executed")),
        "deliver": span(first("executed"), last("pull_opened")),
        "approve_to_pull_request": span(first("acted"), last("pull_opened")),
    })
}

/// The judgement that let the execution begin.
fn is_start(event: &EventRow) -> bool {
    let json = serde_json::from_str::<Value>(&event.json).unwrap_or_default();
    event.kind == "judged" && json["gate"] == "start"
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
