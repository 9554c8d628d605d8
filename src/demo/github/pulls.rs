//! "REST: Pull requests": open, read, list, edit, files, commits, reviewers, merge.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::branches::{self, Move};
use super::call::{Answer, Call, Outcome, Refusal};
use super::gitdata::signature;
use super::objects::{Commit, Files, Objects, Person};
use super::state::{Issue, Merged, Pull, State};
use super::{history, issues, pull_shapes, shapes, timeline};

/// "Create a pull request": 422 for a missing branch, for "No commits between", for one that exists.
pub(super) fn create(call: &mut Call<'_>) -> Outcome<Answer> {
    let title = call.text("PullRequest", "title")?;
    let body = call.maybe_body("PullRequest")?;
    let head = call.text("PullRequest", "head")?;
    let base = call.text("PullRequest", "base")?;
    let repo = call.repo()?;
    let owner = call.state.login(repo.owner).to_owned();
    let head = head.strip_prefix(&format!("{owner}:")).unwrap_or(&head).to_owned();
    let head_sha = repo.branch(&head).ok_or_else(|| Refusal::failed("PullRequest", "head", "invalid"))?.clone();
    let base_sha = repo.branch(&base).ok_or_else(|| Refusal::failed("PullRequest", "base", "invalid"))?.clone();
    let exists = |issue: &Issue| {
        issue.closed.is_none() && issue.pull.as_ref().is_some_and(|pull| pull.head_ref == head && pull.base_ref == base)
    };
    if repo.issues.values().any(exists) {
        return Err(Refusal::custom("PullRequest", &format!("A pull request already exists for {owner}:{head}.")));
    }
    if history::commits_between(&repo.objects, &base_sha, &head_sha).is_empty() {
        return Err(Refusal::custom("PullRequest", &format!("No commits between {base} and {head}")));
    }
    let id = call.state.next_id();
    let number = issues::open(call, (title, body))?;
    call.state.issue_mut(call.repo, number)?.pull = Some(Pull {
        id,
        head_ref: head,
        head_sha,
        base_ref: base,
        base_sha,
        draft: call.body["draft"].as_bool().unwrap_or(false),
        merged: None,
        requested: Vec::new(),
        arrived: BTreeMap::new(),
        forced: vec![],
        reviews: Vec::new(),
        comments: Vec::new(),
    });
    timeline::commits_arrive(call.state, (call.repo, number))?;
    issues::tell(call, number, "opened", json!({}))?;
    Ok(Answer::Json(201, shown(call.state, call.repo, number)?))
}

/// "Get a pull request".
pub(super) fn get(call: &mut Call<'_>) -> Outcome<Answer> {
    Ok(Answer::Json(200, shown(call.state, call.repo, call.number("pull_number")?)?))
}

/// "List pull requests": `state`, `head` as `owner:branch`, `base`; newest first.
pub(super) fn list(call: &mut Call<'_>) -> Outcome<Answer> {
    let repo = call.repo()?;
    let wanted = call.asked("state").unwrap_or("open");
    let head = call.asked("head").map(|head| head.split_once(':').unwrap_or(("", head)));
    let owner = call.state.login(repo.owner);
    let fits = |(issue, pull): &(&Issue, &Pull)| {
        let state = if issue.closed.is_some() { "closed" } else { "open" };
        (wanted == "all" || wanted == state)
            // "Filter pulls by head user or head organization and branch name": without an owner it filters nothing.
            && head.is_none_or(|(user, branch)| user.is_empty() || (user.eq_ignore_ascii_case(owner) && branch == pull.head_ref))
            && call.asked("base").is_none_or(|base| base == pull.base_ref)
    };
    let mut found: Vec<_> =
        repo.issues.values().filter_map(|i| i.pull.as_ref().map(|pull| (i, pull))).filter(fits).collect();
    if call.asked("direction") != Some("asc") {
        found.reverse();
    }
    Ok(Answer::List(found.into_iter().map(|(i, pull)| pull_shapes::listed(call.state, repo, i, pull)).collect()))
}

/// "Update a pull request": title, body, state, base.
pub(super) fn update(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("pull_number")?;
    let (_, pull) = call.state.pull(call.repo, number)?;
    let old = pull.base_ref.clone();
    if let Some(base) = call.maybe_text("base")?.filter(|base| *base != old) {
        let missing = || Refusal::failed("PullRequest", "base", "invalid");
        let sha = call.repo()?.branch(&base).ok_or_else(missing)?.clone();
        let pull = call.state.pull_mut(call.repo, number)?;
        let from = json!({ "ref": { "from": pull.base_ref }, "sha": { "from": pull.base_sha } });
        (pull.base_ref, pull.base_sha) = (base, sha);
        issues::note(call.state, (call.repo, number), call.who(), "base_ref_changed", json!({}))?;
        issues::tell(call, number, "edited", json!({ "changes": { "base": from } }))?;
    }
    issues::edit(call, number)?;
    Ok(Answer::Json(200, shown(call.state, call.repo, number)?))
}

