//! Two tenants of one server, each an organization with an installation of its own: what one does is neither shown to,
//! counted for nor reached by the people of the other, and does not keep them waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use assentry::demo::github::{Kind, NewRepository, Role};
use assentry::demo::model::{Reply, Script as _, Seen};
use assentry::demo::story::{self, Storyteller};
use assentry::store::RunRow;
use assentry::web::metrics::Metrics;
use assentry::worker::Role as Loop;
use serde_json::json;

use crate::dashboard::{Browser, ON};
use crate::world::World;

/// A tenant, and a word that stands in all that its people say.
struct Tenant {
    repo: &'static str,
    asks: &'static str,
    approves: &'static str,
    word: &'static str,
}

const TENANTS: [Tenant; 2] = [
    Tenant { repo: "acme/slug", asks: "ann", approves: "bob", word: "xylophone" },
    Tenant { repo: "globex/slug", asks: "gail", approves: "hugo", word: "zeppelin" },
];

/// Both in one world, each with the story's repository, which only its collaborators see.
async fn both(more: &str) -> World {
    let private = || NewRepository { private: true, ..story::repository() };
    // What the model says is about the tenant too.
    let script = |seen: &Seen| {
        let word = TENANTS.iter().find(|tenant| seen.mentions(tenant.word)).map_or("", |tenant| tenant.word);
        let reply = Storyteller.answer(seen);
        if let Reply::Say(said) = &reply {
            return Reply::calls(&said.text.replace("I look", &format!("For {word} I look")), said.calls.clone());
        }
        reply
    };
    let world = Box::pin(World::with(Arc::new(script), private(), &format!("{ON}{more}"))).await;
    world.github.adds_repository(NewRepository { name: "globex/slug".to_owned(), ..private() }).await.unwrap();
    for (login, role) in [("gail", Role::Admin), ("hugo", Role::Write)] {
        world.github.adds_person(login);
        world.github.grants(login, "globex/slug", role).unwrap();
    }
    world
}

impl Tenant {
    fn person(&self, world: &World, login: &str) -> assentry::demo::github::Person {
        world.github.person(login).at(self.repo)
    }

    /// One of them opens an issue and labels it.
    fn begins(&self, world: &World) -> i64 {
        let ann = self.person(world, self.asks);
        let issue = ann.opens_issue(&format!("{} {}", story::TITLE, self.word), story::BODY).unwrap();
        ann.labels(issue, "assentry").unwrap();
        issue
    }

    async fn runs(&self, world: &World) -> Vec<RunRow> {
        let all = world.core.store.runs(None, 500).await.unwrap();
        all.into_iter().filter(|run| run.repo_name.to_string() == self.repo).collect()
    }

    /// The newest run of an issue.
    async fn run(&self, world: &World, issue: i64) -> Option<RunRow> {
        self.runs(world).await.into_iter().find(|run| run.issue_number.0 == issue)
    }

    /// All that stands on GitHub in its repository.
    fn texts(&self, world: &World) -> Vec<String> {
        let pulls = world.github.pulls(self.repo);
        let mut texts: Vec<String> = pulls.iter().flat_map(|pull| [pull.title.clone(), pull.body.clone()]).collect();
        for number in 1.. {
            let comments = world.github.issue_comments(self.repo, number);
            if world.github.issue(self.repo, number).is_none() && world.github.pull(self.repo, number).is_none() {
                return texts;
            }
            texts.extend(comments.into_iter().map(|comment| comment.body));
        }
        texts
    }
}

/// Numbers without a pattern, the same each time.
fn rolls(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |most| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % most as u64).unwrap()
    }
}

