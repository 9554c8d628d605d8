//! What is shown beside the status comment: asked for, it follows the run; not asked for, there is none of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use assentry::demo::github::Level;
use assentry::demo::story;
use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::{REPO, SECRET, World};

const ALL: &str = "[show]\nlabels = 'assentry: '\nplan_check = true\nreviewers = true\nmilestone = true\n";

async fn world(more: &str) -> World {
    Box::pin(World::with(story::script(), story::repository(), more)).await
}

fn labels(world: &World, issue: i64) -> Vec<String> {
    world.github.issue(REPO, issue).unwrap().labels
}

/// The check on the head of the plan pull request: its conclusion, and what it says.
async fn check(world: &World, issue: i64) -> Vec<(Option<String>, String)> {
    let pull = world.github.pull(REPO, world.plan_pull(issue).await).unwrap();
    let checks = world.github.checks(REPO, &pull.head_sha).into_iter().filter(|check| check.name == "assentry/plan");
    checks.map(|check| (check.conclusion, check.title)).collect()
}

#[tokio::test]
async fn label_check_reviewers_and_milestone_follow_the_run() {
    let world = world(ALL).await;
    let milestone = world.github.adds_milestone(REPO, "Next").unwrap();
    let issue = world.planned().await;
    world.person("ann").asks("PATCH", &format!("issues/{issue}"), &json!({ "milestone": milestone })).unwrap();
    assert_eq!(labels(&world, issue), ["assentry", "assentry: waiting for approval"]);
    let waiting = [(Some("action_required".to_owned()), "Waiting for approval".to_owned())];
    assert_eq!(check(&world, issue).await, waiting);

    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;

    assert_eq!(labels(&world, issue), ["assentry", "assentry: in review"]);
    let pull = world.work_pulls().pop().unwrap().number;
    let asked = world.person("ann").asks("GET", &format!("pulls/{pull}/requested_reviewers"), &json!({})).unwrap();
    assert_eq!(asked["users"][0]["login"], "bob");
    let shown = world.person("ann").asks("GET", &format!("issues/{pull}"), &json!({})).unwrap();
    assert_eq!(shown["milestone"]["title"], "Next");
    assert_eq!(check(&world, issue).await.last().unwrap().0.as_deref(), Some("success"));
    assert_eq!(world.github.unknown_requests(), [""; 0]);
}

