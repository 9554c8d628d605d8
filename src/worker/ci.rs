//! Takes what the checks of others say of the work, check runs and commit statuses: red ones are mended like what people
//! say of it, within a bound.

use super::Trouble;
use super::delivery::Arrival;
use crate::github::{RedCheck, Repository, Step};
use crate::ids::{AccountKind, CommitSha, Person, Timestamp, UserId};
use crate::words::fence;
use crate::workflow::act::Place;
use crate::workflow::event::Event;
use crate::workflow::run::{InReview, Note, ReviewStage, Run, State, Thread};

/// How much of what a check says is given to the agent, in characters, beside its log.
const MOST_SAID: usize = 8_000;
/// How many red checks are taken up at once.
const MOST_RED: usize = 5;

impl Arrival<'_> {
    /// A check has ended. If it was the last one that ran on what we wrote for a review, it is looked whether any is red.
    pub(super) async fn check_ended(&self, head: &CommitSha, app: Option<u64>) -> Result<(), Trouble> {
        if app == Some(self.core.app.identity(self.moment.now()).await?.app_id) {
            return self.done("a check of ours").await;
        }
        let of = |run: &Run| matches!(&run.state, State::InReview(review) if waits_for_checks(review, head));
        for row in self.core.store.runs_in(self.at.id, 0).await? {
            let Some(run) = self.read(Some(row))?.filter(|run| of(run)) else { continue };
            return match checks_red(&self.repo(Step::Write), head).await? {
                Some(event) => self.happens(run.id, &event).await,
                None => self.done("nothing to mend, or not yet").await,
            };
        }
        self.done("no work of ours").await
    }
}

/// Whether red checks on a commit would be taken up.
pub(super) fn waits_for_checks(review: &InReview, head: &CommitSha) -> bool {
    review.head == *head && review.red.as_ref() != Some(head) && review.stage == ReviewStage::Open
}

/// What the checks of others say, once all have ended and some are red. A token that only reads sees no checks.
pub(super) async fn checks_red(repo: &Repository<'_>, head: &CommitSha) -> Result<Option<Event>, Trouble> {
    let checks = repo.others_checks(head).await?;
    if checks.running {
        return Ok(None);
    }
    let mut notes = Vec::new();
    for red in checks.red.into_iter().take(MOST_RED) {
        let log = match red.job {
            Some(job) => repo.job_log(job).await?,
            None => None,
        };
        notes.extend(note(red, log.as_deref()));
    }
    Ok((!notes.is_empty()).then(|| Event::ChecksRed { head: head.clone(), notes }))
}

/// What a check says, as a note: its name in the first line, then the end of its log, where there is one, then its own
/// words. All of it comes from whoever wrote the check or what it ran, and is data.
fn note(red: RedCheck, log: Option<&str>) -> Option<Note> {
    let by = Person { id: UserId(0), login: format!("{}[bot]", red.app).parse().ok()?, kind: AccountKind::Bot };
    let name = red.name.replace('\n', " ");
    let log = log.map_or_else(String::new, |log| format!("\nThe end of its log:\n\n{}\n\n", fence("", log)));
    let says: String = red.says.chars().take(MOST_SAID).collect();
    let text = format!("{name}\n{log}{says}");
    Some(Note {
        id: red.id,
        by,
        at: Timestamp(0),
        text,
        on: None,
        review: None,
        thread: Thread::Summary(Place::WorkPull),
    })
}
