//! The whole of it: a simulated GitHub, a scripted model, and the product between them, driven until it settles.

mod tests;
mod verbs;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use assentry::cli::wiring::{dashboard, wire};
use assentry::config::Config;
use assentry::demo::github::{Clock, Fault, GitHub, NewRepository, Person, PullView, Role, Settings, Webhook, Wrong};
use assentry::demo::model::{Script, ScriptedModel};
use assentry::demo::story;
use assentry::ids::{IssueNumber, RepoId, Timestamp};
use assentry::store::RunRow;
use assentry::web;
use assentry::webhook::WebhookSecrets;
use assentry::worker::{Core, Role as Loop};
use assentry::workflow::run::State;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::faithful::Judged;

pub(crate) const REPO: &str = story::REPO;
pub(crate) const SECRET: &str = "It's a Secret to Everybody";
/// When every world begins; the door stamps deliveries with it.
const BEGIN: Timestamp = Timestamp(1_795_358_460_000);

/// A world in which nothing happens by itself: time stands still, and the loop is turned by hand.
pub(crate) struct World {
    pub(crate) github: GitHub,
    pub(crate) model: ScriptedModel,
    pub(crate) core: Core,
    pub(crate) door: SocketAddr,
    pub(crate) data: TempDir,
    ahead_ms: AtomicI64,
    _stop: DropGuard,
    _judged: Judged,
}

impl World {
    /// The story's repository and model; ann administers, bob and cara write, tim triages, eve reads.
    pub(crate) async fn start() -> World {
        World::with(story::script(), story::repository(), "").await
    }

    /// A model of one's own.
    pub(crate) async fn with_model(script: impl Script) -> World {
        World::with(Arc::new(script), story::repository(), "").await
    }

    /// `more` is added to the configuration.
    pub(crate) async fn with(script: Arc<dyn Script>, repository: NewRepository, more: &str) -> World {
        // RUST_LOG=assentry=debug shows what happens; nothing is shown without it.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        let clock = Clock::ByHand(BEGIN);
        let github = GitHub::start(Settings { clock, ..Settings::default() }).await.unwrap();
        let judged = Judged::at_the_end(&github);
        let repo = repository.name.clone();
        github.adds_repository(repository).await.unwrap();
        let people = [
            ("ann", Role::Admin),
            ("bob", Role::Write),
            ("cara", Role::Write),
            ("tim", Role::Triage),
            ("eve", Role::Read),
        ];
        for (login, role) in people {
            github.adds_person(login);
            github.grants(login, &repo, role).unwrap();
        }
        github.adds_person("stranger");
        let model = ScriptedModel::start(SocketAddr::from(([127, 0, 0, 1], 0)), script).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let door = listener.local_addr().unwrap();
        // Where the dashboard is, and who administers it, has to be said before it is there.
        let more = more.replace("DOOR", &door.to_string()).replace("CLIENT", &github.client_id());
        let more = more.replace("ANN", &github.account_id("ann").unwrap().to_string());
        let config = configuration(data.path(), &github, &model, &more);
        let stop = CancellationToken::new();
        let program = Path::new(env!("CARGO_BIN_EXE_assentry"));
        let config = Config::load(&config).unwrap();
        let core = wire(&config, program, stop.clone()).await.unwrap();
        let secrets = WebhookSecrets::new(&[SecretString::from(SECRET)]).unwrap();
        let state = web::AppState { store: core.store.clone(), secrets, clock: || BEGIN, stop: stop.clone() };
        let clock = github.clone();
        let router = match dashboard(&config, &core, move || clock.now()).unwrap() {
            Some(dashboard) => web::router(state).merge(dashboard.router()),
            None => web::router(state),
        };
        tokio::spawn(web::serve(listener, router, stop.clone()));
        github.sends_webhooks_to(Webhook { url: format!("http://{door}/webhook"), secret: SECRET.to_owned() });
        World {
            github,
            model,
            core,
            door,
            data,
            ahead_ms: AtomicI64::new(0),
            _stop: stop.drop_guard(),
            _judged: judged,
        }
    }

    pub(crate) fn person(&self, login: &str) -> Person {
        self.github.person(login)
    }

    /// Lets everything happen that is due, and that will be within half a minute.
    pub(crate) async fn settle(&self) {
        loop {
            self.settle_now().await;
            let now = self.our_now();
            match self.core.store.next_due(now).await.unwrap() {
                Some(next) if next.since(now) <= Duration::from_secs(30) => self.github.advances(next.since(now)),
                Some(_) | None => return,
            }
        }
    }

    /// Lets everything happen that is due.
    pub(crate) async fn settle_now(&self) {
        loop {
            self.github.delivered().await;
            let now = self.our_now();
            let talked = self.core.turn(Loop::Worker, now).await.unwrap();
            let worked = !talked && self.core.turn(Loop::Runner, now).await.unwrap();
            if !talked && !worked {
                return;
            }
        }
    }

