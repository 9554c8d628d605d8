//! Reads a stored delivery into what it hints at.
//!
//! A closed table of event and action decides what may matter; everything else is none of our business and not an
//! error. The event's name is a header and so not signed: it must fit the parts that the signed body has.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::hint::{
    About, CommentFacts, Hint, IssueFacts, PullFacts, RepoFacts, ReviewCommentFacts, ReviewFacts, ReviewState, Side,
};
use super::payload::{self, Payload};
use crate::ids::{
    AccountKind, BadName, CommentId, InstallationId, IssueId, IssueNumber, Person, PullNumber, RepoId, ReviewCommentId,
    ReviewId, Timestamp, UserId,
};

/// A delivery that is not what its event's name says.
#[derive(Debug, thiserror::Error)]
pub enum BadPayload {
    /// The body is not an object of JSON, or a part of it is not what GitHub documents.
    #[error("{part} of the payload cannot be read")]
    Part {
        /// Which part.
        part: &'static str,
        /// Why.
        #[source]
        why: serde_json::Error,
    },
    /// A part is missing or there is one too many: this is the body of another event.
    #[error("the payload has not the parts of an event {event:?}")]
    OtherEvent {
        /// The event's name according to the header.
        event: String,
    },
    /// A name in the payload breaks its rule.
    #[error("the payload holds a bad name")]
    Name(#[from] BadName),
}

/// Reads one delivery, if it is any of our business.
///
/// # Errors
/// When the event is one of ours, but the body is not.
pub fn translate(event: &str, body: &[u8]) -> Result<Option<Hint>, BadPayload> {
    if !["issues", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment", "push"]
        .contains(&event)
    {
        return Ok(None);
    }
    let payload: Payload<'_> =
        serde_json::from_slice(body).map_err(|why| BadPayload::Part { part: "the whole", why })?;
    if parts_of(event) != Some(payload.parts()) {
        return Err(BadPayload::OtherEvent { event: event.to_owned() });
    }
    let Some(about) = payload.about(event, body)? else { return Ok(None) };
    payload.hint(about).map(Some)
}

/// Which parts are there: issue, comment, pull request, review, reference.
type Parts = [bool; 5];

/// The parts that tell the body of one event from all others that have an action of the same name.
fn parts_of(event: &str) -> Option<Parts> {
    match event {
        "issues" => Some([true, false, false, false, false]),
        "issue_comment" => Some([true, true, false, false, false]),
        "pull_request" => Some([false, false, true, false, false]),
        "pull_request_review" => Some([false, false, true, true, false]),
        "pull_request_review_comment" => Some([false, true, true, false, false]),
        "push" => Some([false, false, false, false, true]),
        _ => None,
    }
}

impl Payload<'_> {
    fn parts(&self) -> Parts {
        [self.issue, self.comment, self.pull_request, self.review, self.git_ref].map(|part| part.is_some())
    }

    /// The closed table.
    fn about(&self, event: &str, body: &[u8]) -> Result<Option<About>, BadPayload> {
        let about = match (event, self.action.as_deref()) {
            ("issues", Some("opened")) => About::IssueOpened { issue: self.issue()? },
            ("issues", Some("labeled")) => About::IssueLabeled { issue: self.issue()?, label: self.label()? },
            ("issues", Some("unlabeled")) => About::IssueUnlabeled { issue: self.issue()?, label: self.label()? },
            ("issues", Some("closed")) => About::IssueClosed { issue: self.issue()? },
            ("issues", Some("edited")) => About::IssueEdited { issue: self.issue()? },
            ("issue_comment", Some("created")) => {
                About::CommentCreated { issue: self.issue()?, comment: self.comment()? }
            }
            ("issue_comment", Some("edited")) => {
                About::CommentEdited { issue: self.issue()?, comment: self.comment()? }
            }
            ("issue_comment", Some("deleted")) => {
                About::CommentDeleted { issue: self.issue()?, comment: self.comment()? }
            }
            ("push", None) => return self.push(body),
            ("pull_request_review", Some("submitted" | "dismissed"))
            | ("pull_request_review_comment", Some("created"))
            | ("pull_request", Some("closed" | "synchronize")) => return self.about_pull(event, body),
            _ => return Ok(None),
        };
        Ok(Some(about))
    }

    fn about_pull(&self, event: &str, body: &[u8]) -> Result<Option<About>, BadPayload> {
        let raw: payload::Pull = part("pull_request", self.pull_request)?;
        let updated_at = Timestamp::from_rfc3339(&raw.updated_at)?;
        // A branch whose name breaks our rule is none of ours.
        let Ok(pull) = read_pull(raw) else { return Ok(None) };
        Ok(Some(match (event, self.action.as_deref()) {
            ("pull_request_review", Some("submitted")) => About::ReviewSubmitted { pull, review: self.review()? },
            ("pull_request_review", _) => About::ReviewDismissed { pull, review: self.review()? },
            ("pull_request_review_comment", _) => About::ReviewCommentCreated { pull, comment: self.review_comment()? },
            (_, Some("closed")) => About::PullClosed { pull, updated_at },
            _ => {
                let heads: payload::Synchronize = whole(body)?;
                let (before, after) = (heads.before.parse()?, heads.after.parse()?);
                About::PullSynchronized { pull, before, after, updated_at }
            }
        }))
    }

    fn push(&self, body: &[u8]) -> Result<Option<About>, BadPayload> {
        let push: payload::Push = whole(body)?;
        let repo: payload::Repository = part("repository", self.repository)?;
        let Some(branch) = push.name.strip_prefix("refs/heads/").and_then(|name| name.parse().ok()) else {
            return Ok(None);
        };
        Ok(Some(About::BranchPushed {
            branch,
            before: push.before.parse()?,
            after: push.after.parse()?,
            deleted: push.deleted,
            forced: push.forced,
            pushed_at: repo.pushed_at.map(|at| at.to_string()).unwrap_or_default(),
        }))
    }

    fn hint(&self, about: About) -> Result<Hint, BadPayload> {
        let installation: payload::Installation = part("installation", self.installation)?;
        let repo: payload::Repository = part("repository", self.repository)?;
        let sender = self.sender.and_then(|raw| serde_json::from_str(raw.get()).ok());
        Ok(Hint {
            installation: InstallationId(installation.id),
            repo: RepoFacts {
                id: RepoId(repo.id),
                name: repo.full_name.parse()?,
                default_branch: repo.default_branch.as_deref().unwrap_or("main").parse()?,
                private: repo.private,
                archived: repo.archived,
            },
            sender: person(sender),
            about,
        })
    }

    fn issue(&self) -> Result<IssueFacts, BadPayload> {
        let raw: payload::Issue = part("issue", self.issue)?;
        Ok(IssueFacts {
            id: IssueId(raw.id),
            number: IssueNumber(raw.number),
            title: raw.title.unwrap_or_default(),
            body: raw.body.unwrap_or_default(),
            open: raw.state.as_deref() != Some("closed"),
            locked: raw.locked.unwrap_or_default(),
            labels: raw.labels.unwrap_or_default().into_iter().map(|label| label.name).collect(),
            author: person(raw.user),
            created_at: Timestamp::from_rfc3339(&raw.created_at)?,
            updated_at: Timestamp::from_rfc3339(&raw.updated_at)?,
            comments: raw.comments.unwrap_or_default(),
            is_pull: raw.pull_request.is_some(),
        })
    }

    fn label(&self) -> Result<String, BadPayload> {
        part::<payload::Label>("label", self.label).map(|label| label.name)
    }

    fn comment(&self) -> Result<CommentFacts, BadPayload> {
        let raw: payload::Comment = part("comment", self.comment)?;
        Ok(CommentFacts {
            id: CommentId(raw.id),
            body: raw.body.unwrap_or_default(),
            author: person(raw.user),
            created_at: Timestamp::from_rfc3339(&raw.created_at)?,
            updated_at: Timestamp::from_rfc3339(&raw.updated_at)?,
            via_app: raw.performed_via_github_app.is_some(),
        })
    }

    fn review(&self) -> Result<ReviewFacts, BadPayload> {
        let raw: payload::Review = part("review", self.review)?;
        Ok(ReviewFacts {
            id: ReviewId(raw.id),
            state: review_state(&raw.state),
            commit_id: raw.commit_id.and_then(|sha| sha.parse().ok()),
            body: raw.body.unwrap_or_default(),
            author: person(raw.user),
            submitted_at: Timestamp::from_rfc3339(&raw.submitted_at.unwrap_or_default())?,
            via_app: raw.performed_via_github_app.is_some(),
        })
    }

    fn review_comment(&self) -> Result<ReviewCommentFacts, BadPayload> {
        let raw: payload::ReviewComment = part("comment", self.comment)?;
        Ok(ReviewCommentFacts {
            id: ReviewCommentId(raw.id),
            review_id: raw.pull_request_review_id.map(ReviewId),
            path: raw.path,
            line: raw.line,
            start_line: raw.start_line,
            side: if raw.side.as_deref() == Some("LEFT") { Side::Left } else { Side::Right },
            diff_hunk: raw.diff_hunk.unwrap_or_default(),
            body: raw.body.unwrap_or_default(),
            author: person(raw.user),
            created_at: Timestamp::from_rfc3339(&raw.created_at)?,
            in_reply_to: raw.in_reply_to_id.map(ReviewCommentId),
        })
    }
}

fn read_pull(raw: payload::Pull) -> Result<PullFacts, BadName> {
    Ok(PullFacts {
        number: PullNumber(raw.number),
        head_ref: raw.head.name.parse()?,
        head_sha: raw.head.sha.parse()?,
        head_repo: raw.head.repo.map(|repo| RepoId(repo.id)),
        base_ref: raw.base.name.parse()?,
        open: raw.state.as_deref() != Some("closed"),
        merged: raw.merged.unwrap_or(raw.merged_at.is_some()),
        draft: raw.draft.unwrap_or_default(),
        author: person(raw.user),
    })
}

/// Webhooks write states in lower case, the REST API in upper case.
fn review_state(text: &str) -> ReviewState {
    match text.to_ascii_lowercase().as_str() {
        "approved" => ReviewState::Approved,
        "changes_requested" => ReviewState::ChangesRequested,
        "commented" => ReviewState::Commented,
        "dismissed" => ReviewState::Dismissed,
        other => ReviewState::Other(other.chars().take(40).collect()),
    }
}

/// Nobody, when the account is gone or has a login that we cannot show.
fn person(raw: Option<payload::User>) -> Option<Person> {
    let raw = raw?;
    let kind = AccountKind::from(raw.kind.unwrap_or_default());
    Some(Person { id: UserId(raw.id), login: raw.login.parse().ok()?, kind })
}

fn part<'a, T: Deserialize<'a>>(name: &'static str, raw: Option<&'a RawValue>) -> Result<T, BadPayload> {
    serde_json::from_str(raw.map_or("null", RawValue::get)).map_err(|why| BadPayload::Part { part: name, why })
}

fn whole<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, BadPayload> {
    serde_json::from_slice(body).map_err(|why| BadPayload::Part { part: "the whole", why })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
    use serde_json::{Value, json};

    use super::*;

    const SHA: &str = "1111111111111111111111111111111111111111";
    const EVENTS: [&str; 6] =
        ["issues", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment", "push"];

    fn read(event: &str, body: &Value) -> Result<Option<Hint>, BadPayload> {
        translate(event, body.to_string().as_bytes())
    }

    fn user(id: i64, login: &str) -> Value {
        json!({"id": id, "login": login, "type": "User", "html_url": "https://evil.test/"})
    }

    /// A payload of `event` with the fields that we read and some that we do not.
    fn payload(event: &str, action: &str) -> Value {
        let mut body = json!({
            "action": action,
            "installation": {"id": 5, "node_id": "x"},
            "repository": {"id": 7, "full_name": "ann/tool", "default_branch": "main", "private": true,
                "clone_url": "https://evil.test/x.git", "pushed_at": 1_700_000_000},
            "sender": user(1, "ann"),
        });
        let issue = json!({"id": 1042, "number": 42, "title": "Broken", "body": null, "state": "open",
            "labels": [{"name": "assentry", "color": "fff"}], "user": user(2, "bob"), "comments": 3,
            "created_at": "2026-11-22T14:41:00Z", "updated_at": "2026-11-22T14:42:00Z"});
        let pull = json!({"number": 43, "state": "open", "draft": true, "user": {"id": 9, "login": "assentry[bot]",
            "type": "Bot"}, "head": {"ref": "assentry/42-plan", "sha": SHA, "repo": {"id": 7}},
            "base": {"ref": "main", "sha": SHA}, "updated_at": "2026-11-22T14:43:00Z"});
        let comment = json!({"id": 77, "body": "/approve", "user": user(2, "bob"), "path": "plan.md", "line": 3,
            "side": "RIGHT", "pull_request_review_id": 88, "performed_via_github_app": null,
            "created_at": "2026-11-22T14:44:00Z", "updated_at": "2026-11-22T14:44:00Z"});
        let review = json!({"id": 88, "state": "approved", "commit_id": SHA, "body": "yes", "user": user(2, "bob"),
            "submitted_at": "2026-11-22T14:45:00Z"});
        match event {
            "issues" => (body["issue"], body["label"]) = (issue, json!({"name": "assentry"})),
            "issue_comment" => (body["issue"], body["comment"]) = (issue, comment),
            "pull_request" => {
                body["pull_request"] = pull;
                (body["before"], body["after"], body["number"]) = (json!(SHA), json!(SHA), json!(43));
            }
            "pull_request_review" => (body["pull_request"], body["review"]) = (pull, review),
            "pull_request_review_comment" => (body["pull_request"], body["comment"]) = (pull, comment),
            "push" => {
                body["action"] = Value::Null;
                body["ref"] = json!("refs/heads/assentry/42-plan");
                (body["before"], body["after"]) = (json!(SHA), json!(SHA));
            }
            _ => {}
        }
        body
    }

    #[test]
    fn a_labelled_issue_is_read_whole() {
        let hint = read("issues", &payload("issues", "labeled")).unwrap().unwrap();
        let person =
            |id, login: &str| Person { id: UserId(id), login: login.parse().unwrap(), kind: AccountKind::User };
        let issue = IssueFacts {
            id: IssueId(1042),
            number: IssueNumber(42),
            title: "Broken".to_owned(),
            body: String::new(),
            open: true,
            locked: false,
            labels: vec!["assentry".to_owned()],
            author: Some(person(2, "bob")),
            created_at: Timestamp::from_rfc3339("2026-11-22T14:41:00Z").unwrap(),
            updated_at: Timestamp::from_rfc3339("2026-11-22T14:42:00Z").unwrap(),
            comments: 3,
            is_pull: false,
        };
        let expected = Hint {
            installation: InstallationId(5),
            repo: RepoFacts {
                id: RepoId(7),
                name: "ann/tool".parse().unwrap(),
                default_branch: "main".parse().unwrap(),
                private: true,
                archived: false,
            },
            sender: Some(person(1, "ann")),
            about: About::IssueLabeled { issue, label: "assentry".to_owned() },
        };
        assert_eq!(hint, expected);
        assert_eq!(hint.meaning(), "7 issue labeled 1042 1795358520000 assentry");
    }

    #[test]
    fn t04_no_address_of_a_payload_is_believed() {
        for event in EVENTS {
            for action in ["labeled", "created", "submitted", "closed", "synchronize"] {
                let hint = read(event, &payload(event, action)).unwrap();
                assert!(!format!("{hint:?}").contains("evil.test"), "{event} {action}");
            }
        }
    }

    #[test]
    fn t05_only_listed_pairs_of_event_and_action_mean_anything() {
        let actions = [
            "opened",
            "labeled",
            "unlabeled",
            "closed",
            "reopened",
            "edited",
            "deleted",
            "created",
            "submitted",
            "dismissed",
            "synchronize",
            "resolved",
            "assigned",
            "transferred",
            "typed",
            "pinned",
            "",
        ];
        let others = [
            "commit_comment",
            "discussion_comment",
            "discussion",
            "ping",
            "create",
            "check_run",
            "star",
            "pull_request_review_thread",
            "pull_request_target",
            "sub_issues",
            "Issues",
        ];
        let mut read_as = vec![];
        for event in EVENTS.into_iter().chain(others) {
            for action in actions {
                if read(event, &payload(event, action)).unwrap().is_some() {
                    read_as.push(format!("{event}.{action}"));
                }
            }
        }
        read_as.retain(|pair| !pair.starts_with("push."));
        assert_eq!(
            read_as,
            [
                "issues.opened",
                "issues.labeled",
                "issues.unlabeled",
                "issues.closed",
                "issues.edited",
                "issue_comment.edited",
                "issue_comment.deleted",
                "issue_comment.created",
                "pull_request.closed",
                "pull_request.synchronize",
                "pull_request_review.submitted",
                "pull_request_review.dismissed",
                "pull_request_review_comment.created",
            ]
        );
    }

    #[test]
    fn t02_a_body_under_another_events_name_is_refused() {
        for event in EVENTS {
            for other in EVENTS.into_iter().filter(|other| *other != event) {
                for action in ["created", "edited", "closed", "submitted"] {
                    let refused = read(other, &payload(event, action));
                    assert!(matches!(refused, Err(BadPayload::OtherEvent { .. })), "{event} as {other}: {refused:?}");
                }
            }
        }
    }

    #[test]
    fn t02_the_same_thing_said_again_has_the_same_meaning_and_another_thing_has_another() {
        let mut meanings = vec![];
        for (event, actions) in [
            ("issues", &["opened", "labeled", "unlabeled", "closed", "edited"][..]),
            ("issue_comment", &["created", "edited", "deleted"]),
            ("pull_request", &["closed", "synchronize"]),
            ("pull_request_review", &["submitted", "dismissed"]),
            ("pull_request_review_comment", &["created"]),
            ("push", &[""]),
        ] {
            for action in actions {
                let meaning = read(event, &payload(event, action)).unwrap().unwrap().meaning();
                assert_eq!(read(event, &payload(event, action)).unwrap().unwrap().meaning(), meaning);
                meanings.push(meaning);
            }
        }
        let mut later = payload("issues", "labeled");
        later["issue"]["updated_at"] = json!("2026-11-22T14:59:00Z");
        meanings.push(read("issues", &later).unwrap().unwrap().meaning());
        let mut elsewhere = payload("push", "");
        elsewhere["repository"]["id"] = json!(8);
        meanings.push(read("push", &elsewhere).unwrap().unwrap().meaning());

        let count = meanings.len();
        meanings.sort();
        meanings.dedup();
        assert_eq!(meanings.len(), count);
    }

    #[test]
    fn a_deleted_account_a_new_state_and_a_new_field_are_survived() {
        let mut body = payload("pull_request_review", "submitted");
        body["review"]["user"] = Value::Null;
        body["review"]["state"] = json!("MAYBE");
        body["review"]["commit_id"] = Value::Null;
        body["pull_request"]["head"]["repo"] = Value::Null;
        body["sender"] = json!({"id": 3, "login": "no login!", "type": "Robot"});
        body["new"] = json!([[]]);
        let hint = read("pull_request_review", &body).unwrap().unwrap();
        let About::ReviewSubmitted { pull, review } = hint.about else { panic!("{:?}", hint.about) };
        assert_eq!((review.author, review.commit_id, pull.head_repo, hint.sender), (None, None, None, None));
        assert_eq!(review.state, ReviewState::Other("maybe".to_owned()));
    }

    #[test]
    fn branches_that_cannot_be_ours_and_tags_mean_nothing() {
        for name in ["refs/tags/v1", "refs/heads/-x", "refs/heads/a b", "refs/heads/größe"] {
            let mut body = payload("push", "");
            body["ref"] = json!(name);
            assert_eq!(read("push", &body).unwrap(), None, "{name}");
        }
        let mut body = payload("pull_request", "closed");
        body["pull_request"]["head"]["ref"] = json!("größe");
        assert_eq!(read("pull_request", &body).unwrap(), None);
    }

    #[test]
    fn what_is_no_payload_is_refused_and_not_a_crash() {
        for body in ["", "[]", "null", "{\"issue\": 1", "{\"issue\": {\"id\": \"x\"}, \"action\": \"opened\"}"] {
            assert!(translate("issues", body.as_bytes()).is_err(), "{body}");
        }
        let mut body = payload("issues", "opened");
        body["installation"] = Value::Null;
        assert!(read("issues", &body).is_err());
    }
}
