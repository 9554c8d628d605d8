//! Check runs: the verdict beside the merge button.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::comments::within_limit;
use super::{Attempt, GithubError, Repository};
use crate::ids::CommitSha;

/// GitHub's numeric id of a check run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckRunId(pub i64);

/// How a check has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Success,
    Failure,
    Neutral,
    Cancelled,
    ActionRequired,
}

/// What a check run shall say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport<'a> {
    /// The name people see and branch rules require.
    pub name: &'a str,
    pub head_sha: &'a CommitSha,
    /// Our own name for it, by which it is found again.
    pub external_id: &'a str,
    /// `None` while it runs.
    pub conclusion: Option<Conclusion>,
    pub title: &'a str,
    /// Markdown.
    pub summary: &'a str,
    /// What is to be said at lines of files; GitHub takes the first 50.
    pub annotations: &'a [Annotation],
}

/// Something to be said at a line, as a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    pub message: String,
}

/// As many annotations as one request may have.
const MOST_ANNOTATIONS: usize = 50;

/// A check run that is there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckRun {
    pub id: CheckRunId,
    #[serde(default)]
    pub html_url: Option<String>,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    app: Option<Owner>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Owner {
    id: u64,
}

#[derive(Deserialize)]
struct Runs {
    check_runs: Vec<CheckRun>,
}

impl Repository<'_> {
    /// Makes a check run: `POST /repos/{owner}/{repo}/check-runs`.
    ///
    /// # Errors
    /// As for any write.
    pub async fn create_check_run(&self, report: &CheckReport<'_>) -> Result<CheckRun, GithubError> {
        let what = self.what_check(report);
        within_limit(report.summary, &what)?;
        let mut body = body_of(report);
        body["head_sha"] = json!(report.head_sha);
        self.create(Method::POST, "/check-runs", body, what).await
    }

    /// Brings a check run up to date: `PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}`.
    ///
    /// # Errors
    /// As for any write.
    pub async fn update_check_run(&self, id: CheckRunId, report: &CheckReport<'_>) -> Result<CheckRun, GithubError> {
        let what = self.what_check(report);
        within_limit(report.summary, &what)?;
        self.set(Method::PATCH, &format!("/check-runs/{}", id.0), body_of(report), what).await
    }

    /// Makes a check run once: after an earlier try, ours with the same `external_id` is brought up to date instead
    /// (`GET /repos/{owner}/{repo}/commits/{ref}/check-runs`).
    ///
    /// # Errors
    /// As for any write.
    pub async fn ensure_check_run(&self, report: &CheckReport<'_>, attempt: Attempt) -> Result<CheckRun, GithubError> {
        match attempt {
            Attempt::First => self.create_check_run(report).await,
            Attempt::Again => match self.find_check_run(report).await? {
                Some(run) => self.update_check_run(run.id, report).await,
                None => self.create_check_run(report).await,
            },
        }
    }

    /// Looks for the check run of ours with the report's name, commit and `external_id`.
    ///
    /// # Errors
    /// As for any read.
    pub async fn find_check_run(&self, report: &CheckReport<'_>) -> Result<Option<CheckRun>, GithubError> {
        let us = self.app.identity(self.now).await?.app_id;
        let name: String = url::form_urlencoded::byte_serialize(report.name.as_bytes()).collect();
        let path = format!("/commits/{}/check-runs?check_name={name}&filter=all&per_page=100", report.head_sha);
        let found: Runs = self.get(&path, self.what_check(report)).await?;
        let ours = |run: &CheckRun| {
            run.external_id.as_deref() == Some(report.external_id)
                && run.app.as_ref().is_some_and(|owner| owner.id == us)
        };
        Ok(found.check_runs.into_iter().find(ours))
    }

    fn what_check(&self, report: &CheckReport<'_>) -> String {
        self.what(format!("report check {} on {}", report.name, report.head_sha.short()))
    }
}

fn body_of(report: &CheckReport<'_>) -> Value {
    let mut body = json!({
        "name": report.name,
        "external_id": report.external_id,
        "status": if report.conclusion.is_some() { "completed" } else { "in_progress" },
        "output": { "title": report.title, "summary": report.summary },
    });
    if !report.annotations.is_empty() {
        let shown = |Annotation { path, line, message }: &Annotation| {
            json!({
                "path": path, "start_line": line, "end_line": line, "annotation_level": "failure", "message": message,
            })
        };
        let first = report.annotations.iter().take(MOST_ANNOTATIONS);
        body["output"]["annotations"] = first.map(shown).collect();
    }
    if let Some(conclusion) = report.conclusion {
        body["conclusion"] = json!(conclusion);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, TestError, sha};

    #[tokio::test]
    async fn f13_a_check_run_of_ours_is_brought_up_to_date_and_a_strangers_is_not() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let runs = json!({ "total_count": 3, "check_runs": [
                { "id": 1, "external_id": "run-1", "app": { "id": 666 } },
                { "id": 2, "external_id": "run-2", "app": { "id": 7 } },
                { "id": 3, "external_id": "run-1", "app": { "id": 7 } },
            ]});
            match seen.line.split_once(' ')? {
                ("GET", path) if path.contains("/check-runs?check_name=assentry%2Fconformance&") => {
                    Some(Reply::new(200, &runs))
                }
                ("PATCH", "/repos/acme/tool/check-runs/3") => Some(Reply::new(200, &json!({ "id": 3 }))),
                _ => None,
            }
        })
        .await?;
        let app = fake.app()?;
        let head = sha('a');
        let report = CheckReport {
            name: "assentry/conformance",
            head_sha: &head,
            external_id: "run-1",
            conclusion: Some(Conclusion::ActionRequired),
            title: "T",
            summary: "S",
            annotations: &[],
        };
        let run = app.repository(&fake.at, Step::Write, NOW).ensure_check_run(&report, Attempt::Again).await?;

        assert_eq!(run.id, CheckRunId(3));
        let sent = json!({
            "name": "assentry/conformance", "external_id": "run-1", "status": "completed",
            "conclusion": "action_required", "output": { "title": "T", "summary": "S" },
        });
        assert_eq!(fake.seen().pop().map(|seen| seen.body), Some(sent));
        Ok(())
    }
}
