//! What people do, as verbs: the same code answers as on the wire, only the socket is left out.

use serde_json::{Value, json};

use super::auth::Actor;
use super::call::{Answer, Refusal};
use super::door::{self, Asked};
use super::notes::Note;
use super::{GitHub, Role};

/// A person, acting in one repository.
#[derive(Clone)]
pub struct Person {
    github: GitHub,
    login: String,
    repo: String,
    via_app: bool,
}

/// What a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// `APPROVE`
    Approve,
    /// `REQUEST_CHANGES`
    RequestChanges,
    /// `COMMENT`
    Comment,
}

/// A comment on a line of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineNote {
    /// The file.
    pub path: String,
    /// The line in the new text, from 1.
    pub line: u32,
    /// What is said.
    pub body: String,
}

impl GitHub {
    /// A person by login, in the first repository there is; see [`Person::at`].
    #[must_use]
    pub fn person(&self, login: &str) -> Person {
        let state = self.hub.lock();
        let repo = state.repos.values().next().map(|repo| super::shapes::full_name(&state, repo)).unwrap_or_default();
        drop(state);
        Person { github: self.clone(), login: login.to_owned(), repo, via_app: false }
    }
}

impl Person {
    /// The same person in another repository, `owner/name`.
    #[must_use]
    pub fn at(mut self, repo: &str) -> Person {
        repo.clone_into(&mut self.repo);
        self
    }

    /// The same person, through an App that acts for them.
    #[must_use]
    pub fn through_an_app(mut self) -> Person {
        self.via_app = true;
        self
    }

    /// The login.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Gets a role in the repository.
    ///
    /// # Errors
    /// When the repository is not there.
    pub fn becomes(&self, role: Role) -> Result<(), Refusal> {
        self.github.grants(&self.login, &self.repo, role)
    }

    /// Opens an issue and gives its number.
    ///
    /// # Errors
    /// As GitHub refuses; so with every verb.
    pub fn opens_issue(&self, title: &str, body: &str) -> Result<i64, Refusal> {
        number(&self.asks("POST", "issues", &json!({ "title": title, "body": body }))?, "number")
    }