/// One of a tenant's people does something, whatever there is to do.
async fn something_happens(world: &World, tenant: &Tenant, other: &Tenant, roll: &mut impl FnMut(usize) -> usize) {
    let runs = tenant.runs(world).await;
    let open: Vec<&RunRow> = runs.iter().filter(|run| run.open).collect();
    if open.is_empty() || roll(4) == 0 {
        tenant.begins(world);
        return world.settle().await;
    }
    let run = open[roll(open.len())];
    let (issue, asks) = (run.issue_number.0, tenant.person(world, tenant.asks));
    let state: assentry::workflow::run::State = serde_json::from_str(&run.state).unwrap();
    match roll(6) {
        0 => drop(asks.comments(issue, &format!("/revise Mention it in CHANGELOG.md, says {}.", tenant.word)).unwrap()),
        1 => drop(asks.comments(issue, "/cancel").unwrap()),
        2 => drop(asks.comments(issue, "/history").unwrap()),
        _ => {
            if let Some(pull) = state.work_pull() {
                let _ = asks.marks_ready(pull.0);
                asks.merges(pull.0).unwrap();
            } else if let Some(plan) = state.plan_pull() {
                // Whoever is not of this tenant does not even find it.
                let stranger = world.github.person(other.approves).at(tenant.repo);
                assert_eq!(stranger.approves(plan.0).unwrap_err().status, 404);
                assert_eq!(stranger.comments(issue, "/cancel").unwrap_err().status, 404);
                let _ = tenant.person(world, tenant.approves).approves(plan.0);
            }
        }
    }
    world.settle().await;
    world.github.advances(Duration::from_secs(60));
}

/// No page that somebody may open says anything of the other tenant, and its runs look like none.
async fn sees_nothing_of(world: &World, login: &str, own: &Tenant, other: &Tenant) {
    let mut browser = Browser::of(world, login).await;
    let (own_runs, their_runs) = (own.runs(world).await, other.runs(world).await);
    let mut paths: Vec<String> =
        ["/runs", "/runs?group=waiting", "/runs?group=ended", "/repositories", "/costs"].map(str::to_owned).to_vec();
    for run in own_runs.first().into_iter().chain(their_runs.first()) {
        paths.extend([format!("/runs?repo={}", run.repo), format!("/costs?repo={}", run.repo)]);
    }
    for run in &own_runs {
        paths.extend(["", "/versions/1", "/log"].map(|rest| format!("/runs/{}{rest}", run.id)));
    }
    for path in paths {
        let page = browser.get(&path).await;
        let organization = other.repo.split('/').next().unwrap();
        for word in [organization, other.word, other.asks, other.approves] {
            let found = page.text().split(|c: char| !c.is_alphanumeric()).any(|it| it == word);
            assert!(!found, "{login} reads {word:?} at {path}: {}", page.text());
        }
    }
    let counted = browser.get("/runs").await.text();
    assert!(counted.contains(&format!("All {} Waiting", own_runs.len())), "{counted}");
    for run in &their_runs {
        for rest in ["", "/versions/1", "/compare/1/2", "/log", "/log/stream"] {
            let page = browser.get(&format!("/runs/{}{rest}", run.id)).await;
            let nothing = browser.get(&format!("/runs/99999{rest}")).await;
            assert_eq!((page.status, page.body), (404, nothing.body), "{login} at {}{rest}", run.id);
        }
    }
    for path in ["/deliveries", "/health"] {
        assert_eq!(browser.get(path).await.status, 404, "{path} is the operator's");
    }
}