#[tokio::test]
async fn what_is_not_asked_for_is_not_shown() {
    let world = world("").await;
    let issue = world.planned().await;
    assert_eq!(labels(&world, issue), ["assentry"]);
    assert!(check(&world, issue).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_had_does_not_keep_the_work_back() {
    let world = world(ALL).await;
    let milestone = world.github.adds_milestone(REPO, "Next").unwrap();
    let issue = world.planned().await;
    world.person("ann").asks("PATCH", &format!("issues/{issue}"), &json!({ "milestone": milestone })).unwrap();
    world.github.goes_wrong(assentry::demo::github::Fault {
        method: "POST",
        path: "/requested_reviewers".to_owned(),
        times: 1,
        wrong: assentry::demo::github::Wrong::RefusedBefore(422),
    });
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    assert_eq!(world.work_pulls().len(), 1);
    assert_eq!(world.phase(issue).await, "in_review");
}

const PROJECT: &str = "[show]\nproject = true\n";

/// An issue in a project of the organization that takes "Todo" and "Doing", and its plan.
async fn planned_in_project(world: &World) -> (i64, i64) {
    let (organization, _) = REPO.split_once('/').unwrap();
    let board = world.github.adds_project(organization, &["Todo", "Doing"]).unwrap();
    let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
    world.github.puts_into_project(board, (REPO, issue), Some("Todo")).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    (issue, board)
}

#[tokio::test]
async fn both_pull_requests_stand_in_the_projects_of_the_issue_with_its_status() {
    let world = world(PROJECT).await;
    world.github.permits("organization_projects", Some(Level::Write));
    let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
    let (organization, _) = REPO.split_once('/').unwrap();
    let project = |owner: &str, statuses: &[&str], status: Option<&str>| {
        let project = world.github.adds_project(owner, statuses).unwrap();
        world.github.puts_into_project(project, (REPO, issue), status).unwrap();
        project
    };
    let board = project(organization, &["Todo", "Doing"], Some("Todo"));
    let plain = project(organization, &[], None);
    let closed = project(organization, &["Todo"], Some("Todo"));
    let anns = project("ann", &["Todo"], Some("Todo"));
    world.github.closes_project(closed).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    let plan = world.plan_pull(issue).await;
    let status = |status: &str| Some(status.to_owned());
    assert_eq!(world.github.in_project(board, REPO), [(issue, status("Todo")), (plan, status("Todo"))]);

    world.github.puts_into_project(board, (REPO, issue), Some("Doing")).unwrap();
    world.github.advances(Duration::from_secs(60));
    world.person("bob").approves(plan).unwrap();
    world.settle().await;
    let work = world.work_pulls()[0].number;
    let all = [(issue, status("Doing")), (plan, status("Todo")), (work, status("Doing"))];
    assert_eq!(world.github.in_project(board, REPO), all);
    assert_eq!(world.github.in_project(plain, REPO), [(issue, None), (plan, None), (work, None)]);
    for other in [closed, anns] {
        assert_eq!(world.github.in_project(other, REPO), [(issue, status("Todo"))]);
    }
}

#[tokio::test]
async fn projects_are_left_alone_where_nobody_asked_for_them_or_granted_them() {
    for (more, level) in [("", Some(Level::Write)), (PROJECT, None), (PROJECT, Some(Level::Read))] {
        let world = world(more).await;
        world.github.permits("organization_projects", level);
        let (issue, board) = Box::pin(planned_in_project(&world)).await;
        assert_eq!(world.phase(issue).await, "awaiting_approval", "{more} {level:?}");
        assert_eq!(world.github.in_project(board, REPO).len(), 1, "{more} {level:?}");
    }
}

#[tokio::test]
async fn projects_that_do_not_answer_do_not_keep_the_plan_back() {
    let world = world(PROJECT).await;
    world.github.permits("organization_projects", Some(Level::Write));
    let wrong = assentry::demo::github::Wrong::RefusedBefore(502);
    let (method, path) = ("POST", "/graphql".to_owned());
    world.github.goes_wrong(assentry::demo::github::Fault { method, path, times: u32::MAX, wrong });
    let (issue, board) = planned_in_project(&world).await;
    assert_eq!(world.phase(issue).await, "awaiting_approval");
    assert_eq!(world.github.in_project(board, REPO).len(), 1);
    assert_eq!(world.github.pulls(REPO).len(), 1);
}

/// A receiver of webhooks: what came, and how many it refuses at first.
#[derive(Clone, Default)]
struct Receiver {
    came: Arc<Mutex<Vec<(String, Value)>>>,
    refuses: Arc<Mutex<usize>>,
}

impl Receiver {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = axum::Router::new().route("/hook", axum::routing::post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("http://{address}/hook")
    }

    fn phases(&self) -> Vec<Value> {
        self.came.lock().unwrap().iter().map(|(_, body)| body["to"].clone()).collect()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let signature = hex::decode(text("x-assentry-signature-256").strip_prefix("sha256=").unwrap()).unwrap();
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), &body, &signature).unwrap();
    let body = serde_json::from_slice(&body).unwrap();
    receiver.came.lock().unwrap().push((text("x-assentry-delivery"), body));
    let mut refuses = receiver.refuses.lock().unwrap();
    if *refuses > 0 {
        *refuses -= 1;
        return StatusCode::BAD_GATEWAY;
    }
    StatusCode::NO_CONTENT
}

#[tokio::test]
async fn others_are_told_of_the_phases_they_asked_for_signed_and_again_until_they_take_it() {
    let receiver = Receiver::default();
    *receiver.refuses.lock().unwrap() = 1;
    let url = receiver.start().await;
    let hook =
        format!("[hooks.chat]\nurl = '{url}'\nsecret_file = 'secret'\nphases = ['awaiting_approval', 'in_review']\n");
    let world = world(&hook).await;
    let issue = world.planned().await;
    assert_eq!(receiver.phases(), ["awaiting_approval", "awaiting_approval"], "refused once, and told again");
    let (first, body) = receiver.came.lock().unwrap()[0].clone();
    assert_eq!(receiver.came.lock().unwrap()[1].0, first, "the same delivery");
    assert_eq!((&body["from"], &body["version"]), (&json!("publishing"), &json!(1)));
    assert_eq!((&body["repository"], &body["issue"]["number"]), (&json!(REPO), &json!(issue)));
    assert!(body["plan_pull"]["url"].as_str().unwrap().ends_with(&format!("/pull/{}", world.plan_pull(issue).await)));

    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    let (_, last) = receiver.came.lock().unwrap().last().unwrap().clone();
    assert_eq!((&last["from"], &last["to"]), (&json!("delivering"), &json!("in_review")));
    assert_eq!(last["pull"]["number"], world.work_pulls()[0].number);
    assert_eq!(receiver.phases().len(), 3);
}

#[tokio::test]
async fn a_receiver_that_never_answers_does_not_hold_up_the_run() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let world = world(&format!("[hooks.chat]\nurl = 'http://{nobody}/'\nsecret_file = 'secret'\n")).await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "in_review");
    assert_eq!(world.work_pulls().len(), 1);
}
