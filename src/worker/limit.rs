//! Tells people that so many runs were begun that there is no room for another yet (R12).

use super::Trouble;
use super::delivery::Arrival;
use super::talk::target;
use crate::github::{Attempt, Reaction, Thread, Trace};
use crate::ids::RunId;
use crate::words::place::Home;
use crate::words::reply::Setting;
use crate::words::{self, Words};
use crate::workflow::effect::ReactTo;
use crate::workflow::limit::{LimitOf, LimitReached};
use crate::workflow::run::Origin;

impl Arrival<'_> {
    /// Nothing is begun, and whoever asked sees that at once. Why is said once for each repository or person until there is
    /// room again, and not below every issue that somebody labels.
    pub(super) async fn over_limit(
        &self,
        origin: &Origin,
        seen: ReactTo,
        reached: LimitReached,
    ) -> Result<(), Trouble> {
        let (at, step) = target(seen, origin.number);
        if let Err(error) = self.repo(step).react(at, Reaction::Confused).await {
            tracing::debug!(%error, "a reaction was not made");
        }
        let name = match reached.of {
            LimitOf::Repository => format!("limit:{}", self.at.id),
            LimitOf::Person => format!("limit:{}:{}", self.at.id, origin.requester.id),
        };
        if self.core.store.is_to_tell(&self.claim, &name, origin.asked_at, reached.until).await? {
            let (repo, most) = (&origin.repo_name, reached.most);
            tracing::warn!(repo = %repo, "a limit of {most} runs a day is reached in {repo}");
            let home = Home { web: self.core.settings.web.clone(), repo: self.at.name.clone() };
            let spelling = self.core.spelling(self.moment.now()).await;
            let issue = origin.number;
            let setting = Setting { home: &home, issue, status: None, plan_pull: None, spelling: &spelling };
            let text = words::reply::say(&Words::LimitReached { who: origin.requester.clone(), reached }, &setting);
            let marker = self.core.app.marker(RunId(0), &format!("{}:{name}:{}", origin.issue, reached.until.0));
            let trace = Trace { marker: &marker, since: origin.asked_at };
            self.repo(step).ensure_comment(Thread::Issue(issue), &text, trace, Attempt::Again).await?;
        }
        self.done("a limit of runs is reached").await
    }
}
