//! Where plan branch and base branch are, and what became of the base since the plan was written.

use crate::config::policy::POLICY_PATH;
use crate::ids::CommitSha;
use crate::sandbox::mirror::MirrorError;
use crate::worker::Trouble;
use crate::worker::effect::Deed;
use crate::workflow::approval::{BaseFact, BranchFact};
use crate::workflow::run::Shown;
use crate::workflow::scope::Wall;

/// Where the branches are.
pub(super) struct Heads {
    pub(super) branch: BranchFact,
    pub(super) base: BaseFact,
    /// Where the base branch points, if it is there and that is known.
    pub(super) base_head: Option<CommitSha>,
}

impl Deed<'_> {
    /// Looks where the branches are (rules F and G).
    pub(super) async fn branches(&self, shown: &Shown) -> Result<Heads, Trouble> {
        let origin = &self.run.origin;
        let mut heads = match self.fetch(&[self.run.base_branch().clone(), origin.plan_branch.clone()]).await {
            Ok(heads) => heads,
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown where the branches are");
                return Ok(Heads { branch: BranchFact::Unknown, base: BaseFact::Unknown, base_head: None });
            }
        };
        let branch = heads.remove(&origin.plan_branch).map_or(BranchFact::Gone, BranchFact::At);
        let base_head = heads.remove(self.run.base_branch());
        let base = match &base_head {
            None => BaseFact::Gone,
            Some(head) => self.base(shown, head).await?,
        };
        Ok(Heads { branch, base, base_head })
    }

    /// What became of the version's base, where the base branch points to `head`.
    pub(in crate::worker) async fn base(&self, shown: &Shown, head: &CommitSha) -> Result<BaseFact, Trouble> {
        if *head == shown.base {
            return Ok(BaseFact::Contains { overlap: vec![] });
        }
        let mirror = self.mirror().await?;
        match mirror.is_ancestor(&shown.base, head).await {
            Ok(true) => {}
            // All of the base branch was fetched; a commit that is not here is not part of it.
            Ok(false) | Err(MirrorError::Gone(_)) => return Ok(BaseFact::Gone),
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown what became of the base");
                return Ok(BaseFact::Unknown);
            }
        }
        let Ok(changed) = mirror.changed_between(&shown.base, head).await else { return Ok(BaseFact::Unknown) };
        let terms = self.terms(shown.subject.version).await?;
        let wall = Wall::new(&terms.plan.scope).and_then(|wall| wall.guarding(&terms.protected));
        let wall = wall.map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        // The policy is asked for itself, as it was and as it is (rule H).
        let rests_on = |path: &str| path != POLICY_PATH && path.parse().is_ok_and(|path| wall.rests_on(&path));
        let overlap = changed.into_iter().filter(|path| rests_on(path)).collect();
        Ok(BaseFact::Contains { overlap })
    }
}
