//! What the checks of others say of a commit.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::wire::Ask;
use super::{GithubError, Repository, Step, fields};
use crate::ids::{CommitSha, Timestamp};

/// Of how many red checks the annotations are read.
const MOST_ANNOTATED: usize = 5;
/// Pages of a hundred that are read at most.
const PAGES: usize = 10;
/// A status that is pending for longer waits for people and not for a machine.
const RUNS: Duration = Duration::from_secs(3600);
/// The App whose check runs are jobs with a log.
const ACTIONS: &str = "github-actions";
/// Who a status is from, as far as it says: their list does not name who set them.
const STATUS: &str = "commit-status";

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
    /// Our name for it: of which kind it is, and its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The App that ran it, as in `https://github.com/apps/SLUG`.
    pub app: String,
    /// What it says: title, summary, text and the annotations, each as a line `path:line: message`.
    pub says: String,
    /// The job of GitHub Actions that it is, for [`Repository::job_log`].
    pub job: Option<i64>,
}

impl Repository<'_> {
    /// Reads what the checks of others say: check runs of other Apps, and commit statuses.
    ///
    /// # Errors
    /// As for any read.
    pub async fn others_checks(&self, head: &CommitSha) -> Result<OthersChecks, GithubError> {
        let mut checks = self.check_runs(head).await?;
        self.statuses(head, &mut checks).await?;
        Ok(checks)
    }

    /// Reads what the newest check runs of other Apps say: `GET /repos/{owner}/{repo}/commits/{ref}/check-runs` and
    /// `GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations`. Red is what failed or ran out of time; what
    /// somebody cancelled, or has to act on, is not.
    async fn check_runs(&self, head: &CommitSha) -> Result<OthersChecks, GithubError> {
        let us = self.app.identity(self.now).await?.app_id;
        let what = self.what(format!("read the checks of {}", head.short()));
        let path = format!("/commits/{head}/check-runs?filter=latest&per_page=100");
        let pages: Vec<Runs> = self.pages(&path, what).await?;
        let mut checks = OthersChecks::default();
        for run in pages.into_iter().flat_map(|page| page.check_runs) {
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
            let job = (app.slug == ACTIONS).then(|| job_of(&run.details_url).unwrap_or(run.id));
            let (id, says) = (format!("check-{}", run.id), says.join("\n"));
            checks.red.push(RedCheck { id, name: run.name, app: app.slug, says, job });
        }
        Ok(checks)
    }

    /// Reads the newest status of each context: `GET /repos/{owner}/{repo}/commits/{ref}/status`. Where that was never
    /// granted there are none.
    async fn statuses(&self, head: &CommitSha, checks: &mut OthersChecks) -> Result<(), GithubError> {
        let what = self.what(format!("read the statuses of {}", head.short()));
        let path = format!("/commits/{head}/status?per_page=100");
        let pages: Vec<Combined> = match self.with(Step::Statuses).pages(&path, what).await {
            Err(GithubError::Gone { .. } | GithubError::Refused { .. }) => return Ok(()),
            pages => pages?,
        };
        for status in pages.into_iter().flat_map(|page| page.statuses) {
            let since = status.updated_at.as_deref().and_then(|at| Timestamp::from_rfc3339(at).ok());
            let runs = since.is_none_or(|since| self.now.since(since) < RUNS);
            checks.running |= status.state == "pending" && runs;
            if matches!(status.state.as_str(), "failure" | "error") {
                let says: Vec<String> =
                    [status.description, status.target_url].into_iter().filter(|part| !part.is_empty()).collect();
                checks.red.push(RedCheck {
                    id: format!("status-{}", status.id),
                    name: status.context,
                    app: STATUS.to_owned(),
                    says: says.join("\n"),
                    job: None,
                });
            }
        }
        Ok(())
    }

    async fn pages<T: DeserializeOwned>(&self, path: &str, what: String) -> Result<Vec<T>, GithubError> {
        let mut ask = Ask::get(self.path(path), what);
        let mut pages = Vec::new();
        while pages.len() < PAGES {
            let answer = self.ask(&ask).await?;
            pages.push(answer.read(&ask)?);
            let Some(next) = answer.next_page() else { break };
            ask.path = next;
        }
        Ok(pages)
    }

    async fn annotations(&self, check: i64) -> Result<Vec<String>, GithubError> {
        let what = self.what(format!("read the annotations of check run {check}"));
        let found: Vec<AnnotationWire> =
            self.get(&format!("/check-runs/{check}/annotations?per_page=50"), what).await?;
        let line = |at: AnnotationWire| format!("{}:{}: {}", at.path, at.start_line, at.message);
        Ok(found.into_iter().map(line).collect())
    }
}

/// The job in an address such as `https://github.com/acme/tool/actions/runs/7/job/9`.
fn job_of(details: &str) -> Option<i64> {
    details.rsplit_once("/job/")?.1.parse().ok()
}

#[derive(Deserialize)]
struct Combined {
    statuses: Vec<StatusWire>,
}

#[derive(Deserialize)]
struct StatusWire {
    id: i64,
    #[serde(default, deserialize_with = "fields::text")]
    state: String,
    #[serde(default, deserialize_with = "fields::text")]
    context: String,
    #[serde(default, deserialize_with = "fields::text")]
    description: String,
    #[serde(default, deserialize_with = "fields::text")]
    target_url: String,
    #[serde(default)]
    updated_at: Option<String>,
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
    #[serde(default, deserialize_with = "fields::text")]
    details_url: String,
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::github::testing::{Fake, NOW, Reply, TestError, sha};

    #[tokio::test]
    async fn a_check_or_status_behind_the_first_hundred_is_read_and_an_endless_list_ends() -> Result<(), TestError> {
        let run = |id: i64, status: &str, conclusion: Option<&str>| {
            json!({
                "id": id, "name": format!("check {id}"), "status": status, "conclusion": conclusion, "output": {},
                "app": { "id": 15, "slug": "ci" },
            })
        };
        let status = |id: i64, state: &str| json!({ "id": id, "state": state, "context": format!("status {id}") });
        let fake = Fake::start(move |seen| {
            let (path, page) = match seen.line.split_once("&page=") {
                Some((path, page)) => (path, page.parse::<i64>().ok()?),
                None => (seen.line.as_str(), 1),
            };
            let body: Value = match (path.contains("/check-runs?"), path.contains("/status?"), page) {
                (true, _, 2) => json!({ "check_runs": [run(2, "completed", Some("failure"))] }),
                (true, _, _) => json!({ "check_runs": [run(page, "completed", Some("success"))] }),
                (_, true, 1) => json!({ "statuses": [status(1, "success")] }),
                (_, true, _) => json!({ "statuses": [status(2, "error")] }),
                _ => return None,
            };
            let reply = Reply::new(200, &body);
            // The runs have no last page.
            if page == 2 && path.contains("/status?") {
                return Some(reply);
            }
            let here = path.strip_prefix("GET ")?;
            Some(reply.with("link", &format!(r#"<https://x.test{here}&page={}>; rel="next""#, page + 1)))
        })
        .await?;
        let app = fake.app()?;
        let checks = app.repository(&fake.at, Step::Write, NOW).others_checks(&sha('a')).await?;

        let red: Vec<_> = checks.red.iter().map(|check| check.id.as_str()).collect();
        assert_eq!((red, checks.running), (vec!["check-2", "status-2"], false));
        assert_eq!(fake.lines().len(), PAGES + 2, "{:?}", fake.lines());
        Ok(())
    }
}
