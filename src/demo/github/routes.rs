//! The table: each method and path that this GitHub knows, what it asks of the caller, and who answers.
//!
//! The permissions are those of "Apps: Permissions required for GitHub Apps"; the roles those of "Repository roles for an
//! organization". What the first match is asked for decides, so fixed parts stand before placeholders.

use std::collections::BTreeMap;

use super::auth::Needs;
use super::call::Handler;
use super::state::{Level, Role};
use super::{
    accounts, apps, branches, checks, comments, contents, gitdata, graphql, issues, jobs, labels, pulls, reactions,
    registration, repo_settings, repos, review_comments, reviews, sub_issues, teams, timeline,
};

pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) needs: Needs,
    pub(super) handler: Handler,
}

const METADATA: Needs = Needs::Access(&[("metadata", Level::Read)], Role::Read);
const ADMINISTRATION: Needs = Needs::Access(&[("administration", Level::Write)], Role::Admin);
const MEMBERS: Needs = Needs::Organization(&[("members", Level::Read)]);
const READ_CODE: Needs = Needs::Access(&[("contents", Level::Read)], Role::Read);
const WRITE_CODE: Needs = Needs::Access(&[("contents", Level::Write)], Role::Write);
/// Issue endpoints serve pull requests too, for either permission.
const READ_ISSUES: Needs = Needs::Access(&[("issues", Level::Read), ("pull_requests", Level::Read)], Role::Read);
const TALK: Needs = Needs::Access(&[("issues", Level::Write), ("pull_requests", Level::Write)], Role::Read);
const TRIAGE: Needs = Needs::Access(&[("issues", Level::Write), ("pull_requests", Level::Write)], Role::Triage);
const LOCK: Needs = Needs::Access(&[("issues", Level::Write), ("pull_requests", Level::Write)], Role::Write);
const OPEN_ISSUE: Needs = Needs::Access(&[("issues", Level::Write)], Role::Read);
const ONLY_ISSUES: Needs = Needs::Access(&[("issues", Level::Read)], Role::Read);
const SORT_ISSUES: Needs = Needs::Access(&[("issues", Level::Write)], Role::Triage);
const READ_PULLS: Needs = Needs::Access(&[("pull_requests", Level::Read)], Role::Read);
const WRITE_PULLS: Needs = Needs::Access(&[("pull_requests", Level::Write)], Role::Read);
const PUSH_PULLS: Needs = Needs::Access(&[("pull_requests", Level::Write)], Role::Write);
const READ_CHECKS: Needs = Needs::Access(&[("checks", Level::Read)], Role::Read);
const WRITE_CHECKS: Needs = Needs::Access(&[("checks", Level::Write)], Role::Write);
const READ_STATUSES: Needs = Needs::Access(&[("statuses", Level::Read)], Role::Read);
const READ_ACTIONS: Needs = Needs::Access(&[("actions", Level::Read)], Role::Read);
const WRITE_STATUSES: Needs = Needs::Access(&[("statuses", Level::Write)], Role::Write);

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    on("GET", "/meta", Needs::Nothing, accounts::meta),
    on("GET", "/rate_limit", Needs::Nothing, accounts::rate_limit),
    on("POST", "/graphql", Needs::AnyToken, graphql::answer),
    on("GET", "/user", Needs::AnyToken, accounts::me),
    on("GET", "/user/{account_id}", Needs::Nothing, accounts::user_by_id),
    on("GET", "/users/{account}/installation", Needs::AppJwt, apps::installation_of_account),
    on("GET", "/orgs/{account}/installation", Needs::AppJwt, apps::installation_of_account),
    on("GET", "/users/{username}", Needs::Nothing, accounts::user),
    on("GET", "/orgs/{org}/teams", MEMBERS, teams::list),
    on("GET", "/orgs/{org}/teams/{team_slug}", MEMBERS, teams::get),
    on("GET", "/orgs/{org}/teams/{team_slug}/members", MEMBERS, teams::members),
    on("GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}", MEMBERS, teams::membership),
    on("GET", "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", MEMBERS, teams::repository),
    on("GET", "/organizations/{organization_id}/team/{team_id}", MEMBERS, teams::get),
    on("GET", "/organizations/{organization_id}/team/{team_id}/memberships/{username}", MEMBERS, teams::membership),
    on("POST", "/app-manifests/{code}/conversions", Needs::Nothing, registration::convert),
    on("GET", "/app", Needs::AppJwt, apps::app),
    on("GET", "/app/hook/config", Needs::AppJwt, apps::hook_config),
    on("GET", "/app/hook/deliveries", Needs::AppJwt, apps::deliveries),
    on("GET", "/app/hook/deliveries/{delivery_id}", Needs::AppJwt, apps::delivery),
    on("POST", "/app/hook/deliveries/{delivery_id}/attempts", Needs::AppJwt, apps::redeliver),
    on("GET", "/app/installations", Needs::AppJwt, apps::installations),
    on("GET", "/app/installations/{installation_id}", Needs::AppJwt, apps::installation),
    on("POST", "/app/installations/{installation_id}/access_tokens", Needs::AppJwt, apps::mint),
    on("GET", "/installation/repositories", Needs::InstallationToken, apps::repositories),
    on("DELETE", "/installation/token", Needs::InstallationToken, apps::revoke),
    on("GET", "/repos/{owner}/{repo}/installation", Needs::AppJwt, apps::installation_of_repo),
    on("GET", "/repos/{owner}/{repo}", METADATA, repos::get),
    on("PATCH", "/repos/{owner}/{repo}", ADMINISTRATION, repo_settings::update),
    on("GET", "/repos/{owner}/{repo}/collaborators", METADATA, accounts::collaborators),
    on("GET", "/repos/{owner}/{repo}/collaborators/{username}", METADATA, accounts::is_collaborator),
    on("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", METADATA, accounts::permission),

    on("GET", "/repos/{owner}/{repo}/issues", READ_ISSUES, issues::list),
    on("POST", "/repos/{owner}/{repo}/issues", OPEN_ISSUE, issues::create),
    on("GET", "/repos/{owner}/{repo}/issues/comments", READ_ISSUES, comments::list_of_repo),
    on("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", READ_ISSUES, comments::get),
    on("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", TALK, comments::update),
    on("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}", TALK, comments::delete),
    on("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", READ_ISSUES, reactions::list_on_comment),
    on("POST", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", TALK, reactions::create_on_comment),
    on("GET", "/repos/{owner}/{repo}/issues/{issue_number}", READ_ISSUES, issues::get),
    on("PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", TALK, issues::update),
    on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", READ_ISSUES, comments::list),
    on("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", TALK, comments::create),
    on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/events", READ_ISSUES, timeline::events),
    on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/timeline", READ_ISSUES, timeline::list),
    on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels", READ_ISSUES, labels::list_of_issue),
    on("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", TRIAGE, labels::add),
    on("PUT", "/repos/{owner}/{repo}/issues/{issue_number}/labels", TRIAGE, labels::set),
    on("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", TRIAGE, labels::remove),
    on("PUT", "/repos/{owner}/{repo}/issues/{issue_number}/lock", LOCK, issues::lock),
    on("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/lock", LOCK, issues::unlock),
    on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/reactions", READ_ISSUES, reactions::list_on_issue),
    on("POST", "/repos/{owner}/{repo}/issues/{issue_number}/reactions", TALK, reactions::create_on_issue),
    on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/sub_issues", ONLY_ISSUES, sub_issues::list),
    on("POST", "/repos/{owner}/{repo}/issues/{issue_number}/sub_issues", SORT_ISSUES, sub_issues::add),
    on("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/sub_issue", SORT_ISSUES, sub_issues::remove),
    on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/parent", ONLY_ISSUES, sub_issues::parent),
    on("GET", "/repos/{owner}/{repo}/labels", READ_ISSUES, labels::list),
    on("POST", "/repos/{owner}/{repo}/labels", LOCK, labels::create),
    on("GET", "/repos/{owner}/{repo}/labels/{name}", READ_ISSUES, labels::get),

    on("GET", "/repos/{owner}/{repo}/branches", READ_CODE, branches::list),
    on("GET", "/repos/{owner}/{repo}/branches/{branch...}", READ_CODE, branches::branch),
    on("POST", "/repos/{owner}/{repo}/branches/{branch}/rename", WRITE_CODE, repo_settings::rename_branch),
    on("GET", "/repos/{owner}/{repo}/git/ref/{ref...}", READ_CODE, branches::get),
    on("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref...}", READ_CODE, branches::matching),
    on("POST", "/repos/{owner}/{repo}/git/refs", WRITE_CODE, branches::create),
    on("PATCH", "/repos/{owner}/{repo}/git/refs/{ref...}", WRITE_CODE, branches::update),
    on("DELETE", "/repos/{owner}/{repo}/git/refs/{ref...}", WRITE_CODE, branches::delete),
    on("POST", "/repos/{owner}/{repo}/git/blobs", WRITE_CODE, gitdata::create_blob),
    on("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", READ_CODE, gitdata::get_blob),
    on("POST", "/repos/{owner}/{repo}/git/trees", WRITE_CODE, gitdata::create_tree),
    on("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha...}", READ_CODE, gitdata::get_tree),
    on("POST", "/repos/{owner}/{repo}/git/commits", WRITE_CODE, gitdata::create_commit),
    on("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", READ_CODE, gitdata::get_commit),
    on("GET", "/repos/{owner}/{repo}/contents", READ_CODE, contents::get),
    on("GET", "/repos/{owner}/{repo}/contents/{path...}", READ_CODE, contents::get),
    on("PUT", "/repos/{owner}/{repo}/contents/{path...}", WRITE_CODE, contents::put),
    on("DELETE", "/repos/{owner}/{repo}/contents/{path...}", WRITE_CODE, contents::delete),
    on("GET", "/repos/{owner}/{repo}/compare/{basehead...}", READ_CODE, repos::compare),
    on("GET", "/repos/{owner}/{repo}/commits", READ_CODE, repos::commits),
    on("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", READ_CHECKS, checks::list),
    on("GET", "/repos/{owner}/{repo}/commits/{ref}/statuses", READ_STATUSES, checks::statuses),
    on("GET", "/repos/{owner}/{repo}/commits/{ref}/status", READ_STATUSES, checks::combined),
    on("GET", "/repos/{owner}/{repo}/commits/{ref}/pulls", READ_PULLS, repos::pulls_of_commit),
    on("GET", "/repos/{owner}/{repo}/commits/{ref...}", READ_CODE, repos::commit),

    on("GET", "/repos/{owner}/{repo}/pulls", READ_PULLS, pulls::list),
    on("POST", "/repos/{owner}/{repo}/pulls", WRITE_PULLS, pulls::create),
    on("GET", "/repos/{owner}/{repo}/pulls/comments/{comment_id}", READ_PULLS, review_comments::get),
    on("PATCH", "/repos/{owner}/{repo}/pulls/comments/{comment_id}", WRITE_PULLS, review_comments::update),
    on("DELETE", "/repos/{owner}/{repo}/pulls/comments/{comment_id}", WRITE_PULLS, review_comments::delete),
    on("POST", "/repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions", WRITE_PULLS, reactions::create_on_review_comment),
    on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", READ_PULLS, pulls::get),
    on("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", WRITE_PULLS, pulls::update),
    on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", READ_PULLS, pulls::files),
    on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits", READ_PULLS, pulls::commits),
    on("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", WRITE_CODE, pulls::merge),
    on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", READ_PULLS, pulls::requested_reviewers),
    on("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", PUSH_PULLS, pulls::request_reviewers),
    on("DELETE", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", PUSH_PULLS, pulls::unrequest_reviewers),
    on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/comments", READ_PULLS, review_comments::list),
    on("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/comments", WRITE_PULLS, review_comments::create),
    on("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies", WRITE_PULLS, review_comments::reply),
    on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", READ_PULLS, reviews::list),
    on("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", WRITE_PULLS, reviews::create),
    on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}", READ_PULLS, reviews::get),
    on("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}", WRITE_PULLS, reviews::update),
    on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/comments", READ_PULLS, review_comments::list_of_review),
    on("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/events", WRITE_PULLS, reviews::submit),
    on("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals", WRITE_PULLS, reviews::dismiss),

    on("POST", "/repos/{owner}/{repo}/check-runs", WRITE_CHECKS, checks::create),
    on("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", READ_CHECKS, checks::get),
    on("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", WRITE_CHECKS, checks::update),
    on("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations", READ_CHECKS, checks::annotations),
    on("POST", "/repos/{owner}/{repo}/statuses/{sha}", WRITE_STATUSES, checks::create_status),
    on("GET", "/repos/{owner}/{repo}/actions/jobs/{job_id}/logs", READ_ACTIONS, jobs::logs),
];

