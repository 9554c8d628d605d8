//! What we ask of GitHub, asked of the simulated one, which refuses what GitHub refuses.

use std::time::Duration;

use assentry::demo::github::{Clock, Fault, GitHub, LineNote, NewRepository, Role, Settings, Verdict, Wrong};
use assentry::github::{
    App, Attempt, CheckReport, Conclusion, Entry, FileMode, FileWritten, GithubConfig, GithubError, Level, NewFile,
    NewPull, Next, OpenState, PullState, Reaction, RepoRef, Step, Target, Trace, check_permissions,
};
use assentry::ids::{
    BranchName, CommitSha, IssueNumber, PullNumber, RepoPath, ReviewCommentId, ReviewId, RunId, Timestamp,
};

use crate::faithful::Judged;

const REPO: &str = "acme/tool";
const START: Timestamp = Timestamp(1_795_358_460_000);

struct World {
    github: GitHub,
    app: App,
    at: RepoRef,
    issue: IssueNumber,
    _judged: Judged,
}

impl World {
    async fn start() -> World {
        let github = GitHub::start(Settings { clock: Clock::ByHand(START), ..Settings::default() }).await.unwrap();
        let judged = Judged::at_the_end(&github);
        github.adds_person("ann");
        let files = vec![
            ("README.md".to_owned(), b"# Tool\n".to_vec(), false),
            ("src/old.rs".to_owned(), b"// old\n".to_vec(), false),
        ];
        github.adds_repository(NewRepository { name: REPO.to_owned(), files, private: true }).await.unwrap();
        let ann = github.person("ann");
        ann.becomes(Role::Write).unwrap();
        let issue = IssueNumber(ann.opens_issue("Flag is misspelt", "See title.").unwrap());
        let app = App::new(&GithubConfig {
            api_url: github.url().parse().unwrap(),
            web_url: github.url().parse().unwrap(),
            app_id: u64::try_from(github.app_id()).unwrap(),
            key_pem: github.private_key_pem().into(),
        })
        .unwrap();
        let at = app.find_repository(&REPO.parse().unwrap(), START).await.unwrap();
        World { github, app, at, issue, _judged: judged }
    }

    fn repository(&self, step: Step) -> assentry::github::Repository<'_> {
        self.app.repository(&self.at, step, self.github.now())
    }

    /// Lets the next write to a path be done and answered 502.
    fn loses_the_answer(&self, method: &'static str, path: &str) {
        self.github.goes_wrong(Fault { method, path: path.to_owned(), times: 1, wrong: Wrong::RefusedAfter(502) });
    }

    async fn main_head(&self) -> CommitSha {
        self.repository(Step::Read).branch_head(&"main".parse().unwrap()).await.unwrap().unwrap()
    }
}

struct Names {
    branch: BranchName,
    base: BranchName,
    path: RepoPath,
}

fn names() -> Names {
    Names {
        branch: "assentry/1-plan-flag-a1b2c3".parse().unwrap(),
        base: "main".parse().unwrap(),
        path: "plans/1.md".parse().unwrap(),
    }
}

/// Puts version one of a plan on its branch and opens its pull request.
async fn publish(world: &World, attempt: Attempt) -> Result<(FileWritten, PullNumber), GithubError> {
    let Names { branch, base, path } = names();
    let here = world.repository(Step::Write);
    here.ensure_branch(&branch, &world.main_head().await, attempt).await?;
    let file = NewFile { branch: &branch, path: &path, bytes: b"# Plan\n", message: "Plan v1", previous: None };
    let written = here.ensure_file(&file, attempt).await?;
    let new = NewPull { title: "Plan: flag", head: &branch, base: &base, body: "v1", draft: true };
    Ok((written, here.ensure_pull(&new, attempt).await?.number))
}

