//! Goes on with a database that came back from a copy, while GitHub did not go back (F21).
//!
//! What happened since the copy was made is not known here: versions may have been approved, built and merged. So every
//! open run is held against GitHub. Where that shows the version as it is known here and nothing built of it, people are
//! asked to approve it anew; everything else ends, and says why.

use super::apply::{With, read};
use super::{Core, Trouble};
use crate::github::{GithubError, PullState, RepoRef, Step};
use crate::ids::{RunId, Timestamp};
use crate::workflow::change::Change;
use crate::workflow::event::Event;
use crate::workflow::run::{Run, State};

const PAGE: u32 = 50;

impl Core {
    /// Looks at every open run and begins a new epoch. Returns how many runs there were. Nothing else may work on the
    /// database meanwhile. May be repeated from the beginning.
    ///
    /// # Errors
    /// When GitHub or the store does not answer; nothing may be worked on before it was done.
    pub async fn recover(&self, copied_at: Option<Timestamp>, now: Timestamp) -> Result<u32, Trouble> {
        self.store.doubt_everything(copied_at.unwrap_or(now), now).await?;
        let (mut runs, mut after) = (0, RunId(0));
        loop {
            let page = self.store.open_runs(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for row in page {
                let run = read(row)?;
                let intact = self.is_intact(&run, now).await?;
                let event = Event::Changed { change: Change::Restored { at: now, intact } };
                let _ = self.apply(run.id, &event, With::default(), now).await?;
                tracing::warn!(run.id = %run.id, intact, "run {} came back from a copy of the database", run.id);
                runs += 1;
            }
        }
        self.store.begin_epoch(copied_at, now).await?;
        Ok(runs)
    }

    /// Whether GitHub shows the version as it is known here, and nothing built of it.
    async fn is_intact(&self, run: &Run, now: Timestamp) -> Result<bool, Trouble> {
        let shown = match &run.state {
            State::AwaitingApproval(_)
            | State::Starting(_)
            | State::Executing(_)
            | State::Resting(_)
            | State::Delivering(_) => run.state.shown(),
            State::Planning(_)
            | State::AwaitingAnswer(_)
            | State::Publishing(_)
            | State::InReview(_)
            | State::Ended(_) => None,
        };
        let Some(shown) = shown else { return Ok(false) };
        let origin = &run.origin;
        let at = RepoRef { installation: origin.installation, id: origin.repo, name: origin.repo_name.clone() };
        let repo = self.app.repository(&at, Step::Read, now);
        let looked = async {
            let open = repo.pull(shown.pull).await?.state == PullState::Open;
            let head = repo.branch_head(&origin.plan_branch).await?;
            let work = repo.branch_head(&origin.work_branch).await?;
            Ok::<bool, GithubError>(open && head.as_ref() == Some(&shown.subject.commit) && work.is_none())
        };
        match looked.await {
            Err(GithubError::Gone { .. } | GithubError::Refused { .. }) => Ok(false),
            looked => Ok(looked?),
        }
    }
}
