//! What the checks of others say of a commit.

use serde::Deserialize;

use super::{GithubError, Repository, fields};
use crate::ids::CommitSha;

/// Of how many red checks the annotations are read.
const MOST_ANNOTATED: usize = 5;

/// The checks of others on a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OthersChecks {
    /// Whether one of them has not ended.
    pub running: bool,
    /// Those that ended badly.
    pub red: Vec<RedCheck>,
}

/// A check that ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedCheck {
    /// The check run.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The App that ran it, as in `https://github.com/apps/SLUG`.
    pub app: String,
    /// What it says: title, summary, text and the annotations, each as a line `path:line: message`.
    pub says: String,
}

impl Repository<'_> {
    /// Reads what the newest check runs of other Apps say: `GET /repos/{owner}/{repo}/commits/{ref}/check-runs` and
    /// `GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations`. Red is what failed or ran out of time; what
    /// somebody cancelled, or has to act on, is not.
    ///
    /// # Errors
    /// As for any read.
    pub async fn others_checks(&self, head: &CommitSha) -> Result<OthersChecks, GithubError> {
        let us = self.app.identity(self.now).await?.app_id;
        let what = self.what(format!("read the checks of {}", head.short()));
        let found: Runs = self.get(&format!("/commits/{head}/check-runs?filter=latest&per_page=100"), what).await?;
        let mut checks = OthersChecks::default();
        for run in found.check_runs {
            let Some(app) = run.app.filter(|app| app.id != us) else { continue };
            checks.running |= run.status != "completed";
            if !matches!(run.conclusion.as_deref(), Some("failure" | "timed_out")) {
                continue;
            }
            let OutputWire { title, summary, text, annotations_count } = run.output;
            let mut says: Vec<String> = [title, summary, text].into_iter().filter(|part| !part.is_empty()).collect();
            if annotations_count > 0 && checks.red.len() < MOST_ANNOTATED {
                says.extend(self.annotations(run.id).await?);
            }
            checks.red.push(RedCheck { id: run.id, name: run.name, app: app.slug, says: says.join("\n") });
        }
        Ok(checks)
    }

    async fn annotations(&self, check: i64) -> Result<Vec<String>, GithubError> {
        let what = self.what(format!("read the annotations of check run {check}"));
        let found: Vec<AnnotationWire> =
            self.get(&format!("/check-runs/{check}/annotations?per_page=50"), what).await?;
        let line = |at: AnnotationWire| format!("{}:{}: {}", at.path, at.start_line, at.message);
        Ok(found.into_iter().map(line).collect())
    }
}

#[derive(Deserialize)]
struct Runs {
    check_runs: Vec<RunWire>,
}

#[derive(Deserialize)]
struct RunWire {
    id: i64,
    #[serde(default, deserialize_with = "fields::text")]
    name: String,
    #[serde(default, deserialize_with = "fields::text")]
    status: String,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default)]
    output: OutputWire,
    #[serde(default)]
    app: Option<AppWire>,
}

#[derive(Default, Deserialize)]
struct OutputWire {
    #[serde(default, deserialize_with = "fields::text")]
    title: String,
    #[serde(default, deserialize_with = "fields::text")]
    summary: String,
    #[serde(default, deserialize_with = "fields::text")]
    text: String,
    #[serde(default)]
    annotations_count: u64,
}

#[derive(Deserialize)]
struct AppWire {
    id: u64,
    #[serde(default, deserialize_with = "fields::text")]
    slug: String,
}

#[derive(Deserialize)]
struct AnnotationWire {
    #[serde(default, deserialize_with = "fields::text")]
    path: String,
    #[serde(default)]
    start_line: u64,
    #[serde(default, deserialize_with = "fields::text")]
    message: String,
}