#[tokio::test]
async fn everything_a_run_asks_is_understood() {
    let world = World::start().await;
    let (read, write) = (world.repository(Step::Read), world.repository(Step::Write));
    let marker = world.app.marker(RunId(1), "plan-v1");
    let trace = Trace { marker: &marker, since: START };

    assert_eq!(check_permissions(world.app.identity(START).await.unwrap()), []);
    assert_eq!(read.about().await.unwrap().name.as_str(), REPO);
    let permission = read.permission(&"ann".parse().unwrap()).await.unwrap();
    let issue = read.issue(world.issue).await.unwrap();
    assert_eq!((permission.level, Some(permission.user)), (Level::Write, issue.author.map(|author| author.id)));
    read.react(Target::Thread(world.issue.into()), Reaction::Eyes).await.unwrap();
    let comment = read.ensure_comment(world.issue, "The plan.", trace, Attempt::First).await.unwrap();
    assert_eq!(read.comment(comment.id).await.unwrap(), comment);

    let (written, plan) = publish(&world, Attempt::First).await.unwrap();
    let note = LineNote { path: "plans/1.md".to_owned(), line: 1, body: "Why?".to_owned() };
    let ann = world.github.person("ann");
    let review = ReviewId(ann.reviews(plan.0, Verdict::RequestChanges, "Not yet.", &[note]).unwrap());
    let line: ReviewCommentId = read.review_comments(plan, review).await.unwrap().items[0].id;
    assert_eq!(read.review(plan, review).await.unwrap().commit, Some(written.commit.clone()));
    write.ensure_reply(plan, line, "In v2.", trace, Attempt::First).await.unwrap();
    write.react(Target::ReviewComment(line), Reaction::ThumbsUp).await.unwrap();
    let Names { branch, base, path } = names();
    let second = NewFile {
        branch: &branch,
        path: &path,
        bytes: b"# Plan 2\n",
        message: "Plan v2",
        previous: Some(&written.blob),
    };
    let second = write.ensure_file(&second, Attempt::First).await.unwrap();
    let plan_file = read.file_at(&second.commit, &path).await.unwrap().unwrap();
    assert_eq!((plan_file.bytes.as_slice(), plan_file.blob), (b"# Plan 2\n".as_slice(), second.blob));

    let result: BranchName = "assentry/1-flag-d4e5f6".parse().unwrap();
    let head = world.main_head().await;
    let base_tree = read.commit(&head).await.unwrap().tree;
    let entries = [
        Entry::Write {
            path: "src/run.sh".parse().unwrap(),
            mode: FileMode::Executable,
            bytes: b"#!/bin/sh\n".to_vec(),
        },
        Entry::Write { path: "logo.png".parse().unwrap(), mode: FileMode::Plain, bytes: vec![0xff, 0] },
        Entry::Delete { path: "src/old.rs".parse().unwrap() },
    ];
    let tree = write.create_tree(&base_tree, &entries).await.unwrap();
    let commit = write.create_commit("Do it\n\nAssentry-Run: 1", &tree, &[head]).await.unwrap();
    write.ensure_branch(&result, &commit, Attempt::First).await.unwrap();
    let later = write.create_commit("And more", &tree, std::slice::from_ref(&commit)).await.unwrap();
    write.advance_branch(&result, &later).await.unwrap();
    let new = NewPull { title: "Flag", head: &result, base: &base, body: "Done.", draft: false };
    let pull = write.ensure_pull(&new, Attempt::First).await.unwrap();
    let report = CheckReport {
        name: "assentry/conformance",
        head_sha: &later,
        external_id: "run-1",
        conclusion: Some(Conclusion::Success),
        title: "As planned",
        summary: "Nothing else.",
        annotations: &[],
    };
    write.ensure_check_run(&report, Attempt::First).await.unwrap();
    let closed = write.edit_pull(plan, Some("See the result."), Some(OpenState::Closed)).await.unwrap();
    read.edit_comment(comment.id, "Done.", &marker).await.unwrap();
    world.app.revoke(&world.at, Step::Write, START).await.unwrap();

    assert_eq!((closed.state, write.pull(plan).await.unwrap().body.as_str()), (PullState::Closed, "See the result."));
    assert_eq!(pull.head_sha, later);
    assert_eq!(world.github.changed_files(REPO, pull.number.0), ["logo.png", "src/old.rs", "src/run.sh"]);
    assert_eq!(world.github.unknown_requests(), [""; 0]);
}

