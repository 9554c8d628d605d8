#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use super::*;
use crate::ids::{AccountKind, CommitSha, Digest, Person, UserId};
use crate::workflow::act::{ActId, Voided};
use crate::workflow::approval::{EXPIRES, Rules, Separation, Subject};
use crate::workflow::change::{Around, Input, Notice};
use crate::workflow::command::parse;
use crate::workflow::run::{
    Approved, Ask, AwaitingAnswer, CancelledBy, Delivering, Ended, Executing, Finished, Outcome, Planning, Revert,
    ReviewBounds, Shown, Trouble, Waiting,
};
use crate::workflow::spending::{DayReached, Limit, Whose};

fn person(login: &str) -> Person {
    Person { id: UserId(7), login: login.parse().unwrap(), kind: AccountKind::User }
}

fn sha() -> CommitSha {
    "89".repeat(20).parse().unwrap()
}

fn shown() -> Shown {
    let subject = Subject {
        version: 2,
        digest: Digest::from_bytes([0x3f; 32]),
        commit: sha(),
        published_at: Timestamp(0),
        earlier: vec![],
        requesters: vec![],
    };
    let rules = Rules {
        required: 1,
        separation: Separation::TwoPerson,
        require_digest: true,
        approvers: None,
        denied: vec![],
        expires: EXPIRES,
    };
    Shown {
        subject,
        base: sha(),
        rules,
        edited: None,
        retry: None,
        pull: PullNumber(43),
        requesters: vec![],
        around: Around::default(),
        rounds: 0,
        raised: 0,
        guidance: vec![],
    }
}

fn step(id: &str, title: &str) -> PlanStep {
    PlanStep { id: id.to_owned(), title: title.to_owned(), files: vec![], what: String::new(), verify: String::new() }
}

fn say(state: &State, ticked: &[String], costs: &[PhaseCost]) -> String {
    let steps = [step("s1", "Count the last line"), step("s2", "Tell <i>@everyone</i>")];
    let facts = StatusFacts {
        run: RunId(7),
        state,
        since: Timestamp(0),
        steps: &steps,
        ticked,
        dropped: None,
        costs,
        prefix: &Prefix::default(),
        rounds: 10,
        review: ReviewBounds::default(),
    };
    let said = status(&facts);
    assert!(said.lines().count() <= 15, "{said}");
    assert_eq!(parse(&said), None, "t16");
    said
}

fn cost(phase: &str, micro_dollars: Option<u64>) -> PhaseCost {
    PhaseCost {
        phase: phase.to_owned(),
        model: "a/b".to_owned(),
        input_tokens: 41_200,
        cached_tokens: 30_000,
        output_tokens: 2_100,
        micro_dollars: micro_dollars.unwrap_or(0),
        unpriced: u64::from(micro_dollars.is_none()),
    }
}

fn approved() -> Approved {
    Approved { shown: shown(), acts: vec![], by: vec![person("bob")], by_requester: false, void: None, hold: None }
}

