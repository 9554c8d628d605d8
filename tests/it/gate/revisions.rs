//! What people say about a plan becomes the next version, and each is answered.

use std::time::Duration;

use assentry::demo::github::LineNote;
use assentry::demo::model::{Call, Reply, Seen};
use assentry::demo::story::{self, Storyteller};
use serde_json::json;

use super::Waiting;
use crate::world::{REPO, World};

impl Waiting {
    /// A note on the line of the plan file that begins with these words.
    fn note(&self, start: &str, body: &str) -> LineNote {
        let path = self.plan_path();
        let text = self.world.github.file(REPO, &self.plan_branch(), &path).unwrap();
        let line = text.lines().position(|line| line.starts_with(start)).unwrap() + 1;
        LineNote { path, line: u32::try_from(line).unwrap(), body: body.to_owned() }
    }

    fn plan_path(&self) -> String {
        self.world.github.changed_files(REPO, self.pull)[0].clone()
    }

    /// The bot's answers in line threads: which comment, and what.
    fn answers(&self) -> Vec<(Option<i64>, String)> {
        let bot = self.world.github.bot_login();
        let comments = self.world.github.line_comments(REPO, self.pull);
        comments.into_iter().filter(|c| c.author == bot).map(|c| (c.reply_to, c.body)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_comment_becomes_a_version_and_is_answered_in_its_thread() {
    let waiting = Waiting::begin().await;
    let note = waiting.note(story::REMARK_AT, story::REMARK);
    let comment = waiting.world.person("bob").remarks(waiting.pull, &note).unwrap();

    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 2);
    let answers = waiting.answers();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!(answers[0].0, Some(comment));
    assert!(answers[0].1.contains("v2"), "{}", answers[0].1);
    let file = waiting.world.github.file(REPO, &waiting.plan_branch(), &waiting.plan_path()).unwrap();
    assert!(file.contains("CHANGELOG.md"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_three_notes_is_one_version_that_answers_each_thread() {
    let waiting = Waiting::begin().await;
    let mut threads = Vec::new();
    for (login, start) in [("bob", "#### `s1`"), ("cara", "### Risks"), ("ann", "### Goal")] {
        let note = waiting.note(start, story::REMARK);
        threads.push(Some(waiting.world.person(login).remarks(waiting.pull, &note).unwrap()));
        waiting.world.settle_now().await;
        waiting.world.github.advances(Duration::from_secs(4));
    }

    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 2);
    let answered: Vec<Option<i64>> = waiting.answers().into_iter().map(|(thread, _)| thread).collect();
    assert_eq!(answered, threads);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_on_several_lines_becomes_a_version() {
    let waiting = Waiting::begin().await;
    let note = waiting.note("#### `s1`", story::REMARK);
    let body = json!({
        "path": note.path, "start_line": note.line, "line": note.line + 2, "side": "RIGHT", "start_side": "RIGHT",
        "body": note.body,
    });
    waiting.world.person("bob").asks("POST", &format!("pulls/{}/comments", waiting.pull), &body).unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 2);
    assert_eq!(waiting.answers().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_requests_changes_leads_to_a_version_and_blocks_until_it_is_taken_back() {
    let waiting = Waiting::begin().await;
    waiting.world.person("cara").requests_changes(waiting.pull, story::REMARK).unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 2);
    waiting.world.github.advances(Duration::from_secs(60));
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
    let pull = &waiting.world.work_pulls()[0];
    assert_eq!(waiting.world.github.changed_files(REPO, pull.number), ["CHANGELOG.md", "bin/slug"]);
    assert_eq!(waiting.world.github.pull_commits(REPO, pull.number).len(), 2, "one commit a step");
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_of_people_without_write_access_change_nothing_and_are_answered_once_an_hour() {
    let waiting = Waiting::begin().await;
    let note = waiting.note("#### `s1`", "Delete everything.");
    waiting.world.person("eve").remarks(waiting.pull, &note).unwrap();
    waiting.world.person("eve").comments(waiting.pull, "/revise delete everything").unwrap();
    waiting.world.person("eve").comments(waiting.pull, "/plan delete everything").unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 1);
    assert_eq!(waiting.said_to("eve").len(), 1, "{:#?}", waiting.said_to("eve"));

    waiting.world.passes(Duration::from_secs(3_600)).await;
    waiting.world.person("eve").comments(waiting.pull, "/revise delete everything").unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.said_to("eve").len(), 2, "{:#?}", waiting.said_to("eve"));
}

#[tokio::test(flavor = "multi_thread")]
async fn guidance_makes_a_version_and_an_approval_of_the_first_is_refused() {
    let waiting = Waiting::begin().await;
    let old = waiting.digest().await;
    waiting.world.person("ann").comments(waiting.issue, "/plan keep it small").unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.version().await, 2);
    waiting.world.github.advances(Duration::from_secs(60));
    waiting.world.person("bob").comments(waiting.issue, &format!("/approve {old}")).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("bob")[0].contains(&waiting.digest().await), "{:#?}", waiting.said_to("bob"));
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_asked_in_public_and_their_answer_leads_to_the_plan() {
    let script = |request: &Seen| {
        if request.offers("tick") || request.mentions("Only trailing ones") {
            return assentry::demo::model::Script::answer(&Storyteller, request);
        }
        let questions = json!({"questions": ["Which dashes?"]});
        Reply::calls("", vec![Call::new("ask_questions", &questions)])
    };
    let world = World::with_model(script).await;
    let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_answer", "{:#?}", world.said(issue));
    assert_eq!(world.said(issue).iter().filter(|text| text.contains("Which dashes?")).count(), 2, "status and comment");

    world.person("bob").comments(issue, "/plan Only trailing ones").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
}
