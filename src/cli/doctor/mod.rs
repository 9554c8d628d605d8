//! `assentry doctor`: looks at everything that can be wrong, and says how to mend it.
//!
//! Promises: it changes nothing, here or on GitHub, and may be asked beside a running server; no finding holds a secret. It
//! does ask each model one short question, which costs a few tokens.

mod agents;
mod app;
mod host;
mod models;
mod repositories;
mod webhook;
mod workflows;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::now;
use crate::config::Config;
use crate::config::policy::Bounds;
use crate::github::{App, GithubConfig};

/// Looks at everything that can be wrong, and says how to mend it. Exit code 1 when something must be mended.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration.
    #[arg(long, default_value = "assentry.toml", value_name = "FILE")]
    config: PathBuf,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// How it stands with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    /// What was looked at: a fixed word.
    check: &'static str,
    state: State,
    /// What was found.
    found: String,
    /// How to mend it, where there is something to mend.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Everything that was looked at, in order.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Whether nothing must be mended.
    ok: bool,
    checks: Vec<Finding>,
}

impl Report {
    fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.checks.push(Finding { check, state: State::Ok, found: found.into(), remedy: None });
    }

    fn warn(&mut self, check: &'static str, found: impl Into<String>, remedy: impl Into<String>) {
        self.checks.push(Finding { check, state: State::Warn, found: found.into(), remedy: Some(remedy.into()) });
    }

    fn fail(&mut self, check: &'static str, found: impl Into<String>, remedy: impl Into<String>) {
        self.checks.push(Finding { check, state: State::Fail, found: found.into(), remedy: Some(remedy.into()) });
    }

    fn failures(&self) -> usize {
        self.checks.iter().filter(|finding| finding.state == State::Fail).count()
    }
}

/// Looks and tells.
///
/// # Errors
/// When something must be mended, or the output cannot be written.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let mut report = examine(&args.config).await;
    let failures = report.failures();
    report.ok = failures == 0;
    let mut out = anstream::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        report.checks.iter().try_for_each(|finding| tell(&mut out, finding))?;
    }
    out.flush()?;
    match failures {
        0 => Ok(()),
        1 => anyhow::bail!("1 thing must be mended"),
        more => anyhow::bail!("{more} things must be mended"),
    }
}

fn tell(out: &mut impl std::io::Write, finding: &Finding) -> std::io::Result<()> {
    let (word, color) = match finding.state {
        State::Ok => ("ok", anstyle::AnsiColor::Green),
        State::Warn => ("warn", anstyle::AnsiColor::Yellow),
        State::Fail => ("FAIL", anstyle::AnsiColor::Red),
    };
    let style = color.on_default();
    let mut lines = finding.found.lines();
    let first = lines.next().unwrap_or_default();
    writeln!(out, "{style}{word:<4}{style:#}  {:<14} {first}", finding.check)?;
    for line in lines.chain(finding.remedy.iter().flat_map(|remedy| remedy.lines())) {
        writeln!(out, "      {:<14} {line}", "")?;
    }
    Ok(())
}

async fn examine(file: &Path) -> Report {
    let mut report = Report::default();
    host::git(&mut report).await;
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(bad) => {
            if !file.exists() {
                let remedy = "`assentry init` or `assentry serve` makes it; `--config FILE` names another.";
                report.fail("configuration", format!("{} is not there", file.display()), remedy);
                return report;
            }
            for mistake in &bad.mistakes {
                let remedy = format!("Mend {}; `assentry config check` reads it again.", file.display());
                report.fail("configuration", mistake.to_string(), remedy);
            }
            return report;
        }
    };
    report.ok("configuration", format!("{} is sound", file.display()));
    host::database(&mut report, &config).await;
    host::disk(&mut report, &config);
    let only_landlock = host::sandbox(&mut report, &config).await;
    let bounds = Bounds::of(&config);
    let bounds = if only_landlock { bounds.without_namespaces() } else { bounds };
    host::images(&mut report, &config, &bounds).await;
    models::each(&mut report, &config).await;
    agents::each(&mut report, &config).await;
    let app = App::new(&GithubConfig {
        api_url: config.github.api_url.clone(),
        web_url: config.github.web_url.clone(),
        app_id: config.github.app_id,
        key_pem: config.github.private_key.clone(),
    });
    match app {
        Ok(app) => with_github(&mut report, (&config, &bounds), &app).await,
        Err(error) => {
            report.fail("key", error.to_string(), "Name the file that the App's settings page has generated.")
        }
    }
    report
}

/// What turns on GitHub. Without its clock nothing there can be said to be late, so that comes first.
async fn with_github(report: &mut Report, (config, bounds): (&Config, &Bounds), app: &App) {
    app::clock(report, app).await;
    let Some(slug) = app::identity(report, config, app).await else { return };
    webhook::hook(report, config, app).await;
    webhook::deliveries(report, app).await;
    for installed in app::installations(report, app, (config, &slug)).await {
        repositories::of_installation(report, (config, bounds), app, &installed).await;
    }
}

/// An error with all that is behind it, in one line.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
