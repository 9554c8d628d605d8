//! The check `assentry/conformance`: how the work stands to the plan, beside the merge button.

use super::Trouble;
use super::effect::{Deed, Done, Look};
use crate::agent::executor::Work;
use crate::github::{CheckReport, Conclusion, Step};
use crate::ids::CommitSha;
use crate::words::conformance::{Report, report};
use crate::workflow::conformance::{Conformance, Verdict, conformance};
use crate::workflow::run::InReview;
use crate::workflow::terms::Terms;

/// The check's name, for branch rules to require.
const NAME: &str = "assentry/conformance";

/// Holds what was built against what was approved.
pub(super) fn found_in(terms: &Terms, work: &Work) -> Conformance {
    conformance(&terms.plan, &terms.protected, &work.built())
}

impl Deed<'_> {
    /// Reports on a commit of the work, once; the same report is brought up to date when it is made again.
    pub(super) async fn report_conformance(&self, version: u32, head: &CommitSha) -> Result<Done, Trouble> {
        let built = self.run.state.reviewed().map_or(version, InReview::built);
        let found = self.found(&self.terms(version).await?, &self.work_now(built).await?).await?;
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
        Ok(Done::quietly())
    }
}
