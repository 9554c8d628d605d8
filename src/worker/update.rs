//! `/update`: merges the base branch, as it is by now, into the branch with the work. What conflicts inside the scope is the
//! agent's to settle; outside it is nobody's but people's. What merges by itself, with the plan's checks green, asks no model.

use serde::{Deserialize, Serialize};

use super::Trouble;
use super::command::Typed;
use super::delivery::Arrival;
use super::effect::Deed;
use crate::agent::executor::Merge;
use crate::ids::{CommitSha, RepoPath};
use crate::sandbox::Change;
use crate::sandbox::mirror::{Merged, MirrorError};
use crate::words::pull::Trial;
use crate::workflow::approval::Level;
use crate::workflow::event::Event;
use crate::workflow::run::{FollowUp, Note, Reply, State};
use crate::workflow::scope::Wall;
use crate::workflow::terms::Terms;

/// What marks the note that asks for it; people's other notes are named after their comments.
const MARK: &str = "update-";

/// The base branch, merged into the work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Update {
    /// Its newest commit.
    pub(super) theirs: CommitSha,
    /// What came of it.
    pub(super) merge: Merge,
}

/// What came of looking for an update.
pub(super) enum Updated {
    /// Nobody asked for one.
    NotAsked,
    /// There is none to be made, for this reason.
    Not(String),
    /// It is made in the checkout.
    Made(Box<Update>),
}

impl Arrival<'_> {
    /// `/update`: someone who may write wants the base branch merged.
    pub(super) async fn update(&self, typed: &Typed<'_>) -> Result<(), Trouble> {
        if self.may(typed.by).await? < Level::Write {
            return self.refuse(typed, "update").await;
        }
        let Some(run) = &typed.run else { return self.no_run(typed, "update").await };
        if !matches!(run.state, State::InReview(_)) {
            return self.nothing_to(typed, run, "update").await;
        }
        let text = format!("Merge {} into this branch.", run.base_branch());
        let note = Some(typed.note(format!("{MARK}{}", typed.comment.id), text));
        self.happens(run.id, &Event::FixAsked { by: typed.by.clone(), note }).await
    }
}

impl Deed<'_> {
    /// The merge that a follow-up begins with; looked for once, so that a restart finds the same.
    pub(super) async fn updated(&self, task: &FollowUp, on: &CommitSha, terms: &Terms) -> Result<Updated, Trouble> {
        if !task.notes.iter().any(asks) {
            return Ok(Updated::NotAsked);
        }
        let name = format!("fix-merge-{}", task.number);
        let branch = self.run.base_branch();
        let head = self.fetch(std::slice::from_ref(branch)).await?.remove(branch);
        if let Some(update) = self.kept(&name).await? {
            return Ok(Updated::Made(Box::new(update)));
        }
        let Some(theirs) = head else { return Ok(Updated::Not(format!("There is no branch {branch}."))) };
        let mirror = self.mirror().await?;
        if mirror.is_ancestor(&theirs, on).await? {
            return Ok(Updated::Not(format!("This branch has all of {branch} already.")));
        }
        let Merged { changes, conflicts } = mirror.merge(&self.fetch_from().await?, on, &theirs).await?;
        let wall = Wall::new(&terms.plan.scope).and_then(|wall| wall.guarding(&terms.protected));
        let wall = wall.map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        let (ours, foreign): (Vec<RepoPath>, Vec<RepoPath>) =
            conflicts.into_iter().partition(|path| wall.may_change(path).is_ok());
        if !foreign.is_empty() {
            let names: Vec<&str> = foreign.iter().take(10).map(RepoPath::as_str).collect();
            return Ok(Updated::Not(format!(
                "What people pushed here conflicts with {branch} outside the plan's scope, in {}: somebody has to merge that \
                 by hand.",
                names.join(", ")
            )));
        }
        let (inside, given): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(|change| wall.may_change(&change.path).is_ok());
        let update = Update { theirs, merge: Merge { inside, given, conflicts: ours } };
        self.keep(&name, serde_json::to_vec(&update)?).await?;
        Ok(Updated::Made(Box::new(update)))
    }
}

impl Deed<'_> {
    /// What a merge of the work branch with the base branch, both as they are by now, would come to; nothing where the work
    /// has all of it, and where they cannot be merged at all.
    pub(super) async fn trial(&self) -> Result<Option<Trial>, Trouble> {
        let (base, branch) = (self.run.base_branch(), &self.run.origin.work_branch);
        let heads = self.fetch(&[base.clone(), branch.clone()]).await?;
        let (Some(at), Some(work)) = (heads.get(base), heads.get(branch)) else { return Ok(None) };
        let mirror = self.mirror().await?;
        if mirror.is_ancestor(at, work).await? {
            return Ok(None);
        }
        match mirror.merge(&self.fetch_from().await?, work, at).await {
            Ok(Merged { conflicts, .. }) => Ok(Some(Trial { base: base.clone(), at: at.clone(), conflicts })),
            Err(MirrorError::Bad(why)) => {
                tracing::info!(run.id = %self.run.id, why, "the work was not merged on trial");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The answers where there is nothing to update: to whoever asked for it alone.
pub(super) fn not_updated(notes: &[Note], why: &str) -> Option<Vec<Reply>> {
    let reply = |note: &Note| Reply { note: note.clone(), text: why.to_owned(), done: false };
    only_updates(notes).then(|| notes.iter().map(reply).collect())
}

/// Whether an update is all that is asked for.
pub(super) fn only_updates(notes: &[Note]) -> bool {
    notes.iter().all(asks)
}

fn asks(note: &Note) -> bool {
    note.id.starts_with(MARK)
}