/// Every token was for one repository, and reached nothing of another.
fn every_token_is_of_one_tenant(world: &World) {
    let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in world.github.requests().into_iter().filter(|request| request.actor.starts_with("installation ")) {
        let path = request.path.trim_start_matches('/');
        let place = path.strip_prefix("repos/").unwrap_or(path);
        if TENANTS.iter().any(|tenant| place.starts_with(tenant.repo)) {
            reached.entry(request.actor).or_default().insert(place.split('/').next().unwrap().to_owned());
        }
    }
    let owners: Vec<Vec<&str>> = reached.values().map(|owners| owners.iter().map(String::as_str).collect()).collect();
    assert!(owners.len() == 2 && owners.contains(&vec!["acme"]) && owners.contains(&vec!["globex"]), "{reached:?}");
    let all = world.github.exchanges();
    for it in all.iter().filter(|it| it.route == "/app/installations/{installation_id}/access_tokens") {
        // The organization's own repository is known by its name alone.
        let by_name = it.body["repositories"] == json!([".github"]);
        let by_id = it.body["repository_ids"].as_array().is_some_and(|ids| ids.len() == 1);
        let given = it.answer["repositories"].as_array().map_or(0, Vec::len);
        assert!((by_name || by_id) && given <= 1, "{it:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t70_whatever_two_tenants_do_nothing_of_one_is_shown_to_or_counted_for_the_other() {
    for seed in [1, 2] {
        let world = both("").await;
        let mut roll = rolls(seed);
        for tenant in &TENANTS {
            tenant.begins(&world);
        }
        world.settle().await;
        for _ in 0..10 {
            let which = roll(2);
            something_happens(&world, &TENANTS[which], &TENANTS[1 - which], &mut roll).await;
        }

        let [acme, globex] = &TENANTS;
        for (own, other) in [(acme, globex), (globex, acme)] {
            sees_nothing_of(&world, own.approves, own, other).await;
            for text in own.texts(&world) {
                assert!(!text.contains(other.word) && !text.contains(other.repo), "{text}");
            }
            for run in own.runs(&world).await {
                for event in world.core.store.events(run.id).await.unwrap() {
                    let text = format!("{event:?}");
                    assert!(!text.contains(other.word) && !text.contains(other.repo), "{text}");
                }
            }
        }
        for request in world.model.requests() {
            let of = TENANTS.iter().filter(|tenant| request.body.contains(tenant.word)).count();
            assert!(of <= 1, "a conversation is about one tenant: {}", request.body);
        }
        let core = &world.core;
        let metrics = Metrics { counts: core.counts.clone(), store: core.store.clone(), app: core.app.clone() };
        let numbers = metrics.text().await;
        assert!(TENANTS.iter().all(|it| !numbers.contains(it.repo) && !numbers.contains(it.word)), "{numbers}");
        every_token_is_of_one_tenant(&world);
        assert_eq!(world.github.unknown_requests(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t70_a_limit_that_one_tenant_has_reached_is_none_for_the_other() {
    let [acme, globex] = &TENANTS;
    let world = both("[limits]\nruns_per_day = 2\n").await;
    let issues = [acme.begins(&world), acme.begins(&world), acme.begins(&world)];
    world.settle().await;
    assert!(acme.run(&world, issues[1]).await.is_some());
    assert!(acme.run(&world, issues[2]).await.is_none(), "the repository's two runs of this day are begun");

    let issue = globex.begins(&world);
    world.settle().await;
    assert_eq!(globex.run(&world, issue).await.map(|run| run.phase).as_deref(), Some("awaiting_approval"));
}

const FLOOD: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn f10_a_flood_from_one_installation_keeps_nobody_else_waiting() {
    let [acme, globex] = &TENANTS;
    let world = both("[limits]\nruns_per_day = 1000\nruns_per_person_per_day = 1000\n").await;
    let (first, second) = (globex.begins(&world), globex.begins(&world));
    world.settle().await;
    world.github.advances(Duration::from_secs(60));

    // Three deliveries each, and behind them all what the others want.
    world.github.holds_webhooks();
    for _ in 0..FLOOD {
        let issue = acme.begins(&world);
        acme.person(&world, acme.asks).comments(issue, "By the way.").unwrap();
    }
    let gail = globex.person(&world, globex.asks);
    gail.comments(first, "/cancel").unwrap();
    let all: Vec<usize> = (0..world.github.waiting_webhooks().len()).collect();
    assert!(all.len() > 3 * FLOOD, "{all:?}");
    world.github.releases_webhooks(&all);
    world.github.delivered().await;

    // Turn by turn: what they want is dealt with, and they are told, while almost all of the flood still waits.
    let said = |issue: i64| world.github.issue_comments(globex.repo, issue);
    let is_told = || said(first).iter().any(|comment| comment.body.starts_with("**Assentry: cancelled**"));
    let (mut ended, mut told) = (None, None);
    for turn in 1..=3 * FLOOD {
        // What was ordered a moment ago is due by now.
        world.github.advances(Duration::from_secs(1));
        assert!(world.core.turn(Loop::Worker, world.our_now()).await.unwrap());
        if ended.is_none() && globex.run(&world, first).await.is_some_and(|run| !run.open) {
            ended = Some(turn);
        }
        if is_told() {
            told = Some(turn);
            break;
        }
    }
    assert!(ended.is_some_and(|turn| turn <= 3), "{ended:?}");
    assert!(told.is_some_and(|turn| turn <= 2 * FLOOD), "{told:?}");
    assert!(acme.runs(&world).await.len() < FLOOD, "the flood was over before");

    // The same with the agent's work: of two runners one takes what the others want next.
    world.settle_talk().await;
    let hugo = globex.person(&world, globex.approves);
    let plan = globex.run(&world, second).await.unwrap();
    let plan: assentry::workflow::run::State = serde_json::from_str(&plan.state).unwrap();
    hugo.approves(plan.plan_pull().unwrap().0).unwrap();
    world.settle_talk().await;
    let works = async || world.core.turn(Loop::Runner, world.our_now()).await.unwrap();
    let executed = async || globex.run(&world, second).await.unwrap().phase != "executing";
    assert!(!executed().await, "it is the last in the queue");
    let two = async || works().await && works().await;
    assert_eq!(tokio::join!(two(), two()), (true, true));
    assert!(executed().await, "{:#?}", said(second));
    let planning = acme.runs(&world).await.iter().filter(|run| run.phase == "planning").count();
    assert!(planning >= FLOOD - 3, "{planning}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_an_installation_that_has_used_up_its_hour_rests_till_the_end_of_it_and_others_go_on() {
    const HOUR: Duration = Duration::from_secs(3600);
    let [acme, globex] = &TENANTS;
    let world = both("").await;
    let until_the_next = |world: &World| {
        let hour = i64::try_from(HOUR.as_millis()).unwrap();
        let (now, ahead) = (world.github.now(), hour - world.github.now().0 % hour);
        now.plus(Duration::from_millis(ahead.unsigned_abs()))
    };
    world.github.is_now(until_the_next(&world));
    let issue = acme.begins(&world);
    world.settle().await;
    world.github.advances(Duration::from_secs(60));
    let run = acme.run(&world, issue).await.unwrap();
    let asked = || {
        let of = format!("installation {}", run.installation.0);
        let requests = world.github.requests().into_iter().filter(|it| it.actor == of);
        requests.filter(|it| matches!(it.kind, Kind::Read | Kind::Write)).count()
    };
    world.github.allows_an_hour(u64::try_from(asked()).unwrap() + 3);
    let begin = world.github.now();
    acme.person(&world, acme.asks).comments(issue, "/revise Mention it in CHANGELOG.md.").unwrap();
    let other = globex.begins(&world);
    world.settle().await;
    let took = world.github.now().since(begin);
    assert!(took < HOUR / 6, "{took:?}");

    let version = async |tenant: &Tenant, issue: i64| {
        let run = tenant.run(&world, issue).await.unwrap();
        let state: assentry::workflow::run::State = serde_json::from_str(&run.state).unwrap();
        (run.phase, state.shown().map(|shown| shown.subject.version))
    };
    assert_eq!(version(globex, other).await, ("awaiting_approval".to_owned(), Some(1)), "the others have their plan");
    let rests = version(acme, issue).await;
    assert_ne!(rests, ("awaiting_approval".to_owned(), Some(2)), "there is no room for that in this hour");
    // It waits as a row, and nobody asks before its time.
    let before = asked();
    world.passes(HOUR / 3).await;
    world.passes(HOUR / 3).await;
    assert_eq!((version(acme, issue).await, asked()), (rests, before));
    world.github.is_now(until_the_next(&world));
    world.passes(Duration::from_secs(5)).await;
    assert_eq!(version(acme, issue).await, ("awaiting_approval".to_owned(), Some(2)));
}

impl World {
    /// Lets everything happen that is due, but for the agent's work.
    async fn settle_talk(&self) {
        loop {
            self.github.delivered().await;
            if self.core.turn(Loop::Worker, self.our_now()).await.unwrap() {
                continue;
            }
            match self.core.store.next_due(self.our_now()).await.unwrap() {
                Some(next) if next.since(self.our_now()) <= Duration::from_secs(30) => {
                    self.github.advances(next.since(self.our_now()));
                }
                Some(_) | None => return,
            }
        }
    }
}
