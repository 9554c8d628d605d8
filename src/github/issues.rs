//! Issues, and who put our label on them.

use serde::Deserialize;

use super::wire::Listing;
use super::{GithubError, Repository, fields};
use crate::ids::{IssueId, IssueNumber, Person, Timestamp};

/// Whether something is still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenState {
    Open,
    Closed,
}

/// An issue as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Issue {
    pub id: IssueId,
    pub number: IssueNumber,
    pub title: String,
    /// Empty when there is none.
    #[serde(default, deserialize_with = "fields::text")]
    pub body: String,
    pub state: OpenState,
    #[serde(default)]
    pub locked: bool,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    milestone: Option<Milestone>,
    #[serde(default, rename = "user", deserialize_with = "fields::person")]
    pub author: Option<Person>,
    /// Whether it is really a pull request.
    #[serde(default, rename = "pull_request", deserialize_with = "fields::is_there")]
    pub is_pull: bool,
    pub html_url: String,
    #[serde(deserialize_with = "fields::time")]
    pub created_at: Timestamp,
    #[serde(deserialize_with = "fields::time")]
    pub updated_at: Timestamp,
}

impl Issue {
    /// The number of its milestone, if it has one.
    #[must_use]
    pub fn milestone(&self) -> Option<i64> {
        self.milestone.as_ref().map(|milestone| milestone.number)
    }

    /// Whether it carries the label; GitHub does not tell labels apart by case.
    #[must_use]
    pub fn has_label(&self, name: &str) -> bool {
        self.labels.iter().any(|label| label.name.to_lowercase() == name.to_lowercase())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Milestone {
    number: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Label {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct IssueEvent {
    #[serde(default)]
    event: String,
    #[serde(default)]
    label: Option<Label>,
    #[serde(default, deserialize_with = "fields::person")]
    actor: Option<Person>,
    #[serde(deserialize_with = "fields::time")]
    created_at: Timestamp,
}

impl Repository<'_> {
    /// Reads an issue: `GET /repos/{owner}/{repo}/issues/{issue_number}`.
    ///
    /// # Errors
    /// As for any read; a deleted or transferred issue is [`GithubError::Gone`].
    pub async fn issue(&self, number: IssueNumber) -> Result<Issue, GithubError> {
        self.get(&format!("/issues/{number}"), self.what(format!("read issue #{number}"))).await
    }

    /// Lists open issues with a label, oldest change last: `GET /repos/{owner}/{repo}/issues`. Pull requests are left out.
    ///
    /// # Errors
    /// As for any read.
    pub async fn issues_with_label(&self, label: &str) -> Result<Listing<Issue>, GithubError> {
        let label: String = url::form_urlencoded::byte_serialize(label.as_bytes()).collect();
        let path = format!("/issues?state=open&sort=updated&labels={label}");
        let mut found: Listing<Issue> = self.list(&path, self.what("list the issues with our label")).await?;
        found.items.retain(|issue| !issue.is_pull);
        Ok(found)
    }

    /// Says who last put a label on an issue, and when: `GET /repos/{owner}/{repo}/issues/{issue_number}/events`. `None`
    /// when nobody has, or the account is deleted, or the label has been taken off again.
    ///
    /// # Errors
    /// As for any read; [`GithubError::Flaky`] when there are too many events to read them all.
    pub async fn labelled_by(
        &self,
        number: IssueNumber,
        label: &str,
    ) -> Result<Option<(Person, Timestamp)>, GithubError> {
        let what = self.what(format!("ask who labelled issue #{number}"));
        let events: Listing<IssueEvent> = self.list(&format!("/issues/{number}/events"), what.clone()).await?;
        if !events.complete {
            return Err(GithubError::Flaky { what, why: "there are too many events to look through".to_owned() });
        }
        let about = |event: &&IssueEvent| {
            matches!(event.event.as_str(), "labeled" | "unlabeled")
                && event.label.as_ref().is_some_and(|has| has.name.to_lowercase() == label.to_lowercase())
        };
        let last = events.items.iter().filter(about).max_by_key(|event| event.created_at);
        let labelled = last.filter(|event| event.event == "labeled");
        Ok(labelled.and_then(|event| Some((event.actor.clone()?, event.created_at))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, TestError};

    #[tokio::test]
    async fn who_labelled_an_issue_is_the_last_one_whose_label_is_still_on_it() -> Result<(), TestError> {
        let event = |what: &str, minute: i64, who: &str, label: &str| {
            json!({
                "event": what, "created_at": format!("2026-11-22T14:{minute}:00Z"), "label": { "name": label },
                "actor": { "id": minute, "login": who, "type": "User" },
            })
        };
        let history = [
            event("labeled", 10, "ann", "Assentry"),
            event("unlabeled", 11, "ann", "assentry"),
            event("labeled", 12, "bob", "assentry"),
            event("labeled", 13, "eve", "bug"),
            json!({ "event": "closed", "created_at": "2026-11-22T14:14:00Z", "actor": null }),
        ];
        for (length, expected) in [(1, Some("ann")), (2, None), (5, Some("bob"))] {
            let page = json!(history[..length]);
            let fake =
                Fake::start(move |seen| seen.line.contains("/issues/42/events?").then(|| Reply::new(200, &page)))
                    .await?;
            let app = fake.app()?;
            let who = app.repository(&fake.at, Step::Read, NOW).labelled_by(IssueNumber(42), "assentry").await?;
            assert_eq!(who.as_ref().map(|(person, _)| person.login.as_str()), expected);
        }
        Ok(())
    }

    #[test]
    fn an_issue_of_a_deleted_account_with_unknown_fields_is_read() -> Result<(), TestError> {
        let issue: Issue = serde_json::from_value(json!({
            "id": 1, "number": 42, "title": "T", "body": null, "state": "closed", "state_reason": "new_reason",
            "labels": [{ "id": 3, "name": "Assentry" }], "user": null, "html_url": "u", "locked": true,
            "created_at": "2026-11-22T14:41:00Z", "updated_at": "2026-11-22T14:41:00Z", "pull_request": { "url": "p" },
        }))?;

        assert_eq!((&issue.author, issue.body.as_str(), issue.is_pull), (&None, "", true));
        assert!(issue.has_label("assentry"));
        Ok(())
    }
}
