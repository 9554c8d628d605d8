//! Whoever takes up a piece of work and never reports back, cannot read it, or has no sandbox for it any more: the run does
//! not stay "in progress" for it, and what was done by then is not paid for again.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use assentry::config::Config;
use assentry::demo::github::LineNote;
use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};
use assentry::ids::Timestamp;
use assentry::store::{Lease, Worker};
use assentry::workflow::effect::Lane;
use serde_json::json;
use sqlx::{AnyConnection, Connection as _};

use crate::world::{REPO, World};

/// How long a claim lasts that nobody renews, and a little longer.
const LEASE: Duration = Duration::from_secs(30);
const LONGER: Duration = Duration::from_secs(31);

impl World {
    async fn database(&self) -> AnyConnection {
        let config = Config::load(&self.data.path().join("assentry.toml")).unwrap();
        let path = config.server.database_url.expose().trim_start_matches("sqlite:").to_owned();
        AnyConnection::connect(&format!("sqlite://{path}")).await.unwrap()
    }

    /// Whether an effect of this name is the next of its lane, and due.
    async fn is_next(&self, effect: &str, lane: Lane) -> bool {
        let mut database = self.database().await;
        let next = "SELECT effect, run_at FROM effects WHERE state = 'due' AND lane = $1 \
                    ORDER BY CASE WHEN lane = 'timer' THEN run_at ELSE 0 END, id LIMIT 1";
        let next: Option<(String, i64)> =
            sqlx::query_as(next).bind(lane.as_str()).fetch_optional(&mut database).await.unwrap();
        database.close().await.unwrap();
        next.is_some_and(|(text, run_at)| {
            text.contains(&format!("\"effect\":\"{effect}\"")) && Timestamp(run_at) <= self.our_now()
        })
    }

    /// Lets things happen until this effect is the next.
    async fn until_next(&self, effect: &str, lane: Lane) {
        let mut tries = 0..1_000;
        while !self.is_next(effect, lane).await {
            tries.next().unwrap_or_else(|| panic!("{effect} is never the next"));
            self.one_thing_happens().await;
        }
    }

    /// Changes what is stored behind our back.
    async fn tampers(&self, sql: &'static str) {
        let mut database = self.database().await;
        let changed = sqlx::query(sql).execute(&mut database).await.unwrap().rows_affected();
        database.close().await.unwrap();
        assert!(changed > 0, "{sql}");
    }

    /// Lets things happen until this effect is the next, and then three processes take it, one after the other, and
    /// stand still. Says when the first one did.
    async fn is_taken_by_who_stands_still(&self, effect: &str, lane: Lane) -> Timestamp {
        self.until_next(effect, lane).await;
        let begin = self.github.now();
        for nth in 0..3 {
            let (worker, lease) = (Worker::new(&format!("still {nth}")), Lease { now: self.our_now(), length: LEASE });
            let taken = self.core.store.claim_effect(&worker, &[lane], lease).await.unwrap().expect("it is due");
            assert!(taken.effect.contains(effect) && !taken.poisoned, "{taken:?}");
            self.github.advances(LONGER);
        }
        begin
    }

    /// The issue of the story is labelled, and bob approves the plan when he sees one.
    async fn people_act(&self, until_approved: bool) -> i64 {
        if until_approved {
            let issue = self.planned().await;
            self.person("bob").approves(self.plan_pull(issue).await).unwrap();
            return issue;
        }
        let ann = self.person("ann");
        let issue = ann.opens_issue(story::TITLE, story::BODY).unwrap();
        ann.labels(issue, "assentry").unwrap();
        issue
    }
}

