//! A base that has moved is merged on `/update`; what conflicts inside the scope is the agent's to settle.

use std::time::Duration;

use assentry::demo::model::Script;
use assentry::demo::story;
use serde_json::{Value, json};

use super::Reviewed;
use super::feedback::{comment, mending};
use crate::sandbox::images::{keep, small_system};
use crate::world::REPO;

impl Reviewed {
    async fn updates(&self, login: &str) {
        self.world.github.advances(Duration::from_secs(60));
        self.world.person(login).comments(self.pull, "/update").unwrap();
        self.is("in_review", "in review").await;
    }

    fn main(&self) -> String {
        self.world.github.branches(REPO).into_iter().find(|(name, _)| name == "main").expect("main").1
    }

    /// A file as the branch with the work has it.
    fn file(&self, path: &str) -> Option<String> {
        self.world.github.file(REPO, &self.work().head_sha, path)
    }
}

/// The tool as it is on main, with another line where the work changed it.
pub(crate) fn another_line() -> String {
    let files = story::repository().files;
    let (_, bytes, _) = files.into_iter().find(|(path, ..)| path == "bin/slug").expect("the tool");
    let text = String::from_utf8(bytes).expect("text");
    let other = text.replace(r"sed -e 's/[^a-z0-9]\{1,\}/-/g'", r"LC_ALL=C sed -e 's/[^a-z0-9]\{1,\}/-/g'");
    assert_ne!(text, other);
    other
}

/// The test as it is on main, which by now wants the tool to say what it is for.
fn demanding() -> String {
    let files = story::repository().files;
    let (_, bytes, _) = files.into_iter().find(|(path, ..)| path == "tests/run.sh").expect("the test");
    let text = String::from_utf8(bytes).expect("text");
    text.replace("exit \"$failed\"", "grep -q 'Prints the slug' bin/slug || failed=9\nexit \"$failed\"")
}

/// Keeps what the work has where both have changed a line.
pub(crate) fn keeps_ours() -> (&'static str, Value) {
    let command = r"sed -i -e '/^<<<<<<< /d' -e '/^=======$/,/^>>>>>>> /d' bin/slug";
    ("run", json!({ "command": command }))
}

