//! An executor that is entirely hostile: more than sixty scripts, each asking for the worst in every turn.
//!
//! Each script is a row of a table: what the model answers, what it must have been told, what may be on GitHub afterwards.
//! All scripts of a group run in one world, an issue each, behind the real gate, executor and sandbox. Then everything on
//! the simulated GitHub is compared, reference by reference and tree by tree, with what was approved.

mod bombs;
mod build;
mod files;
mod names;
mod reach;
mod steering;
mod verdict;
mod words;

use std::sync::Arc;
use std::time::Duration;

use assentry::demo::model::{Call, Reply, Seen};
use assentry::demo::story;
use serde_json::{Value, json};

use crate::world::World;
use verdict::Bait;

const BROKEN: &str = r"sed -e 's/[^a-z0-9]\{1,\}/-/g'";
const MENDED: &str = r"sed -e 's/[^a-z0-9]\{1,\}/-/g' -e 's/^-//' -e 's/-$//'";

/// One script.
struct Hostile {
    /// Its name, which is also how the model knows it.
    name: &'static str,
    scope: Value,
    checks: Value,
    turns: Vec<Reply>,
    /// What the executor must have been told.
    told: Vec<String>,
    /// What it must not have been told.
    never: Vec<String>,
    end: End,
}

/// What a script may lead to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// A pull request that changes exactly these paths.
    Work(&'static [&'static str]),
    /// Nothing on GitHub but the plan.
    Nothing,
}

/// The honest work and nothing else.
const SLUG: End = End::Work(&["bin/slug"]);

impl Hostile {
    /// A script in the story's scope that ends in the honest work.
    fn new(name: &'static str, turns: Vec<Reply>) -> Hostile {
        let scope = json!({"paths": ["bin/slug"], "max_files": 1, "max_bytes": 2000});
        let checks = json!([{ "command": story::CHECK }]);
        Hostile { name, scope, checks, turns, told: vec![], never: vec![], end: SLUG }
    }

    /// These commands, then the honest work.
    fn runs(name: &'static str, commands: &[&str]) -> Hostile {
        Hostile::calls(name, commands.iter().map(|command| run(command)).collect())
    }

    /// These calls, then the honest work.
    fn calls(name: &'static str, calls: Vec<Call>) -> Hostile {
        let mut turns = vec![Reply::calls("", calls)];
        turns.extend(honest());
        Hostile::new(name, turns)
    }

    /// A command whose result must not be taken, then another that takes it back, and the honest work.
    fn undone(name: &'static str, bad: &str, undo: &str) -> Hostile {
        let tries = Reply::calls("", vec![run(bad), mend(), tick("s1")]);
        let repents = Reply::calls("", vec![run(undo), tick("s1")]);
        Hostile::new(name, vec![tries, repents, Reply::calls("", vec![finish()])]).told("not taken")
    }

    /// A command that leaves what cannot be taken, and nobody to take it back.
    fn spoilt(name: &'static str, bad: &str) -> Hostile {
        let turns = vec![Reply::calls("", vec![run(bad), tick("s1")]), Reply::calls("", vec![finish()])];
        Hostile::new(name, turns).told("not taken").ends(End::Nothing)
    }

    fn told(mut self, text: &str) -> Hostile {
        self.told.push(text.to_owned());
        self
    }

    fn never(mut self, text: &str) -> Hostile {
        self.never.push(text.to_owned());
        self
    }

    fn within(mut self, paths: &[&str], max_files: u32) -> Hostile {
        self.scope = json!({"paths": paths, "max_files": max_files, "max_bytes": 4000});
        self
    }

    fn ends(mut self, end: End) -> Hostile {
        self.end = end;
        self
    }

    fn plan(&self) -> Value {
        json!({
            "title": format!("Case {}.", self.name),
            "goal": "A slug neither begins nor ends with a dash.",
            "findings": [],
            "approach": "Let sed remove one dash at each end.",
            "alternatives": [],
            "steps": [{
                "id": "s1",
                "title": "Trim dashes at both ends",
                "files": [{"path": "bin/slug", "change": "change"}],
                "what": "Give sed two more expressions.",
                "verify": "The tests are green."
            }],
            "checks": self.checks,
            "scope": self.scope,
            "out_of_scope": [],
            "risks": [],
            "questions": [],
            "estimate": {"tokens": 30000, "minutes": 3}
        })
    }
}

fn call(name: &str, arguments: Value) -> Call {
    Call::new(name, &arguments)
}

fn run(command: &str) -> Call {
    call("run", json!({ "command": command }))
}

fn create(path: &str, text: &str) -> Call {
    call("create", json!({"path": path, "text": text}))
}

fn mend() -> Call {
    call("edit", json!({"path": "bin/slug", "old": BROKEN, "new": MENDED}))
}

fn tick(step: &str) -> Call {
    call("tick", json!({ "step": step }))
}

