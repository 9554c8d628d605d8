//! GitHub or a model is away for hours, or half of it is: what is finished is kept and brought later, and nothing is paid
//! for twice (F31, F45, F46).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use assentry::demo::github::{Fault, Wrong};
use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};
use assentry::ids::RunId;
use assentry::workflow::run::{DeliverStage, Delivering, State};
use serde_json::json;

use crate::world::{REPO, World};

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// The story's model, which counts how often it was asked.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>);

impl Script for Counted {
    fn answer(&self, request: &Seen) -> Reply {
        self.0.fetch_add(1, Ordering::SeqCst);
        if request.mentions("Work on this was begun before") {
            return Reply::call("finish", &json!({"summary": "Dashes are trimmed."}));
        }
        Storyteller.answer(request)
    }
}

/// What there is in the end.
#[derive(Debug, PartialEq, Eq)]
struct End {
    phase: String,
    comments: usize,
    /// Pull requests, with whether they are open and how many commits they have.
    pulls: Vec<(String, bool, usize)>,
    branches: usize,
    model_calls: usize,
}

/// A story under way.
struct Told {
    world: World,
    calls: Counted,
    issue: i64,
}

impl Told {
    async fn labelled() -> Told {
        let calls = Counted::default();
        let world = Box::pin(World::with_model(calls.clone())).await;
        let issue = world.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
        world.person("ann").labels(issue, "assentry").unwrap();
        Told { world, calls, issue }
    }

    /// A plan, and its approval a minute later.
    async fn approved() -> Told {
        let told = Told::labelled().await;
        told.world.settle().await;
        told.approves().await;
        told
    }

    /// Nobody reads a plan in a second.
    async fn approves(&self) {
        self.world.github.advances(Duration::from_secs(60));
        self.world.person("bob").approves(self.world.plan_pull(self.issue).await).unwrap();
    }

    /// Lets things happen one by one until the run is so.
    async fn until(&self, so: impl Fn(&State) -> bool) {
        for _ in 0..200 {
            if so(&self.world.state(self.issue).await) {
                return;
            }
            self.world.one_thing_happens().await;
        }
        unreachable!("{:#?}", self.world.state(self.issue).await);
    }

    async fn end(&self) -> End {
        let pulls = self.world.github.pulls(REPO).into_iter();
        End {
            phase: self.world.phase(self.issue).await,
            comments: self.world.said(self.issue).len(),
            pulls: pulls
                .map(|pull| (pull.title, pull.open, self.world.github.pull_commits(REPO, pull.number).len()))
                .collect(),
            branches: self.world.github.branches(REPO).len(),
            model_calls: self.calls.0.load(Ordering::SeqCst),
        }
    }

    /// Two kinds of requests fail once each, one before and one after it was done.
    fn fails_somewhere(&self, state: &mut u64) {
        const PLACES: [&str; 9] = [
            "/access_tokens",
            "/issues",
            "/comments",
            "/pulls",
            "/git/",
            "/graphql",
            "/collaborators",
            "/check-runs",
            "",
        ];
        for wrong in [Wrong::RefusedBefore(503), Wrong::RefusedAfter(502)] {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let path = PLACES[usize::try_from(*state >> 33).unwrap() % PLACES.len()].to_owned();
            self.world.github.goes_wrong(Fault { method: "", path, times: 1, wrong });
        }
    }

    /// Six hours in which the App is answered nothing, and people come back after them.
    async fn six_hours_without_github(&self) {
        self.is_away(36, TEN_MINUTES).await;
        self.world.github.heals();
    }

    /// The App is answered nothing for as many spans of time.
    async fn is_away(&self, times: usize, span: Duration) {
        self.world.github.is_down("");
        let before = self.end().await;
        for _ in 0..times {
            self.world.github.advances(span);
            self.world.settle_now().await;
        }
        let End { phase, model_calls, .. } = self.end().await;
        assert_eq!(self.end().await, End { phase, model_calls, ..before }, "the outage has a hole");
    }
}

