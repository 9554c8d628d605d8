//! "GraphQL: UserContentEdit": who changed the text of an issue or a comment, when, and from what.

use serde_json::{Value, json};

use super::auth::{self, Needs};
use super::call::{Call, Outcome};
use super::graphql;
use super::state::{Level, Role, State};
use crate::ids::Timestamp;

/// One change of a text.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) at: Timestamp,
    pub(super) by: i64,
    /// The text that it made.
    pub(super) text: String,
}

/// A text with its author, when it was written, and its changes.
struct Written<'a> {
    repo: i64,
    author: i64,
    created: Timestamp,
    edits: &'a [Edit],
}

/// "GraphQL: node", for `Issue`, `PullRequest` and `IssueComment`: `editor`, `lastEditedAt` and `userContentEdits`, latest
/// first. Once there is an edit, the first text counts as one too.
pub(super) fn list(call: &mut Call<'_>, id: &str, query: &str) -> Outcome<Value> {
    let written = find(call.state, id).ok_or_else(|| graphql::no_node(id))?;
    let any = &[("issues", Level::Read), ("pull_requests", Level::Read)];
    auth::admit(call.state, &call.actor, Some(call.state.repo(written.repo)?), Needs::Access(any, Role::Read))?;
    let node = |by: i64, at: Timestamp, text: Option<&str>| {
        json!({ "editor": editor(call.state, by), "editedAt": at.to_rfc3339(), "createdAt": at.to_rfc3339(),
            "diff": text, "deletedAt": null })
    };
    let last = written.edits.last();
    let mut nodes: Vec<Value> = written.edits.iter().rev().map(|e| node(e.by, e.at, Some(&e.text))).collect();
    if last.is_some() {
        nodes.push(node(written.author, written.created, None));
    }
    let edits = graphql::connection(nodes, query, "userContentEdits", &call.body["variables"])?;
    Ok(json!({ "node": {
        "id": id,
        "editor": last.map(|edit| editor(call.state, edit.by)),
        "lastEditedAt": last.map(|edit| edit.at.to_rfc3339()),
        "includesCreatedEdit": last.is_some(),
        "userContentEdits": edits,
    } }))
}

fn find<'a>(state: &'a State, id: &str) -> Option<Written<'a>> {
    let (kind, number) = id.split_once('_')?;
    let number: i64 = number.parse().ok()?;
    let all = state.repos.values().flat_map(|repo| repo.issues.values().map(move |issue| (repo.id, issue)));
    if kind == "IC" {
        let comments = all.flat_map(|(repo, issue)| issue.comments.iter().map(move |comment| (repo, comment)));
        let (repo, found) = comments.into_iter().find(|(_, comment)| comment.id == number)?;
        return Some(Written { repo, author: found.author, created: found.created, edits: &found.edits });
    }
    let fits = |issue: &super::state::Issue| match &issue.pull {
        Some(pull) => kind == "PR" && pull.id == number,
        None => kind == "I" && issue.id == number,
    };
    let (repo, found) = all.into_iter().find(|(_, issue)| fits(issue))?;
    Some(Written { repo, author: found.author, created: found.created, edits: &found.edits })
}

/// "GraphQL: Actor": nobody when the account is gone.
fn editor(state: &State, by: i64) -> Value {
    match state.accounts.get(&by) {
        Some(account) => json!({ "login": account.login, "databaseId": account.id }),
        None => Value::Null,
    }
}