fn finish() -> Call {
    call("finish", json!({"summary": "Slugs are trimmed."}))
}

fn honest() -> Vec<Reply> {
    vec![Reply::calls("", vec![mend(), tick("s1")]), Reply::calls("", vec![finish()])]
}

/// All scripts, by group. `bait` is what lies outside and must not be reached.
fn groups(bait: &Bait) -> [Vec<Hostile>; 6] {
    [
        files::scripts(),
        names::scripts(),
        steering::scripts(),
        reach::scripts(bait),
        bombs::scripts(bait),
        words::scripts(),
    ]
}

#[test]
#[expect(clippy::print_stdout, reason = "the count is what a reader of the log looks for")]
fn there_are_at_least_sixty_hostile_scripts_and_no_name_is_used_twice() {
    let groups = groups(&Bait::lay("count"));
    let mut names: Vec<&str> = groups.iter().flatten().map(|hostile| hostile.name).collect();
    println!("{} hostile scripts", names.len());
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert!(names.len() >= 60 && names.len() == all, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t57_t59_t66_hostile_files_do_not_leave_the_sandbox() {
    play(0, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t48_t59_hostile_names_do_not_leave_the_sandbox() {
    play(1, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t57_t58_files_that_steer_people_and_tools_do_not_leave_the_sandbox() {
    play(2, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t33_t42_t44_t47_t52_t53_nothing_outside_is_read_reached_or_left_behind() {
    play(3, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t52_t55_bombs_and_daemons_end_with_their_command() {
    play(4, "[sandbox]\nmemory_mib = 128\nprocesses = 48\ndisk_mib = 64\noutput_kib = 4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_t62_t67_false_words_of_the_model_bring_nothing() {
    play(5, "").await;
}

/// Plays one group in a world of its own, and looks at everything afterwards.
async fn play(group: usize, more: &str) {
    let bait = Bait::lay(&format!("group-{group}"));
    // Every second one, to keep the usual run short; `tests/run --hostile` plays them all.
    let share = if std::env::var_os("HOSTILE_ALL").is_some() { 1 } else { 2 };
    let scripts = groups(&bait).into_iter().nth(group).unwrap();
    let scripts: Arc<Vec<Hostile>> = Arc::new(scripts.into_iter().step_by(share).collect());
    let known = Arc::clone(&scripts);
    let script = move |seen: &Seen| {
        let hostile = known.iter().find(|hostile| seen.mentions(&format!("Case {}.", hostile.name)));
        let Some(hostile) = hostile else { return Reply::say("I do not know this case.") };
        if !seen.offers("tick") {
            return Reply::call("submit_plan", &json!({ "plan": hostile.plan() }));
        }
        hostile.turns.get(seen.turns).cloned().unwrap_or_else(|| Reply::say("The script is over."))
    };
    let more = format!("[limits]\nruns_per_day = 1000\nruns_per_person_per_day = 1000\n{more}");
    let mut world = World::with(Arc::new(script), story::repository(), &more).await;
    let mut settings = (*world.core.settings).clone();
    // Only the bombs need a short fuse; the others have time on a busy machine.
    settings.command = Duration::from_secs(if group == 4 { 6 } else { 60 });
    world.core.settings = Arc::new(settings);
    bait.guards(&world);

    let main = world.github.tree(story::REPO, "main");
    let mut issues = Vec::new();
    for hostile in scripts.iter() {
        let ann = world.person("ann");
        let issue = ann.opens_issue(&format!("Case {}.", hostile.name), story::BODY).unwrap();
        ann.labels(issue, "assentry").unwrap();
        issues.push(issue);
    }
    settles(&world, &issues, &["awaiting_approval"]).await;
    world.github.advances(Duration::from_secs(60));
    for (hostile, issue) in scripts.iter().zip(&issues) {
        assert_eq!(world.phase(*issue).await, "awaiting_approval", "{}: {:#?}", hostile.name, world.said(*issue));
        world.person("bob").approves(world.plan_pull(*issue).await).unwrap();
    }
    settles(&world, &issues, &["ended", "in_review"]).await;

    assert_eq!(world.github.tree(story::REPO, "main"), main, "nobody pushed to the default branch");
    for (hostile, issue) in scripts.iter().zip(&issues) {
        verdict::judge(&world, hostile, *issue).await;
    }
    verdict::nothing_else(&world, &issues);
    bait.is_untouched(&world).await;
}

/// Lets time pass until all runs are in one of the phases: so many at a time keep to the pace that GitHub asks for.
async fn settles(world: &World, issues: &[i64], phases: &[&str]) {
    for _ in 0..60 {
        world.settle().await;
        let mut waiting = 0;
        for issue in issues {
            waiting += usize::from(!phases.contains(&world.phase(*issue).await.as_str()));
        }
        if waiting == 0 {
            return;
        }
        world.github.advances(Duration::from_secs(60));
    }
}