    /// Opens an issue that has labels from the start, as a template does.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn opens_labelled_issue(&self, title: &str, body: &str, labels: &[&str]) -> Result<i64, Refusal> {
        number(&self.asks("POST", "issues", &json!({ "title": title, "body": body, "labels": labels }))?, "number")
    }

    /// Labels an issue or a pull request.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn labels(&self, number: i64, label: &str) -> Result<(), Refusal> {
        self.does("POST", &format!("issues/{number}/labels"), &json!({ "labels": [label] }))
    }

    /// Takes a label off.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn unlabels(&self, number: i64, label: &str) -> Result<(), Refusal> {
        self.does("DELETE", &format!("issues/{number}/labels/{label}"), &json!({}))
    }

    /// Comments on an issue or a pull request and gives the comment's id.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn comments(&self, number: i64, body: &str) -> Result<i64, Refusal> {
        self::number(&self.asks("POST", &format!("issues/{number}/comments"), &json!({ "body": body }))?, "id")
    }

    /// Edits a comment.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn edits_comment(&self, comment: i64, body: &str) -> Result<(), Refusal> {
        self.does("PATCH", &format!("issues/comments/{comment}"), &json!({ "body": body }))
    }

    /// Deletes a comment.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn deletes_comment(&self, comment: i64) -> Result<(), Refusal> {
        self.does("DELETE", &format!("issues/comments/{comment}"), &json!({}))
    }

    /// Edits title or body of an issue: fields as in "Update an issue".
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn edits_issue(&self, number: i64, fields: &Value) -> Result<(), Refusal> {
        self.does("PATCH", &format!("issues/{number}"), fields)
    }

    /// Closes an issue or a pull request.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn closes(&self, number: i64) -> Result<(), Refusal> {
        self.edits_issue(number, &json!({ "state": "closed" }))
    }

    /// Opens it again.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn reopens(&self, number: i64) -> Result<(), Refusal> {
        self.edits_issue(number, &json!({ "state": "open" }))
    }

    /// Locks the conversation.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn locks(&self, number: i64) -> Result<(), Refusal> {
        self.does("PUT", &format!("issues/{number}/lock"), &json!({}))
    }

    /// Reviews the head of a pull request and gives the review's id.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn reviews(&self, pull: i64, verdict: Verdict, body: &str, notes: &[LineNote]) -> Result<i64, Refusal> {
        let notes: Vec<Note> = notes.iter().map(Note::from).collect();
        self.reviews_with(pull, verdict, body, &notes)
    }

    /// Approves the head of a pull request.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn approves(&self, pull: i64) -> Result<i64, Refusal> {
        self.reviews(pull, Verdict::Approve, "", &[])
    }

    /// Approves, naming a commit, as the API allows.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn approves_commit(&self, pull: i64, commit: &str) -> Result<i64, Refusal> {
        self.reviews_commit(pull, Some(commit), (Verdict::Approve, ""), &[])
    }

    /// Requests changes.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn requests_changes(&self, pull: i64, body: &str) -> Result<i64, Refusal> {
        self.reviews(pull, Verdict::RequestChanges, body, &[])
    }

    /// Edits the text of a review.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn edits_review(&self, pull: i64, review: i64, body: &str) -> Result<(), Refusal> {
        self.does("PUT", &format!("pulls/{pull}/reviews/{review}"), &json!({ "body": body }))
    }

    /// Dismisses a review.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn dismisses(&self, pull: i64, review: i64, why: &str) -> Result<(), Refusal> {
        self.does("PUT", &format!("pulls/{pull}/reviews/{review}/dismissals"), &json!({ "message": why }))
    }

    /// Writes a single comment on a line, outside a review, and gives its id.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn remarks(&self, pull: i64, note: &LineNote) -> Result<i64, Refusal> {
        self.notes(pull, &Note::from(note))
    }

    /// Answers in the thread of a line comment and gives the answer's id.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn replies(&self, pull: i64, comment: i64, body: &str) -> Result<i64, Refusal> {
        let path = format!("pulls/{pull}/comments/{comment}/replies");
        number(&self.asks("POST", &path, &json!({ "body": body }))?, "id")
    }

    /// Pushes one commit that writes one file and gives its id; a missing branch starts at the default branch.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn pushes(&self, branch: &str, path: &str, content: &str) -> Result<String, Refusal> {
        let (default, parent) = self.tips(branch)?;
        let tip = parent.clone().unwrap_or(default);
        let commit = self.commits(&tip, (path, content))?;
        match parent {
            Some(_) => self.does("PATCH", &format!("git/refs/heads/{branch}"), &json!({ "sha": commit }))?,
            None => self.does("POST", "git/refs", &json!({ "ref": format!("refs/heads/{branch}"), "sha": commit }))?,
        }
        Ok(commit)
    }

    /// Sets a branch to a commit, whatever it was.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn force_pushes(&self, branch: &str, commit: &str) -> Result<(), Refusal> {
        self.does("PATCH", &format!("git/refs/heads/{branch}"), &json!({ "sha": commit, "force": true }))
    }

    /// Deletes a branch.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn deletes_branch(&self, branch: &str) -> Result<(), Refusal> {
        self.does("DELETE", &format!("git/refs/heads/{branch}"), &json!({}))
    }

    /// Opens a pull request and gives its number.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn opens_pull(&self, title: &str, head: &str, base: &str) -> Result<i64, Refusal> {
        number(&self.asks("POST", "pulls", &json!({ "title": title, "head": head, "base": base }))?, "number")
    }

    /// Merges a pull request.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn merges(&self, pull: i64) -> Result<(), Refusal> {
        self.does("PUT", &format!("pulls/{pull}/merge"), &json!({}))
    }

    /// Merges a pull request by `merge`, `squash` or `rebase`.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn merges_by(&self, method: &str, pull: i64) -> Result<(), Refusal> {
        self.does("PUT", &format!("pulls/{pull}/merge"), &json!({ "merge_method": method }))
    }

    /// Presses "Revert" on a merged pull request, and gives the number of the one that takes it back.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn reverts(&self, pull: i64) -> Result<i64, Refusal> {
        let shape = self.asks("GET", &format!("pulls/{pull}"), &json!({}))?;
        let query =
            "mutation($id: ID!) { revertPullRequest(input: {pullRequestId: $id}) { revertPullRequest { number } } }";
        let done = self.asks_graphql(query, &json!({ "id": shape["node_id"] }))?;
        number(&done["revertPullRequest"]["revertPullRequest"], "number")
    }

    /// Marks a draft ready for review.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn marks_ready(&self, pull: i64) -> Result<(), Refusal> {
        let shape = self.asks("GET", &format!("pulls/{pull}"), &json!({}))?;
        let query =
            "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { clientMutationId } }";
        self.asks_graphql(query, &json!({ "id": shape["node_id"] })).map(|_| ())
    }

    /// A GraphQL query or mutation; gives `data`.
    ///
    /// # Errors
    /// What stands in `errors`.
    pub fn asks_graphql(&self, query: &str, variables: &Value) -> Result<Value, Refusal> {
        let mut answer = self.request("POST", "/graphql", &json!({ "query": query, "variables": variables }))?;
        match answer["errors"][0]["message"].as_str() {
            Some(message) => Err(Refusal::new(403, message)),
            None => Ok(answer["data"].take()),
        }
    }

    /// Any request below the repository, for what has no verb; gives the answer's body, a list unpaged.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn asks(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refusal> {
        let slash = if path.is_empty() { "" } else { "/" };
        self.request(method, &format!("/repos/{}{slash}{path}", self.repo), body)
    }

    pub(super) fn does(&self, method: &str, path: &str, body: &Value) -> Result<(), Refusal> {
        self.asks(method, path, body).map(|_| ())
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refusal> {
        let mut state = self.github.hub.lock();
        let id = state.account_named(&self.login).map(|account| account.id).ok_or_else(Refusal::not_found)?;
        let asked = Asked {
            method: method.to_owned(),
            path: path.to_owned(),
            body: body.to_string().into_bytes(),
            ..Asked::default()
        };
        let answer = door::perform(&mut state, &Actor::User { id, via_app: self.via_app }, &asked)?;
        drop(state);
        self.github.hub.woken.notify_one();
        Ok(match answer {
            Answer::Json(_, value) => value,
            Answer::List(items) | Answer::Wrapped(_, items) => Value::Array(items),
            Answer::Empty(_) => Value::Null,
        })
    }

    pub(super) fn github(&self) -> &GitHub {
        &self.github
    }

    pub(super) fn repo(&self) -> &str {
        &self.repo
    }

    pub(super) fn reviews_commit(
        &self,
        pull: i64,
        commit: Option<&str>,
        says: (Verdict, &str),
        notes: &[Note],
    ) -> Result<i64, Refusal> {
        let event = match says.0 {
            Verdict::Approve => "APPROVE",
            Verdict::RequestChanges => "REQUEST_CHANGES",
            Verdict::Comment => "COMMENT",
        };
        let mut body = json!({ "event": event, "body": says.1, "comments": Note::all(notes) });
        if let Some(commit) = commit {
            body["commit_id"] = json!(commit);
        }
        number(&self.asks("POST", &format!("pulls/{pull}/reviews"), &body)?, "id")
    }

    /// The commit of the default branch, and that of the branch if it is there.
    pub(super) fn tips(&self, branch: &str) -> Result<(String, Option<String>), Refusal> {
        let state = self.github.hub.lock();
        let repo = state.repo(state.repo_id(&self.repo)?)?;
        let default = repo.branch(&repo.default_branch).cloned().ok_or_else(Refusal::not_found)?;
        Ok((default, repo.branch(branch).cloned()))
    }

    fn commits(&self, parent: &str, file: (&str, &str)) -> Result<String, Refusal> {
        let (path, content) = file;
        let entry = json!([{ "path": path, "mode": "100644", "type": "blob", "content": content }]);
        let tree = self.asks("POST", "git/trees", &json!({ "base_tree": parent, "tree": entry }))?;
        let message = format!("Write {path}");
        let commit = json!({ "message": message, "tree": tree["sha"], "parents": [parent] });
        let made = self.asks("POST", "git/commits", &commit)?;
        made["sha"].as_str().map(str::to_owned).ok_or_else(Refusal::not_found)
    }
}

pub(super) fn number(value: &Value, field: &str) -> Result<i64, Refusal> {
    value[field].as_i64().ok_or_else(|| Refusal::new(500, format!("the answer has no {field}")))
}
