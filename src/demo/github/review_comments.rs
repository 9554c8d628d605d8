//! "REST: Pull request review comments": on lines, in threads; each lone comment makes a review of its own.

use serde_json::{Value, json};

use super::call::{Answer, Call, Outcome, Refusal};
use super::issues::role;
use super::state::{Review, ReviewComment, Role, State, Verdict};
use super::{history, places, pull_shapes, reviews};

/// "Create a review comment for a pull request"; with `in_reply_to` all else is ignored.
pub(super) fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("pull_number")?;
    if let Some(parent) = call.body["in_reply_to"].as_i64() {
        return answer(call, number, parent);
    }
    let body = call.body.clone();
    let review = call.state.next_id();
    let comment = draft(call, number, (review, &body))?;
    publish(call, number, comment)
}

/// "Create a reply for a review comment": 404 for an unknown comment.
pub(super) fn reply(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, parent) = (call.number("pull_number")?, call.number("comment_id")?);
    answer(call, number, parent)
}

/// "List review comments on a pull request": oldest first.
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let (issue, pull) = call.state.pull(call.repo, call.number("pull_number")?)?;
    let repo = call.repo()?;
    let since = call.asked("since").and_then(|text| crate::ids::Timestamp::from_rfc3339(text).ok());
    let public = |comment: &&ReviewComment| {
        since.is_none_or(|since| comment.updated >= since)
            && !pull.reviews.iter().any(|review| review.id == comment.review && review.verdict == Verdict::Pending)
    };
    let found = pull.comments.iter().filter(public);
    Ok(Answer::List(found.map(|c| pull_shapes::review_comment(call.state, repo, issue, c)).collect()))
}

/// "List comments for a pull request review".
pub(super) fn list_of_review(call: &mut Call<'_>) -> Outcome<Answer> {
    let (issue, pull) = call.state.pull(call.repo, call.number("pull_number")?)?;
    let (repo, id) = (call.repo()?, call.number("review_id")?);
    let found = pull.comments.iter().filter(|comment| comment.review == id);
    Ok(Answer::List(found.map(|c| pull_shapes::review_comment(call.state, repo, issue, c)).collect()))
}

/// "Get a review comment for a pull request".
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    let place = place(call)?;
    Ok(Answer::Json(200, shown(call.state, call.repo, place)?))
}

/// "Update a review comment for a pull request".
pub(super) fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, id) = mine(call)?;
    let body = call.some_body("PullRequestReviewComment")?;
    let now = call.state.now();
    let comment = call.state.review_comment_mut(call.repo, (number, id))?;
    let old = std::mem::replace(&mut comment.body, body);
    comment.updated = now;
    tell(call, (number, id), "edited", json!({ "changes": { "body": { "from": old } } }))?;
    Ok(Answer::Json(200, shown(call.state, call.repo, (number, id))?))
}

/// "Delete a review comment for a pull request".
pub(super) fn delete(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, id) = mine(call)?;
    tell(call, (number, id), "deleted", json!({}))?;
    call.state.pull_mut(call.repo, number)?.comments.retain(|comment| comment.id != id);
    Ok(Answer::Empty(204))
}

/// Reads a comment as it stands in a request: `path` and `line` must be part of the difference.
pub(super) fn draft(call: &mut Call<'_>, number: i64, from: (i64, &Value)) -> Outcome<ReviewComment> {
    let (review, body) = from;
    let missing = |field: &str| Refusal::failed("PullRequestReviewComment", field, "missing_field");
    let text = body["body"].as_str().filter(|text| !text.is_empty()).ok_or_else(|| missing("body"))?.to_owned();
    if text.chars().count() > 65_536 {
        return Err(Refusal::custom("PullRequestReviewComment", "body is too long (maximum is 65536 characters)"));
    }
    let path = body["path"].as_str().ok_or_else(|| missing("path"))?.to_owned();
    let (_, pull) = call.state.pull(call.repo, number)?;
    let head = body["commit_id"].as_str().unwrap_or(&pull.head_sha).to_owned();
    let repo = call.repo()?;
    if repo.objects.commit(&head).is_none() {
        return Err(missing("commit_id"));
    }
    let changes = history::changed_files(&repo.objects, &pull.base_sha, &head);
    let unresolved = || Refusal::custom("PullRequestReviewComment", "path could not be resolved");
    let change = changes.into_iter().find(|change| change.path == path).ok_or_else(unresolved)?;
    let place = places::read(body, &change)?;
    let (id, now, author, by_app) = (call.state.next_id(), call.state.now(), call.who(), call.actor.is_app());
    Ok(ReviewComment {
        id,
        review,
        reply_to: None,
        author,
        by_app,
        body: text,
        path,
        original: place.clone(),
        original_commit: head.clone(),
        place: Some(place),
        commit: head,
        resolved_by: None,
        created: now,
        updated: now,
    })
}

