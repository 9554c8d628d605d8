//! Who may ask for what, and how everything is answered.

use std::time::Duration;

use assentry::demo::github::{Calls, Level, NewRepository, Role};
use serde_json::json;

use super::{REPO, ask, good_jwt, jwt, mint, token, world};

#[tokio::test]
async fn an_app_jwt_that_is_wrong_or_lives_too_long_is_refused() {
    let github = world().await;
    let now = github.now().0 / 1000;
    let id = github.app_id();
    let mut seen = Vec::new();

    for claims in [
        json!({ "iss": id, "iat": now - 60, "exp": now + 540 }),
        json!({ "iss": id + 1, "iat": now - 60, "exp": now + 540 }),
        json!({ "iss": id, "iat": now - 60, "exp": now - 1 }),
        json!({ "iss": id, "iat": now - 60, "exp": now + 3600 }),
        json!({ "iss": id, "iat": now + 60, "exp": now + 540 }),
    ] {
        seen.push(ask(&github, &jwt(&github, &claims), "GET /app", &json!({})).await.0);
    }
    let mut forged = good_jwt(&github);
    forged.truncate(forged.len() - 8);
    forged.push_str("AAAAAAAA");
    seen.push(ask(&github, &forged, "GET /app", &json!({})).await.0);

    assert_eq!(seen, [200, 404, 401, 401, 401, 401]);
}

#[tokio::test]
async fn a_token_is_narrowed_to_repositories_and_permissions_and_never_widened() {
    let github = world().await;
    github.adds_repository(NewRepository { name: "other/thing".to_owned(), ..NewRepository::default() }).await.unwrap();

    let narrow = token(&github, &json!({ "repositories": ["widget"], "permissions": { "issues": "read" } })).await;
    let read = ask(&github, &narrow, "GET /repos/acme/widget/issues", &json!({})).await;
    let write = ask(&github, &narrow, "POST /repos/acme/widget/issues", &json!({ "title": "No" })).await;
    let other = ask(&github, &narrow, "GET /repos/other/thing/issues", &json!({})).await;

    assert_eq!(read, (200, json!([])));
    assert_eq!((write.0, &write.1["message"]), (403, &json!("Resource not accessible by integration")));
    assert_eq!(other.0, 403);
    for asked in [
        json!({ "permissions": { "administration": "write" } }),
        json!({ "permissions": { "metadata": "write" } }),
        json!({ "repositories": ["thing"] }),
        json!({ "repository_ids": [1] }),
    ] {
        assert_eq!(mint(&github, &asked).await.0, 422, "{asked}");
    }
}

#[tokio::test]
async fn f32_a_token_dies_after_an_hour_and_when_it_is_revoked() {
    let github = world().await;
    let old = token(&github, &json!({})).await;
    github.advances(Duration::from_secs(3600));
    let fresh = token(&github, &json!({})).await;

    let expired = ask(&github, &old, "GET /repos/acme/widget", &json!({})).await;
    let alive = ask(&github, &fresh, "GET /installation/repositories", &json!({})).await;
    let other = token(&github, &json!({})).await;
    let revoked = ask(&github, &fresh, "DELETE /installation/token", &json!({})).await;
    let dead = ask(&github, &fresh, "GET /repos/acme/widget", &json!({})).await;

    assert_eq!((expired.0, &expired.1["message"]), (401, &json!("Bad credentials")));
    assert_eq!((alive.0, &alive.1["total_count"]), (200, &json!(1)));
    assert_eq!((revoked.0, dead.0), (204, 401));
    assert_eq!(ask(&github, &other, "GET /repos/acme/widget", &json!({})).await.0, 200);
}

