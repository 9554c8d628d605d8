//! "REST: Pull request reviews": submit at once or later, edit, dismiss.

use serde_json::{Value, json};

use super::call::{Answer, Call, Outcome, Refusal};
use super::issues::{note, role};
use super::state::{Review, Role, State, Verdict};
use super::{history, pull_shapes, review_comments};

/// "Create a review for a pull request": without `event` it is pending; `commit_id` defaults to the head; nobody approves
/// or requests changes on a pull request of his own.
pub(super) fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("pull_number")?;
    let body = call.maybe_body("PullRequestReview")?.unwrap_or_default();
    let verdict = asked_verdict(call, &call.body["event"])?;
    let comments = call.body["comments"].as_array().cloned().unwrap_or_default();
    let (_, pull) = call.state.pull(call.repo, number)?;
    let commit = call.maybe_text("commit_id")?.unwrap_or_else(|| pull.head_sha.clone());
    if call.repo()?.objects.commit(&commit).is_none() {
        return Err(Refusal::invalid("Unprocessable Entity: \"commit_id\" is not part of the pull request"));
    }
    check(call, number, (verdict, &body, comments.is_empty()))?;
    super::comments::refuse_if_locked(call, number)?;
    let (id, author, by_app) = (call.state.next_id(), call.who(), call.actor.is_app());
    let submitted = (verdict != Verdict::Pending).then(|| call.state.now());
    let review = Review { id, author, by_app, verdict, body, commit, submitted, announced: 0 };
    let drafts = comments
        .iter()
        .map(|comment| review_comments::draft(call, number, (id, comment)))
        .collect::<Outcome<Vec<_>>>()?;
    let pull = call.state.pull_mut(call.repo, number)?;
    pull.reviews.push(review);
    pull.comments.extend(drafts);
    if verdict != Verdict::Pending {
        announce(call, (number, id))?;
    }
    Ok(Answer::Json(200, shown(call.state, call.repo, (number, id))?))
}

/// "Submit a review for a pull request".
pub(super) fn submit(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, id) = place(call)?;
    let verdict = asked_verdict(call, &call.body["event"])?;
    let body = call.maybe_body("PullRequestReview")?;
    let now = call.state.now();
    let by = call.who();
    let review = call.state.review_mut(call.repo, (number, id))?;
    if review.verdict != Verdict::Pending || review.author != by {
        return Err(Refusal::invalid("Could not submit a review that is not pending."));
    }
    let text = body.unwrap_or_else(|| review.body.clone());
    check(call, number, (verdict, &text, false))?;
    let review = call.state.review_mut(call.repo, (number, id))?;
    (review.verdict, review.body, review.submitted) = (verdict, text, Some(now));
    announce(call, (number, id))?;
    Ok(Answer::Json(200, shown(call.state, call.repo, (number, id))?))
}

/// "List reviews for a pull request": oldest first; pending ones only to their author.
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let (issue, pull) = call.state.pull(call.repo, call.number("pull_number")?)?;
    let repo = call.repo()?;
    let seen = |review: &&Review| review.verdict != Verdict::Pending || review.author == call.who();
    let found = pull.reviews.iter().filter(seen);
    Ok(Answer::List(found.map(|review| pull_shapes::review(call.state, repo, issue, review)).collect()))
}

/// "Get a review for a pull request".
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    let place = place(call)?;
    Ok(Answer::Json(200, shown(call.state, call.repo, place)?))
}

/// "Update a review for a pull request": only the text, only by its author.
pub(super) fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, id) = place(call)?;
    let body = call.some_body("PullRequestReview")?;
    let by = call.who();
    let review = call.state.review_mut(call.repo, (number, id))?;
    if review.author != by {
        return Err(Refusal::new(403, "Must be the author of the review."));
    }
    let old = std::mem::replace(&mut review.body, body);
    // Nobody else knows of a review that is pending.
    if review.verdict != Verdict::Pending {
        tell(call, (number, id), "edited", json!({ "changes": { "body": { "from": old } } }))?;
    }
    Ok(Answer::Json(200, shown(call.state, call.repo, (number, id))?))
}

/// "Dismiss a review for a pull request": by those with write access; only approvals and requests for changes.
pub(super) fn dismiss(call: &mut Call<'_>) -> Outcome<Answer> {
    let (number, id) = place(call)?;
    let message = call.text("PullRequestReview", "message")?;
    if role(call)? < Role::Write {
        return Err(Refusal::new(403, "Must have write access to Repository."));
    }
    let review = call.state.review_mut(call.repo, (number, id))?;
    if !matches!(review.verdict, Verdict::Approved | Verdict::ChangesRequested) {
        return Err(Refusal::invalid("Can not dismiss a review that is not approved or changes requested."));
    }
    let was = pull_shapes::verdict(review.verdict).to_lowercase();
    review.verdict = Verdict::Dismissed;
    let dismissed = json!({ "dismissed_review": { "review_id": id, "state": was, "dismissal_message": message } });
    note(call.state, (call.repo, number), call.who(), "review_dismissed", dismissed)?;
    tell(call, (number, id), "dismissed", json!({}))?;
    Ok(Answer::Json(200, shown(call.state, call.repo, (number, id))?))
}

