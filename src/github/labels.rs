//! What makes an issue or a pull request easy to find for people: labels, a milestone, who is asked to review.

use reqwest::Method;
use serde_json::{Value, json};

use super::wire::encode;
use super::{GithubError, Repository};
use crate::ids::{IssueNumber, Login, PullNumber};

impl Repository<'_> {
    /// Puts a label on an issue; GitHub makes one that is not there: `POST /repos/{owner}/{repo}/issues/{number}/labels`.
    ///
    /// # Errors
    /// As for any write.
    pub async fn add_label(&self, issue: IssueNumber, label: &str) -> Result<(), GithubError> {
        let what = self.what(format!("label #{issue}"));
        let path = format!("/issues/{issue}/labels");
        self.set::<Value>(Method::POST, &path, json!({ "labels": [label] }), what).await.map(drop)
    }

    /// Takes a label off an issue: `DELETE /repos/{owner}/{repo}/issues/{number}/labels/{name}`. One that is not on it is
    /// no error.
    ///
    /// # Errors
    /// As for any write.
    pub async fn remove_label(&self, issue: IssueNumber, label: &str) -> Result<(), GithubError> {
        let what = self.what(format!("take a label off #{issue}"));
        let path = format!("/issues/{issue}/labels/{}", encode(label).replace('/', "%2F"));
        match self.set::<Value>(Method::DELETE, &path, json!({}), what).await {
            Ok(_) | Err(GithubError::Gone { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Sets the milestone of a pull request: `PATCH /repos/{owner}/{repo}/issues/{number}`.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Invalid`] when there is no such milestone any more.
    pub async fn set_milestone(&self, pull: PullNumber, milestone: i64) -> Result<(), GithubError> {
        let what = self.what(format!("set the milestone of #{pull}"));
        let body = json!({ "milestone": milestone });
        self.set::<Value>(Method::PATCH, &format!("/issues/{pull}"), body, what).await.map(drop)
    }

    /// Asks people to review: `POST /repos/{owner}/{repo}/pulls/{number}/requested_reviewers`.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Invalid`] when one of them may not review.
    pub async fn ask_to_review(&self, pull: PullNumber, people: &[Login]) -> Result<(), GithubError> {
        let what = self.what(format!("ask for reviews of #{pull}"));
        let path = format!("/pulls/{pull}/requested_reviewers");
        self.set::<Value>(Method::POST, &path, json!({ "reviewers": people }), what).await.map(drop)
    }
}
