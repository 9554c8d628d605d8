//! What can be seen on the stage.

use std::time::Instant;

use crate::demo::github::{PullView, ThreadView};
use crate::demo::stage::Stage;
use crate::demo::story;

/// A version as it stands in its comment.
pub(super) struct Version {
    pub(super) name: String,
    pub(super) digest: String,
    pub(super) text: String,
    /// When it was seen first.
    pub(super) seen: Instant,
}

fn comments(stage: &Stage, issue: i64) -> impl Iterator<Item = String> {
    let bot = stage.github.bot_login();
    let comments = stage.github.issue_comments(story::REPO, issue).into_iter();
    comments.filter(move |comment| comment.author == bot).map(|comment| comment.body)
}

pub(super) fn posted(stage: &Stage, issue: i64, version: u32) -> Option<Version> {
    let mark = format!("**Plan** `v{version} · ");
    let text = comments(stage, issue).find(|body| body.contains(&mark))?;
    let digest = text.split_once(&mark)?.1.get(..12)?.to_owned();
    Some(Version { name: format!("v{version} · {digest}"), digest, text, seen: Instant::now() })
}

/// What the bot said to one person, on the issue or on the plan's pull request.
pub(super) fn told(stage: &Stage, places: (i64, i64), login: &str) -> Option<String> {
    let start = format!("@{login}, ");
    comments(stage, places.0).chain(comments(stage, places.1)).find(|text| text.starts_with(&start))
}

/// The lines that people read.
pub(super) fn said(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("<!--"))
}

/// What the bot answered in each thread of a pull request, once all are answered and resolved.
pub(super) fn answers(stage: &Stage, pull: i64, threads: usize) -> Option<Vec<String>> {
    let bot = stage.github.bot_login();
    let found = stage.github.threads(story::REPO, pull);
    let answer = |thread: &ThreadView| thread.said.iter().find(|(by, _)| *by == bot).map(|(_, text)| text.clone());
    let answers: Vec<String> = found.iter().filter(|thread| thread.resolved).filter_map(answer).collect();
    (answers.len() == threads).then_some(answers)
}

pub(super) fn says(stage: &Stage, issue: i64, words: &str) -> Option<()> {
    comments(stage, issue).any(|body| body.starts_with("**Assentry: ") && body.contains(words)).then_some(())
}

pub(super) fn plan_pull(stage: &Stage) -> Option<PullView> {
    stage.github.pulls(story::REPO).into_iter().find(|pull| pull.head.contains("-plan-"))
}

pub(super) fn work_pull(stage: &Stage) -> Option<PullView> {
    stage.github.pulls(story::REPO).into_iter().find(|pull| !pull.head.contains("-plan-"))
}

/// The path and the text of the plan's file.
pub(super) fn plan_file(stage: &Stage, pull: i64) -> (String, String) {
    let path = stage.github.changed_files(story::REPO, pull).first().cloned().unwrap_or_default();
    let head = stage.github.pull(story::REPO, pull).map(|pull| pull.head_sha).unwrap_or_default();
    let text = stage.github.file(story::REPO, &head, &path).unwrap_or_default();
    (path, text)
}

pub(super) fn is_ours(line: &str) -> bool {
    ["Assentry-Run: ", "Plan-Digest: ", "Approved-by: "].iter().any(|trailer| line.starts_with(trailer))
}
