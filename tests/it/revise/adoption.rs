//! Plans that people write themselves.

use std::time::Duration;

use assentry::words::plan::plan_body;

use super::*;

impl Talk {
    fn pushes(&self, login: &str, text: &str) {
        self.world.person(login).pushes(&self.branch(), &self.path(), text).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_plan_that_a_person_pushes_is_the_next_version_and_its_author_asked_for_it() {
    let talk = Talk::begin().await;
    let (asked, file) = (talk.asked(), talk.file());
    talk.pushes("bob", &file.replace("### Risks\n", "### Risks\n\n- Feeds change.\n"));

    assert_eq!(talk.version().await, 2);
    assert_eq!(talk.plan().risks.len(), 2);
    assert_eq!(talk.asked(), asked, "no model was asked");
    assert!(talk.file().contains("`v2 · "), "the version stands in the file: {}", talk.file());
    let summary = talk.world.said(talk.issue).into_iter().find(|text| text.contains("replaces v1")).unwrap();
    assert!(summary.contains("It was written by `bob`.") && summary.contains("+- Feeds change."), "{summary}");

    talk.world.github.advances(Duration::from_secs(60));
    talk.world.person("bob").approves(talk.pull).unwrap();
    assert_eq!(talk.version().await, 2, "bob asked for it, so another person must approve");
    talk.world.person("cara").approves(talk.pull).unwrap();
    talk.world.settle().await;
    assert_eq!(talk.world.work_pulls().len(), 1, "{:#?}", talk.everything_said());
}

#[tokio::test(flavor = "multi_thread")]
async fn q13_an_approval_of_the_version_that_was_pushed_over_counts_for_nothing() {
    let talk = Talk::begin().await;
    let old = talk.world.digest(talk.issue).await;
    let file = talk.file();
    talk.pushes("bob", &file.replace("### Risks\n", "### Risks\n\n- Feeds change.\n"));
    talk.world.person("cara").comments(talk.issue, &format!("/approve {old}")).unwrap();
    assert_eq!(talk.version().await, 2);
    talk.world.person("cara").comments(talk.issue, &format!("/approve {old}")).unwrap();
    assert_eq!(talk.version().await, 2);
    assert_eq!(talk.world.work_pulls().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_plan_that_is_not_sound_is_remarked_on_line_by_line_and_the_version_before_comes_again() {
    let talk = Talk::begin().await;
    let file = talk.file();
    let broken = file.replace("| Files | 1 |", "| Files | many |").replace("### Risks", "### Dangers");
    talk.pushes("bob", &broken);

    assert_eq!(talk.version().await, 2);
    assert_eq!(parse_plan(&talk.file()), parse_plan(&file), "the plan is the one before");
    let bot = talk.world.github.bot_login();
    let comments = talk.world.github.line_comments(REPO, talk.pull);
    let remarks: Vec<&str> = comments.iter().filter(|c| c.author == bot).map(|c| c.body.as_str()).collect();
    assert_eq!(remarks.len(), 2, "{remarks:#?}");
    assert!(remarks.iter().any(|text| text.contains("`Files` is a number")), "{remarks:#?}");
    let reviews = talk.world.github.reviews(REPO, talk.pull);
    assert_eq!(reviews.iter().filter(|r| r.author == bot && r.body.starts_with("@bob, the plan in")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_approval_grants_cannot_be_pushed() {
    let talk = Talk::begin().await;
    let file = talk.file();
    let money = file.lines().find(|line| line.starts_with("| Money")).unwrap().to_owned();
    talk.pushes("bob", &file.replace(&money, "| Money | $9,000.00 |"));
    assert_eq!(talk.version().await, 2);
    assert!(talk.file().contains(&money));
    let bot = talk.world.github.bot_login();
    let comments = talk.world.github.line_comments(REPO, talk.pull);
    assert!(comments.iter().any(|c| c.author == bot && c.body.contains("set by the server")), "{comments:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_pushed_while_the_planner_writes_comes_first_and_the_notes_come_after() {
    let talk = Talk::begin().await;
    let file = talk.file();
    talk.remarks("cara", story::REMARK_AT, story::REMARK);
    talk.world.until(talk.issue, "planning").await;
    talk.pushes("bob", &file.replace("### Risks\n", "### Risks\n\n- Feeds change.\n"));

    assert_eq!(talk.version().await, 3);
    let plan = talk.plan();
    assert_eq!((plan.risks.len(), plan.steps.len()), (2, 2), "{plan:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_a_comment_begins_a_run_without_a_model() {
    let world = World::start().await;
    let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
    let text = include_str!("plan.md");
    world.person("eve").comments(issue, &format!("/plan adopt\n{text}")).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "none", "eve may not");
    world.person("bob").comments(issue, &format!("/plan adopt\n{}", text.replace("### Scope", "### Range"))).unwrap();
    world.settle().await;
    let said = world.said(issue);
    assert!(
        said.iter().any(|text| text.starts_with("@bob, this plan cannot be adopted") && text.contains("line ")),
        "{said:#?}"
    );

    world.person("bob").comments(issue, &format!("/plan adopt\n{text}")).unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    assert_eq!(world.model.requests().len(), 0);
    let talk = Talk { issue, pull: world.plan_pull(issue).await, world };
    assert_eq!(plan_body(&talk.plan()), text);
    assert!(talk.file().contains("| Planned by | `bob, by hand` |"), "{}", talk.file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_fenced_code_is_adopted_and_its_faults_name_the_lines_of_the_comment() {
    let talk = Talk::begin().await;
    let plan = include_str!("plan.md");
    let fenced = |plan: &str| format!("/plan adopt\nThis is what we agreed on:\n\n```markdown\n{plan}\n```\n");
    let broken = fenced(&plan.replace("### Scope", "### Range"));
    let line = broken.lines().position(|line| line == "### Range").unwrap() + 1;
    talk.world.person("bob").comments(talk.issue, &broken).unwrap();
    assert_eq!(talk.version().await, 1);
    let said = talk.world.said(talk.issue);
    assert!(said.iter().any(|text| text.contains(&format!("line {line}:"))), "{line}: {said:#?}");

    talk.world.person("bob").comments(talk.issue, &fenced(plan)).unwrap();
    assert_eq!(talk.version().await, 2);
    assert_eq!(plan_body(&talk.plan()), plan);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_a_file_of_the_default_branch_becomes_the_next_version() {
    let talk = Talk::begin().await;
    talk.world.person("ann").pushes("main", "docs/plan.md", include_str!("plan.md")).unwrap();
    talk.world.person("bob").comments(talk.issue, "/plan adopt docs/missing.md").unwrap();
    assert_eq!(talk.version().await, 1);
    let said = talk.world.said(talk.issue);
    assert!(said.iter().any(|text| text.starts_with("@bob, there is no file `docs/missing.md`")), "{said:#?}");
    talk.world.person("bob").comments(talk.issue, "/plan adopt docs/plan.md").unwrap();
    assert_eq!(talk.version().await, 2);
    assert_eq!(plan_body(&talk.plan()), include_str!("plan.md"));
}