pub(super) fn all() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter()
}

/// Finds the first route that fits, with what its placeholders stand for; `/api/v3` in front is taken off, as on GitHub
/// Enterprise Server.
pub(super) fn find(method: &str, path: &str) -> Option<(&'static Route, BTreeMap<String, String>)> {
    let path = match path.strip_prefix("/api/v3") {
        Some(rest) => rest,
        None if path == "/api/graphql" => "/graphql",
        None => path,
    };
    let mut parts: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
    let by_id = id_of_repository(&mut parts);
    let (route, mut params) = ROUTES
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| fit(route.path, &parts).map(|params| (route, params)))?;
    if let Some(id) = by_id {
        params.retain(|name, _| name != "owner" && name != "repo");
        params.insert("repository_id".to_owned(), id);
    }
    Some((route, params))
}

/// Whatever stands below `/repos/owner/name` stands below `/repositories/id` too ("REST: Redirects").
fn id_of_repository(parts: &mut Vec<String>) -> Option<String> {
    let id = parts.get(1).filter(|_| parts.first().is_some_and(|first| first == "repositories"))?.clone();
    parts.splice(0..2, ["repos", "owner", "repo"].map(str::to_owned));
    Some(id)
}

/// Reads `%2F` and the like in one part of a path.
pub(super) fn decode(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        match after.get(..2).filter(|_| first == b'%').and_then(|hex| hex::decode(hex).ok()) {
            Some(byte) => {
                bytes.extend(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const fn on(method: &'static str, path: &'static str, needs: Needs, handler: Handler) -> Route {
    Route { method, path, needs, handler }
}

fn fit(pattern: &str, parts: &[String]) -> Option<BTreeMap<String, String>> {
    let mut params = BTreeMap::new();
    let mut rest = parts;
    for wanted in pattern.trim_start_matches('/').split('/') {
        if let Some(name) = wanted.strip_prefix('{').and_then(|name| name.strip_suffix("...}")) {
            let whole = rest.join("/");
            return (!whole.is_empty()).then(|| {
                params.insert(name.to_owned(), whole);
                params
            });
        }
        let (part, after) = rest.split_first()?;
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !part.is_empty() => {
                params.insert(name.to_owned(), part.clone());
            }
            None if wanted == part => {}
            Some(_) | None => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_route_stands_in_the_way_of_another() {
        for route in ROUTES {
            let path = route.path.replace("...}", "}").replace(['{', '}'], "_");
            let found = find(route.method, &path).map(|(found, _)| found.path);

            assert_eq!(found, Some(route.path), "{} {path}", route.method);
        }
    }

    #[test]
    fn a_part_may_be_written_with_percent_signs_and_a_name_with_slashes() {
        let (_, params) =
            find("GET", "/api/v3/repos/acme/widget/git/ref/heads/a%2Fb/c%20d").unwrap_or((&ROUTES[0], BTreeMap::new()));

        assert_eq!(params.get("ref").map(String::as_str), Some("heads/a/b/c d"));
        assert_eq!(decode("100%"), "100%");
    }

    #[test]
    fn everything_below_a_repository_is_there_by_its_id_too() {
        let found = find("GET", "/repositories/7/issues/3").map(|(route, params)| (route.path, params));
        let params = [("repository_id", "7"), ("issue_number", "3")];

        assert_eq!(
            found,
            Some((
                "/repos/{owner}/{repo}/issues/{issue_number}",
                params.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
            ))
        );
    }
}
