#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use proptest::prelude::*;

use super::*;
use crate::ids::{AccountKind, TeamName, Timestamp, UserId};
use crate::words::NotRaised;
use crate::words::plan::{Hints, ParseFault};
use crate::workflow::act::{ActId, Voided};
use crate::workflow::approval::BaseFact;
use crate::workflow::change::{Change, Input, InputEdit};
use crate::workflow::deviation::{Deviation, DeviationKind};
use crate::workflow::outcome::Outcome;
use crate::workflow::spending::{Full, Limit};

fn person(login: &str) -> Person {
    Person { id: UserId(7), login: login.parse().unwrap(), kind: AccountKind::User }
}

fn deviation(text: &str) -> Deviation {
    let text = text.to_owned();
    Deviation { step: text.clone(), kind: DeviationKind::Minor, what: text.clone(), why: text }
}

fn digest() -> Digest {
    Digest::from_bytes([0x3f; 32])
}

fn said(words: &Words) -> String {
    said_as(words, &Spelling::default())
}

fn said_as(words: &Words, spelling: &Spelling) -> String {
    let home = Home { web: "https://github.com".to_owned(), repo: "acme/widgets".parse().unwrap() };
    let (status, plan_pull) = (Some(CommentId(9)), Some(PullNumber(43)));
    say(words, &Setting { home: &home, issue: IssueNumber(42), status, plan_pull, spelling })
}

