//! Who gets in, who sees what, and what nobody can do.

use std::time::Duration;

use assentry::demo::github::Role;

use super::{Browser, page_of, pages, repo_of, told, world};
use crate::world::REPO;

#[tokio::test(flavor = "multi_thread")]
async fn t69_whoever_has_not_signed_in_is_shown_how_and_nothing_else() {
    let world = world().await;
    let issue = told(&world).await;
    let mut browser = Browser::new(&world);
    let mut all = pages(&world, issue).await;
    all.push(format!("{}/log/stream", page_of(&world, issue).await));
    for path in all {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 401, "{path}");
        assert!(page.body.contains("Sign in with GitHub") && !page.body.contains("acme"), "{path}: {}", page.body);
    }
    for path in ["/logout", "/deliveries/x/again"] {
        assert_eq!(browser.posts(path, "token=x", None).await.status, 401);
    }
    assert_eq!(browser.get("/assets/x.css").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn t70_people_see_the_repositories_that_github_lets_them_read() {
    let world = world().await;
    let issue = told(&world).await;
    let (run, repo) = (page_of(&world, issue).await, repo_of(&world, issue).await);

    let mut eve = Browser::of(&world, "eve").await;
    assert!(eve.get("/runs").await.body.contains(REPO));
    assert_eq!(eve.get(&run).await.status, 200);

    let mut stranger = Browser::of(&world, "stranger").await;
    for path in ["/runs", "/repositories", "/costs"] {
        let page = stranger.get(path).await;
        assert!(page.status == 200 && !page.body.contains("acme"), "{path}: {}", page.body);
    }
    assert!(!stranger.get(&format!("/costs?repo={repo}")).await.body.contains("acme"));
    for rest in ["", "/versions/1", "/compare/1/2", "/log", "/log/stream"] {
        let page = stranger.get(&format!("{run}{rest}")).await;
        assert_eq!(page.status, 404, "{rest}");
        let nothing = stranger.get(&format!("/runs/999{rest}")).await;
        assert_eq!(page.body, nothing.body, "what is not theirs looks like what is not there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_github_takes_away_is_gone_within_minutes() {
    let world = world().await;
    let issue = world.planned().await;
    let run = page_of(&world, issue).await;
    let mut eve = Browser::of(&world, "eve").await;
    assert_eq!(eve.get(&run).await.status, 200);

    world.github.grants("eve", REPO, Role::None).unwrap();
    let asked = world.github.requests().len();
    assert_eq!(eve.get(&run).await.status, 200, "GitHub's word is kept for a while");
    assert_eq!(world.github.requests().len(), asked);
    world.github.advances(Duration::from_secs(301));
    assert_eq!(eve.get(&run).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_github_does_not_say_is_no_yes() {
    let world = world().await;
    let issue = world.planned().await;
    let run = page_of(&world, issue).await;
    let mut bob = Browser::of(&world, "bob").await;
    world.github.is_down("/collaborators/bob/permission");
    assert_eq!(bob.get(&run).await.status, 404);
    world.github.heals();
    world.github.advances(Duration::from_secs(31));
    assert_eq!(bob.get(&run).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_a_login_that_changed_hands_opens_nothing() {
    let world = world().await;
    let issue = world.planned().await;
    let run = page_of(&world, issue).await;
    let mut stranger = Browser::of(&world, "stranger").await;
    world.github.renames_account("stranger", "stranger-before").unwrap();
    world.github.renames_account("cara", "stranger").unwrap();
    assert_eq!(stranger.get(&run).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_ends_in_the_browser_that_began_it() {
    let world = world().await;
    let (mut ann, mut eve) = (Browser::new(&world), Browser::new(&world));
    let back = ann.goes_to_github("ann").await;

    let page = eve.get(&back).await;
    assert!(page.status == 400 && page.body.contains("not begun in this browser"), "{}", page.body);
    eve.goes_to_github("eve").await;
    assert_eq!(eve.get(&back).await.status, 400, "the state is another");
    let other = back.replace("state=", "state=x");
    assert_eq!(ann.get(&other).await.status, 400);
    assert_eq!(ann.get("/login/callback?error=access_denied").await.status, 400);

    let mut ann = Browser::new(&world);
    let back = ann.goes_to_github("ann").await;
    assert_eq!(ann.get(&back).await.status, 303);
    let again = ann.get(&back).await;
    assert_eq!(again.status, 400, "a code is good once, and its cookie is gone");
    assert_eq!(ann.get("/runs").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_somebody_else_obtained_is_not_taken() {
    let world = world().await;
    let mut ann = Browser::new(&world);
    let stolen = ann.goes_to_github("ann").await;
    let code = stolen.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();

    let mut eve = Browser::new(&world);
    let own = eve.goes_to_github("eve").await;
    let state = own.split("state=").nth(1).unwrap().to_owned();
    // With her own state and ann's code: GitHub wants the verifier that ann's browser holds.
    let page = eve.get(&format!("/login/callback?code={code}&state={state}")).await;
    assert!(page.status == 400 && page.body.contains("did not take"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_a_day_and_by_signing_out() {
    let world = world().await;
    let mut eve = Browser::of(&world, "eve").await;
    let token = eve.get("/runs").await.token();
    assert_eq!(eve.posts("/logout", "token=x", None).await.status, 403);
    assert_eq!(eve.posts("/logout", &format!("token={token}"), Some("http://evil.example")).await.status, 403);
    assert_eq!(eve.get("/runs").await.status, 200);
    let origin = format!("http://{}", world.door);
    assert_eq!(eve.posts("/logout", &format!("token={token}"), Some(&origin)).await.status, 303);
    assert_eq!(eve.get("/runs").await.status, 401);

    let mut bob = Browser::of(&world, "bob").await;
    world.github.advances(Duration::from_secs(24 * 3600));
    assert_eq!(bob.get("/runs").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_see_deliveries_and_have_one_dealt_with_again() {
    let world = world().await;
    world.planned().await;
    let mut bob = Browser::of(&world, "bob").await;
    for path in ["/deliveries", "/health"] {
        assert_eq!(bob.get(path).await.status, 404, "{path}");
    }
    assert!(!bob.get("/runs").await.body.contains("/deliveries"));

    let mut ann = Browser::of(&world, "ann").await;
    let page = ann.get("/deliveries").await;
    assert!(page.text().contains("issues.labeled"), "{}", page.text());
    let id = page.body.split("action=\"/deliveries/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let again = format!("/deliveries/{id}/again");
    let token = bob.get("/runs").await.token();
    assert_eq!(bob.posts(&again, &format!("token={token}"), None).await.status, 404);
    assert_eq!(ann.posts(&again, &format!("token={token}"), None).await.status, 403, "bob's token is not ann's");

    let writes = world.github.calls().writes;
    let page = ann.posts(&again, &format!("token={}", page.token()), None).await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(ann.get("/deliveries?state=due").await.body.contains(&id));
    world.settle().await;
    assert!(!ann.get("/deliveries?state=due").await.body.contains(&id));
    assert_eq!(world.github.calls().writes, writes, "what it meant is not done twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_dashboard_has_no_page() {
    let world = crate::world::World::start().await;
    let mut browser = Browser::new(&world);
    for path in ["/", "/runs", "/login", "/login/callback"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}
