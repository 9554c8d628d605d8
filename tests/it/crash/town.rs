//! The simulated GitHub, the scripted model and a place for the server's data: what outlives a server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assentry::demo::github::{GitHub, Role, Settings, Webhook};
use assentry::demo::model::{Reply, Script, ScriptedModel, Seen};
use assentry::demo::story;
use assentry::ids::RunId;
use assentry::store::{Store, Verdict};
use tempfile::TempDir;
use tokio::sync::{Notify, oneshot};

use super::server::Server;
use crate::faithful::Judged;
use crate::world::REPO;

pub(super) const SECRET: &str = "It's a Secret to Everybody";

/// The first number that a repository gives.
pub(crate) const ISSUE: i64 = 1;

/// What outlives a server.
pub(crate) struct Town {
    pub(crate) github: GitHub,
    pub(crate) model: Arc<Counted>,
    pub(crate) config: PathBuf,
    pub(crate) database: String,
    pub(crate) dir: TempDir,
    /// Where the server listens.
    pub(crate) door: String,
    /// Told when a script keeps the agent waiting for people.
    pub(crate) waits: Arc<Notify>,
    _model: ScriptedModel,
    _judged: Judged,
}

/// What people and the audit see in the end. Digests and ids are left out: they follow from the time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The first words of each of the bot's comments on the issue, and of those on all pull requests.
    comments: Vec<(i64, String)>,
    reactions: Vec<(String, String)>,
    pulls: Vec<Pull>,
    branches: usize,
    pub(crate) phase: String,
    unfinished: i64,
    /// What happened, but for how often a gate asked.
    events: Vec<String>,
    chain: bool,
    unknown: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Pull {
    title: String,
    open: bool,
    draft: bool,
    files: Vec<String>,
    /// The first lines of its commits' messages.
    commits: Vec<String>,
}

impl Town {
    pub(crate) async fn new() -> Town {
        Town::with(story::script(), "").await
    }

    /// `more` is added to the configuration.
    pub(crate) async fn with(script: Arc<dyn Script>, more: &str) -> Town {
        let github = GitHub::start(Settings::default()).await.unwrap();
        let judged = Judged::at_the_end(&github);
        github.adds_repository(story::repository()).await.unwrap();
        for (login, role) in [("ann", Role::Admin), ("bob", Role::Write)] {
            github.adds_person(login);
            github.grants(login, REPO, role).unwrap();
        }
        let counted = Arc::new(Counted { script, calls: AtomicUsize::new(0), order: Mutex::default() });
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let model = ScriptedModel::start(any, Arc::new(Shared(Arc::clone(&counted)))).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let door = own_address();
        github.sends_webhooks_to(Webhook { url: format!("http://{door}/webhook"), secret: SECRET.to_owned() });
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("key.pem", github.private_key_pem());
        write("secret", SECRET);
        write("model-key", "sk-scripted");
        let (app_id, url, model_url) = (github.app_id(), github.url(), model.url());
        let database = dir.path().join("data/assentry.db").display().to_string();
        let text = format!(
            "[server]\nlisten = '{door}'\n[log]\nfilter = 'info,assentry=debug'\n\
             [github]\napp_id = {app_id}\nprivate_key_file = 'key.pem'\nwebhook_secret_file = 'secret'\n\
             api_url = '{url}'\nweb_url = '{url}'\n\
             [model]\napi_key_file = 'model-key'\nbase_url = '{model_url}'\n\
             [timing]\nburst = '0s'\nask_again = '1s'\nlook_ups = []\n{more}\n"
        );
        write("assentry.toml", &text);
        let config = dir.path().join("assentry.toml");
        Town {
            github,
            model: counted,
            config,
            database,
            dir,
            door,
            waits: Arc::default(),
            _model: model,
            _judged: judged,
        }
    }

    /// What people do from the label to the end, each thing when they see that it is time for it.
    pub(crate) async fn people_act(&self) {
        self.ann_labels().await;
        self.bob_approves().await;
        self.github.until(|_| self.is_over()).await;
    }

    pub(crate) async fn ann_labels(&self) {
        let issue = self.github.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
        assert_eq!(issue, ISSUE);
        self.github.person("ann").labels(ISSUE, "assentry").unwrap();
        self.github.until(|_| self.status().contains("waiting for approval")).await;
    }

    pub(crate) async fn bob_approves(&self) {
        self.a_minute_passes();
        let plan = self.github.pulls(REPO).into_iter().find(|pull| pull.head.contains("-plan-")).expect("a plan");
        self.github.person("bob").approves(plan.number).unwrap();
    }

    /// GitHub's times are whole seconds; nobody reads a plan in less.
    pub(crate) fn a_minute_passes(&self) {
        self.github.advances(Duration::from_secs(60));
    }

    /// The headline of the status comment.
    pub(crate) fn status(&self) -> String {
        let comments = self.github.issue_comments(REPO, ISSUE);
        let status = comments.into_iter().find(|comment| comment.body.starts_with("**Assentry: "));
        status.map(|comment| first_line(&comment.body)).unwrap_or_default()
    }

    pub(crate) fn is_over(&self) -> bool {
        let plans_closed = self.github.pulls(REPO).iter().all(|pull| !pull.head.contains("-plan-") || !pull.open);
        self.status().contains("**Assentry: in review**") && plans_closed
    }

