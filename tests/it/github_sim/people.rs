//! Who somebody is, what they may do, and which teams they belong to.

use assentry::demo::github::{Level, Membership, NewRepository, Role};
use serde_json::{Value, json};

use super::{REPO, ask, token, world};

#[tokio::test]
async fn e4_d36_a_membership_is_active_or_pending_and_otherwise_not_there() {
    let github = world().await;
    github.adds_team("acme", "Plan Owners").unwrap();
    let team = "acme/plan-owners";
    github.puts_in_team(team, "ann", Membership::Active).unwrap();
    github.puts_in_team(team, "bob", Membership::Pending).unwrap();
    let app = token(&github, &json!({})).await;
    let mut seen = Vec::new();

    for login in ["ann", "bob", "eve", "nobody"] {
        let path = format!("GET /orgs/ACME/teams/plan-owners/memberships/{login}");
        let (status, answer) = ask(&github, &app, &path, &json!({})).await;
        seen.push((status, answer["state"].as_str().unwrap_or_default().to_owned()));
    }
    let (_, members) = ask(&github, &app, "GET /orgs/acme/teams/plan-owners/members", &json!({})).await;
    let (_, found) = ask(&github, &app, "GET /orgs/acme/teams/plan-owners", &json!({})).await;
    let (by_id, acme) = (github.team_id(team).unwrap(), github.account_id("acme").unwrap());
    let path = format!("GET /organizations/{acme}/team/{by_id}/memberships/ann");
    let (status, _) = ask(&github, &app, &path, &json!({})).await;

    let expected = [(200, "active"), (200, "pending"), (404, ""), (404, "")];
    assert_eq!(seen, expected.map(|(status, state)| (status, state.to_owned())));
    assert_eq!((members.as_array().unwrap().len(), &members[0]["login"]), (1, &json!("ann")));
    assert_eq!((status, &found["id"], &found["slug"]), (200, &json!(by_id), &json!("plan-owners")));
    github.takes_from_team(team, "ann").unwrap();
    assert_eq!(ask(&github, &app, &path, &json!({})).await.0, 404);
}

#[tokio::test]
async fn teams_need_the_permission_members_and_an_installation_in_that_organization() {
    let github = world().await;
    github.adds_organization("other");
    github.adds_team("acme", "core").unwrap();
    github.adds_team("other", "core").unwrap();
    let path = "GET /orgs/acme/teams/core/memberships/ann";

    let app = token(&github, &json!({})).await;
    let elsewhere = ask(&github, &app, "GET /orgs/other/teams/core", &json!({})).await.0;
    let narrow = token(&github, &json!({ "permissions": { "contents": "read" } })).await;
    let refused = ask(&github, &narrow, path, &json!({})).await;
    github.permits("members", None);
    let unpermitted = token(&github, &json!({})).await;
    let without = ask(&github, &unpermitted, path, &json!({})).await.0;

    assert_eq!((elsewhere, refused.0, without), (404, 403, 403));
    assert_eq!(refused.1["message"], "Resource not accessible by integration");
    github.permits("members", Some(Level::Read));
}

#[tokio::test]
async fn e3_the_highest_of_all_grants_counts_and_a_pending_one_not() {
    let github = world().await;
    github.adds_team("acme", "writers").unwrap();
    github.grants_team("acme/writers", REPO, Role::Write).unwrap();
    let app = token(&github, &json!({})).await;
    let path = "GET /repos/acme/widget/collaborators/eve/permission";
    let mut seen = Vec::new();

    for membership in [Membership::Pending, Membership::Active] {
        github.puts_in_team("acme/writers", "eve", membership).unwrap();
        seen.push(ask(&github, &app, path, &json!({})).await.1["permission"].clone());
    }
    let (_, granted) = ask(&github, &app, "GET /orgs/acme/teams/writers/repos/acme/widget", &json!({})).await;
    github.grants_team("acme/writers", REPO, Role::None).unwrap();
    let (status, _) = ask(&github, &app, "GET /orgs/acme/teams/writers/repos/acme/widget", &json!({})).await;

    assert_eq!(seen, [json!("read"), json!("write")]);
    assert_eq!((&granted["role_name"], &granted["permissions"]["push"]), (&json!("write"), &json!(true)));
    assert_eq!(status, 404);
}