    /// Has one piece of the agent's work done, while another worker takes in what people do meanwhile.
    pub(crate) async fn works_beside_people(&self) {
        // What was ordered a moment ago is due by now, also where that moment took long.
        self.github.advances(Duration::from_secs(10));
        let taking = async {
            loop {
                self.github.delivered().await;
                let _ = self.core.turn(Loop::Worker, self.our_now()).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            worked = self.core.turn(Loop::Runner, self.our_now()) => assert!(worked.unwrap()),
            () = taking => {}
        }
    }

    /// Lets time pass, and what it brings happen.
    pub(crate) async fn passes(&self, span: Duration) {
        self.github.advances(span);
        self.settle().await;
    }

    /// Opens the story's issue and labels it as ann, and waits for the plan.
    pub(crate) async fn planned(&self) -> i64 {
        let issue = self.person("ann").opens_issue(story::TITLE, story::BODY).unwrap();
        self.person("ann").labels(issue, "assentry").unwrap();
        self.settle().await;
        self.github.advances(Duration::from_secs(60));
        issue
    }

    pub(crate) async fn row(&self, issue: i64) -> Option<RunRow> {
        let run = self.core.store.latest_run(self.repo_id(), IssueNumber(issue)).await.unwrap();
        if run.is_some() {
            return run;
        }
        let runs = self.core.store.runs(None, 100).await.unwrap();
        runs.into_iter().find(|run| run.issue_number == IssueNumber(issue))
    }

    fn repo_id(&self) -> RepoId {
        RepoId(1)
    }

    pub(crate) async fn state(&self, issue: i64) -> State {
        serde_json::from_str(&self.row(issue).await.expect("a run").state).unwrap()
    }

    pub(crate) async fn phase(&self, issue: i64) -> String {
        self.row(issue).await.map_or_else(|| "none".to_owned(), |run| run.phase)
    }

    /// The first twelve digits of the version that people see.
    pub(crate) async fn digest(&self, issue: i64) -> String {
        self.state(issue).await.shown().expect("a version").subject.digest.short().to_owned()
    }

    /// The plan pull request.
    pub(crate) async fn plan_pull(&self, issue: i64) -> i64 {
        self.state(issue).await.plan_pull().expect("a plan pull request").0
    }

    /// The bot's comments on an issue or a pull request.
    pub(crate) fn said(&self, number: i64) -> Vec<String> {
        let bot = self.github.bot_login();
        let comments = self.github.issue_comments(REPO, number);
        comments.into_iter().filter(|comment| comment.author == bot).map(|comment| comment.body).collect()
    }

    /// The pull requests that bring work, not plans.
    pub(crate) fn work_pulls(&self) -> Vec<PullView> {
        self.github.pulls(REPO).into_iter().filter(|pull| !pull.head.contains("-plan-")).collect()
    }

    /// Lets things happen one by one until the run of an issue is in a phase.
    ///
    /// An approval and the start are one where GitHub tells of the plan pull request at once; a run that is to be found
    /// between the two meets a GitHub that does not.
    pub(crate) async fn until(&self, issue: i64, phase: &str) {
        let between = phase == "starting";
        if between {
            let wrong = Wrong::RefusedBefore(502);
            self.github.goes_wrong(Fault { method: "POST", path: "/graphql".to_owned(), times: u32::MAX, wrong });
        }
        for _ in 0..1_000 {
            if self.phase(issue).await == phase {
                if between {
                    self.github.heals();
                }
                return;
            }
            self.one_thing_happens().await;
        }
        unreachable!("the run never is {phase}");
    }

    /// Lets the next thing happen, whenever it is due.
    pub(crate) async fn one_thing_happens(&self) {
        self.github.delivered().await;
        let now = self.our_now();
        let talked = self.core.turn(Loop::Worker, now).await.unwrap();
        if !talked && !self.core.turn(Loop::Runner, now).await.unwrap() {
            let next = self.core.store.next_due(now).await.unwrap().expect("something that can still happen");
            self.github.advances(next.since(now));
        }
    }
}

fn configuration(dir: &Path, github: &GitHub, model: &ScriptedModel, more: &str) -> std::path::PathBuf {
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
    write("key.pem", github.private_key_pem());
    write("secret", SECRET);
    write("model-key", "sk-scripted");
    write("client-secret", &github.client_secret());
    let (app_id, url, model) = (github.app_id(), github.url(), model.url());
    let text = format!(
        "[github]\napp_id = {app_id}\nprivate_key_file = 'key.pem'\nwebhook_secret_file = 'secret'\n\
         api_url = '{url}'\nweb_url = '{url}'\n\
         [model]\napi_key_file = 'model-key'\nbase_url = '{model}'\n\
         [timing]\nburst = '10s'\nask_again = '20s'\nlook_ups = ['1s']\n{more}\n"
    );
    write("assentry.toml", &text);
    dir.join("assentry.toml")
}
