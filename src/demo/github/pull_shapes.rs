//! How pull requests, reviews and their comments look in JSON.

use serde_json::{Value, json};

use super::history::{self, FileChange};
use super::places::Place;
use super::shapes::{
    account, api, association, full_name, html, issue as issue_shape, repo as repo_shape, rollup, via_app, without,
};
use super::state::{Issue, Pull, Repo, Review, ReviewComment, State, Verdict};

/// What issues have and pull requests have not.
const OF_ISSUES: [&str; 9] = [
    "closed_by",
    "comments_url",
    "events_url",
    "labels_url",
    "performed_via_github_app",
    "pull_request",
    "reactions",
    "repository_url",
    "state_reason",
];

/// What lists of pull requests leave out.
const OF_ONE: [&str; 12] = [
    "additions",
    "changed_files",
    "comments",
    "commits",
    "deletions",
    "maintainer_can_modify",
    "mergeable",
    "mergeable_state",
    "merged",
    "merged_by",
    "rebaseable",
    "review_comments",
];

/// "REST: List pull requests".
pub(super) fn listed(state: &State, repo: &Repo, issue: &Issue, of: &Pull) -> Value {
    let mut shape = pull(state, repo, issue, of);
    without(&mut shape, &OF_ONE);
    shape
}

/// "REST: Get a pull request".
pub(super) fn pull(state: &State, repo: &Repo, issue: &Issue, pull: &Pull) -> Value {
    let number = issue.number;
    let mut shape = issue_shape(state, repo, issue);
    without(&mut shape, &OF_ISSUES);
    let files = history::changed_files(&repo.objects, &pull.base_sha, &pull.head_sha);
    let commits = history::commits_between(&repo.objects, &pull.base_sha, &pull.head_sha);
    let end = |label: String, name: &str, sha: &str| {
        json!({
            "label": label, "ref": name, "sha": sha,
            "user": account(state, repo.owner), "repo": repo_shape(state, repo),
        })
    };
    let owner = state.login(repo.owner);
    let url = api(state, repo, &format!("pulls/{number}"));
    let issue_url = api(state, repo, &format!("issues/{number}"));
    let statuses = api(state, repo, &format!("statuses/{}", pull.head_sha));
    let link = |href: &str| json!({ "href": href });
    let more = json!({
        "id": pull.id,
        "node_id": format!("PR_{}", pull.id),
        "url": url,
        "issue_url": issue_url,
        "comments_url": format!("{issue_url}/comments"),
        "commits_url": format!("{url}/commits"),
        "review_comments_url": format!("{url}/comments"),
        "review_comment_url": api(state, repo, "pulls/comments{/number}"),
        "statuses_url": statuses,
        "diff_url": html(state, repo, &format!("pull/{number}.diff")),
        "patch_url": html(state, repo, &format!("pull/{number}.patch")),
        "_links": {
            "self": link(&url),
            "html": link(&html(state, repo, &format!("pull/{number}"))),
            "issue": link(&issue_url),
            "comments": link(&format!("{issue_url}/comments")),
            "review_comments": link(&format!("{url}/comments")),
            "review_comment": link(&api(state, repo, "pulls/comments{/number}")),
            "commits": link(&format!("{url}/commits")),
            "statuses": link(&statuses),
        },
        "head": end(format!("{owner}:{}", pull.head_ref), &pull.head_ref, &pull.head_sha),
        "base": end(format!("{owner}:{}", pull.base_ref), &pull.base_ref, &pull.base_sha),
        "draft": pull.draft,
        "merged": pull.merged.is_some(),
        "merged_at": pull.merged.as_ref().map(|merged| merged.at.to_rfc3339()),
        "merged_by": pull.merged.as_ref().map(|merged| account(state, merged.by)),
        "merge_commit_sha": pull.merged.as_ref().map(|merged| merged.sha.as_str()),
        "mergeable": pull.merged.is_none(),
        "mergeable_state": if pull.draft { "draft" } else { "clean" },
        "rebaseable": false,
        "auto_merge": null,
        "maintainer_can_modify": false,
        "requested_reviewers": pull.requested.iter().map(|id| account(state, *id)).collect::<Vec<_>>(),
        "requested_teams": [],
        "review_comments": pull.comments.len(),
        "commits": commits.len(),
        "additions": files.iter().map(|file| file.additions).sum::<usize>(),
        "deletions": files.iter().map(|file| file.deletions).sum::<usize>(),
        "changed_files": files.len(),
    });
    if let (Some(fields), Value::Object(more)) = (shape.as_object_mut(), more) {
        fields.extend(more);
    }
    shape
}

/// "REST: List pull requests files".
pub(super) fn file(state: &State, repo: &Repo, head: &str, change: &FileChange) -> Value {
    json!({
        "sha": change.sha,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": html(state, repo, &format!("blob/{head}/{}", change.path)),
        "raw_url": html(state, repo, &format!("raw/{head}/{}", change.path)),
        "contents_url": api(state, repo, &format!("contents/{}?ref={head}", change.path)),
        "patch": change.patch,
    })
}

