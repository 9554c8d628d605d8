//! Reads a stored delivery into what it hints at.
//!
//! A closed table of event and action decides what may matter; everything else is none of our business and not an
//! error. The event's name is a header and so not signed: it must fit the parts that the signed body has.

mod parts;
mod reverts;

use super::hint::{About, Hint, InstallationAbout, InstallationHint, RepoFacts};
use super::payload::{self, Payload};
use crate::ids::{BadName, InstallationId, RepoId, Timestamp};

use parts::{part, person, read_pull, whole};

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
    if parts_of(event).is_none() {
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

/// Reads one delivery about an installation, if it is any of our business. GitHub tells each App of these without being
/// asked to.
///
/// # Errors
/// When the event is one of ours, but the body is not.
pub fn translate_installation(event: &str, body: &[u8]) -> Result<Option<InstallationHint>, BadPayload> {
    if !["installation", "installation_repositories"].contains(&event) {
        return Ok(None);
    }
    let payload: Payload<'_> = whole(body)?;
    let about = match (event, payload.action.as_deref()) {
        ("installation", Some("suspend")) => InstallationAbout::Suspended,
        ("installation", Some("deleted")) => InstallationAbout::Deleted,
        ("installation_repositories", Some("removed")) => {
            let repos: Vec<payload::Installation> = part("repositories_removed", payload.repositories_removed)?;
            InstallationAbout::Removed { repos: repos.into_iter().map(|repo| RepoId(repo.id)).collect() }
        }
        _ => return Ok(None),
    };
    // A label, a milestone or a repository can be deleted too, and their payloads hold an installation.
    if payload.repository.is_some() || payload.parts() != [false; 5] {
        return Err(BadPayload::OtherEvent { event: event.to_owned() });
    }
    let installation: payload::Installation = part("installation", payload.installation)?;
    let sender = payload.sender.and_then(|raw| serde_json::from_str(raw.get()).ok());
    Ok(Some(InstallationHint { installation: InstallationId(installation.id), sender: person(sender), about }))
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
        "repository" | "check_run" | "status" => Some([false, false, false, false, false]),
        _ => None,
    }
}

/// A status that is pending has nothing to say yet.
fn status_set(body: &[u8]) -> Result<Option<About>, BadPayload> {
    let payload::Status { id, sha, state } = whole(body)?;
    let ended = state != "pending";
    Ok(if ended { Some(About::StatusSet { id, head: sha.parse()?, state }) } else { None })
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
            ("issues", Some("edited")) => self.edited()?,
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
            ("check_run", Some("completed")) => self.check_ended()?,
            ("status", None) => return status_set(body),
            ("issues", Some("deleted" | "transferred")) => About::IssueGone { issue: self.issue()? },
            ("repository", Some("edited" | "publicized" | "archived")) => return self.about_repo(),
            ("pull_request_review", Some("submitted" | "dismissed"))
            | ("pull_request_review_comment", Some("created" | "edited" | "deleted"))
            | ("pull_request", Some("closed" | "synchronize" | "opened" | "reopened" | "edited")) => {
                return self.about_pull(event, body);
            }
            _ => return Ok(None),
        };
        Ok(Some(about))
    }

    fn about_pull(&self, event: &str, body: &[u8]) -> Result<Option<About>, BadPayload> {
        let edited = event == "pull_request" && self.action.as_deref() == Some("edited");
        if edited && self.changes()?.is_none_or(|changes| changes.base.is_none()) {
            return Ok(None);
        }
        let raw: payload::Pull = part("pull_request", self.pull_request)?;
        let updated_at = Timestamp::from_rfc3339(&raw.updated_at)?;
        // A branch whose name breaks our rule is none of ours.
        let Ok(pull) = read_pull(raw) else { return Ok(None) };
        Ok(Some(match (event, self.action.as_deref()) {
            ("pull_request_review", Some("submitted")) => About::ReviewSubmitted { pull, review: self.review()? },
            ("pull_request_review", _) => About::ReviewDismissed { pull, review: self.review()? },
            ("pull_request_review_comment", Some("edited")) => {
                About::ReviewCommentEdited { pull, comment: self.review_comment()? }
            }
            ("pull_request_review_comment", Some("deleted")) => {
                About::ReviewCommentDeleted { pull, comment: self.review_comment()? }
            }
            ("pull_request_review_comment", _) => About::ReviewCommentCreated { pull, comment: self.review_comment()? },
            (_, Some("closed")) => About::PullClosed { pull, updated_at },
            (_, Some("opened" | "reopened")) => About::PullOpened { pull, updated_at },
            (_, Some("edited")) => About::PullRetargeted { pull, updated_at },
            _ => {
                let heads: payload::Synchronize = whole(body)?;
                let (before, after) = (heads.before.parse()?, heads.after.parse()?);
                About::PullSynchronized { pull, before, after, updated_at }
            }
        }))
    }

    /// What an edit says it changed; what does not say is taken to have changed both.
    fn edited(&self) -> Result<About, BadPayload> {
        let changes = self.changes()?;
        let (title, body) = changes.map_or((true, true), |changes| (changes.title.is_some(), changes.body.is_some()));
        Ok(About::IssueEdited { issue: self.issue()?, title, body })
    }

    fn about_repo(&self) -> Result<Option<About>, BadPayload> {
        let repo: payload::Repository = part("repository", self.repository)?;
        let at = repo.updated_at.unwrap_or_default();
        Ok(match self.action.as_deref() {
            Some("publicized") => Some(About::RepoPublicized { at }),
            Some("archived") => Some(About::RepoArchived { at }),
            _ => {
                let from = self.changes()?.and_then(|changes| changes.default_branch);
                // A branch whose name breaks our rule is nobody's base here.
                let from = from.and_then(|was| was.from.parse().ok());
                from.map(|from| About::DefaultBranchChanged { from, at })
            }
        })
    }

    fn check_ended(&self) -> Result<About, BadPayload> {
        let check: payload::CheckRun = part("check_run", self.check_run)?;
        Ok(About::CheckEnded {
            id: check.id,
            head: check.head_sha.parse()?,
            app: check.app.map(|app| app.id),
            conclusion: check.conclusion.unwrap_or_default(),
        })
    }

    fn changes(&self) -> Result<Option<payload::Changes>, BadPayload> {
        self.changes.map(|raw| part("changes", Some(raw))).transpose()
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
            reverts: push.commits.iter().filter_map(reverts::commit).collect(),
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
}

#[cfg(test)]
mod tests;