#[tokio::test]
async fn e3_finer_roles_are_told_as_the_level_they_include() {
    let github = world().await;
    let app = token(&github, &json!({})).await;
    let path = "GET /repos/acme/widget/collaborators/eve/permission";
    let mut seen = Vec::new();

    for role in [Role::Triage, Role::Maintain] {
        github.grants("eve", REPO, role).unwrap();
        seen.push(ask(&github, &app, path, &json!({})).await.1);
    }
    github.grants_custom("eve", REPO, ("release manager", Role::Write)).unwrap();
    seen.push(ask(&github, &app, path, &json!({})).await.1);
    github.grants("eve", REPO, Role::Write).unwrap();
    seen.push(ask(&github, &app, path, &json!({})).await.1);

    let told = |answer: &Value| format!("{} {}", answer["permission"], answer["role_name"]);
    assert_eq!(
        seen.iter().map(told).collect::<Vec<_>>(),
        ["\"read\" \"triage\"", "\"write\" \"maintain\"", "\"write\" \"release manager\"", "\"write\" \"write\""]
    );
}

#[tokio::test]
async fn d35_a_login_that_changed_hands_is_another_account() {
    let github = world().await;
    let before = github.account_id("bob").unwrap();
    github.renames_account("bob", "robert").unwrap();
    github.adds_person("bob");

    let (_, by_login) = ask(&github, "", "GET /users/bob", &json!({})).await;
    let (_, by_id) = ask(&github, "", &format!("GET /user/{before}"), &json!({})).await;

    assert_ne!(by_login["id"], json!(before));
    assert_eq!((&by_id["login"], &by_id["type"]), (&json!("robert"), &json!("User")));
}

#[tokio::test]
async fn e1_a_deleted_account_is_not_there_and_a_mannequin_says_what_it_is() {
    let github = world().await;
    github.adds_mannequin("imported");
    let issue = github.person("eve").opens_issue("One", "").unwrap();
    let (eve, stand_in) = (github.account_id("eve").unwrap(), github.account_id("imported").unwrap());
    github.deletes_account("eve").unwrap();

    let gone = ask(&github, "", &format!("GET /user/{eve}"), &json!({})).await.0;
    let (_, mannequin) = ask(&github, "", &format!("GET /user/{stand_in}"), &json!({})).await;
    let (_, written) = ask(&github, "", &format!("GET /repos/{REPO}/issues/{issue}"), &json!({})).await;

    assert_eq!((gone, &mannequin["type"], &written["user"]), (404, &json!("Mannequin"), &Value::Null));
}

#[tokio::test]
async fn an_organizations_own_repository_is_read_like_any_other_that_the_installation_covers() {
    let github = world().await;
    let files = vec![("assentry.toml".to_owned(), b"# ours\n".to_vec(), false)];
    let org = NewRepository { name: "acme/.github".to_owned(), files, private: true };
    github.adds_repository(org).await.unwrap();

    let both = token(&github, &json!({})).await;
    let one = token(&github, &json!({ "repositories": ["widget"] })).await;
    let path = "GET /repos/acme/.github/contents/assentry.toml";

    assert_eq!(
        (ask(&github, &both, path, &json!({})).await.0, ask(&github, &one, path, &json!({})).await.0),
        (200, 404)
    );
}

#[tokio::test]
async fn m_code_owners_are_read_at_any_commit_and_missing_where_they_are_not() {
    let github = world().await;
    let bob = github.person("bob");
    let mut commits = vec![github.branches(REPO)[0].1.clone()];
    for path in [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"] {
        commits.push(bob.pushes("main", path, "* @acme/core\n").unwrap());
    }
    let app = token(&github, &json!({})).await;
    let mut seen = Vec::new();

    for commit in &commits {
        for path in [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"] {
            let path = format!("GET /repos/acme/widget/contents/{path}?ref={commit}");
            seen.push(ask(&github, &app, &path, &json!({})).await.0);
        }
    }

    assert_eq!(seen, [404, 404, 404, 200, 404, 404, 200, 200, 404, 200, 200, 200]);
}