fn settling(calls: Vec<(&'static str, Value)>) -> impl Script {
    mending(calls, true)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_has_moved_is_merged_with_what_people_pushed_and_the_verdict_is_given_anew() {
    let case = Reviewed::with(settling(vec![])).await;
    let branch = case.work().head;
    let theirs = case.world.person("cara").pushes(&branch, "docs/own.md", "Theirs.\n").unwrap();
    case.world.file_on_main("docs/new.md", "New.\n");
    let main = case.main();
    case.updates("eve").await;
    assert_eq!(case.work().head_sha, theirs);
    assert!(case.said_on_work("@eve, `/update` needs write access"), "{:#?}", case.world.said(case.pull));

    case.updates("cara").await;
    let commits = case.world.github.pull_commits(REPO, case.pull);
    let last = commits.last().expect("a commit");
    assert_eq!(last.parents, [theirs, main], "{:#?}", case.world.said(case.pull));
    assert!(last.message.starts_with("Merge main and settle what it changed\n"), "{}", last.message);
    assert_eq!(case.file("docs/new.md").as_deref(), Some("New.\n"));
    assert_eq!(case.file("docs/own.md").as_deref(), Some("Theirs.\n"), "nobody's push is lost");
    assert_eq!(case.world.github.changed_files(REPO, case.pull), ["bin/slug", "docs/own.md"]);
    let said = "main merged without a conflict, and the plan's check is green on the result. No model was asked.";
    assert!(case.said_on_work("Done in `") && case.said_on_work(said), "{:#?}", case.world.said(case.pull));
    assert_eq!(case.begun(), 0);
    let (conclusion, text) = case.verdict();
    assert_eq!(conclusion, "success", "{text}");
    assert_eq!(case.world.github.unknown_requests(), [""; 0]);

    // Nothing new is no commit.
    case.updates("cara").await;
    assert_eq!(case.world.github.pull_commits(REPO, case.pull).len(), commits.len());
    assert!(case.said_on_work("This branch has all of main already."), "{:#?}", case.world.said(case.pull));
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_ups_and_updates_run_in_the_image_that_was_approved() {
    let folder = tempfile::tempdir().unwrap();
    let digest = keep(folder.path(), &small_system(), "tar");
    // Only the image has this file, and only the host has that one.
    let check = "test -e /mark && test ! -e /usr/bin/env";
    let policy = format!("[execute]\nimage = \"sha256:{digest}\"\nchecks = [\"{check}\"]\n");
    let images = format!("[sandbox]\nimages = '{}'\n", folder.path().display());
    let look = ("run", json!({"command": "cat /mark; test -e /usr/bin/env || echo not the host"}));
    let case = Reviewed::where_it_is(settling(vec![look, comment()]), (&policy, &images)).await;

    case.world.person("cara").comments(case.pull, "/fix Say what the file is for.").unwrap();
    case.is("in_review", "in review").await;
    assert_eq!((case.commits().len(), case.begun()), (2, 1), "{:#?}", case.world.said(case.pull));
    let sent: String = case.world.model.requests().into_iter().map(|request| request.body).collect();
    assert!(sent.contains("exit 0\\nimage\\nnot the host\\n"), "{sent}");

    case.world.file_on_main("docs/new.md", "New.\n");
    case.updates("cara").await;
    let said = "main merged without a conflict, and the plan's checks are green on the result. No model was asked.";
    assert!(case.said_on_work(said), "{:#?}", case.world.said(case.pull));
    assert_eq!((case.verdict().0.as_str(), case.begun()), ("success", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_without_a_conflict_on_which_a_check_is_red_is_the_agents_to_look_at() {
    let case = Reviewed::with(settling(vec![comment()])).await;
    case.world.file_on_main("tests/run.sh", &demanding());
    case.updates("cara").await;
    assert_eq!((case.commits().len(), case.begun()), (2, 1), "{:#?}", case.world.said(case.pull));
    let sent: String = case.world.model.requests().into_iter().map(|request| request.body).collect();
    assert!(sent.contains("In conflict: none."), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_conflicts_inside_the_scope_is_settled_by_the_agent() {
    let case = Reviewed::with(settling(vec![keeps_ours()])).await;
    let ours = case.file("bin/slug");
    assert!(ours.is_some());
    case.world.file_on_main("bin/slug", &another_line());
    case.updates("cara").await;
    let commits = case.world.github.pull_commits(REPO, case.pull);
    assert_eq!((commits.len(), commits[1].parents.len()), (2, 2), "{:#?}", case.world.said(case.pull));
    assert_eq!(case.file("bin/slug"), ours);
    let sent: String = case.world.model.requests().into_iter().map(|request| request.body).collect();
    assert!(sent.contains("In conflict: [\\\"bin/slug\\\"]."), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_of_a_conflict_never_reach_the_branch() {
    let case = Reviewed::with(settling(vec![])).await;
    let before = case.work().head_sha;
    case.world.file_on_main("bin/slug", &another_line());
    case.updates("cara").await;
    assert_eq!(case.work().head_sha, before);
    assert!(case.said_on_work("I could not do this"), "{:#?}", case.world.said(case.pull));
    let sent: String = case.world.model.requests().into_iter().map(|request| request.body).collect();
    assert!(sent.contains("marks of a conflict are left in bin/slug"), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t57_a_conflict_outside_the_scope_is_left_to_people_and_no_model_is_asked() {
    let case = Reviewed::with(settling(vec![])).await;
    let theirs = case.world.person("cara").pushes(&case.work().head, "docs/slug.md", "One.\n").unwrap();
    case.world.file_on_main("docs/slug.md", "Other.\n");
    case.updates("cara").await;
    assert_eq!((case.work().head_sha, case.begun()), (theirs, 0));
    assert!(
        case.said_on_work("outside the plan's scope, in docs/slug.md: somebody has to merge that by hand."),
        "{:#?}",
        case.world.said(case.pull)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_i_nothing_is_merged_without_a_valid_approval() {
    let case = Reviewed::with(settling(vec![])).await;
    let before = case.work().head_sha;
    case.world.github.grants("bob", REPO, assentry::demo::github::Role::Read).unwrap();
    case.world.file_on_main("docs/new.md", "New.\n");
    case.updates("cara").await;
    assert_eq!((case.work().head_sha, case.begun()), (before, 0));
    assert!(case.said_on_work("`bob` has no write access"), "{:#?}", case.world.said(case.pull));
}
