//! Tells others of a run's phases, by signed webhooks that are rows in the outbox before they are sent.

use schemars::JsonSchema;
use serde::Serialize;

use super::effect::{Deed, Done};
use super::{Core, Trouble};
use crate::hooks::NotTaken;
use crate::workflow::effect::Effect;
use crate::workflow::news::News;
use crate::workflow::run::State;

/// The body of a webhook: a run went from one phase to another. Texts are as people wrote them: escape them before they are
/// shown. The header `X-Assentry-Signature-256` is `sha256=` and the HMAC-SHA256 of the body's bytes in hexadecimal;
/// `X-Assentry-Delivery` is the same in every try. Tries may come late, twice and out of order; `at` tells which is newer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Announcement {
    /// The kind of event: `run.phase`.
    event: String,
    /// When it happened, such as `2026-11-22T14:41:00.123Z`.
    at: String,
    /// The run's number.
    run: i64,
    /// The repository, `owner/name`.
    repository: String,
    /// The issue.
    issue: Thread,
    /// The issue's title when the run began.
    title: String,
    /// The phase before; null when the run begins.
    from: Option<String>,
    /// The phase since: planning, awaiting_answer, publishing, awaiting_approval, starting, executing, resting,
    /// delivering, in_review or ended.
    to: String,
    /// How it ended: done, cancelled, needs_new_plan or failed; null while it goes on.
    outcome: Option<String>,
    /// The version of the plan that people see.
    version: Option<u32>,
    /// That version's digest.
    digest: Option<String>,
    /// The plan pull request.
    plan_pull: Option<Thread>,
    /// The pull request with the work.
    pull: Option<Thread>,
}

/// An issue or a pull request.
#[derive(Debug, Serialize, JsonSchema)]
struct Thread {
    /// Its number.
    number: i64,
    /// Its page.
    url: String,
}

impl Core {
    /// What others are to be told of a change, one effect a receiver.
    pub(super) fn announcements(&self, from: Option<&State>, to: &State) -> Vec<Effect> {
        let Some(news) = News::between(from, to) else { return vec![] };
        let told = self.settings.hooks.told_of(to.phase());
        told.map(|hook| Effect::Announce { hook: hook.to_owned(), news: Box::new(news.clone()) }).collect()
    }
}

impl Deed<'_> {
    /// Sends one announcement to one receiver.
    pub(super) async fn announce(&self, hook: &str, news: &News) -> Result<Done, Trouble> {
        let (origin, home) = (&self.run.origin, self.home());
        let thread =
            |kind: &str, number: i64| Thread { number, url: format!("{}/{}/{kind}/{number}", home.web, home.repo) };
        let announcement = Announcement {
            event: "run.phase".to_owned(),
            at: self.made_at.to_rfc3339(),
            run: self.run.id.0,
            repository: origin.repo_name.to_string(),
            issue: thread("issues", origin.number.0),
            title: origin.title.clone(),
            from: news.from.clone(),
            to: news.to.clone(),
            outcome: news.outcome.clone(),
            version: news.version,
            digest: news.digest.as_ref().map(ToString::to_string),
            plan_pull: news.plan_pull.map(|pull| thread("pull", pull.0)),
            pull: news.pull.map(|pull| thread("pull", pull.0)),
        };
        let id = format!("{}-{}-{}", self.run.id, news.to, self.made_at.0);
        let body = serde_json::to_string(&announcement)?;
        match self.core.settings.hooks.send(hook, &id, body).await {
            // One that the operator has taken out does not want it any more.
            Ok(()) | Err(NotTaken::Unknown(_)) => Ok(Done::quietly()),
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "a webhook was not taken");
                Err(Trouble::Absent("an answer of a webhook's receiver"))
            }
        }
    }
}