#[tokio::test]
async fn permission_tells_maintain_as_write_and_triage_as_read_with_the_numeric_id() {
    let github = world().await;
    let app = token(&github, &json!({})).await;
    let mut told = Vec::new();

    for role in [Role::Triage, Role::Maintain, Role::Admin, Role::None] {
        github.grants("eve", REPO, role).unwrap();
        let (_, body) = ask(&github, &app, "GET /repos/acme/widget/collaborators/eve/permission", &json!({})).await;
        assert!(body["user"]["id"].is_i64());
        told.push((body["permission"].clone(), body["role_name"].clone()));
    }

    let pair = |permission: &str, role: &str| (json!(permission), json!(role));
    assert_eq!(told, [pair("read", "triage"), pair("write", "maintain"), pair("admin", "admin"), pair("read", "read")]);
}

#[tokio::test]
async fn lists_come_in_pages_and_unchanged_answers_as_304() {
    let github = world().await;
    let ann = github.person("ann");
    for n in 0..3 {
        ann.opens_issue(&format!("Issue {n}"), "").unwrap();
    }
    let app = token(&github, &json!({})).await;
    let get = |tag: String| {
        let url = format!("{}/api/v3/repos/acme/widget/issues?per_page=2", github.url());
        reqwest::Client::new().get(url).bearer_auth(&app).header("if-none-match", tag).send()
    };

    let first = get(String::new()).await.unwrap();
    let link = first.headers()["link"].to_str().unwrap().to_owned();
    let second = get(first.headers()["etag"].to_str().unwrap().to_owned()).await.unwrap();

    assert!(link.contains("page=2>; rel=\"next\""), "{link}");
    assert_eq!(second.status().as_u16(), 304);
}

#[tokio::test]
async fn what_this_github_does_not_know_is_404_and_remembered() {
    let github = world().await;
    let app = token(&github, &json!({})).await;

    let (status, _) = ask(&github, &app, "GET /repos/acme/widget/zen", &json!({})).await;

    assert_eq!(status, 404);
    assert_eq!(github.unknown_requests(), ["GET /repos/acme/widget/zen"]);
}

#[tokio::test]
async fn only_the_apps_requests_are_counted_as_its_calls() {
    let github = world().await;
    let issue = github.person("ann").opens_issue("One", "").unwrap();
    let app = token(&github, &json!({})).await;
    ask(&github, &app, &format!("GET /repos/acme/widget/issues/{issue}"), &json!({})).await;
    let body = json!({ "body": "Hello" });
    ask(&github, &app, &format!("POST /repos/acme/widget/issues/{issue}/comments"), &body).await;

    // The second read looked up the installation.
    assert_eq!(github.calls(), Calls { reads: 2, writes: 1, tokens: 1, fetches: 0, pushes: 0 });
}

#[tokio::test]
async fn an_app_without_the_permission_is_told_which_one() {
    let github = world().await;
    github.permits("checks", None);
    let app = token(&github, &json!({})).await;
    let url = format!("{}/repos/acme/widget/check-runs", github.url());

    let refused = reqwest::Client::new().post(url).bearer_auth(&app).json(&json!({})).send().await.unwrap();

    assert_eq!(refused.headers()["x-accepted-github-permissions"], "checks=write");
    assert_eq!(refused.status().as_u16(), 403);
    github.permits("checks", Some(Level::Write));
}

#[tokio::test]
async fn a_renamed_repository_is_pointed_to_by_its_id() {
    let github = world().await;
    let issue = github.person("ann").opens_issue("One", "").unwrap();
    let app = token(&github, &json!({})).await;
    github.renames(REPO, "gadget").unwrap();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = format!("{}/repos/acme/widget/issues/{issue}", github.url());

    let read = client.get(&url).bearer_auth(&app).send().await.unwrap();
    let write = client.patch(&url).bearer_auth(&app).json(&json!({ "title": "Two" })).send().await.unwrap();
    let there = read.headers()["location"].to_str().unwrap().to_owned();
    let followed = client.get(&there).bearer_auth(&app).send().await.unwrap();

    assert_eq!((read.status().as_u16(), write.status().as_u16(), followed.status().as_u16()), (301, 307, 200));
    assert!(there.contains("/repositories/") && there.ends_with(&format!("/issues/{issue}")), "{there}");
    assert!(github.issue("acme/gadget", issue).is_some());
}
