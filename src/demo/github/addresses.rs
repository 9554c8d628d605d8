//! The addresses that GitHub shows beside accounts and repositories, so that a client need not put any together itself.
//!
//! Names and templates are those of the schemas "Simple User" and "Repository" of the REST reference.

use serde_json::{Map, Value, json};

/// What comes after `/users/LOGIN`.
const ACCOUNT: [(&str, &str); 9] = [
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
    ("organizations_url", "/orgs"),
    ("repos_url", "/repos"),
    ("events_url", "/events{/privacy}"),
    ("received_events_url", "/received_events"),
];

/// What comes after `/orgs/LOGIN`.
const ORGANIZATION: [(&str, &str); 7] = [
    ("url", ""),
    ("repos_url", "/repos"),
    ("events_url", "/events"),
    ("hooks_url", "/hooks"),
    ("issues_url", "/issues"),
    ("members_url", "/members{/member}"),
    ("public_members_url", "/public_members{/member}"),
];

/// What comes after `/repos/OWNER/NAME`.
const REPOSITORY: [(&str, &str); 38] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
    ("svn_url", ""),
];

pub(super) fn of_account(url: &str, login: &str) -> Map<String, Value> {
    let base = format!("{url}/users/{}", part(login));
    let mut all = family(&ACCOUNT, &base);
    all.insert("url".to_owned(), json!(base));
    all
}

/// The page of an account; that of a bot is its App's.
pub(super) fn page(url: &str, login: &str) -> String {
    match login.strip_suffix("[bot]") {
        Some(slug) => format!("{url}/apps/{slug}"),
        None => format!("{url}/{login}"),
    }
}

/// A login as part of an address: those of bots have brackets.
fn part(login: &str) -> String {
    login.replace('[', "%5B").replace(']', "%5D")
}

pub(super) fn of_organization(url: &str, login: &str) -> Map<String, Value> {
    family(&ORGANIZATION, &format!("{url}/orgs/{login}"))
}

/// `name` is `owner/name`.
pub(super) fn of_repository(url: &str, name: &str) -> Map<String, Value> {
    family(&REPOSITORY, &format!("{url}/repos/{name}"))
}

/// Puts the fields of one object into another.
pub(super) fn join(shape: &mut Value, more: Map<String, Value>) {
    if let Some(fields) = shape.as_object_mut() {
        fields.extend(more);
    }
}

fn family(members: &[(&str, &str)], base: &str) -> Map<String, Value> {
    members.iter().map(|(field, rest)| ((*field).to_owned(), json!(format!("{base}{rest}")))).collect()
}