#[tokio::test]
async fn f27_whatever_answer_is_lost_everything_is_there_once() {
    for (method, path) in [("POST", "/git/refs"), ("PUT", "/contents/plans/1.md"), ("POST", "/pulls")] {
        let world = World::start().await;
        world.loses_the_answer(method, path);

        let first = publish(&world, Attempt::First).await.map_err(|error| error.next());
        assert_eq!(first.err(), Some(Next::LookUp), "{method} {path}");
        let (written, pull) = publish(&world, Attempt::Again).await.unwrap();

        let pulls = world.github.pulls(REPO);
        let expected = [(pull.0, written.commit.to_string())];
        assert_eq!(pulls.iter().map(|p| (p.number, p.head_sha.clone())).collect::<Vec<_>>(), expected);
        assert_eq!(world.github.pull_commits(REPO, pull.0).len(), 1);
        assert_eq!(world.github.unknown_requests(), [""; 0]);
    }
}

#[tokio::test]
async fn f27_a_comment_and_a_check_whose_answers_were_lost_are_there_once() {
    let world = World::start().await;
    let head = world.main_head().await;
    let marker = world.app.marker(RunId(1), "plan-v1");
    let trace = Trace { marker: &marker, since: START };
    let report = CheckReport {
        name: "assentry/conformance",
        head_sha: &head,
        external_id: "run-1",
        conclusion: None,
        title: "Working",
        summary: "",
        annotations: &[],
    };
    world.github.person("ann").comments(world.issue.0, &marker.on("Mine.")).unwrap();
    world.loses_the_answer("POST", "/comments");
    world.loses_the_answer("POST", "/check-runs");

    let write = world.repository(Step::Write);
    for attempt in [Attempt::First, Attempt::Again, Attempt::Again] {
        let comment = write.ensure_comment(world.issue, "The plan.", trace, attempt).await;
        let check = write.ensure_check_run(&report, attempt).await;
        assert_eq!((comment.is_ok(), check.is_ok()), (attempt == Attempt::Again, attempt == Attempt::Again));
    }
    let authors: Vec<_> = world.github.issue_comments(REPO, world.issue.0).into_iter().map(|c| c.author).collect();
    assert_eq!(authors, ["ann", "assentry[bot]"]);
    assert_eq!(world.github.checks(REPO, head.as_str()).len(), 1);
}

#[tokio::test]
async fn f32_a_token_that_died_early_does_not_end_a_run() {
    let world = World::start().await;
    let repository = world.repository(Step::Read);
    assert!(repository.issue(world.issue).await.is_ok());
    world.github.advances(Duration::from_secs(2 * 3600));

    // Still asked with the moment of two hours ago: nobody here knows that the token is dead.
    assert!(repository.issue(world.issue).await.is_ok());
}

#[tokio::test]
async fn t37_a_token_for_reading_cannot_write_and_the_error_names_what_it_lacks() {
    let world = World::start().await;
    let refused =
        world.repository(Step::Read).create_branch(&names().branch, &world.main_head().await).await.unwrap_err();

    assert!(matches!(&refused, GithubError::Refused { why, .. } if why.contains("needs contents=write")), "{refused}");
}

#[tokio::test]
async fn f40_f42_what_a_person_has_stopped_is_told_apart() {
    let world = World::start().await;
    let marker = world.app.marker(RunId(1), "plan-v1");
    world.github.suspends_installation(REPO, true).unwrap();
    let suspended = world.repository(Step::Read).issue(world.issue).await.unwrap_err();
    assert!(suspended.to_string().contains("suspended"), "{suspended}");

    world.github.suspends_installation(REPO, false).unwrap();
    world.github.person("ann").locks(world.issue.0).unwrap();
    let what = "comment on #1 in acme/tool".to_owned();
    let spoken = world.repository(Step::Read).create_comment(world.issue, "Plan.", &marker).await;
    assert_eq!(spoken, Err(GithubError::Locked { what }));
}
