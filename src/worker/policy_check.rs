//! The check `assentry/policy` on pull requests that change the policy: whether it would be sound.
//!
//! The file is read at the pull request's head and looked at as text; nothing of it takes effect there.

use super::Trouble;
use super::delivery::Arrival;
use super::policy::{flaws, policy_path, visibility};
use crate::config::policy::{POLICY_PATH, Policy};
use crate::github::{Annotation, Attempt, CheckReport, Conclusion, GithubError, Step};
use crate::webhook::PullFacts;
use crate::words::Flaw;
use crate::words::policy::{Report, report, report_removed};
use crate::workflow::scope::Wall;

/// The check's name, for branch rules to require.
const NAME: &str = "assentry/policy";

impl Arrival<'_> {
    /// Reports on a pull request whose head is new, if it changes the policy.
    pub(super) async fn check_policy(&self, pull: &PullFacts) -> Result<(), Trouble> {
        if self.leaves_policy_alone(pull).await? {
            return Ok(());
        }
        let (repo, path) = (self.repo(Step::Read), policy_path()?);
        let changed = repo.changed_files(pull.number).await?;
        let touches = changed.items.iter().any(|file| file == POLICY_PATH);
        // Of a very large change not all files are told.
        if !touches && changed.complete {
            return Ok(());
        }
        let flaws = match repo.file_at(&pull.head_sha, &path).await {
            Ok(None) if touches => None,
            Ok(None) => return Ok(()),
            Ok(Some(file)) => Some(self.flaws(&file.bytes)),
            Err(GithubError::Invalid { .. }) => Some(vec![no_file()]),
            Err(error) => return Err(error.into()),
        };
        let Report { title, summary } = flaws.as_deref().map_or_else(report_removed, report);
        let sound = flaws.as_ref().is_none_or(Vec::is_empty);
        let annotations: Vec<Annotation> = flaws.iter().flatten().map(annotation).collect();
        let check = CheckReport {
            name: NAME,
            head_sha: &pull.head_sha,
            external_id: POLICY_PATH,
            conclusion: Some(if sound { Conclusion::Success } else { Conclusion::Failure }),
            title: &title,
            summary: &summary,
            annotations: &annotations,
        };
        self.repo(Step::Write).ensure_check_run(&check, Attempt::Again).await?;
        Ok(())
    }

    /// Whether the pull request is one of ours whose plan may not change the policy: then there is nothing to ask.
    async fn leaves_policy_alone(&self, pull: &PullFacts) -> Result<bool, Trouble> {
        let branch = pull.head_ref.as_str();
        let Some(run) = self.run_of_branch(branch).await? else { return Ok(false) };
        if !self.is_ours().await? {
            return Ok(false);
        }
        if run.origin.plan_branch.as_str() == branch {
            return Ok(true);
        }
        let Some(shown) = run.state.shown() else { return Ok(false) };
        let terms = self.core.terms(run.id, shown.subject.version).await?;
        let wall = Wall::new(&terms.plan.scope).map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        Ok(!wall.covers(&policy_path()?))
    }

    fn flaws(&self, bytes: &[u8]) -> Vec<Flaw> {
        let Ok(text) = std::str::from_utf8(bytes) else { return vec![no_file()] };
        let bounds = &self.core.settings.bounds;
        Policy::parse(text, bounds, visibility(self.hint.repo.private)).err().map_or_else(Vec::new, flaws)
    }
}

fn no_file() -> Flaw {
    Flaw { line: None, text: "must be a file of at most 64 KiB, in UTF-8, and no link".to_owned() }
}

fn annotation(flaw: &Flaw) -> Annotation {
    let line = flaw.line.and_then(|line| usize::try_from(line).ok()).unwrap_or(1);
    Annotation { path: POLICY_PATH.to_owned(), line, message: flaw.text.clone() }
}