async fn calm() -> End {
    let told = Told::approved().await;
    told.world.settle().await;
    told.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_six_hours_without_github_keep_a_finished_plan_and_finished_work_and_buy_nothing_twice() {
    let expected = calm().await;
    assert_eq!(expected.phase, "in_review");

    for phase in ["planning", "publishing"] {
        let told = Told::labelled().await;
        told.world.until(told.issue, phase).await;
        told.six_hours_without_github().await;
        told.world.passes(TEN_MINUTES).await;
        told.world.passes(TEN_MINUTES).await;
        told.approves().await;
        told.world.settle().await;
        assert_eq!(told.end().await, expected, "away while {phase}");
    }
    for phase in ["executing", "delivering"] {
        let told = Told::approved().await;
        told.world.until(told.issue, phase).await;
        told.six_hours_without_github().await;
        told.world.passes(TEN_MINUTES).await;
        told.world.passes(TEN_MINUTES).await;
        assert_eq!(told.end().await, expected, "away while {phase}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_a_finished_plan_is_kept_for_seven_days_and_then_the_run_ends_with_the_reason() {
    let expected = calm().await;
    let told = Told::labelled().await;
    told.world.until(told.issue, "publishing").await;
    // On the first of these days alone there are more than a hundred tries.
    told.is_away(120, Duration::from_secs(901)).await;
    told.is_away(136, Duration::from_secs(3_600)).await;
    told.world.github.heals();
    told.world.passes(TEN_MINUTES).await;
    told.world.passes(TEN_MINUTES).await;
    told.approves().await;
    told.world.settle().await;
    assert_eq!(told.end().await, expected, "after almost seven days");

    let told = Told::labelled().await;
    told.world.until(told.issue, "publishing").await;
    let paid = told.end().await.model_calls;
    told.is_away(170, Duration::from_secs(3_600)).await;
    told.world.github.heals();
    told.world.passes(TEN_MINUTES).await;
    let End { phase, model_calls, .. } = told.end().await;
    assert_eq!((phase.as_str(), model_calls), ("ended", paid));
    let said = told.world.said(told.issue);
    let why = "GitHub could not be reached, or did not do its part, for seven days, since ";
    let what = ", so the plan that was written could not be brought there. The last answer: ";
    assert!(said.iter().any(|text| text.contains(why) && text.contains(what)), "{said:#?}");
    assert!(said.iter().any(|text| text.contains("`/retry` publishes it and approves nothing")), "{said:#?}");

    // It is not written again, and not approved by this.
    told.world.person("cara").comments(told.issue, "/retry").unwrap();
    told.world.settle().await;
    let End { phase, model_calls, .. } = told.end().await;
    assert_eq!((phase.as_str(), model_calls), ("awaiting_approval", paid), "{:#?}", told.world.said(told.issue));
    told.approves().await;
    told.world.settle().await;
    let End { phase, model_calls, .. } = told.end().await;
    assert_eq!((phase.as_str(), model_calls), ("in_review", expected.model_calls));
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_a_revision_that_could_not_be_published_for_seven_days_is_published_by_a_retry() {
    let told = Told::labelled().await;
    told.world.settle().await;
    told.world.person("cara").comments(told.issue, "/revise Please tell the changelog.").unwrap();
    told.until(|state| matches!(state, State::Publishing(publishing) if publishing.version == 2)).await;
    let paid = told.end().await.model_calls;
    told.is_away(170, Duration::from_secs(3_600)).await;
    told.world.github.heals();
    told.world.passes(TEN_MINUTES).await;
    assert_eq!(told.world.phase(told.issue).await, "ended");

    told.world.person("cara").comments(told.issue, "/retry").unwrap();
    told.world.settle().await;
    let said = told.world.said(told.issue);
    let State::AwaitingApproval(waiting) = told.world.state(told.issue).await else { panic!("{said:#?}") };
    assert_eq!((waiting.shown.subject.version, told.end().await.model_calls), (2, paid), "{said:#?}");
    let answered = said.iter().any(|text| text.contains("replaces v1.") && text.contains("Step `s2` adds a line"));
    assert!(answered, "{said:#?}");
    told.approves().await;
    told.world.settle().await;
    assert_eq!(told.world.phase(told.issue).await, "in_review", "{:#?}", told.world.said(told.issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_finished_work_that_could_not_be_brought_for_seven_days_is_what_a_retry_goes_on_from() {
    let told = Told::approved().await;
    let opening =
        |state: &State| matches!(state, State::Delivering(Delivering { stage: DeliverStage::Opening { .. }, .. }));
    told.until(opening).await;
    let paid = told.end().await.model_calls;
    let digest = told.world.digest(told.issue).await;
    told.is_away(170, Duration::from_secs(3_600)).await;
    told.world.github.heals();
    told.world.passes(TEN_MINUTES).await;
    assert_eq!(told.world.phase(told.issue).await, "ended");
    let said = told.world.said(told.issue);
    for part in ["so the finished work could not be brought there", "The work is kept on this server. `/retry "] {
        assert!(said.iter().any(|text| text.contains(part)), "{said:#?}");
    }

    told.world.person("bob").comments(told.issue, &format!("/retry {digest}")).unwrap();
    told.world.settle().await;
    let end = told.end().await;
    assert_eq!((end.phase.as_str(), end.model_calls), ("in_review", paid + 1), "{:#?}", told.world.said(told.issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_f31_a_gate_that_could_not_ask_for_days_is_judged_when_github_is_back_and_nobody_comes() {
    let expected = calm().await;
    for phase in ["awaiting_approval", "delivering"] {
        let told = Told::labelled().await;
        told.world.settle().await;
        told.approves().await;
        match phase {
            "awaiting_approval" => told.until(|state| !state.acts().is_empty()).await,
            phase => told.world.until(told.issue, phase).await,
        }
        // More than the day after which a gate asks people, had GitHub answered anything.
        told.is_away(130, Duration::from_secs(901)).await;
        told.world.github.heals();
        told.world.passes(Duration::from_secs(901)).await;
        told.world.passes(TEN_MINUTES).await;
        assert_eq!(told.end().await, expected, "away while {phase}: {:#?}", told.world.said(told.issue));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_a_github_of_which_something_fails_every_minute_loses_nothing() {
    let expected = calm().await;
    for seed in 1..=3_u64 {
        let told = Told::labelled().await;
        let mut state = seed;
        for phase in ["awaiting_approval", "in_review"] {
            let mut minutes = 0;
            while told.world.phase(told.issue).await != phase {
                told.world.github.heals();
                told.fails_somewhere(&mut state);
                told.world.settle_now().await;
                told.world.github.advances(Duration::from_secs(60));
                minutes += 1;
                assert!(minutes < 720, "seed {seed}: never {phase}: {:#?}", told.end().await);
            }
            if phase == "awaiting_approval" {
                told.approves().await;
            }
        }
        told.world.github.heals();
        told.world.passes(TEN_MINUTES).await;
        told.world.passes(TEN_MINUTES).await;
        assert_eq!(told.end().await, expected, "seed {seed}");
    }
}

/// The answers that were paid for in order to execute.
async fn answers(world: &World) -> i64 {
    let costs = world.core.store.costs(RunId(1)).await.unwrap();
    costs.iter().filter(|costs| costs.phase == "execute").map(|costs| costs.calls - costs.failed).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn f45_f46_a_model_that_is_away_for_an_hour_costs_no_finished_step() {
    let away = Arc::new(AtomicBool::new(true));
    let is_away = Arc::clone(&away);
    let script = move |seen: &Seen| {
        // Behind the tick of the first step.
        if seen.offers("tick") && seen.turns == 3 && is_away.load(Ordering::Relaxed) {
            let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
            let headers = vec![("retry-after".to_owned(), "600".to_owned())];
            return Reply::HttpError { status: 529, headers, body: error.to_string() };
        }
        Storyteller.answer(seen)
    };
    let world = Box::pin(World::with_model(script)).await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;
    for _ in 0..6 {
        let State::Executing(executing) = world.state(issue).await else { panic!("{:#?}", world.said(issue)) };
        assert_eq!(executing.ticked, ["s1"]);
        world.passes(Duration::from_secs(601)).await;
    }
    away.store(false, Ordering::Relaxed);
    world.passes(Duration::from_secs(601)).await;
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
    assert_eq!((answers(&world).await, world.work_pulls().len()), (4, 1), "as without the outage");
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_a_model_that_is_busy_for_a_moment_behind_hours_without_github_is_waited_for() {
    let busy = AtomicUsize::new(2);
    let script = move |seen: &Seen| {
        let asked = || busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if seen.offers("tick") && asked() {
            let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
            let headers = vec![("retry-after".to_owned(), "60".to_owned())];
            return Reply::HttpError { status: 529, headers, body: error.to_string() };
        }
        Storyteller.answer(seen)
    };
    let world = Box::pin(World::with_model(script)).await;
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.until(issue, "executing").await;
    world.github.is_down("");
    for _ in 0..25 {
        world.github.advances(Duration::from_secs(901));
        world.settle_now().await;
    }
    assert_eq!(answers(&world).await, 0);
    world.github.heals();
    for _ in 0..3 {
        world.passes(Duration::from_secs(901)).await;
    }
    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
}
