//! How accounts, repositories, issues and commits look in JSON; the same in answers and in webhook payloads.
//!
//! Fields and their types are those of GitHub's OpenAPI description: all that it requires, and nothing that it does not have.

use serde_json::{Value, json};
use url::Url;

use super::addresses;
use super::objects::{Commit, Person};
use super::state::{Account, AccountKind, Check, Comment, Installation, Issue, Label, Reaction, Repo, Role, State};
use crate::ids::Timestamp;

pub(super) fn account(state: &State, id: i64) -> Value {
    match state.accounts.get(&id) {
        Some(found) => of_account(state, found),
        // "Deleting your personal account": what a deleted account wrote belongs to nobody.
        None => Value::Null,
    }
}

pub(super) fn of_account(state: &State, account: &Account) -> Value {
    let kind = match account.kind {
        AccountKind::User => "User",
        AccountKind::Organization => "Organization",
        AccountKind::Bot => "Bot",
        AccountKind::Mannequin => "Mannequin",
    };
    let mut shape = json!({
        "login": account.login,
        "id": account.id,
        "node_id": format!("U_{}", account.id),
        "avatar_url": format!("{}/avatars/{}", state.url, account.id),
        "gravatar_id": "",
        "html_url": addresses::page(&state.url, &account.login),
        "type": kind,
        "site_admin": false,
    });
    addresses::join(&mut shape, addresses::of_account(&state.url, &account.login));
    shape
}

/// "REST: Get a user": with what a person tells of himself, which is nothing here.
pub(super) fn profile(state: &State, account: &Account) -> Value {
    let mut shape = of_account(state, account);
    for told in ["name", "company", "location", "email", "hireable", "bio", "twitter_username"] {
        shape[told] = Value::Null;
    }
    for counted in ["public_repos", "public_gists", "followers", "following"] {
        shape[counted] = json!(0);
    }
    shape["blog"] = json!("");
    shape["created_at"] = json!(state.app.created.to_rfc3339());
    shape["updated_at"] = json!(state.app.created.to_rfc3339());
    shape
}

pub(super) fn full_name(state: &State, repo: &Repo) -> String {
    format!("{}/{}", state.login(repo.owner), repo.name)
}

pub(super) fn api(state: &State, repo: &Repo, rest: &str) -> String {
    format!("{}/repos/{}/{rest}", state.url, full_name(state, repo))
}

/// An address with one more segment, whatever that has in it.
fn below(address: &str, segment: &str) -> String {
    let with = |mut url: Url| {
        url.path_segments_mut().ok()?.push(segment);
        Some(url.into())
    };
    Url::parse(address).ok().and_then(with).unwrap_or_else(|| format!("{address}/{segment}"))
}

pub(super) fn html(state: &State, repo: &Repo, rest: &str) -> String {
    format!("{}/{}/{rest}", state.url, full_name(state, repo))
}

pub(super) fn repo(state: &State, repo: &Repo) -> Value {
    let name = full_name(state, repo);
    let open = repo.issues.values().filter(|issue| issue.closed.is_none()).count();
    let mut shape = json!({
        "id": repo.id,
        "node_id": format!("R_{}", repo.id),
        "name": repo.name,
        "full_name": name,
        "private": repo.private,
        "owner": account(state, repo.owner),
        "html_url": format!("{}/{name}", state.url),
        "description": null,
        "fork": false,
        "clone_url": format!("{}/{name}.git", state.url),
        "git_url": format!("{}/{name}.git", state.url),
        "ssh_url": format!("{}/{name}.git", state.url),
        "mirror_url": null,
        "homepage": null,
        "language": null,
        "license": null,
        "topics": [],
        "default_branch": repo.default_branch,
        "archived": repo.archived,
        "disabled": false,
        "visibility": if repo.private { "private" } else { "public" },
        "has_issues": true,
        "created_at": repo.created.to_rfc3339(),
        "updated_at": repo.created.to_rfc3339(),
        "pushed_at": repo.pushed.to_rfc3339(),
        "open_issues_count": open,
        "open_issues": open,
    });
    for without in ["has_projects", "has_wiki", "has_pages", "has_downloads", "has_discussions"] {
        shape[without] = json!(false);
    }
    for none in ["size", "forks", "forks_count", "stargazers_count", "watchers", "watchers_count"] {
        shape[none] = json!(0);
    }
    addresses::join(&mut shape, addresses::of_repository(&state.url, &name));
    shape
}

