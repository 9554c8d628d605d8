//! Issues of ours, and issues below others.

use reqwest::Method;
use serde_json::{Value, json};

use super::comments::within_limit;
use super::wire::Listing;
use super::{Attempt, GithubError, Issue, Marker, Repository, Trace};
use crate::ids::{IssueId, IssueNumber};

/// How many issues GitHub takes below one ("Adding sub-issues").
pub const MOST_SUB_ISSUES: usize = 100;

impl Repository<'_> {
    /// Opens an issue once, without labels or assignees: after an earlier try it is looked for by author and mark.
    ///
    /// # Errors
    /// As for any write.
    pub async fn ensure_issue(
        &self,
        (title, text): (&str, &str),
        trace: Trace<'_>,
        attempt: Attempt,
    ) -> Result<Issue, GithubError> {
        let found = match attempt {
            Attempt::First => None,
            Attempt::Again => self.find_issue(trace).await?,
        };
        match found {
            Some(issue) => Ok(issue),
            None => self.create_issue((title, text), trace.marker).await,
        }
    }

    /// Looks for an issue of ours by author and mark among those changed since an earlier try cannot be missed (T63):
    /// `GET /repos/{owner}/{repo}/issues`.
    ///
    /// # Errors
    /// As for any read; [`GithubError::Unknown`] when there were too many issues to read them all.
    pub async fn find_issue(&self, trace: Trace<'_>) -> Result<Option<Issue>, GithubError> {
        let us = self.app.identity(self.now).await?.bot_id;
        let since = trace.look_since().to_rfc3339();
        let path = format!("/issues?state=all&sort=created&direction=desc&since={since}");
        let what = self.what("look for an issue of ours");
        let listed: Listing<Issue> = self.list(&path, what.clone()).await?;
        let ours = |issue: &Issue| {
            issue.author.as_ref().is_some_and(|author| author.id == us) && trace.marker.is_on(&issue.body)
        };
        let found = listed.items.into_iter().find(ours);
        if found.is_none() && !listed.complete {
            let why = "there are too many issues to look through".to_owned();
            return Err(GithubError::Unknown { what, why });
        }
        Ok(found)
    }

    /// Opens an issue: `POST /repos/{owner}/{repo}/issues`.
    async fn create_issue(&self, (title, text): (&str, &str), marker: &Marker) -> Result<Issue, GithubError> {
        let what = self.what("open an issue");
        within_limit(text, &what)?;
        self.create(Method::POST, "/issues", json!({ "title": title, "body": marker.on(text) }), what).await
    }

    /// Lists the issues below one: `GET /repos/{owner}/{repo}/issues/{issue_number}/sub_issues`.
    ///
    /// # Errors
    /// As for any read; [`GithubError::Gone`] on a server that knows no sub-issues.
    pub async fn sub_issues(&self, parent: IssueNumber) -> Result<Vec<IssueId>, GithubError> {
        let path = format!("/issues/{parent}/sub_issues");
        let listed: Listing<Issue> = self.list(&path, self.what(format!("list the issues below #{parent}"))).await?;
        Ok(listed.items.into_iter().map(|issue| issue.id).collect())
    }

    /// Puts an issue below another: `POST /repos/{owner}/{repo}/issues/{issue_number}/sub_issues`. One that is there
    /// already stays.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Invalid`] when GitHub takes no more, or the issue is below another one.
    pub async fn ensure_sub_issue(&self, parent: IssueNumber, child: IssueId) -> Result<(), GithubError> {
        let what = self.what(format!("put an issue below #{parent}"));
        let body = json!({ "sub_issue_id": child });
        match self.set::<Value>(Method::POST, &format!("/issues/{parent}/sub_issues"), body, what).await {
            Ok(_) => Ok(()),
            Err(error @ GithubError::Invalid { .. }) => match self.sub_issues(parent).await?.contains(&child) {
                true => Ok(()),
                false => Err(error),
            },
            Err(error) => Err(error),
        }
    }
}