    /// Waits until a server has nothing left to do.
    pub(crate) async fn is_quiet(&self, server: &Server) {
        let store = Store::open(&self.database).await.unwrap();
        let mut log = server.log();
        while self.leftover(&store).await != ("in_review".to_owned(), 0) {
            assert!(log.grows().await, "the server ended: {:#?}", log.lines());
        }
        store.close().await;
    }

    /// The same, where several servers do the work.
    pub(crate) async fn is_quiet_among<'s>(&self, servers: impl IntoIterator<Item = &'s Server>) {
        let quiet = servers.into_iter().map(|server| Box::pin(self.is_quiet(server)));
        futures::future::select_all(quiet).await;
    }

    /// What the story comes to when nothing happens to the server.
    pub(crate) async fn undisturbed() -> Outcome {
        let town = Town::new().await;
        let server = Server::start(&town.config).await;
        town.people_act().await;
        town.is_quiet(&server).await;
        assert!(server.stops().await.success());
        town.outcome().await
    }

    /// Whether the bot has said something with this in it, below the issue or a pull request.
    pub(crate) fn says(&self, number: i64, part: &str) -> bool {
        let bot = self.github.bot_login();
        let comments = self.github.issue_comments(REPO, number).into_iter();
        comments.filter(|comment| comment.author == bot).any(|comment| comment.body.contains(part))
    }

    async fn leftover(&self, store: &Store) -> (String, i64) {
        let run = store.run(RunId(1)).await.unwrap();
        let phase = run.map_or_else(|| "none".to_owned(), |run| run.phase);
        (phase, store.unfinished_effects(RunId(1)).await.unwrap())
    }

    /// The world as it is now. No server may be running.
    pub(crate) async fn outcome(&self) -> Outcome {
        let bot = self.github.bot_login();
        let pulls = self.github.pulls(REPO);
        let places = std::iter::once(ISSUE).chain(pulls.iter().map(|pull| pull.number));
        let comments = places.flat_map(|number| {
            let ours = self.github.issue_comments(REPO, number).into_iter().filter(|c| c.author == bot);
            ours.map(move |c| {
                (
                    number,
                    first_line(&c.body)
                        .split(['`', '('])
                        .next()
                        .unwrap_or_default()
                        .split('·')
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                )
            })
        });
        let pull = |pull: &assentry::demo::github::PullView| {
            let commits = self.github.pull_commits(REPO, pull.number);
            let commits = commits.iter().map(|commit| first_line(&commit.message)).collect();
            let files = self.github.changed_files(REPO, pull.number);
            Pull { title: pull.title.clone(), open: pull.open, draft: pull.draft, files, commits }
        };
        let store = Store::open(&self.database).await.unwrap();
        let (phase, unfinished) = self.leftover(&store).await;
        let mut events: Vec<String> = store.events(RunId(1)).await.unwrap().into_iter().map(|e| e.kind).collect();
        // A gate asks again when its answer has grown old; who repeats an effect writes again.
        events.retain(|kind| !["judged", "judgement_aged", "wrote"].contains(&kind.as_str()));
        events.sort();
        let chain = store.verify().await.unwrap();
        let chain = matches!(chain, Verdict::Whole(_));
        store.close().await;
        Outcome {
            comments: comments.collect(),
            reactions: self.github.issue(REPO, ISSUE).unwrap().reactions,
            pulls: pulls.iter().map(pull).collect(),
            branches: self.github.branches(REPO).len(),
            phase,
            unfinished,
            events,
            chain,
            unknown: self.github.unknown_requests(),
        }
    }
}

/// A test that hangs shows nothing; this one ends.
pub(crate) async fn in_time<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(180), test).await.expect("an end")
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// An address on this machine that nobody else uses, the same after a restart: all of 127.0.0.0/8 is ours.
pub(crate) fn own_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let (process, nth) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    format!("127.{}.{}.{}:8080", 1 + (process >> 8) % 250, process % 256, 1 + nth % 250)
}

/// A script that counts its calls and can be held up at one.
pub(crate) struct Counted {
    script: Arc<dyn Script>,
    calls: AtomicUsize,
    order: Mutex<Option<(usize, Stream, oneshot::Sender<()>)>>,
}

/// How much of an answer arrives before the model falls silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stream {
    Nothing,
    Part,
}

impl Counted {
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Falls silent at the `nth` call, counted from 1; what is returned becomes ready then.
    pub(crate) fn falls_silent_at(&self, nth: usize, after: Stream) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        *self.order.lock().unwrap() = Some((nth, after, tell));
        told
    }
}

struct Shared(Arc<Counted>);

impl Script for Shared {
    fn answer(&self, request: &Seen) -> Reply {
        let nth = self.0.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let reply = self.0.script.answer(request);
        let Some((_, after, tell)) = self.0.order.lock().unwrap().take_if(|(at, _, _)| *at == nth) else {
            return reply;
        };
        // Whoever ordered it may have gone.
        let _ = tell.send(());
        match (after, reply) {
            (Stream::Part, Reply::Say(said)) => Reply::HangAfter { bytes: 300, said },
            (_, _) => Reply::Hang,
        }
    }
}