/// "List pull requests files".
pub(super) fn files(call: &mut Call<'_>) -> Outcome<Answer> {
    let (_, pull) = call.state.pull(call.repo, call.number("pull_number")?)?;
    let repo = call.repo()?;
    let changes = history::changed_files(&repo.objects, &pull.base_sha, &pull.head_sha);
    Ok(Answer::List(changes.iter().map(|c| pull_shapes::file(call.state, repo, &pull.head_sha, c)).collect()))
}

/// "List commits on a pull request": oldest first.
pub(super) fn commits(call: &mut Call<'_>) -> Outcome<Answer> {
    let (_, pull) = call.state.pull(call.repo, call.number("pull_number")?)?;
    let repo = call.repo()?;
    let found = history::commits_between(&repo.objects, &pull.base_sha, &pull.head_sha);
    Ok(Answer::List(found.iter().map(|(sha, c)| shapes::commit(call.state, repo, sha, c)).collect()))
}

/// "Request reviewers": people with access, never the author.
pub(super) fn request_reviewers(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("pull_number")?;
    for login in call.names("reviewers")?.unwrap_or_default() {
        let (issue, pull) = call.state.pull(call.repo, number)?;
        let person = call.state.account_named(&login).map(|account| account.id);
        let collaborator = person.filter(|id| call.repo().is_ok_and(|repo| repo.collaborators.contains_key(id)));
        let Some(id) = collaborator else {
            return Err(Refusal::invalid(
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator.",
            ));
        };
        if id == issue.author {
            return Err(Refusal::invalid("Review cannot be requested from pull request author."));
        }
        if !pull.requested.contains(&id) {
            call.state.pull_mut(call.repo, number)?.requested.push(id);
            ask_for(call, number, ("review_requested", id))?;
        }
    }
    let (issue, pull) = call.state.pull(call.repo, number)?;
    Ok(Answer::Json(201, pull_shapes::listed(call.state, call.repo()?, issue, pull)))
}

/// "Remove requested reviewers from a pull request".
pub(super) fn unrequest_reviewers(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("pull_number")?;
    for login in call.names("reviewers")?.unwrap_or_default() {
        let person = call.state.account_named(&login).map(|account| account.id);
        let (_, pull) = call.state.pull(call.repo, number)?;
        if let Some(id) = person.filter(|id| pull.requested.contains(id)) {
            call.state.pull_mut(call.repo, number)?.requested.retain(|has| *has != id);
            ask_for(call, number, ("review_request_removed", id))?;
        }
    }
    let (issue, pull) = call.state.pull(call.repo, number)?;
    Ok(Answer::Json(200, pull_shapes::listed(call.state, call.repo()?, issue, pull)))
}

fn ask_for(call: &mut Call<'_>, number: i64, what: (&str, i64)) -> Outcome<()> {
    let reviewer = json!({ "requested_reviewer": shapes::account(call.state, what.1) });
    let mut line = reviewer.clone();
    line["review_requester"] = shapes::account(call.state, call.who());
    issues::note(call.state, (call.repo, number), call.who(), what.0, line)?;
    issues::tell(call, number, what.0, reviewer)
}

/// "List requested reviewers for a pull request".
pub(super) fn requested_reviewers(call: &mut Call<'_>) -> Outcome<Answer> {
    let (_, pull) = call.state.pull(call.repo, call.number("pull_number")?)?;
    let users: Vec<Value> = pull.requested.iter().map(|id| shapes::account(call.state, *id)).collect();
    Ok(Answer::Json(200, json!({ "users": users, "teams": [] })))
}

/// "Merge a pull request": 405 when it cannot be merged, 409 when `sha` is not the head.
pub(super) fn merge(call: &mut Call<'_>) -> Outcome<Answer> {
    let number = call.number("pull_number")?;
    let (issue, pull) = call.state.pull(call.repo, number)?;
    if issue.closed.is_some() || pull.draft {
        return Err(Refusal::new(405, "Pull Request is not mergeable"));
    }
    if call.maybe_text("sha")?.is_some_and(|sha| sha != pull.head_sha) {
        return Err(Refusal::new(409, "Head branch was modified. Review and try the merge again."));
    }
    let (base_ref, base, head) = (pull.base_ref.clone(), pull.base_sha.clone(), pull.head_sha.clone());
    let (squash, rebase) = (call.body["merge_method"] == "squash", call.body["merge_method"] == "rebase");
    let title = if squash {
        format!("{} (#{number})\n", issue.title)
    } else {
        format!("Merge pull request #{number} from {}\n\n{}\n", pull.head_ref, issue.title)
    };
    let message = call.maybe_text("commit_title")?.unwrap_or(title);
    let author = signature(call)?;
    let objects = &mut call.repo_mut()?.objects;
    let files = merged(objects, &base, &head).ok_or_else(|| Refusal::new(405, "Pull Request is not mergeable"))?;
    let sha = if rebase {
        replay(objects, (&base, &head), &author)?
    } else {
        let tree = objects.write_tree(&files)?;
        let parents = if squash { vec![base.clone()] } else { vec![base.clone(), head] };
        let commit = Commit { tree, parents, committer: author.clone(), author, message };
        objects.write_commit(&commit)?
    };
    let (by, at) = (call.who(), call.state.now());
    call.state.pull_mut(call.repo, number)?.merged = Some(Merged { at, by, sha: sha.clone() });
    issues::note(call.state, (call.repo, number), by, "merged", json!({ "commit_id": sha }))?;
    issues::close(call.state, call.repo, number, (by, "completed"))?;
    let into_default = base_ref == call.repo()?.default_branch;
    branches::go(call, Move { name: format!("refs/heads/{base_ref}"), old: Some(base), new: Some(sha.clone()) })?;
    if into_default {
        close_linked(call, number)?;
    }
    Ok(Answer::Json(200, json!({ "sha": sha, "merged": true, "message": "Pull Request successfully merged" })))
}

