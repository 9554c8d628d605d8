//! The check `assentry/conformance`: how the work stands to the plan, beside the merge button.

use serde::{Deserialize, Serialize};

use super::Trouble;
use super::effect::{Deed, Done, Look};
use super::execute::{unfinished_name, work_name};
use super::second::{Part, second_name};
use crate::agent::executor::Work;
use crate::github::{CheckReport, Conclusion, Step};
use crate::ids::{CommitSha, RunId};
use crate::store::Store;
use crate::words::conformance::{Report, report};
use crate::workflow::conformance::{Conformance, SecondReading, Verdict, conformance};
use crate::workflow::run::InReview;
use crate::workflow::terms::Terms;

/// The check's name, for branch rules to require.
const NAME: &str = "assentry/conformance";
/// Under which name the store keeps what was reported last.
const REPORTED: &str = "reported";

/// What was reported last: the work with all that was pushed since it was opened.
#[derive(Serialize, Deserialize)]
struct Reported {
    version: u32,
    work: Work,
    second: Option<SecondReading>,
}

/// What was built of a run, and how it stands to the plan.
#[derive(Debug, Clone)]
pub struct Built {
    /// The version that it was built by.
    pub version: u32,
    /// Whether it came to its end.
    pub finished: bool,
    /// What was done, follow-ups with it.
    pub work: Work,
    /// The verdicts on it, those of GitHub's check where there is one.
    pub conformance: Conformance,
}

/// What was built by the newest version of which there is anything: what the check on GitHub tells of, where it is up for
/// review, else what is kept of the execution. `None` where nothing was.
///
/// # Errors
/// When the database does not answer, or holds what cannot be read.
pub async fn built(store: &Store, run: RunId) -> Result<Option<Built>, Trouble> {
    let reported = store.kept(run, REPORTED).await?;
    let mut reported: Option<Reported> = reported.map(|bytes| serde_json::from_slice(&bytes)).transpose()?;
    for row in store.plans(run).await?.into_iter().rev() {
        let terms: Terms = serde_json::from_str(&row.terms)?;
        if let Some(Reported { version, work, second }) = reported.take_if(|told| told.version == row.version) {
            let conformance = with_second(found_in(&terms, &work), second);
            return Ok(Some(Built { version, finished: true, work, conformance }));
        }
        for (name, finished) in [(work_name(row.version), true), (unfinished_name(row.version), false)] {
            let Some(bytes) = store.kept(run, &name).await? else { continue };
            let work: Work = serde_json::from_slice(&bytes)?;
            let said = store.kept(run, &second_name(Part::Execution(row.version))).await?.filter(|_| finished);
            let said: Option<Option<SecondReading>> = said.map(|bytes| serde_json::from_slice(&bytes)).transpose()?;
            let conformance = with_second(found_in(&terms, &work), said.flatten());
            return Ok(Some(Built { version: row.version, finished, work, conformance }));
        }
    }
    Ok(None)
}

fn with_second(found: Conformance, said: Option<SecondReading>) -> Conformance {
    match said {
        Some(reading) => found.read_again(reading),
        None => found,
    }
}

/// Holds what was built against what was approved.
pub(super) fn found_in(terms: &Terms, work: &Work) -> Conformance {
    conformance(&terms.plan, &terms.protected, &work.built())
}

impl Deed<'_> {
    /// Reports on a commit of the work, once; the same report is brought up to date when it is made again.
    pub(super) async fn report_conformance(&self, version: u32, head: &CommitSha) -> Result<Done, Trouble> {
        let built = self.run.state.reviewed().map_or(version, InReview::built);
        let work = self.work_now(built).await?;
        let found = self.found(&self.terms(version).await?, &work).await?;
        let Report { title, summary } = report(&found);
        let conclusion = match found.verdict {
            Verdict::AsPlanned => Conclusion::Success,
            Verdict::Differs => Conclusion::Neutral,
            Verdict::FallsShort => Conclusion::Failure,
        };
        let check = CheckReport {
            name: NAME,
            head_sha: head,
            external_id: &format!("run-{}-v{version}", self.run.id),
            conclusion: Some(conclusion),
            title: &title,
            summary: &summary,
            annotations: &[],
        };
        let repo = self.repo(Step::Write);
        if self.look() == Look::Only {
            repo.find_check_run(&check).await?.ok_or(Trouble::Absent("a check run"))?;
        } else {
            repo.ensure_check_run(&check, self.look().into()).await?;
        }
        let reported = Reported { version, work, second: found.second };
        self.keep(REPORTED, serde_json::to_vec(&reported)?).await?;
        Ok(Done::quietly())
    }
}