/// GitHub takes a review along to a new head whose difference from the base is the same as the old one's: its `commit_id` is
/// then a commit that its author never saw. This is not documented; people have measured it.
pub(super) fn follow(state: &mut State, place: (i64, i64), new: &str) -> Outcome<()> {
    let (_, pull) = state.pull(place.0, place.1)?;
    let objects = &state.repo(place.0)?.objects;
    let changes = |head: &str| -> Vec<(String, String)> {
        let files = history::changed_files(objects, &pull.base_sha, head);
        files.into_iter().map(|change| (change.path, change.sha)).collect()
    };
    let old = pull.head_sha.clone();
    if changes(&old) == changes(new) {
        let reviews = &mut state.pull_mut(place.0, place.1)?.reviews;
        for review in reviews.iter_mut().filter(|review| review.commit == old && review.submitted.is_some()) {
            new.clone_into(&mut review.commit);
        }
    }
    Ok(())
}

impl State {
    /// A review by pull request number and id.
    pub(super) fn review_mut(&mut self, repo: i64, place: (i64, i64)) -> Outcome<&mut Review> {
        let reviews = &mut self.pull_mut(repo, place.0)?.reviews;
        reviews.iter_mut().find(|review| review.id == place.1).ok_or_else(Refusal::not_found)
    }
}

/// "Webhooks: pull_request_review, submitted", then one event for each line comment.
pub(super) fn announce(call: &mut Call<'_>, place: (i64, i64)) -> Outcome<()> {
    let (number, id) = place;
    let (_, pull) = call.state.pull(call.repo, number)?;
    let comments: Vec<i64> = pull.comments.iter().filter(|c| c.review == id).map(|c| c.id).collect();
    let who = call.who();
    call.state.pull_mut(call.repo, number)?.requested.retain(|person| *person != who);
    let announced = call.state.next_id();
    call.state.review_mut(call.repo, place)?.announced = announced;
    tell(call, place, "submitted", json!({}))?;
    comments.into_iter().try_for_each(|comment| review_comments::tell(call, (number, comment), "created", json!({})))
}

fn asked_verdict(call: &Call<'_>, event: &Value) -> Outcome<Verdict> {
    match event.as_str() {
        None if event.is_null() && call.param("review_id").is_empty() => Ok(Verdict::Pending),
        Some("APPROVE") => Ok(Verdict::Approved),
        Some("REQUEST_CHANGES") => Ok(Verdict::ChangesRequested),
        Some("COMMENT") => Ok(Verdict::Commented),
        _ => Err(Refusal::invalid("Variable $event was provided invalid value")),
    }
}

fn check(call: &Call<'_>, number: i64, review: (Verdict, &str, bool)) -> Outcome<()> {
    let (verdict, body, bare) = review;
    let own = call.state.issue(call.repo, number)?.author == call.who();
    let unprocessable = |text: &str| Refusal { errors: vec![json!(text)], ..Refusal::invalid("Unprocessable Entity") };
    match verdict {
        Verdict::Approved if own => Err(unprocessable("Can not approve your own pull request")),
        Verdict::ChangesRequested if own => Err(unprocessable("Can not request changes on your own pull request")),
        Verdict::ChangesRequested | Verdict::Commented if body.is_empty() && bare => {
            Err(unprocessable("Review body can't be blank"))
        }
        Verdict::Approved | Verdict::ChangesRequested | Verdict::Commented | Verdict::Pending | Verdict::Dismissed => {
            Ok(())
        }
    }
}

fn place(call: &Call<'_>) -> Outcome<(i64, i64)> {
    let (number, id) = (call.number("pull_number")?, call.number("review_id")?);
    let (_, pull) = call.state.pull(call.repo, number)?;
    let known = pull.reviews.iter().any(|review| review.id == id);
    if known { Ok((number, id)) } else { Err(Refusal::not_found()) }
}

fn shown(state: &State, repo: i64, place: (i64, i64)) -> Outcome<Value> {
    let (issue, pull) = state.pull(repo, place.0)?;
    let review = pull.reviews.iter().find(|review| review.id == place.1).ok_or_else(Refusal::not_found)?;
    Ok(pull_shapes::review(state, state.repo(repo)?, issue, review))
}

fn tell(call: &mut Call<'_>, place: (i64, i64), action: &str, more: Value) -> Outcome<()> {
    let mut payload = more;
    payload["action"] = json!(action);
    payload["review"] = shown(call.state, call.repo, place)?;
    payload["review"]["state"] = json!(lower(&payload["review"]["state"]));
    payload["pull_request"] = super::pulls::told(call.state, call.repo, place.0)?;
    let who = call.who();
    call.state.tell(call.repo, who, "pull_request_review", payload)
}

fn lower(state: &Value) -> String {
    state.as_str().unwrap_or_default().to_lowercase()
}
