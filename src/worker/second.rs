//! Has a second model read what was built, where the operator names one: it may add remarks, and only lowers a verdict.
//!
//! A reader that does not answer holds nothing up: the work is judged without it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use similar::TextDiff;

use super::Trouble;
use super::conformance::found_in;
use super::effect::Deed;
use super::workplace::Notebook;
use crate::agent::executor::Work;
use crate::agent::{Ending, JournalError, Leash, reader};
use crate::ids::{CommitSha, RepoPath};
use crate::sandbox::mirror::{FetchFrom, Mirror, MirrorError};
use crate::sandbox::{Change, ChangeKind};
use crate::workflow::conformance::{Conformance, SecondReading};
use crate::workflow::plan::Plan;
use crate::workflow::run::InReview;
use crate::workflow::terms::Terms;

/// How much of a difference is shown, in characters.
const MOST_SHOWN: usize = 120_000;

/// What is to be read: the execution of a version, or a follow-up to it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// The execution of a version.
    Execution(u32),
    /// A follow-up, by its number.
    FollowUp(u32),
}

impl Part {
    fn task(self) -> String {
        match self {
            Part::Execution(version) => format!("execute-{version}-review"),
            Part::FollowUp(number) => format!("fix-{number}-review"),
        }
    }
}

/// Under which name the store keeps what was said of a part.
pub(super) fn second_name(part: Part) -> String {
    format!("{}-said", part.task())
}

impl Deed<'_> {
    /// Has what differs from `base` read, once.
    pub(super) async fn read_by_second(
        &self,
        part: Part,
        plan: &Plan,
        (base, changes): (&CommitSha, &[Change]),
        work: &Work,
    ) -> Result<(), Trouble> {
        let (Some(model), Some(choice)) = (&self.core.reviewer, &self.core.settings.review_model) else {
            return Ok(());
        };
        let name = second_name(part);
        if self.core.store.kept(self.run.id, &name).await?.is_some() {
            return Ok(());
        }
        let (mirror, from) = (self.mirror().await?, self.fetch_from().await?);
        let shown = to_be_read((&mirror, &from), plan, (base, changes), work).await?;
        let budget = self.core.settings.reviewing;
        let journal = Notebook::new(self, part.task(), ("review", &self.run.origin.requester), budget);
        let leash = Leash { budget, until: journal.deadline().await?, cancel: self.cancel.child_token() };
        let models = (&**model, choice.fallback.as_deref());
        let (read, _) = Box::pin(reader::read(models, &journal, &leash, &shown)).await;
        journal.close().await?;
        let said: Option<SecondReading> = match read {
            Ok(reading) => Some(reading),
            Err(Ending::Cancelled | Ending::Journal(JournalError::LostLease)) => return Err(Trouble::Interrupted),
            Err(Ending::Journal(JournalError::Store(text))) => return Err(Trouble::Journal(text)),
            Err(ending) => {
                tracing::warn!(run.id = %self.run.id, %ending, "the second reader said nothing");
                None
            }
        };
        self.keep(&name, serde_json::to_vec(&said)?).await
    }

    /// What was built held against what was approved, by both who have read it. `review` is the work if it is up for
    /// review.
    pub(super) async fn found(&self, terms: &Terms, work: &Work) -> Result<Conformance, Trouble> {
        let found = found_in(terms, work);
        let review = self.run.state.reviewed();
        let mut parts = vec![Part::Execution(review.map_or(terms.version, InReview::built))];
        for number in 1..=review.map_or(0, |review| review.follow_ups) {
            if self.was_pushed(number).await? {
                parts.push(Part::FollowUp(number));
            }
        }
        // What was said of the newest part counts: it was shown all of the work.
        let Some(newest) = parts.pop() else { return Ok(found) };
        let said: Option<Option<SecondReading>> = self.kept(&second_name(newest)).await?;
        Ok(match said.flatten() {
            Some(reading) => found.read_again(reading),
            None => found,
        })
    }
}

/// All that a second reader is shown of work: the plan, how it differs from `base`, and what was said and checked.
///
/// # Errors
/// When the base's own files cannot be read.
pub async fn to_be_read(
    at: (&Mirror, &FetchFrom),
    plan: &Plan,
    (base, changes): (&CommitSha, &[Change]),
    work: &Work,
) -> Result<Value, MirrorError> {
    let checks: Vec<_> =
        work.checks.iter().map(|check| json!({"command": check.command, "exit": check.exit_code})).collect();
    Ok(json!({
        "plan": plan, "difference": difference(at, base, changes).await?, "checks": checks,
        "declared": work.built().deviations, "summary": work.summary,
    }))
}

/// A difference as people read it, from the base's own files; bounded.
async fn difference(
    (mirror, from): (&Mirror, &FetchFrom),
    base: &CommitSha,
    changes: &[Change],
) -> Result<String, MirrorError> {
    let last: BTreeMap<&RepoPath, &ChangeKind> = changes.iter().map(|one| (&one.path, &one.change)).collect();
    let mut text = String::new();
    for (path, change) in last {
        let before = mirror.read(from, base, path).await?.unwrap_or_default();
        let after = match change {
            ChangeKind::Put { bytes, .. } => &bytes[..],
            ChangeKind::Delete => &[],
        };
        match (std::str::from_utf8(&before), std::str::from_utf8(after)) {
            (Ok(before), Ok(after)) => {
                let diff = TextDiff::from_lines(before, after);
                let (a, b) = (format!("a/{path}"), format!("b/{path}"));
                text.push_str(&diff.unified_diff().header(&a, &b).to_string());
            }
            (Err(_), _) | (_, Err(_)) => {
                let _ = writeln!(text, "{path}: {} bytes that are no text", after.len());
            }
        }
        if text.len() > MOST_SHOWN {
            let end = text.floor_char_boundary(MOST_SHOWN);
            text.truncate(end);
            text.push_str("\n(more is not shown)\n");
            break;
        }
    }
    Ok(text)
}