#[test]
fn help_lists_what_can_be_typed() {
    insta::assert_snapshot!(said(&Words::Help), @r"
    Write one of these as the first line of a comment, here or on a pull request of this run:

    | Command | What it does |
    | --- | --- |
    | `/plan [guidance]` | plans this issue, or plans it anew |
    | `/plan anyway` | plans without waiting for answers; the plan says what it assumes |
    | `/plan adopt [path]` | makes a version of the plan that you write below it, or of the file that it names |
    | `/plan template` | shows an empty plan to fill in yourself |
    | `/revise text` | makes a new version that answers this |
    | `/approve [digest]` | approves the version with this digest, as an approving review does |
    | `/unapprove` | takes your approval or objection back |
    | `/reject why` | objects, until you take it back |
    | `/lift @login` | sets someone's objection aside; an administrator can |
    | `/cancel` | ends the run; whoever asked for it and the issue's author can, too |
    | `/stop` | stops the work and keeps what is done; whoever may cancel can |
    | `/pause` | stops the work at the end of the step that is under way; whoever may cancel can |
    | `/resume` | goes on with work that was stopped |
    | `/continue [guidance]` | goes on with it and minds this, inside what was approved |
    | `/budget +2.50` | grants the work so many dollars more and goes on with it; whoever may approve can |
    | `/fix [what]` | mends the work under review, inside what was approved; alone it takes up what was said there |
    | `/update` | merges the base branch into the work, and settles what conflicts inside the scope |
    | `/retry [digest] [from step]` | runs the approved version again after a failure, from what is done or from that step |
    | `/split` | opens an issue for each step of the plan, below this one; the run goes on as it is |
    | `/status` | says where the run stands; anyone can ask |
    | `/diff [v1 [v2]]` | shows what changed between two versions, or last; anyone can ask |
    | `/history` | lists the versions and what was decided; anyone can ask |
    | `/help` | shows this; anyone can ask |

    What stands in [ ] may be left out. Where nothing else is said, it takes write access.
    ");
}

#[test]
fn after_a_day_of_asking_people_are_asked() {
    let reasons = vec![Reason::PermissionUnknown { act: ActId::Review(1), by: person("bob") }, Reason::BranchUnknown];
    let away = said(&Words::StillUnknown { reasons: reasons.clone(), digest: digest(), away: true });
    assert!(away.starts_with("For seven days GitHub answered nothing, and I could not find out whether this version"));
    insta::assert_snapshot!(said(&Words::StillUnknown { reasons, digest: digest(), away: false }), @r"
    For a day I could not find out whether this version is approved, so nothing is done, and I ask no longer by myself:

    - GitHub does not say at the moment what `bob` may do here.
    - GitHub does not say at the moment where the plan branch is.

    When GitHub answers again, approve once more, with a review or with this comment, and I look anew. If it does not, the operator of this App can see why in its log.

    ```text
    /approve 3f3f3f3f3f3f
    ```
    ");
}

#[test]
fn d29_an_approval_found_late_is_asked_for_again() {
    insta::assert_snapshot!(said(&Words::LearntLate { who: person("bob") }), @"@bob, GitHub did not tell me of your approval when you gave it, and what I find now does not show for certain what you approved. Please approve once more.");
}

#[test]
fn what_an_ended_run_leaves_behind_is_named() {
    let branches = vec!["assentry/42-plan-t-abcdef".parse().unwrap()];
    insta::assert_snapshot!(said(&Words::LeftBehind { branches }), @"The run ended while something was being written to `assentry/42-plan-t-abcdef`. No pull request belongs to it. I do not delete what somebody may have pushed to: whoever has write access can, if nobody needs it.");
}

#[test]
fn every_answer_shows_the_spelling_in_force() {
    let spelling = Spelling { prefix: "/assentry ".parse().unwrap(), slug: None };
    let words = [
        Words::Help,
        Words::UnknownCommand { typed: "aprove".to_owned(), nearest: Some("approve".to_owned()) },
        Words::NeedsText { wanted: "revise".to_owned() },
        Words::NotAllowed { who: person("eve"), wanted: "label".to_owned() },
        Words::Questions { questions: vec!["Is `/plan` meant?".to_owned()] },
        Words::TooLate { who: person("ann") },
        Words::NotApproved { who: person("bob"), reasons: vec![], version: 2, digest: digest() },
    ];
    for words in words {
        let said = said_as(&words, &spelling);
        let other =
            said.split('`').skip(1).step_by(2).find(|code| code.starts_with('/') && !code.starts_with("/assentry "));
        assert_eq!(other.filter(|_| !matches!(words, Words::Questions { .. })), None, "{said}");
        assert!(said.contains("/assentry ") && !said.contains("\n/approve"), "{said}");
    }
}

#[test]
fn a_slip_is_asked_back() {
    insta::assert_snapshot!(said(&Words::UnknownCommand { typed: "aprove".to_owned(), nearest: Some("approve".to_owned()) }), @"I do not know `/aprove`. Did you mean `/approve`? `/help` lists what can be typed.");
    insta::assert_snapshot!(said(&Words::UnknownCommand { typed: "@assentry please start".to_owned(), nearest: None }), @"I do not know `@assentry please start`. `/help` lists what can be typed.");
}

#[test]
fn r12_a_limit_that_is_reached_is_named_with_the_moment_it_ends() {
    let said_of = |of, most| {
        let reached = LimitReached { of, most, until: Timestamp(1_795_358_460_000) };
        said(&Words::LimitReached { who: person("bob"), reached })
    };
    insta::assert_snapshot!(said_of(LimitOf::Repository, 50), @"@bob, nothing was begun: 50 runs may begin in this repository within 24 hours, and they have. There is room for the next at 2026-11-22 14:41:00 UTC; please ask again then. Until then I only react to those who ask. The operator of this App sets the limit.");
    insta::assert_snapshot!(said_of(LimitOf::Person, 1), @"@bob, nothing was begun: one person may begin 1 run within 24 hours, and you have. There is room for your next at 2026-11-22 14:41:00 UTC; please ask again then. Until then I only react. The operator of this App sets the limit; somebody else who may ask for plans need not wait.");
}

#[test]
fn an_edit_into_a_command_is_told_what_counts() {
    insta::assert_snapshot!(said(&Words::EditIsNoCommand { who: person("bob"), wanted: "revise".to_owned() }), @"@bob, I read a comment as it was first written, so nothing follows from editing it. Please write `/revise` in a new comment.");
}

#[test]
fn a_label_without_the_right_says_who_has_it() {
    insta::assert_snapshot!(said(&Words::NotAllowed { who: person("eve"), wanted: "label".to_owned() }), @"@eve, a plan begins when someone with write access sets the label. Please ask a maintainer to set it anew, or to write `/plan`.");
}

#[test]
fn a_cancel_without_the_right_says_who_has_it() {
    insta::assert_snapshot!(said(&Words::NotAllowed { who: person("eve"), wanted: "cancel".to_owned() }), @"@eve, only people with triage access, whoever asked for the plan and the author of the issue can cancel it.");
}

#[test]
fn a_command_without_the_right_says_who_has_it() {
    insta::assert_snapshot!(said(&Words::NotAllowed { who: person("eve"), wanted: "revise".to_owned() }), @"@eve, `/revise` needs write access to this repository. Somebody who has it can do it for you.");
}

#[test]
fn e6_a_request_by_somebody_the_operator_shuts_out_says_who_can_make_it() {
    insta::assert_snapshot!(said(&Words::NotAllowed { who: person("eve"), wanted: "denied".to_owned() }), @"@eve, the operator of this server does not let you ask for plans. Someone else with write access can set the label, or write `/plan`.");
}

#[test]
fn d49_an_approval_of_nothing_says_where_the_run_stands() {
    insta::assert_snapshot!(said(&Words::NothingToApprove { who: person("bob"), wanted: "approve".to_owned(), phase: "ended".to_owned() }), @"@bob, `/approve` found nothing to act on: the run is over. `/plan` on the issue begins another, as long as the issue is open. [The status comment](https://github.com/acme/widgets/issues/42#issuecomment-9) tells the rest.");
}

#[test]
fn a_start_says_by_whom_and_how_to_stop_it() {
    insta::assert_snapshot!(said(&Words::Started { version: 2, digest: digest(), by: vec![person("bob"), person("ann")] }), @"`v2 · 3f3f3f3f3f3f` is approved by `bob` and `ann`. The work starts now and changes only what the plan allows; `/stop` stops it and keeps what is done, `/cancel` ends the run. [The status comment](https://github.com/acme/widgets/issues/42#issuecomment-9) tells the rest.");
}

#[test]
fn questions_say_who_can_answer() {
    insta::assert_snapshot!(said(&Words::Questions { questions: vec!["Which?".to_owned(), "<b>Why</b>\nnot?".to_owned()] }), @r"
    Before I can write a plan I need to know:

    1. Which?
    2. \<b>Why\</b> not?

    Answer in a comment that begins with `1.`, as the list does; people with write access and the issue's author are heard. `/plan anyway` goes on without answers, on assumptions that the plan states.
    ");
}

#[test]
fn d2_a_void_version_says_why() {
    insta::assert_snapshot!(said(&Words::VersionVoid { version: 2, reason: Reason::BranchMoved }), @"v2 can no longer be approved. Someone else pushed to the plan branch, so what stands there is not what was approved. `/plan` makes a new version.");
}

#[test]
fn a_late_note_says_where_it_helps() {
    insta::assert_snapshot!(said(&Words::TooLate { who: person("ann") }), @"@ann, your note came when the work on this version had begun, so it does not change it. If it fits what was approved, write `/stop`, then `/continue` and your words; for another plan `/cancel`, then `/plan` and what you want. Or say it on the pull request with the work, once it is there.");
}

#[test]
fn another_plan_while_the_work_is_up_is_sent_there() {
    insta::assert_snapshot!(said(&Words::WorkIsUp { who: person("ann"), pull: PullNumber(7) }), @"@ann, the work on this plan is up for review in #7, so the plan stays as it is. Say there what the work lacks, or write `/fix` and what. To plan anew, close #7 and write `/plan` here.");
}

#[test]
fn a_command_without_a_run_says_how_to_start_one() {
    insta::assert_snapshot!(said(&Words::NoRun { who: person("ann"), wanted: "status".to_owned() }), @"@ann, `/status` found no run on this issue. Someone with write access can start one with `/plan`.");
}

#[test]
fn a_status_links_the_status_comment() {
    insta::assert_snapshot!(said(&Words::Status { phase: "executing".to_owned() }), @"The run is at work on an approved plan. [The status comment](https://github.com/acme/widgets/issues/42#issuecomment-9) tells the rest.");
}

#[test]
fn d3_a_stale_approval_shows_the_way_to_the_right_one() {
    insta::assert_snapshot!(said(&Words::NotApproved { who: person("bob"), reasons: vec![Reason::EarlierVersion { act: ActId::Review(1), versions: None }], version: 2, digest: digest() }), @r"
    @bob, this is not approved yet. That approval is for an earlier version; `/diff` shows what changed last. Please read the current one, and approve that.

    Up for approval is `v2 · 3f3f3f3f3f3f`. To approve it, give an approving review on #43 or this comment:

    ```text
    /approve 3f3f3f3f3f3f
    ```
    ");
}

#[test]
fn d51_an_objection_without_the_right_is_advice_and_says_why() {
    let reason = Reason::NotListed { act: ActId::Comment(1), by: person("eve") };
    insta::assert_snapshot!(said(&Words::OnlyAdvice { who: person("eve"), reason }), @"@eve, an objection blocks a plan only if its author could approve it; yours stands here as advice. `eve` is not on this repository's list of approvers.");
}

#[test]
fn an_objection_that_is_not_there_is_not_set_aside() {
    insta::assert_snapshot!(said(&Words::NothingToLift { who: person("dora"), login: "cara".to_owned() }), @"@dora, nobody called `cara` has an objection here that could be set aside. [The status comment](https://github.com/acme/widgets/issues/42#issuecomment-9) tells the rest.");
}

#[test]
fn who_may_not_set_an_objection_aside_is_told_who_may() {
    insta::assert_snapshot!(said(&Words::DismissalLiftsNothing { who: person("bob"), author: person("cara") }), @"@bob, dismissing the review of `cara` does not set the objection aside: that takes its author, or an administrator who did not ask for the plan.");
    insta::assert_snapshot!(said(&Words::NotAllowed { who: person("bob"), wanted: "lift".to_owned() }), @"@bob, an objection is set aside by an administrator of the repository who did not ask for the plan, or taken back by its author.");
}

#[test]
fn a_bot_is_not_mentioned() {
    insta::assert_snapshot!(said(&Words::NotAllowed { who: person("renovate[bot]"), wanted: "plan".to_owned() }), @"`renovate[bot]`, `/plan` needs write access to this repository. Somebody who has it can do it for you.");
}

#[test]
fn q24_every_reason_is_a_sentence_about_what_it_is_about() {
    let (act, by, team) = (ActId::Comment(1), || person("eve"), "acme/core".parse::<TeamName>().unwrap());
    let reasons = [
        Reason::NobodyApproved,
        Reason::TooFew { have: 1, need: 2 },
        Reason::EarlierVersion { act, versions: None },
        Reason::EarlierVersion { act, versions: Some((1, 2)) },
        Reason::UnboundReview { act },
        Reason::BeforePublication { act },
        Reason::BeforeRetry { act },
        Reason::NotADigest { act },
        Reason::UnknownDigest { act },
        Reason::DigestRequired { act },
        Reason::NoWriteAccess { act, by: by() },
        Reason::NotAPerson { act },
        Reason::AskedForIt { act, by: by() },
        Reason::TakenBack { act, how: Voided::Edited },
        Reason::TakenBack { act, how: Voided::Deleted },
        Reason::TakenBack { act, how: Voided::Dismissed },
        Reason::TakenBack { act, how: Voided::Used },
        Reason::Vetoed { act, by: by() },
        Reason::Vetoed { act: ActId::Review(1), by: by() },
        Reason::PermissionUnknown { act, by: by() },
        Reason::BranchUnknown,
        Reason::BaseUnknown,
        Reason::BranchMoved,
        Reason::BranchGone,
        Reason::BaseGone,
        Reason::BaseMoved { paths: (0..7).map(|n| format!("src/{n}.rs")).collect() },
        Reason::NotListed { act, by: by() },
        Reason::AnotherAccount { act, by: by() },
        Reason::PendingMember { act, by: by(), team: team.clone() },
        Reason::TeamUnknown { act, by: by(), team },
        Reason::Denied { act, by: by() },
        Reason::Expired { act, by: by() },
        Reason::InputChanged { act, by: Some(by()) },
        Reason::InputChanged { act, by: None },
        Reason::OwnerMissing { path: "src/a.rs".to_owned(), owners: vec!["@ann".to_owned(), "@acme/core".to_owned()] },
        Reason::OwnerUnclear { path: "src/a.rs".to_owned(), owners: vec!["docs@example.com".to_owned()] },
        Reason::OwnersUnknown,
        Reason::PolicyBroken,
        Reason::PolicyUnknown,
        Reason::TimeUnknown,
        Reason::OwnersTooLarge,
        Reason::RepositoryUnknown,
    ];
    let words = Words::NotApproved { who: person("bob"), reasons: reasons.to_vec(), version: 2, digest: digest() };
    insta::assert_snapshot!(said(&words), @r"
    @bob, this is not approved yet.

    - Nobody has approved this version yet.
    - 1 of 2 approvals are there; another person with write access can give one.
    - That approval is for an earlier version; `/diff` shows what changed last. Please read the current one, and approve that.
    - That approval is for an earlier version, v1; `/diff v1 v2` shows what is different in v2. Please read that, and approve the current one.
    - GitHub did not say which commit that review is for; `/approve` with the digest says it.
    - That approval was made before this version was there to be read; please approve once more.
    - That approval is not later than `/retry`, so it belongs to the run before; please approve once more.
    - What stands behind `/approve` is not a digest: it takes 12 to 64 digits of 0-9 and a-f, after one space.
    - No version of this plan has that digest.
    - Here `/approve` has to name the digest, so that it is certain what is approved.
    - `eve` has no write access to this repository; someone who has can approve.
    - Only people approve; an App or bot, or an App in a person's name, does not count.
    - `eve` asked for this plan, so another person with write access must approve it.
    - That approval was edited and no longer counts.
    - That approval was deleted and no longer counts.
    - That approval was dismissed and no longer counts.
    - That approval was used for an earlier run and no longer counts.
    - `eve` has objected. `eve` can take that back with `/unapprove` or approve; an administrator who did not ask for the plan can set it aside with `/lift @eve`.
    - `eve` has requested changes. `eve` can approve, or take that back with `/unapprove`; an administrator who did not ask for the plan can dismiss the review or write `/lift @eve`.
    - GitHub does not say at the moment what `eve` may do here; it is asked again.
    - GitHub does not say at the moment where the plan branch is; it is asked again.
    - GitHub does not say at the moment where the base branch is; it is asked again.
    - Someone else pushed to the plan branch, so what stands there is not what was approved.
    - The plan branch was deleted.
    - The base branch no longer contains the commit that the plan was written against.
    - The base branch has changed in files that this plan rests on: `src/0.rs`, `src/1.rs`, `src/2.rs`, `src/3.rs`, `src/4.rs` and 2 more.
    - `eve` is not on this repository's list of approvers; someone who is can approve.
    - The list of approvers names `eve`, and meant another account: it binds by number. Someone who may change the repository's policy can list this account.
    - `eve` was invited to `acme/core` and has not accepted yet; after that, please approve once more.
    - GitHub does not say at the moment whether `eve` is in `acme/core`; it is asked again.
    - The operator of this server does not let `eve` decide here; someone else can approve.
    - The approval of `eve` is too old to start work on; please approve once more.
    - `eve` changed the issue after that approval. Approving once more goes on with the text the plan was made from; `/plan` starts over with the new one.
    - Someone changed the issue after that approval. Approving once more goes on with the text the plan was made from; `/plan` starts over with the new one.
    - `src/a.rs` needs an approval by one of its owners: `@ann`, `@acme/core`.
    - The owners' file names only `docs@example.com` for `src/a.rs`, and none of them can approve; whoever may change that file on the default branch can mend it.
    - GitHub does not say at the moment who owns the planned paths; it is asked again.
    - This repository's `.github/assentry.toml` has mistakes; nothing goes on until they are mended.
    - GitHub does not say at the moment what this repository's policy is; it is asked again.
    - GitHub does not say at the moment what time it is, so the approval's age is unknown; it is asked again.
    - The owners' file is too large to be heeded: GitHub takes up to 3 MB, and the planned paths may have up to 50 different owners. Whoever may change it on the default branch can mend it; a plan with a smaller scope may do.
    - GitHub does not say at the moment what became of the repository and the plan pull request; it is asked again.
    ");
}

#[test]
fn a_plan_that_is_not_sound_is_answered_line_by_line() {
    let fault = |line, what: &str| ParseFault { line, what: what.to_owned() };
    let faults = vec![fault(3, "a plan has no section \"Budget\""), fault(9, "`@all` is used twice")];
    insta::assert_snapshot!(said(&Words::PlanNotSound { who: person("bob"), faults }), @r#"
    @bob, this plan cannot be adopted as it is:

    - line 3: a plan has no section "Budget"
    - line 9: ``@all`` is used twice

    Please mend it and offer it again.
    "#);
    insta::assert_snapshot!(said(&Words::NoSuchFile { who: person("bob"), path: "docs/plan.md".to_owned() }), @"@bob, there is no file `docs/plan.md` on the default branch that I could adopt. Name one, or write the plan below `/plan adopt` in the same comment.");
    insta::assert_snapshot!(said(&Words::NeedsText { wanted: "plan adopt".to_owned() }), @"Which plan? Write it below `/plan adopt` in the same comment, in the form of a plan file, or name a file on the default branch behind it. `/plan template` shows the form.");
}

#[test]
fn the_ends_of_revising_are_told() {
    insta::assert_snapshot!(said(&Words::RoundsOver { rounds: 10 }), @"10 revisions were made in a row. I have noted what was said since, and begin the next when someone with write access writes `/plan`.");
    insta::assert_snapshot!(said(&Words::EditIsNotRead { who: person("bob") }), @"@bob, what a note says when it is made is what counts; I do not read edits. Please say what is different in a comment of its own.");
    insta::assert_snapshot!(said(&Words::NoSuchVersion { who: person("bob"), newest: 2 }), @"@bob, there is no such pair of versions; the newest is v2. `/diff` shows what changed last, `/diff v1 v2` any two.");
    let difference = Words::Difference { from: 1, to: 3, text: "The texts of v1 and v3 are the same.".to_owned() };
    insta::assert_snapshot!(said(&difference), @r"
    From v1 to v3:

    The texts of v1 and v3 are the same.
    ");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t16_nothing_we_answer_is_a_command(text in "(/approve 3fa9c1d2e07b|/|\n|[a-z @#`]){0,12}", version: u32) {
        let reason = Reason::BaseMoved { paths: vec![text.clone()] };
        for words in [
            Words::Help,
            Words::UnknownCommand { typed: text.clone(), nearest: Some(text.clone()) },
            Words::UnknownCommand { typed: text.clone(), nearest: None },
            Words::NotAllowed { who: person("ann"), wanted: text.clone() },
            Words::NotApproved { who: person("ann"), reasons: vec![reason.clone()], version, digest: digest() },
            Words::NothingToApprove { who: person("ann"), wanted: text.clone(), phase: text.clone() },
            Words::Started { version, digest: digest(), by: vec![person("ann")] },
            Words::Questions { questions: vec![text.clone()] },
            Words::VersionVoid { version, reason: reason.clone() },
            Words::TooLate { who: person("ann") },
            Words::WorkIsKept { who: person("ann"), version, steps: vec![text.clone()] },
            Words::NoRun { who: person("ann"), wanted: text.clone() },
            Words::Status { phase: text.clone() },
            Words::StillUnknown { reasons: vec![reason], digest: digest(), away: version % 2 == 0 },
            Words::LeftBehind { branches: vec!["assentry/42-t-abcdef".parse().unwrap()] },
            Words::NothingToLift { who: person("ann"), login: text.clone() },
            Words::RoundsOver { rounds: version },
            Words::FollowUpsOver { rounds: version },
            Words::FollowUpFailed { why: crate::workflow::run::Trouble::Lost { text: text.clone() } },
            Words::NeedsMore { version, deviation: Box::new(deviation(&text)) },
            Words::NotWidened {
                version,
                outcome: Box::new(Outcome::NeedsNewPlan {
                    why: crate::workflow::run::Trouble::PlanIsWrong { text: text.clone() },
                }),
            },
            Words::FollowUpStopped { who: person("ann") },
            Words::ChecksStayRed { checks: text.len() },
            Words::WorkIsUp { who: person("ann"), pull: PullNumber(7) },
            Words::NoSuchStep { who: person("ann"), step: text.clone(), steps: vec![text.clone()] },
            Words::PlanNotSound { who: person("ann"), faults: vec![ParseFault { line: version, what: text.clone() }] },
            Words::NoSuchFile { who: person("ann"), path: text.clone() },
            Words::EditIsNotRead { who: person("ann") },
            Words::NoSuchVersion { who: person("ann"), newest: version },
            Words::EditIsNoCommand { who: person("ann"), wanted: text.clone() },
            Words::LimitReached { who: person("ann"), reached: LimitReached { of: LimitOf::Person, most: version, until: Timestamp(0) } },
            Words::Template { hints: Hints::of(vec![text.clone()], std::slice::from_ref(&text)) },
            Words::OutOfBudget { full: Full::Budget { limit: Limit::Money } },
            Words::Raised { who: person("ann"), micro_dollars: u64::from(version), goes_on: version > 9 },
            Words::Deviates { version, deviation: Box::new(deviation(&text)), steps: vec![text.clone()] },
            Words::AsksToDeviate { deviation: Box::new(deviation(&text)) },
            Words::RaisedForReview { who: person("ann"), micro_dollars: u64::from(version) },
            Words::NotRaised { who: person("ann"), why: Box::new(NotRaised::TooMuch { most: u64::from(version) }) },
            Words::NotRaised { who: person("ann"), why: Box::new(NotRaised::NotEligible { reason: Reason::PolicyBroken }) },
            Words::NotRaised { who: person("ann"), why: Box::new(NotRaised::NotJudged) },
        ] {
            for (prefix, slug) in [("/", "ann"), ("!", "assentry"), ("/assentry ", "assentry")] {
                let prefix = prefix.parse().unwrap();
                let spelling = Spelling { prefix, slug: Some(slug.to_owned()) };
                prop_assert_eq!(spelling.parse(&said_as(&words, &spelling)), None);
            }
        }
    }
}

#[test]
fn t56_work_that_rests_for_want_of_money_says_who_can_grant_it() {
    let words = Words::OutOfBudget { full: Full::Budget { limit: Limit::Money } };
    insta::assert_snapshot!(said(&words), @"The work rests, and what is done is kept. The approved budget is used up (money): there is no room for another call of the model. `/budget +2.50` by somebody who may approve grants $2.50 more, and turns, tokens and minutes in the same proportion; then the work goes on. `/cancel` ends the run.");
}

#[test]
fn a_changed_issue_is_asked_about_with_both_ways_on() {
    let who = Some(person("ann"));
    let words = Words::InputChanged { who, inputs: vec![Input::Title, Input::Body], version: 2, digest: digest() };
    insta::assert_snapshot!(said(&words), @r"
    `ann` changed the title and the text after v2 was written. To go on with the text that `v2 · 3f3f3f3f3f3f` was made from, approve it once more:

    ```text
    /approve 3f3f3f3f3f3f
    ```

    To plan with the new text, write `/plan`.
    ");
}

#[test]
fn a_merged_plan_is_explained() {
    let words = Words::PlanPullMerged { who: Some(person("cara")), version: 2, digest: digest() };
    insta::assert_snapshot!(said(&words), @r"
    `cara` merged the plan pull request. Merging approves nothing, and approvals given before it no longer count. If `v2 · 3f3f3f3f3f3f` is to be built, approve it once more with a comment; if not, `/plan` makes a new one.

    ```text
    /approve 3f3f3f3f3f3f
    ```
    ");
}

#[test]
fn a_reminder_says_what_happens_without_an_answer() {
    let words = Words::Reminder { version: 2, digest: digest() };
    insta::assert_snapshot!(said(&words), @"
    The plan `v2 · 3f3f3f3f3f3f` still waits for approval: an approving review, or this comment.

    ```text
    /approve 3f3f3f3f3f3f
    ```

    If nobody approves it, it will be closed; `/cancel` closes it now. There will be no other reminder.
    ");
}

#[test]
fn a_version_that_stays_out_of_date_says_why_and_who_can_go_on() {
    let reason = Reason::BaseMoved { paths: vec!["src/a.rs".to_owned()] };
    let words = Words::StaysStale { version: 4, reason };
    insta::assert_snapshot!(said(&words), @"v4 is out of date. The base branch has changed in files that this plan rests on: `src/a.rs`. The versions before it were written without anyone asking, so the next one waits for a person: `/plan` makes it.");
}

#[test]
fn what_changed_after_the_work_was_opened_is_told_where_it_is_decided() {
    let edit = InputEdit { what: Input::Comment(CommentId(7)), by: None, at: Timestamp(0), text: None };
    let words = Words::ChangedAfter { change: Change::Input { edits: vec![edit] } };
    insta::assert_snapshot!(said(&words), @"Someone changed comment 7 of [issue #42](https://github.com/acme/widgets/issues/42) after this work was done. Nothing was done about it; whether to merge is decided here.");
    insta::assert_snapshot!(said(&Words::ChangedAfter { change: Change::IssueClosed }), @"[Issue #42](https://github.com/acme/widgets/issues/42), which this work is for, was closed. Nothing was done about it; whether to merge is decided here.");
    insta::assert_snapshot!(said(&Words::ChangedAfter { change: Change::MadePublic }), @"The repository was made public after this work was done: please look for what should not be seen. Nothing was done about it; whether to merge is decided here.");
    let base = BaseFact::Contains { overlap: vec!["bin/slug".to_owned()] };
    insta::assert_snapshot!(said(&Words::ChangedAfter { change: Change::BaseSeen { base } }), @"The base branch has changed, and this work conflicts with it in `bin/slug`. `/update` here merges it, and settles what conflicts inside the plan's scope. Nothing was done about it; whether to merge is decided here.");
}