/// "REST: Get a repository": with what lists leave out.
pub(super) fn whole_repo(state: &State, found: &Repo) -> Value {
    let mut shape = repo(state, found);
    (shape["network_count"], shape["subscribers_count"]) = (json!(0), json!(0));
    shape
}

/// What a role includes, as `permissions` of repositories and collaborators tells it.
pub(super) fn permissions(role: Role) -> Value {
    json!({
        "admin": role >= Role::Admin, "maintain": role >= Role::Maintain, "push": role >= Role::Write,
        "triage": role >= Role::Triage, "pull": role >= Role::Read,
    })
}

pub(super) fn label(state: &State, repo: &Repo, label: &Label) -> Value {
    json!({
        "id": label.id,
        "node_id": format!("LA_{}", label.id),
        "url": below(&api(state, repo, "labels"), &label.name),
        "name": label.name,
        "color": label.color,
        "default": false,
        "description": label.description,
    })
}

pub(super) fn label_named(state: &State, repo: &Repo, name: &str) -> Value {
    repo.labels.get(&name.to_lowercase()).map_or(Value::Null, |found| label(state, repo, found))
}

pub(super) fn issue(state: &State, repo: &Repo, issue: &Issue) -> Value {
    let place = if issue.pull.is_some() { "pull" } else { "issues" };
    let mut shape = json!({
        "id": issue.id,
        "node_id": format!("I_{}", issue.id),
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "state": if issue.closed.is_some() { "closed" } else { "open" },
        "state_reason": issue.closed.as_ref().map(|closed| closed.reason.as_str()),
        "user": account(state, issue.author),
        "author_association": association(state, repo, issue.author),
        "labels": issue.labels.iter().map(|name| label_named(state, repo, name)).collect::<Vec<_>>(),
        "assignee": issue.assignees.first().map(|id| account(state, *id)),
        "assignees": issue.assignees.iter().map(|id| account(state, *id)).collect::<Vec<_>>(),
        "milestone": milestone(state, repo, issue.milestone),
        "locked": issue.locked.is_some(),
        "active_lock_reason": issue.locked.clone().flatten(),
        "comments": issue.comments.len(),
        "created_at": issue.created.to_rfc3339(),
        "updated_at": issue.updated.to_rfc3339(),
        "closed_at": issue.closed.as_ref().map(|closed| closed.at.to_rfc3339()),
        "closed_by": issue.closed.as_ref().map(|closed| account(state, closed.by)),
        "url": api(state, repo, &format!("issues/{}", issue.number)),
        "repository_url": api(state, repo, "").trim_end_matches('/'),
        "labels_url": api(state, repo, &format!("issues/{}/labels{{/name}}", issue.number)),
        "comments_url": api(state, repo, &format!("issues/{}/comments", issue.number)),
        "events_url": api(state, repo, &format!("issues/{}/events", issue.number)),
        "html_url": html(state, repo, &format!("{place}/{}", issue.number)),
        "reactions": rollup(&api(state, repo, &format!("issues/{}/reactions", issue.number)), &issue.reactions),
        "performed_via_github_app": via_app(state, issue.by_app),
    });
    if let Some(pull) = &issue.pull {
        shape["pull_request"] = json!({
            "url": api(state, repo, &format!("pulls/{}", issue.number)),
            "html_url": shape["html_url"],
            "diff_url": html(state, repo, &format!("pull/{}.diff", issue.number)),
            "patch_url": html(state, repo, &format!("pull/{}.patch", issue.number)),
            "merged_at": pull.merged.as_ref().map(|merged| merged.at.to_rfc3339()),
        });
        shape["draft"] = json!(pull.draft);
    } else {
        shape["sub_issues_summary"] = sub_issues(state, issue);
    }
    shape
}

fn sub_issues(state: &State, issue: &Issue) -> Value {
    let of = |id: &i64| state.repos.values().flat_map(|repo| repo.issues.values()).find(|issue| issue.id == *id);
    let total = issue.below.len();
    let completed = issue.below.iter().filter_map(of).filter(|issue| issue.closed.is_some()).count();
    json!({ "total": total, "completed": completed, "percent_completed": (completed * 100).checked_div(total).unwrap_or(0) })
}

/// "Webhooks: issues": nobody is told there who closed it, and less of the App that opened it.
pub(super) fn told_issue(state: &State, repo: &Repo, of: &Issue) -> Value {
    let mut shape = issue(state, repo, of);
    without(&mut shape, &["closed_by"]);
    let app = &mut shape["performed_via_github_app"];
    if app.is_object() {
        without(app, &["client_id", "installations_count"]);
        if let Some(events) = app["events"].as_array_mut() {
            events.retain(|event| !event.as_str().is_some_and(|event| event.starts_with("installation")));
        }
    }
    shape
}

