//! "GraphQL: revertPullRequest": the button "Revert" of a merged pull request.

use serde_json::{Value, json};

use super::auth::{self, Needs};
use super::branches::{self, Move};
use super::call::{Call, Outcome, Refusal};
use super::gitdata::signature;
use super::objects::Commit;
use super::pulls;
use super::state::{Issue, Level, Role};
use super::{graphql, history, shapes};

/// Makes a branch `revert-7-name` with one commit that undoes the merge, and opens a pull request from it whose text is
/// "Reverts owner/name#7". By who may write.
pub(super) fn revert(call: &mut Call<'_>, id: &str) -> Outcome<Value> {
    let holds = |issue: &Issue| issue.pull.as_ref().is_some_and(|pull| format!("PR_{}", pull.id) == id);
    let found = call.state.repos.values().find_map(|repo| Some((repo, repo.issues.values().find(|i| holds(i))?)));
    let (repo, issue) = found.ok_or_else(|| graphql::no_node(id))?;
    auth::admit(call.state, &call.actor, Some(repo), Needs::Access(&[("pull_requests", Level::Write)], Role::Write))?;
    let pull = issue.pull.as_ref().ok_or_else(Refusal::not_found)?;
    let merged = pull.merged.as_ref().ok_or_else(|| Refusal::invalid("Pull request is not merged"))?;
    let (number, title, sha) = (issue.number, issue.title.clone(), merged.sha.clone());
    let branch = format!("revert-{number}-{}", pull.head_ref.rsplit('/').next().unwrap_or_default());
    let (base_ref, name) = (pull.base_ref.clone(), shapes::full_name(call.state, repo));
    call.repo = repo.id;
    let tip = call.repo()?.branch(&base_ref).ok_or_else(Refusal::not_found)?.clone();
    let parent = history::first_parent(&call.repo()?.objects, &sha).ok_or_else(Refusal::not_found)?;
    let author = signature(call)?;
    let objects = &mut call.repo_mut()?.objects;
    let files = pulls::merged_on(objects, (&sha, &tip, &parent)).ok_or_else(|| Refusal::invalid("Merge conflict"))?;
    let tree = objects.write_tree(&files)?;
    let message = format!("Revert \"{title} (#{number})\"\n\nThis reverts commit {sha}.\n");
    let commit = Commit { tree, parents: vec![tip], committer: author.clone(), author, message };
    let new = objects.write_commit(&commit)?;
    branches::go(call, Move { name: format!("refs/heads/{branch}"), old: None, new: Some(new) })?;
    call.body = json!({
        "title": format!("Revert \"{title}\""), "head": branch, "base": base_ref, "body": format!("Reverts {name}#{number}"),
    });
    pulls::create(call)?;
    let opened = call.repo()?.issues.values().next_back().ok_or_else(Refusal::not_found)?;
    Ok(json!({ "number": opened.number, "id": opened.pull.as_ref().map(|pull| format!("PR_{}", pull.id)) }))
}
