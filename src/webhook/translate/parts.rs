//! Reads the parts of a payload: each becomes facts of our own types, or is refused by name.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{BadPayload, reverts};
use crate::ids::{
    AccountKind, BadName, CommentId, IssueId, IssueNumber, Person, PullNumber, RepoId, ReviewCommentId, ReviewId,
    Timestamp, UserId,
};
use crate::webhook::hint::{CommentFacts, IssueFacts, PullFacts, ReviewCommentFacts, ReviewFacts, ReviewState, Side};
use crate::webhook::payload::{self, Payload};

impl Payload<'_> {
    pub(super) fn issue(&self) -> Result<IssueFacts, BadPayload> {
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

    pub(super) fn label(&self) -> Result<String, BadPayload> {
        part::<payload::Label>("label", self.label).map(|label| label.name)
    }

    pub(super) fn comment(&self) -> Result<CommentFacts, BadPayload> {
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

    pub(super) fn review(&self) -> Result<ReviewFacts, BadPayload> {
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

    pub(super) fn review_comment(&self) -> Result<ReviewCommentFacts, BadPayload> {
        let raw: payload::ReviewComment = part("comment", self.comment)?;
        // The lines as they were when it was written: these stay true whatever is pushed later.
        let (line, start_line, commit) = match raw.original_line {
            Some(line) => (Some(line), raw.original_start_line, raw.original_commit_id),
            None => (raw.line, raw.start_line, raw.commit_id),
        };
        let created_at = Timestamp::from_rfc3339(&raw.created_at)?;
        let updated_at = raw.updated_at.map_or(Ok(created_at), |at| Timestamp::from_rfc3339(&at))?;
        Ok(ReviewCommentFacts {
            id: ReviewCommentId(raw.id),
            review_id: raw.pull_request_review_id.map(ReviewId),
            path: raw.path,
            line,
            start_line,
            commit: commit.and_then(|sha| sha.parse().ok()),
            side: if raw.side.as_deref() == Some("LEFT") { Side::Left } else { Side::Right },
            diff_hunk: raw.diff_hunk.unwrap_or_default(),
            body: raw.body.unwrap_or_default(),
            author: person(raw.user),
            created_at,
            updated_at,
            in_reply_to: raw.in_reply_to_id.map(ReviewCommentId),
        })
    }
}

pub(super) fn read_pull(raw: payload::Pull) -> Result<PullFacts, BadName> {
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
        reverts: raw.body.as_deref().and_then(reverts::pull),
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
pub(super) fn person(raw: Option<payload::User>) -> Option<Person> {
    let raw = raw?;
    let kind = AccountKind::from(raw.kind.unwrap_or_default());
    Some(Person { id: UserId(raw.id), login: raw.login.parse().ok()?, kind })
}

pub(super) fn part<'a, T: Deserialize<'a>>(name: &'static str, raw: Option<&'a RawValue>) -> Result<T, BadPayload> {
    serde_json::from_str(raw.map_or("null", RawValue::get)).map_err(|why| BadPayload::Part { part: name, why })
}

pub(super) fn whole<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, BadPayload> {
    serde_json::from_slice(body).map_err(|why| BadPayload::Part { part: "the whole", why })
}