/// Marks a draft ready or a ready one draft; only GraphQL can ("GraphQL: markPullRequestReadyForReview").
pub(super) fn set_draft(call: &mut Call<'_>, number: i64, draft: bool) -> Outcome<Value> {
    if call.state.pull(call.repo, number)?.1.draft != draft {
        call.state.pull_mut(call.repo, number)?.draft = draft;
        let action = if draft { "converted_to_draft" } else { "ready_for_review" };
        let event = if draft { "convert_to_draft" } else { "ready_for_review" };
        issues::note(call.state, (call.repo, number), call.who(), event, json!({}))?;
        issues::tell(call, number, action, json!({}))?;
    }
    shown(call.state, call.repo, number)
}

/// "Linking a pull request to an issue": `Closes #7` and its kin in the body, when merged into the default branch.
fn close_linked(call: &mut Call<'_>, number: i64) -> Outcome<()> {
    const KEYWORDS: [&str; 9] =
        ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];
    let body = call.state.issue(call.repo, number)?.body.clone().unwrap_or_default().to_lowercase();
    let words: Vec<&str> = body.split_whitespace().collect();
    let by = call.who();
    for pair in words.windows(2) {
        let linked = pair[1].strip_prefix('#').map(|n| n.trim_end_matches(|c: char| !c.is_ascii_digit()));
        let linked: Option<i64> = linked.and_then(|n| n.parse().ok());
        if let Some(linked) = linked.filter(|_| KEYWORDS.contains(&pair[0].trim_end_matches(':')))
            && call.state.issue(call.repo, linked).is_ok_and(|issue| issue.pull.is_none())
        {
            issues::close(call.state, call.repo, linked, (by, "completed"))?;
        }
    }
    Ok(())
}

/// "About pull request merges, rebase and merge": each commit anew on top of the base, by its author, with other ids.
fn replay(objects: &mut Objects, (base, head): (&str, &str), committer: &Person) -> Outcome<String> {
    let mut tip = base.to_owned();
    for (sha, commit) in history::commits_between(objects, base, head) {
        let conflict = || Refusal::new(405, "This branch can't be rebased");
        let before = history::first_parent(objects, &sha).ok_or_else(conflict)?;
        let files = merged_on(objects, (&before, &tip, &sha)).ok_or_else(conflict)?;
        let tree = objects.write_tree(&files)?;
        tip = objects.write_commit(&Commit { tree, parents: vec![tip], committer: committer.clone(), ..commit })?;
    }
    Ok(tip)
}

/// Three-way by whole files; none where both sides changed the same file differently.
fn merged(objects: &Objects, base: &str, head: &str) -> Option<Files> {
    merged_on(objects, (&history::merge_base(objects, base, head)?, base, head))
}

/// What `theirs` changed since `start`, done to `ours`.
pub(super) fn merged_on(objects: &Objects, (start, ours, theirs): (&str, &str, &str)) -> Option<Files> {
    let files = |sha: &str| objects.commit(sha).map(|commit| objects.files(&commit.tree));
    let (start, ours, theirs) = (files(start)?, files(ours)?, files(theirs)?);
    let mut result = ours.clone();
    let paths = start.keys().chain(theirs.keys());
    for path in paths {
        let (was, here, there) = (start.get(path), ours.get(path), theirs.get(path));
        match there {
            _ if was == there || here == there => {}
            _ if was != here => return None,
            Some(entry) => {
                result.insert(path.clone(), entry.clone());
            }
            None => {
                result.remove(path);
            }
        }
    }
    Some(result)
}

/// "Webhooks: pull_request_review" and its kin show a pull request as lists do.
pub(super) fn told(state: &State, repo: i64, number: i64) -> Outcome<Value> {
    let (issue, pull) = state.pull(repo, number)?;
    Ok(pull_shapes::listed(state, state.repo(repo)?, issue, pull))
}

pub(super) fn shown(state: &State, repo: i64, number: i64) -> Outcome<Value> {
    let (issue, pull) = state.pull(repo, number)?;
    Ok(pull_shapes::pull(state, state.repo(repo)?, issue, pull))
}