/// "REST: Get a review for a pull request": one that is pending has no `submitted_at`.
///
/// GitHub does not describe whether a review says that an App acted for a person; here it does, as comments do.
pub(super) fn review(state: &State, repo: &Repo, issue: &Issue, review: &Review) -> Value {
    let number = issue.number;
    let page = html(state, repo, &format!("pull/{number}#pullrequestreview-{}", review.id));
    let pull = api(state, repo, &format!("pulls/{number}"));
    let mut shape = json!({
        "id": review.id,
        "node_id": format!("PRR_{}", review.id),
        "user": account(state, review.author),
        "body": review.body,
        "state": verdict(review.verdict),
        "html_url": page,
        "pull_request_url": pull,
        "_links": { "html": { "href": page }, "pull_request": { "href": pull } },
        "commit_id": review.commit,
        "author_association": association(state, repo, review.author),
    });
    if let Some(at) = review.submitted {
        shape["submitted_at"] = json!(at.to_rfc3339());
    }
    if review.by_app && review.author != state.app.bot {
        shape["performed_via_github_app"] = via_app(state, true);
    }
    shape
}

/// "REST: Get a review comment for a pull request": `line` and `position` are null for one that is outdated, and absent
/// for one on a file.
pub(super) fn review_comment(state: &State, repo: &Repo, issue: &Issue, comment: &ReviewComment) -> Value {
    let number = issue.number;
    let url = api(state, repo, &format!("pulls/comments/{}", comment.id));
    let pull_url = api(state, repo, &format!("pulls/{number}"));
    let html_url = html(state, repo, &format!("pull/{number}#discussion_r{}", comment.id));
    let mut shape = json!({
        "id": comment.id,
        "node_id": format!("PRRC_{}", comment.id),
        "pull_request_review_id": comment.review,
        "user": account(state, comment.author),
        "body": comment.body,
        "path": comment.path,
        "commit_id": comment.commit,
        "original_commit_id": comment.original_commit,
        "url": url,
        "pull_request_url": pull_url,
        "html_url": html_url,
        "_links": { "self": { "href": url }, "html": { "href": html_url }, "pull_request": { "href": pull_url } },
        "author_association": association(state, repo, comment.author),
        "created_at": comment.created.to_rfc3339(),
        "updated_at": comment.updated.to_rfc3339(),
        "reactions": rollup(&format!("{url}/reactions"), &[]),
        "subject_type": "file",
        "diff_hunk": "",
    });
    if let Some(parent) = comment.reply_to {
        shape["in_reply_to_id"] = json!(parent);
    }
    if let Place::Lines { start, line, side, start_side, position, hunk } = &comment.original {
        let now = match &comment.place {
            Some(Place::Lines { start, line, position, .. }) => json!([start, line, position]),
            Some(Place::File) | None => json!([null, null, null]),
        };
        shape["subject_type"] = json!("line");
        shape["diff_hunk"] = json!(hunk);
        (shape["side"], shape["start_side"]) = (json!(side), json!(start_side));
        (shape["start_line"], shape["original_start_line"]) = (now[0].clone(), json!(start));
        (shape["line"], shape["original_line"]) = (now[1].clone(), json!(line));
        (shape["position"], shape["original_position"]) = (now[2].clone(), json!(position));
    }
    shape
}

/// How answers spell a verdict; webhook payloads spell it in lower case.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pending => "PENDING",
        Verdict::Commented => "COMMENTED",
        Verdict::Approved => "APPROVED",
        Verdict::ChangesRequested => "CHANGES_REQUESTED",
        Verdict::Dismissed => "DISMISSED",
    }
}

/// "REST: Compare two commits".
pub(super) fn comparison(state: &State, repo: &Repo, base: &str, head: &str) -> Value {
    let objects = &repo.objects;
    let ahead = history::commits_between(objects, base, head);
    let behind = history::commits_between(objects, head, base).len();
    let shape = |sha: &str| objects.commit(sha).map(|found| super::shapes::commit(state, repo, sha, &found));
    let files: Vec<Value> =
        history::changed_files(objects, base, head).iter().map(|change| file(state, repo, head, change)).collect();
    json!({
        "url": api(state, repo, &format!("compare/{base}...{head}")),
        "html_url": format!("{}/{}/compare/{base}...{head}", state.url, full_name(state, repo)),
        "permalink_url": html(state, repo, &format!("compare/{base}...{head}")),
        "diff_url": html(state, repo, &format!("compare/{base}...{head}.diff")),
        "patch_url": html(state, repo, &format!("compare/{base}...{head}.patch")),
        "base_commit": shape(base),
        "merge_base_commit": history::merge_base(objects, base, head).as_deref().and_then(shape),
        "status": match (ahead.len(), behind) {
            (0, 0) => "identical",
            (_, 0) => "ahead",
            (0, _) => "behind",
            (_, _) => "diverged",
        },
        "ahead_by": ahead.len(),
        "behind_by": behind,
        "total_commits": ahead.len(),
        "commits": ahead.iter().map(|(sha, c)| super::shapes::commit(state, repo, sha, c)).collect::<Vec<_>>(),
        "files": files,
    })
}