/// "Webhooks: pull_request_review_comment".
pub(super) fn tell(call: &mut Call<'_>, place: (i64, i64), action: &str, more: Value) -> Outcome<()> {
    let mut payload = more;
    payload["action"] = json!(action);
    payload["comment"] = shown(call.state, call.repo, place)?;
    payload["pull_request"] = super::pulls::told(call.state, call.repo, place.0)?;
    let who = call.who();
    call.state.tell(call.repo, who, "pull_request_review_comment", payload)
}

impl State {
    fn review_comment_mut(&mut self, repo: i64, place: (i64, i64)) -> Outcome<&mut ReviewComment> {
        let comments = &mut self.pull_mut(repo, place.0)?.comments;
        comments.iter_mut().find(|comment| comment.id == place.1).ok_or_else(Refusal::not_found)
    }
}

fn answer(call: &mut Call<'_>, number: i64, parent: i64) -> Outcome<Answer> {
    let body = call.some_body("PullRequestReviewComment")?;
    let parent = call.state.review_comment_mut(call.repo, (number, parent))?.clone();
    let (id, review, now) = (call.state.next_id(), call.state.next_id(), call.state.now());
    let comment = ReviewComment {
        id,
        review,
        // Replies to replies belong to the thread's first comment.
        reply_to: Some(parent.reply_to.unwrap_or(parent.id)),
        author: call.who(),
        by_app: call.actor.is_app(),
        body,
        created: now,
        updated: now,
        ..parent
    };
    publish(call, number, comment)
}

fn publish(call: &mut Call<'_>, number: i64, comment: ReviewComment) -> Outcome<Answer> {
    super::comments::refuse_if_locked(call, number)?;
    let review = Review {
        id: comment.review,
        author: comment.author,
        by_app: comment.by_app,
        verdict: Verdict::Commented,
        body: String::new(),
        commit: comment.commit.clone(),
        submitted: Some(comment.created),
        announced: 0,
    };
    let (id, review_id) = (comment.id, review.id);
    let pull = call.state.pull_mut(call.repo, number)?;
    pull.reviews.push(review);
    pull.comments.push(comment);
    reviews::announce(call, (number, review_id))?;
    Ok(Answer::Json(201, shown(call.state, call.repo, (number, id))?))
}

fn place(call: &Call<'_>) -> Outcome<(i64, i64)> {
    let id = call.number("comment_id")?;
    let holds = |pull: &super::state::Pull| pull.comments.iter().any(|comment| comment.id == id);
    let found = call.repo()?.issues.values().find(|issue| issue.pull.as_ref().is_some_and(holds));
    found.map(|issue| (issue.number, id)).ok_or_else(Refusal::not_found)
}

fn mine(call: &mut Call<'_>) -> Outcome<(i64, i64)> {
    let place = place(call)?;
    let author = call.state.review_comment_mut(call.repo, place)?.author;
    if author != call.who() && role(call)? < Role::Write {
        return Err(Refusal::new(403, "Must have admin rights to Repository."));
    }
    Ok(place)
}

fn shown(state: &State, repo: i64, place: (i64, i64)) -> Outcome<Value> {
    let (issue, pull) = state.pull(repo, place.0)?;
    let comment = pull.comments.iter().find(|comment| comment.id == place.1).ok_or_else(Refusal::not_found)?;
    Ok(pull_shapes::review_comment(state, state.repo(repo)?, issue, comment))
}
