//! What a person may see: GitHub's word on it, asked by the App with its installation token, kept for minutes.

use std::time::Duration;

use futures::StreamExt as _;

use super::Dashboard;
use super::guard::Viewer;
use super::page::Refused;
use crate::github::{GithubError, Level, RepoRef, Step};
use crate::ids::RunId;
use crate::store::{Onlooker, Reached, RunRow};

/// How long GitHub's word counts.
const FRESH: Duration = Duration::from_secs(300);
/// How long is waited before GitHub is asked again what it did not say. Meanwhile the person sees nothing there.
const UNCLEAR: Duration = Duration::from_secs(30);
/// How many repositories are asked about for one page, and how many at one time.
const MOST: u32 = 100;
const AT_ONCE: usize = 8;

impl Dashboard {
    /// Makes sure that it is known what a person may see, as far as one page can ask.
    pub(super) async fn look(&self, viewer: &Viewer) -> Result<Onlooker, Refused> {
        let by = Onlooker { user: viewer.user, now: self.now() };
        let unknown = self.store().unknown_sights(by, MOST).await?;
        let asked = futures::stream::iter(unknown).map(|at| async move { self.ask(viewer, &at).await });
        let asked: Vec<Result<(), Refused>> = asked.buffer_unordered(AT_ONCE).collect().await;
        asked.into_iter().collect::<Result<(), Refused>>()?;
        Ok(by)
    }

    /// A run that the person may see; to others it is not there.
    pub(super) async fn run_for(&self, viewer: &Viewer, run: RunId) -> Result<RunRow, Refused> {
        let by = Onlooker { user: viewer.user, now: self.now() };
        if let Some(row) = self.store().seen_run(by, run).await? {
            return Ok(row);
        }
        // It is not there, or it is not theirs, or it is not known whether it is theirs.
        let row = self.store().run(run).await?.ok_or(Refused::NotThere)?;
        let at = Reached { installation: row.installation, repo: row.repo, name: row.repo_name };
        if self.store().sight_is_unknown(by, &at).await? {
            self.ask(viewer, &at).await?;
        }
        self.store().seen_run(by, run).await?.ok_or(Refused::NotThere)
    }

    async fn ask(&self, viewer: &Viewer, at: &Reached) -> Result<(), Refused> {
        let now = self.now();
        let place = RepoRef { installation: at.installation, id: at.repo, name: at.name.clone() };
        let answer = self.0.parts.app.repository(&place, Step::Read, now).permission(&viewer.login).await;
        let (level, until) = match answer {
            // Logins change hands.
            Ok(permission) if permission.user == viewer.user => (rank(permission.level), now.plus(FRESH)),
            Ok(_) => (0, now.plus(FRESH)),
            // Whatever the reason, it is no yes; the App was removed, perhaps, or GitHub is away.
            Err(GithubError::Gone { .. } | GithubError::Refused { .. }) => (0, now.plus(FRESH)),
            Err(error) => {
                tracing::info!(%error, repo = %at.name, "GitHub does not say what {} may see", viewer.login);
                (0, now.plus(UNCLEAR))
            }
        };
        self.store().keep_sight(viewer.user, at, level, until).await?;
        Ok(())
    }
}

fn rank(level: Level) -> u8 {
    match level {
        Level::None => 0,
        Level::Read => 1,
        Level::Triage => 2,
        Level::Write => 3,
        Level::Maintain => 4,
        Level::Admin => 5,
    }
}