/// "REST: Get a milestone".
fn milestone(state: &State, repo: &Repo, number: Option<i64>) -> Value {
    let title = number.and_then(|number| repo.milestones.get(usize::try_from(number - 1).ok()?));
    let (Some(number), Some(title)) = (number, title) else { return Value::Null };
    let at = repo.created.to_rfc3339();
    json!({
        "id": number,
        "node_id": format!("MI_{number}"),
        "number": number,
        "title": title,
        "description": null,
        "state": "open",
        "creator": account(state, repo.owner),
        "url": api(state, repo, &format!("milestones/{number}")),
        "html_url": html(state, repo, &format!("milestone/{number}")),
        "labels_url": api(state, repo, &format!("milestones/{number}/labels")),
        "open_issues": repo.issues.values().filter(|issue| issue.milestone == Some(number)).count(),
        "closed_issues": 0,
        "created_at": at,
        "updated_at": at,
        "closed_at": null,
        "due_on": null,
    })
}

pub(super) fn comment(state: &State, repo: &Repo, issue: &Issue, comment: &Comment) -> Value {
    let place = if issue.pull.is_some() { "pull" } else { "issues" };
    json!({
        "id": comment.id,
        "node_id": format!("IC_{}", comment.id),
        "url": api(state, repo, &format!("issues/comments/{}", comment.id)),
        "html_url": html(state, repo, &format!("{place}/{}#issuecomment-{}", issue.number, comment.id)),
        "issue_url": api(state, repo, &format!("issues/{}", issue.number)),
        "user": account(state, comment.author),
        "author_association": association(state, repo, comment.author),
        "body": comment.body,
        "created_at": comment.created.to_rfc3339(),
        "updated_at": comment.updated.to_rfc3339(),
        "reactions": rollup(&api(state, repo, &format!("issues/comments/{}/reactions", comment.id)), &comment.reactions),
        "performed_via_github_app": via_app(state, comment.by_app),
    })
}

pub(super) fn reaction(state: &State, reaction: &Reaction) -> Value {
    json!({
        "id": reaction.id,
        "node_id": format!("REA_{}", reaction.id),
        "user": account(state, reaction.by),
        "content": reaction.content,
        "created_at": reaction.created.to_rfc3339(),
    })
}

/// "REST: Get a commit".
pub(super) fn commit(state: &State, repo: &Repo, sha: &str, found: &Commit) -> Value {
    let account =
        |person: &Person| state.accounts.values().find(|a| person.email == email(a)).map(|a| of_account(state, a));
    let mut inner = git_commit(state, repo, sha, found);
    without(&mut inner, &["sha", "node_id", "html_url", "parents"]);
    inner["comment_count"] = json!(0);
    json!({
        "sha": sha,
        "node_id": format!("C_{sha}"),
        "url": api(state, repo, &format!("commits/{sha}")),
        "html_url": html(state, repo, &format!("commit/{sha}")),
        "comments_url": api(state, repo, &format!("commits/{sha}/comments")),
        "commit": inner,
        "author": account(&found.author),
        "committer": account(&found.committer),
        "parents": parents(state, repo, found),
    })
}

/// "REST: Get a commit object" of the Git database.
pub(super) fn git_commit(state: &State, repo: &Repo, sha: &str, found: &Commit) -> Value {
    json!({
        "sha": sha,
        "node_id": format!("C_{sha}"),
        "url": api(state, repo, &format!("git/commits/{sha}")),
        "html_url": html(state, repo, &format!("commit/{sha}")),
        "author": person(&found.author),
        "committer": person(&found.committer),
        "tree": { "sha": found.tree, "url": api(state, repo, &format!("git/trees/{}", found.tree)) },
        "message": found.message.trim_end_matches('\n'),
        "parents": parents(state, repo, found),
        "verification": {
            "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null,
        },
    })
}

pub(super) fn person(person: &Person) -> Value {
    let date = Timestamp(person.at.saturating_mul(1000)).to_rfc3339();
    json!({ "name": person.name, "email": person.email, "date": date })
}

