//! Revising a plan, through the door: what people say, suggest and write, and what becomes of it.

mod adoption;
mod answers;
mod rounds;
mod suggestions;

use assentry::demo::github::{LineNote, Verdict};
use assentry::demo::model::{Call, Reply, Script, Seen};
use assentry::demo::story::{self, Storyteller};
use assentry::words::plan::parse_plan;
use assentry::workflow::plan::Plan;
use serde_json::{Value, json};

use crate::world::{REPO, World};

/// A plan that is being discussed.
struct Talk {
    world: World,
    issue: i64,
    pull: i64,
}

impl Talk {
    async fn begin() -> Talk {
        Talk::of(World::start().await).await
    }

    /// With a model that revises in its own way.
    async fn with(revises: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Talk {
        Talk::of(World::with_model(revising(revises)).await).await
    }

    async fn of(world: World) -> Talk {
        let issue = world.planned().await;
        let pull = world.plan_pull(issue).await;
        Talk { world, issue, pull }
    }

    fn branch(&self) -> String {
        self.world.github.pull(REPO, self.pull).unwrap().head
    }

    fn path(&self) -> String {
        format!(".assentry/plans/{}.md", self.issue)
    }

    /// The plan file as it stands on the plan branch.
    fn file(&self) -> String {
        self.world.github.file(REPO, &self.branch(), &self.path()).unwrap()
    }

    fn plan(&self) -> Plan {
        parse_plan(&self.file()).unwrap()
    }

    /// A note on the line of the plan file that begins with these words.
    fn note(&self, start: &str, body: &str) -> LineNote {
        let line = self.file().lines().position(|line| line.starts_with(start)).unwrap() + 1;
        LineNote { path: self.path(), line: u32::try_from(line).unwrap(), body: body.to_owned() }
    }

    fn remarks(&self, login: &str, start: &str, body: &str) -> i64 {
        self.world.person(login).remarks(self.pull, &self.note(start, body)).unwrap()
    }

    /// Everything settles, the plan waits for its approval, and this is its version.
    async fn version(&self) -> u32 {
        self.world.settle().await;
        assert_eq!(self.world.phase(self.issue).await, "awaiting_approval", "{:#?}", self.everything_said());
        self.world.state(self.issue).await.shown().unwrap().subject.version
    }

    /// What the bot answered below a line comment.
    fn answers_to(&self, comment: i64) -> Vec<String> {
        let bot = self.world.github.bot_login();
        let comments = self.world.github.line_comments(REPO, self.pull).into_iter();
        comments.filter(|c| c.author == bot && c.reply_to == Some(comment)).map(|c| c.body).collect()
    }

    /// Whether the thread that a comment opened is resolved.
    fn is_resolved(&self, comment: i64) -> bool {
        let query = "query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) { \
            pullRequest(number: $number) { reviewThreads(first: 100) { nodes { isResolved comments(first: 1) { nodes { \
            databaseId } } } } } } }";
        let (owner, name) = REPO.split_once('/').unwrap();
        let variables = json!({"owner": owner, "name": name, "number": self.pull});
        let answer = self.world.person("ann").asks_graphql(query, &variables).unwrap();
        let threads = &answer["repository"]["pullRequest"]["reviewThreads"]["nodes"];
        let own = |thread: &&Value| thread["comments"]["nodes"][0]["databaseId"] == json!(comment);
        threads.as_array().unwrap().iter().find(own).unwrap()["isResolved"] == json!(true)
    }

    fn everything_said(&self) -> Vec<String> {
        [self.world.said(self.issue), self.world.said(self.pull)].concat()
    }

    /// How often the planner was asked so far.
    fn asked(&self) -> usize {
        self.world.model.requests().len()
    }
}

fn suggestion(text: &str) -> String {
    format!("```suggestion\n{text}\n```")
}

/// The story's model, but for how it revises.
fn revising(revises: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> impl Script {
    move |seen: &Seen| {
        let revision = !seen.offers("tick") && seen.offers("submit_revision");
        if revision { revises(seen) } else { Storyteller.answer(seen) }
    }
}

/// The ids of the notes that a request asks to answer.
fn notes(seen: &Seen) -> Vec<String> {
    let json = seen.user_texts.iter().find_map(|text| {
        let (first, last) = (text.find('{')?, text.rfind('}')?);
        serde_json::from_str::<Value>(text.get(first..=last)?).ok().filter(|value| value["notes"].is_array())
    });
    let json = json.unwrap();
    json["notes"].as_array().unwrap().iter().map(|note| note["id"].as_str().unwrap().to_owned()).collect()
}

/// A revision that gives every note the same answer.
fn revision(seen: &Seen, parts: &Value, answer: &Value) -> Reply {
    let answers: Vec<Value> = notes(seen)
        .into_iter()
        .map(|note| {
            let mut answer = answer.clone();
            answer["note"] = json!(note);
            answer
        })
        .collect();
    let arguments = json!({"parts": parts, "answers": answers, "changes": "As asked."});
    Reply::calls("", vec![Call::new("submit_revision", &arguments)])
}
