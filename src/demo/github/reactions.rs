//! "REST: Reactions": one of each kind for each person, on issues and on comments.

use serde_json::json;

use super::call::{Answer, Call, Outcome, Refusal};
use super::shapes;
use super::state::Reaction;

/// The reactions there are.
pub(super) const CONTENTS: [&str; 8] = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];

/// "Create reaction for an issue": 200 instead of 201 when it is there already.
pub(super) fn create_on_issue(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("issue_number")?;
    create(call, |call| Ok(&mut call.state.issue_mut(call.repo, number)?.reactions))
}

/// "Create reaction for an issue comment".
pub(super) fn create_on_comment(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("comment_id")?;
    create(call, |call| {
        call.repo_mut()?
            .issues
            .values_mut()
            .flat_map(|issue| &mut issue.comments)
            .find(|comment| comment.id == id)
            .map(|comment| &mut comment.reactions)
            .ok_or_else(Refusal::not_found)
    })
}

/// "Create reaction for a pull request review comment"; not remembered beyond the answer.
pub(super) fn create_on_review_comment(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("comment_id")?;
    let known =
        call.repo()?.issues.values().filter_map(|i| i.pull.as_ref()).flat_map(|p| &p.comments).any(|c| c.id == id);
    if !known {
        return Err(Refusal::not_found());
    }
    let reaction = new(call)?;
    Ok(Answer::Json(201, shapes::reaction(call.state, &reaction)))
}

pub(super) fn list_on_issue(call: &mut Call<'_>) -> Outcome<Answer> {
    let issue = call.state.issue(call.repo, call.number("issue_number")?)?;
    Ok(Answer::List(issue.reactions.iter().map(|r| shapes::reaction(call.state, r)).collect()))
}

pub(super) fn list_on_comment(call: &mut Call<'_>) -> Outcome<Answer> {
    let id = call.number("comment_id")?;
    let comment = call
        .repo()?
        .issues
        .values()
        .flat_map(|issue| &issue.comments)
        .find(|comment| comment.id == id)
        .ok_or_else(Refusal::not_found)?;
    Ok(Answer::List(comment.reactions.iter().map(|r| shapes::reaction(call.state, r)).collect()))
}

fn create(
    call: &mut Call<'_>,
    place: impl for<'c> Fn(&'c mut Call<'_>) -> Outcome<&'c mut Vec<Reaction>>,
) -> Outcome<Answer> {
    let reaction = new(call)?;
    let reactions = place(call)?;
    if let Some(old) = reactions.iter().find(|old| old.by == reaction.by && old.content == reaction.content) {
        let old = Reaction { id: old.id, by: old.by, content: old.content.clone(), created: old.created };
        return Ok(Answer::Json(200, shapes::reaction(call.state, &old)));
    }
    let copy = Reaction { content: reaction.content.clone(), ..reaction };
    reactions.push(reaction);
    Ok(Answer::Json(201, shapes::reaction(call.state, &copy)))
}

fn new(call: &mut Call<'_>) -> Outcome<Reaction> {
    let content = call.text("Reaction", "content")?;
    if !CONTENTS.contains(&content.as_str()) {
        return Err(Refusal { errors: vec![json!("content is invalid")], ..Refusal::invalid("Validation Failed") });
    }
    Ok(Reaction { id: call.state.next_id(), by: call.who(), content, created: call.state.now() })
}