/// "REST: Get a check run"; whoever names no `details_url` gets the App's own page.
pub(super) fn check(state: &State, repo: &Repo, check: &Check) -> Value {
    let mut output = check.output.clone();
    output["annotations_url"] = json!(api(state, repo, &format!("check-runs/{}/annotations", check.id)));
    json!({
        "id": check.id,
        "node_id": format!("CR_{}", check.id),
        "name": check.name,
        "head_sha": check.head_sha,
        "external_id": check.external_id,
        "url": api(state, repo, &format!("check-runs/{}", check.id)),
        "html_url": html(state, repo, &format!("runs/{}", check.id)),
        "details_url": check.details_url.as_ref().unwrap_or(&state.url),
        "status": check.status,
        "conclusion": check.conclusion,
        "output": output,
        "started_at": check.started.to_rfc3339(),
        "completed_at": check.completed.map(Timestamp::to_rfc3339),
        "app": app_of(state, check),
        "check_suite": { "id": check.id },
        "pull_requests": [],
    })
}

/// The App that made a check: ours, unless it says otherwise.
fn app_of(state: &State, check: &Check) -> Value {
    let mut shape = app(state);
    if let Some((id, slug)) = &check.app {
        shape["id"] = json!(id);
        shape["slug"] = json!(slug);
        shape["name"] = json!(slug);
    }
    shape
}

/// "REST: Get the authenticated app".
pub(super) fn app(state: &State) -> Value {
    let permissions: serde_json::Map<_, _> =
        state.app.permissions.iter().map(|(name, level)| (name.clone(), json!(level.name()))).collect();
    json!({
        "id": state.app.id,
        "node_id": format!("A_{}", state.app.id),
        "client_id": format!("Iv23li{:014}", state.app.id),
        "slug": state.app.slug,
        "name": state.app.slug,
        "owner": account(state, state.app.owner),
        "description": "",
        "external_url": state.url,
        "html_url": format!("{}/apps/{}", state.url, state.app.slug),
        "permissions": permissions,
        "events": events(state),
        "created_at": state.app.created.to_rfc3339(),
        "updated_at": state.app.created.to_rfc3339(),
        "installations_count": state.installations.len(),
    })
}

/// "Webhook events and payloads: installation": every App is told of its installations, and none can ask for that.
fn events(state: &State) -> Vec<&String> {
    state.app.events.iter().filter(|event| !event.starts_with("installation")).collect()
}

/// "REST: Get an installation for the authenticated app".
pub(super) fn installation(state: &State, installation: &Installation) -> Value {
    let app = app(state);
    let kind = account(state, installation.account)["type"].clone();
    json!({
        "id": installation.id,
        "account": account(state, installation.account),
        "repository_selection": "selected",
        "access_tokens_url": format!("{}/app/installations/{}/access_tokens", state.url, installation.id),
        "repositories_url": format!("{}/installation/repositories", state.url),
        "html_url": format!("{}/settings/installations/{}", state.url, installation.id),
        "app_id": state.app.id,
        "app_slug": state.app.slug,
        "target_id": installation.account,
        "target_type": kind,
        "permissions": app["permissions"],
        "events": events(state),
        "created_at": installation.created.to_rfc3339(),
        "updated_at": installation.created.to_rfc3339(),
        "single_file_name": null,
        "suspended_at": installation.suspended.map(Timestamp::to_rfc3339),
        "suspended_by": null,
    })
}

/// The address GitHub gives commits made through its API: `ID+login@users.noreply.github.com`.
pub(super) fn email(account: &Account) -> String {
    format!("{}+{}@users.noreply.github.com", account.id, account.login)
}

pub(super) fn via_app(state: &State, by_app: bool) -> Value {
    if by_app { app(state) } else { Value::Null }
}

pub(super) fn association(state: &State, repo: &Repo, id: i64) -> &'static str {
    if repo.owner == id {
        "OWNER"
    } else if repo.collaborators.contains_key(&id) {
        "COLLABORATOR"
    } else if state.app.bot == id {
        "CONTRIBUTOR"
    } else {
        "NONE"
    }
}

/// Takes fields out of an object.
pub(super) fn without(shape: &mut Value, names: &[&str]) {
    if let Some(fields) = shape.as_object_mut() {
        names.iter().for_each(|name| drop(fields.remove(*name)));
    }
}

fn parents(state: &State, repo: &Repo, found: &Commit) -> Vec<Value> {
    let shape = |sha: &String| {
        json!({
            "sha": sha, "url": api(state, repo, &format!("commits/{sha}")),
            "html_url": html(state, repo, &format!("commit/{sha}")),
        })
    };
    found.parents.iter().map(shape).collect()
}

pub(super) fn rollup(url: &str, reactions: &[Reaction]) -> Value {
    let mut shape = json!({ "url": url, "total_count": reactions.len() });
    for content in super::reactions::CONTENTS {
        shape[content] = json!(reactions.iter().filter(|reaction| reaction.content == content).count());
    }
    shape
}