/// A run that cannot go on without this effect ends in public, with what helps.
async fn ends_in_public(effect: &str, lane: Lane, approved: bool) {
    let world = World::start().await;
    let issue = world.people_act(approved).await;
    let begin = world.is_taken_by_who_stands_still(effect, lane).await;
    world.settle().await;

    let (phase, said) = (world.phase(issue).await, world.said(issue));
    assert_eq!(phase, "ended", "{effect}: {said:#?}");
    let status = said.first().expect("a status");
    assert!(status.contains("again and again") && status.contains("`/"), "{effect}: {status}");
    let took = world.github.now().since(begin);
    assert!(took <= Duration::from_secs(600), "{effect}: {took:?}");
    assert_eq!(world.core.store.unfinished_effects(world.row(issue).await.unwrap().id).await.unwrap(), 0, "{effect}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f55_a_plan_whose_maker_stands_still_ends_in_public_within_ten_minutes() {
    for (effect, lane) in [
        ("write_plan", Lane::Work),
        ("commit_plan", Lane::Talk),
        ("open_plan_pull", Lane::Talk),
        ("post_plan", Lane::Talk),
    ] {
        Box::pin(ends_in_public(effect, lane, false)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f55_work_whose_maker_stands_still_ends_in_public_within_ten_minutes() {
    for (effect, lane) in
        [("judge", Lane::Talk), ("execute", Lane::Work), ("push", Lane::Talk), ("open_pull", Lane::Talk)]
    {
        Box::pin(ends_in_public(effect, lane, true)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f55_who_stands_still_while_telling_people_holds_nothing_else_up() {
    for effect in ["react", "show_status"] {
        let world = World::start().await;
        let issue = world.people_act(false).await;
        let begin = world.is_taken_by_who_stands_still(effect, Lane::Talk).await;
        world.settle().await;

        assert_eq!(world.phase(issue).await, "awaiting_approval", "{effect}: {:#?}", world.said(issue));
        let status = world.said(issue).into_iter().find(|text| text.starts_with("**Assentry: ")).expect("a status");
        assert!(status.contains("waiting for approval"), "{effect}: {status}");
        assert!(world.github.now().since(begin) <= Duration::from_secs(600));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f57_a_timer_whose_taker_stands_still_comes_to_its_end_all_the_same() {
    let world = World::start().await;
    let issue = world.planned().await;
    let pull = world.plan_pull(issue).await;
    let (branch, path) = (world.github.pull(REPO, pull).unwrap().head, format!(".assentry/plans/{issue}.md"));
    let file = world.github.file(REPO, &branch, &path).unwrap();
    let line = file.lines().position(|line| line.starts_with(story::REMARK_AT)).unwrap() + 1;
    let note = LineNote { path, line: u32::try_from(line).unwrap(), body: story::REMARK.to_owned() };
    world.person("cara").remarks(pull, &note).unwrap();
    world.is_taken_by_who_stands_still("end_burst", Lane::Timer).await;
    world.settle().await;
    let version = world.state(issue).await.shown().map(|shown| shown.subject.version);
    assert_eq!(version, Some(2), "{:#?}", world.said(issue));

    let world = World::start().await;
    let issue = world.planned().await;
    world.is_taken_by_who_stands_still("time_out", Lane::Timer).await;
    world.settle().await;
    assert_eq!(world.phase(issue).await, "ended", "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn f57_who_wants_to_grant_more_is_answered_though_nobody_could_judge_it() {
    let world = World::start().await;
    let issue = world.people_act(true).await;
    world.settle().await;
    world.person("cara").comments(issue, "/budget +2.50").unwrap();
    world.is_taken_by_who_stands_still("judge_raise", Lane::Talk).await;
    world.settle().await;
    let said = world.said(issue);
    let answer = "@cara, the budget stays as it is. Whether you may grant more could not be found out here";
    assert!(said.iter().any(|text| text.starts_with(answer)), "{said:#?}");
}

const TEN_MINUTES: Duration = Duration::from_secs(601);

#[tokio::test(flavor = "multi_thread")]
async fn f26_an_effect_of_a_newer_version_waits_for_who_can_read_it() {
    let world = World::start().await;
    let issue = world.people_act(false).await;
    world.until_next("write_plan", Lane::Work).await;
    world
        .tampers("UPDATE effects SET effect = replace(effect, 'write_plan', 'rewrite_plan') WHERE state = 'due'")
        .await;
    for _ in 0..6 {
        world.passes(TEN_MINUTES).await;
        assert_eq!(world.phase(issue).await, "planning");
    }
    world
        .tampers("UPDATE effects SET effect = replace(effect, 'rewrite_plan', 'write_plan') WHERE state = 'due'")
        .await;
    world.passes(TEN_MINUTES).await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_a_run_in_a_state_of_a_newer_version_waits_for_who_can_read_it() {
    let world = World::start().await;
    let issue = world.people_act(false).await;
    world.until_next("write_plan", Lane::Work).await;
    world.tampers("UPDATE runs SET state = replace(state, '\"planning\"', '\"replanning\"')").await;
    for _ in 0..6 {
        world.passes(TEN_MINUTES).await;
        assert_eq!(world.phase(issue).await, "planning");
    }
    world.tampers("UPDATE runs SET state = replace(state, '\"replanning\"', '\"planning\"')").await;
    world.passes(TEN_MINUTES).await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));

    // What people say meanwhile is kept as well.
    world.tampers("UPDATE runs SET state = replace(state, 'awaiting_approval', 'awaiting_more')").await;
    world.person("cara").comments(issue, "/cancel").unwrap();
    for _ in 0..6 {
        world.passes(TEN_MINUTES).await;
        assert_eq!(world.phase(issue).await, "awaiting_approval");
    }
    world.tampers("UPDATE runs SET state = replace(state, 'awaiting_more', 'awaiting_approval')").await;
    world.passes(TEN_MINUTES).await;
    assert_eq!(world.phase(issue).await, "ended", "{:#?}", world.said(issue));
}

/// The story's model, at which something else happens once behind the tick of the first step; what was begun before it
/// finishes.
fn behind_the_tick(then: impl Fn() -> Reply + Send + Sync + 'static) -> impl Script {
    let happened = AtomicBool::new(false);
    move |seen: &Seen| {
        if seen.offers("tick") && seen.mentions("Work on this was begun before") {
            return Reply::call("finish", &json!({"summary": "Slugs are trimmed at both ends."}));
        }
        if seen.offers("tick") && seen.turns == 3 && !happened.swap(true, Ordering::Relaxed) {
            return then();
        }
        Storyteller.answer(seen)
    }
}

impl World {
    /// Bob tries an ended run again, and it goes on behind the step that was ticked.
    async fn is_gone_on_with(&self, issue: i64) {
        assert_eq!(self.phase(issue).await, "ended", "{:#?}", self.said(issue));
        let asked = self.model.requests().len();
        let digest = self.digest(issue).await;
        self.person("bob").comments(issue, &format!("/retry {digest}")).unwrap();
        self.settle().await;
        assert_eq!(self.phase(issue).await, "in_review", "{:#?}", self.said(issue));
        let more: Vec<String> = self.model.requests().split_off(asked).into_iter().map(|one| one.body).collect();
        let [only] = &more[..] else { panic!("{}: {:#?}", more.len(), self.said(issue)) };
        assert!(only.contains("Steps that are ticked: s1. Files that differ from the base: bin/slug."), "{only}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_steps_that_were_ticked_before_the_sandbox_broke_are_what_a_retry_goes_on_from() {
    // Where the sandbox has its own files; without them it does not start.
    let place: Arc<OnceLock<PathBuf>> = Arc::default();
    let breaks = Arc::clone(&place);
    let script = behind_the_tick(move || {
        let place = breaks.get().expect("the world stands");
        std::fs::rename(place, place.with_extension("away")).unwrap();
        Reply::call("run", &json!({"command": "true"}))
    });
    let world = Box::pin(World::with_model(script)).await;
    let place = place.get_or_init(|| world.data.path().join("data/sandbox"));
    let issue = world.people_act(true).await;
    world.settle().await;
    assert!(world.said(issue).iter().any(|text| text.contains("`s1`")), "{:#?}", world.said(issue));

    std::fs::rename(place.with_extension("away"), place).unwrap();
    world.is_gone_on_with(issue).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f55_steps_that_were_ticked_before_everybody_stood_still_are_what_a_retry_goes_on_from() {
    let script = behind_the_tick(|| {
        let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
        let headers = vec![("retry-after".to_owned(), "600".to_owned())];
        Reply::HttpError { status: 529, headers, body: error.to_string() }
    });
    let world = Box::pin(World::with_model(script)).await;
    let issue = world.people_act(true).await;
    world.settle().await;
    assert_eq!(world.phase(issue).await, "executing", "{:#?}", world.said(issue));
    world.github.advances(Duration::from_secs(601));
    world.is_taken_by_who_stands_still("execute", Lane::Work).await;
    world.settle().await;
    world.is_gone_on_with(issue).await;
}