#[test]
fn a_waiting_run_says_who_can_do_what() {
    let missing = vec![Reason::NoWriteAccess { act: ActId::Comment(1), by: person("eve") }];
    let state = State::AwaitingApproval(Waiting { shown: shown(), acts: vec![], notes: vec![], missing, hold: None });
    insta::assert_snapshot!(say(&state, &[], &[cost("plan", Some(181_234))]), @r"
    **Assentry: waiting for approval** · run 7 · `v2 · 3f3f3f3f3f3f` · plan in #43

    One person with write access must approve; not whoever asked for the plan. `eve` has no write access to this repository; someone who has can approve.

    Tokens: plan (`a/b`) 41,200 in (30,000 cached), 2,100 out, $0.19.

    Approve #43 in a review or write `/approve 3f3f3f3f3f3f`; `/revise` and your words change it, `/reject` objects. `/cancel` ends it. Since 1970-01-01 00:00:00 UTC.
    ");
}

#[test]
fn a_run_at_work_shows_its_steps() {
    let state = State::Executing(Executing { approved: approved(), ticked: vec![], parked: false, stop: None });
    let costs = [cost("plan", Some(181_234)), cost("execute", Some(50_000))];
    insta::assert_snapshot!(say(&state, &["s1".to_owned()], &costs), @r"
    **Assentry: at work** · run 7 · `v2 · 3f3f3f3f3f3f` · plan in #43

    Approved by `bob`. 1 of 2 steps are done, now `s2`.

    - [x] `s1` · Count the last line
    - [ ] `s2` · Tell \<`i>@everyone</i`>

    Tokens: plan (`a/b`) 41,200 in (30,000 cached), 2,100 out, $0.19; execute (`a/b`) 41,200 in (30,000 cached), 2,100 out, $0.05; in all $0.24.

    Nothing is needed from you. `/stop` stops it and keeps what is done, `/cancel` ends the run. Since 1970-01-01 00:00:00 UTC.
    ");
}

#[test]
fn a_planning_run_needs_nothing() {
    let state = State::Planning(Planning {
        version: 1,
        ask: Ask::Fresh { guidance: None },
        shown: None,
        notes: vec![],
        acts: vec![],
        unasked: false,
        around: Around::default(),
        requesters: vec![],
        rounds: 0,
        branch_moved: false,
    });
    insta::assert_snapshot!(say(&state, &[], &[]), @r"
    **Assentry: writing the plan** · run 7

    Version 1 is being written.

    Nothing is needed from you. `/cancel` ends it. Since 1970-01-01 00:00:00 UTC.
    ");
}

#[test]
fn questions_are_numbered() {
    let questions = vec!["Which file?".to_owned(), "# Really\n@all?".to_owned()];
    let state = State::AwaitingAnswer(AwaitingAnswer {
        version: 1,
        ask: Ask::Fresh { guidance: None },
        notes: vec![],
        questions,
        shown: None,
        acts: vec![],
        requesters: vec![],
        around: Around::default(),
    });
    insta::assert_snapshot!(say(&state, &[], &[cost("plan", None)]), @r"
    **Assentry: waiting for answers** · run 7

    Before there can be a plan, somebody has to answer:

    1. Which file?
    2. \# Really `@all`?

    Tokens: plan (`a/b`) 41,200 in (30,000 cached), 2,100 out, price not known.

    Answer in a comment that begins with `1.`, or go on without: `/plan anyway`. `/cancel` ends it. Since 1970-01-01 00:00:00 UTC.
    ");
}

#[test]
fn the_last_judgement_says_what_it_misses() {
    let missing = vec![Reason::TakenBack { act: ActId::Review(1), how: Voided::Dismissed }];
    let state = State::Delivering(Delivering { approved: approved(), stage: DeliverStage::Judging { missing } });
    insta::assert_snapshot!(say(&state, &["s1".to_owned(), "s2".to_owned()], &[]), @r"
    **Assentry: opening the pull request** · run 7 · `v2 · 3f3f3f3f3f3f` · plan in #43

    The work is done; the approval is judged a last time. That approval was dismissed and no longer counts.

    - [x] `s1` · Count the last line
    - [x] `s2` · Tell \<`i>@everyone</i`>

    Since 1970-01-01 00:00:00 UTC.
    ");
}

#[test]
fn no_run_ends_without_its_cause_and_what_helps() {
    let text = || "it says <b>so</b>".to_owned();
    let troubles = [
        Trouble::EmptyRepository,
        Trouble::EmptyIssue,
        Trouble::Refused { text: text() },
        Trouble::NoChange { text: text() },
        Trouble::OverBudget { what: "minutes".to_owned() },
        Trouble::DayIsFull { reached: DayReached { whose: Whose::Server, limit: Limit::Money, until: None } },
        Trouble::Lost { text: text() },
        Trouble::Model { text: text() },
        Trouble::NoSandbox { text: text() },
        Trouble::NoImage { text: text() },
        Trouble::SetUpFailed { command: "make tools".to_owned(), output: text() },
        Trouble::ChecksFailed { commands: vec!["cargo test".to_owned(), "cargo fmt".to_owned()] },
        Trouble::PlanIsWrong { text: text() },
        Trouble::Forbidden { text: text() },
        Trouble::Void { reason: Reason::BranchMoved },
        Trouble::Github { text: text() },
        Trouble::GithubAway { since: Timestamp(0), finished: Finished::Nothing, text: text() },
        Trouble::GithubAway { since: Timestamp(0), finished: Finished::Plan, text: text() },
        Trouble::GithubAway { since: Timestamp(0), finished: Finished::Work, text: text() },
        Trouble::GaveUp { text: "x".repeat(500) },
    ];
    let done = |fate| Outcome::Done { pull: PullNumber(44), head: sha(), fate };
    let mut outcomes = vec![
        done(Fate::Unknown),
        done(Fate::Merged { by: Some(person("ann")), commit: Some(sha()) }),
        done(Fate::Merged { by: None, commit: None }),
        done(Fate::Closed { by: Some(person("ann")) }),
        done(Fate::Reverted { by: Revert::Commit(sha()) }),
        done(Fate::Reverted { by: Revert::Pull(PullNumber(45)) }),
        Outcome::Cancelled { by: Some(person("ann")), why: CancelledBy::Command },
        Outcome::NeedsNewPlan { why: Trouble::PlanIsWrong { text: text() } },
    ];
    outcomes.extend(troubles.map(|why| Outcome::Failed { why }));
    let said: Vec<String> = outcomes
        .into_iter()
        .map(|outcome| {
            let ended = Ended { outcome, shown: Some(shown()), acts: vec![], void: None, unpublished: None };
            let said = say(&State::Ended(ended), &[], &[]);
            said.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
        })
        .collect();
    insta::assert_snapshot!(said.join("\n\n").replace("\nSince 1970-01-01 00:00:00 UTC.", "").replace(" Since 1970-01-01 00:00:00 UTC.", "").replace(" · run 7 · `v2 · 3f3f3f3f3f3f` · plan in #43", ""), @r"
    **Assentry: done**
    #44 holds the work.
    It waits for your review.

    **Assentry: merged**
    The work was merged by `ann` in #44 as `8989898989`.

    **Assentry: merged**
    The work was merged in #44.

    **Assentry: closed without a merge**
    #44, which held the work, was closed by `ann` without a merge.
    `/plan` starts over.

    **Assentry: merged, then reverted**
    The work was merged in #44, and commit `8989898989` took it back.
    `/plan` and what to mind makes a new plan.

    **Assentry: merged, then reverted**
    The work was merged in #44, and #45 took it back.
    `/plan` and what to mind makes a new plan.

    **Assentry: cancelled**
    `ann` cancelled the run.
    `/plan` starts over.

    **Assentry: stopped, a new plan is needed**
    The plan turned out not to work: it says \<b>so\</b>
    The plan has to change: `/plan` and what to mind makes a new one.

    **Assentry: failed**
    The repository has no commit to work on.
    Push a first commit to the default branch, then write `/plan`.

    **Assentry: failed**
    The issue does not say what should be done.
    Describe it in the issue, then write `/plan`; or write `/plan` and what you want.

    **Assentry: declined**
    The model declined to do this: it says \<b>so\</b>
    Put the issue in other words and write `/plan`, or ask the operator for another model.

    **Assentry: nothing to do**
    There is nothing to change: it says \<b>so\</b>
    If something is missing all the same, write `/plan` and what it is.

    **Assentry: over budget**
    The budget for this work is used up: minutes.
    `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over. More than this only the operator can grant, in the configuration.

    **Assentry: over budget**
    The limit of money that this server may use within 24 hours is reached.
    The limit is too low for a single call; the operator of this App sets it. `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over.

    **Assentry: stopped**
    The agent got stuck and was stopped: it says \<b>so\</b>
    `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over.

    **Assentry: failed**
    The model's endpoint did not answer as it should: it says \<b>so\</b>
    The operator can see why in the log. `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over.

    **Assentry: failed**
    The sandbox did not start, so nothing was run: it says \<b>so\</b>
    The operator has to mend the host. `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over.

    **Assentry: failed**
    The image that the repository's policy names could not be used, so nothing was run: it says \<b>so\</b>
    The operator has to mend that, or the policy has to name another image. `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over.

    **Assentry: failed**
    A set-up command of the repository's policy failed, so the work was not begun: `make tools`. It said: it says \<b>so\</b>
    Mend the command in the policy, or what it needs. `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over.

    **Assentry: failed**
    The plan's checks still fail: `cargo test` and `cargo fmt`.
    `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over.

    **Assentry: stopped**
    The plan turned out not to work: it says \<b>so\</b>
    `/plan` and what to mind makes a new one.

    **Assentry: failed**
    The result broke a rule and was not pushed: it says \<b>so\</b>
    If the change is wanted, write `/plan` and say so: the plan has to allow it.

    **Assentry: stopped**
    The approved version no longer holds. Someone else pushed to the plan branch, so what stands there is not what was approved.
    `/plan` makes a new version.

    **Assentry: failed**
    GitHub refused a write: it says \<b>so\</b>
    Someone who administers the App or the repository can allow it. `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over.

    **Assentry: failed**
    GitHub could not be reached, or did not do its part, for seven days, since 1970-01-01 00:00:00 UTC, so this run could not go on. The last answer: it says \<b>so\</b>
    `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over.

    **Assentry: failed**
    GitHub could not be reached, or did not do its part, for seven days, since 1970-01-01 00:00:00 UTC, so the plan that was written could not be brought there. The last answer: it says \<b>so\</b>
    The plan is kept on this server: `/retry` publishes it and approves nothing, `/plan` starts over.

    **Assentry: failed**
    GitHub could not be reached, or did not do its part, for seven days, since 1970-01-01 00:00:00 UTC, so the finished work could not be brought there. The last answer: it says \<b>so\</b>
    The work is kept on this server. `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over. The retry goes on from that work and does none of its steps again.

    **Assentry: failed**
    After many tries this did not succeed: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx … (100 more characters in the run's log)
    The operator can see why in the log. `/retry 3f3f3f3f3f3f` approves that version and runs it, `/plan` starts over.
    ");
}

#[test]
fn a_change_by_someone_without_write_access_is_told_and_dated() {
    let notice = Notice { what: Input::Body, by: Some(person("eve")), at: Timestamp(1_795_358_520_000) };
    let around = Around::default().with_notices(&[notice]);
    let shown = Shown { around, ..shown() };
    let state = State::AwaitingApproval(Waiting { shown, acts: vec![], notes: vec![], missing: vec![], hold: None });
    let said = say(&state, &[], &[]);
    let told = "Changed since by people without write access: the text by `eve` on 2026-11-22 14:42:00 UTC. The plan keeps \
                to the text as it was; `/plan` by someone with write access reads it anew.";
    assert!(said.contains(told), "{said}");
}

#[test]
fn work_in_an_archived_repository_says_that_it_rests() {
    let state = State::Executing(Executing { approved: approved(), ticked: vec![], parked: true, stop: None });
    let said = say(&state, &[], &[]);
    assert!(said.contains("**Assentry: resting**") && said.contains("goes on by itself"), "{said}");
}
