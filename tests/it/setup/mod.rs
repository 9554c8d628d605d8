//! From an empty folder to a first plan, with nothing but a browser; and who is kept out on the way.

mod browser;
mod looks;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use assentry::demo::github::{GitHub, Role, Settings};
use assentry::demo::model::ScriptedModel;
use assentry::demo::story;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::crash::{in_time, own_address};
use crate::faithful::Judged;
use crate::world::REPO;
use browser::{Browser, Form, Shown};

/// A program that sets up, and the link that it has printed.
struct Program {
    child: Child,
    link: String,
}

impl Program {
    async fn start(folder: &Path, args: &[&str]) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_assentry"))
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env_remove("ANTHROPIC_API_KEY")
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let link = loop {
            let line = lines.next_line().await.unwrap().expect("a link");
            if line.trim().starts_with("http") {
                break line.trim().to_owned();
            }
        };
        Program { child, link }
    }

    /// Reads its log until this is in it.
    async fn logs(&mut self, text: &str) {
        let mut lines = BufReader::new(self.child.stderr.as_mut().unwrap()).lines();
        loop {
            let line = lines.next_line().await.unwrap().expect("more of the log");
            if line.contains(text) {
                return;
            }
        }
    }
}

/// A GitHub with the story's repository, on which no App is installed that we know of.
async fn github() -> GitHub {
    let github = GitHub::start(Settings::default()).await.unwrap();
    github.adds_repository(story::repository()).await.unwrap();
    for (login, role) in [("ann", Role::Admin), ("bob", Role::Write)] {
        github.adds_person(login);
        github.grants(login, REPO, role).unwrap();
    }
    github
}

/// An empty folder, but for where to listen.
fn folder(door: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("[server]\nlisten = '{door}'\n[timing]\nburst = '0s'\nlook_ups = []\n");
    std::fs::write(dir.path().join("assentry.toml"), text).unwrap();
    dir
}

/// What Ann types.
fn answered(questions: &Shown, github: &GitHub, door: &str) -> Form {
    questions.form().with("github", &github.url()).with("public_url", &format!("http://{door}"))
}

fn mode(path: PathBuf) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn from_an_empty_folder_to_a_first_plan_by_browser_only() {
    in_time(async {
        let (github, door) = (github().await, own_address());
        let _judged = Judged::at_the_end(&github);
        let model = ScriptedModel::start(SocketAddr::from(([127, 0, 0, 1], 0)), story::script()).await.unwrap();
        let dir = folder(&door);
        let mut program = Program::start(dir.path(), &["serve"]).await;
        let mut ann = Browser::new();

        let questions = ann.opens(&program.link).await;
        assert_eq!((questions.status, questions.url.query()), (200, None), "the token does not stay in the address");
        let form = answered(&questions, &github, &door);
        let form = form.with("key", "sk-scripted").with("base_url", model.url().as_str());
        let confirm = ann.sends(&form).await;
        assert!(confirm.policy.contains(&format!("form-action {}", github.url())), "{}", confirm.policy);
        let at_github = ann.sends(&confirm.form()).await;
        assert!(at_github.html.contains("pull_requests"), "{}", at_github.html);
        let done = ann.sends(&at_github.form()).await;
        assert!(done.html.contains("The App assentry is there"), "{}", done.html);

        program.logs("listening on").await;
        let install = ann.opens(&done.link("Install it on your repositories")).await;
        let next = ann.sends(&install.form()).await;
        assert!(next.html.contains("Put its label on an issue"), "{}", next.html);

        let issues = ann.opens(&format!("{}/{REPO}", github.url())).await;
        let mut issue = issues.form().with("title", story::TITLE).with("label", "assentry");
        issue.fields.push(("as".to_owned(), "ann".to_owned()));
        issue.fields.push(("body".to_owned(), story::BODY.to_owned()));
        let issue = ann.sends(&issue).await;
        let planned = |github: &GitHub| {
            let comments = github.issue_comments(REPO, 1);
            comments.iter().any(|comment| comment.body.contains("waiting for approval"))
        };
        github.until(planned).await;
        let issue = ann.opens(issue.url.as_str()).await;
        assert!(issue.html.contains("/approve"), "{}", issue.html);
        assert_eq!(github.unknown_requests(), [""; 0]);

        let secrets = dir.path().join("secrets");
        let mut names: Vec<String> = std::fs::read_dir(&secrets)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let id = github.app_id();
        let wanted = ["client-secret", "private-key.pem", "webhook-secret"].map(|name| format!("app-{id}.{name}"));
        assert_eq!(names[..3], wanted);
        assert_eq!(names[3], "model-key");
        assert!(names.iter().all(|name| mode(secrets.join(name)) == 0o600));
        assert_eq!(mode(secrets), 0o700);
    })
    .await;
}

#[tokio::test]
async fn t69_who_has_not_the_link_or_comes_second_gets_nothing() {
    in_time(async {
        let (github, door) = (github().await, own_address());
        let _judged = Judged::at_the_end(&github);
        let dir = folder(&door);
        let program = Program::start(dir.path(), &["serve"]).await;
        let (mut ann, mut eve) = (Browser::new(), Browser::new());
        let address = format!("http://{door}");
        for path in ["", "/setup", "/setup?token=", "/setup?token=00", "/setup/done?code=x&state=y"] {
            assert_eq!(eve.opens(&format!("{address}{path}")).await.status, 403, "{path}");
        }
        let mut questions = ann.opens(&program.link).await;
        assert_eq!(questions.status, 200);
        assert_eq!(eve.opens(&program.link).await.status, 403, "the link opens once");
        assert_eq!(ann.opens(&program.link).await.status, 200, "but a reload is no other browser");

        // Eve's own form, and Ann's without the proof that it came from our page.
        let form = answered(&questions, &github, &door).with("key", "k");
        assert_eq!(eve.sends(&form).await.status, 403);
        assert_eq!(ann.sends(&form.clone().with("proof", "")).await.status, 403);
        let wrong = ann.sends(&form.clone().with("public_url", "").with("key", "")).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.html.contains("GitHub must be able to reach this server"), "{}", wrong.html);

        // A code that Eve brings, of an App of hers, does not make this her server.
        questions = ann.sends(&form).await;
        assert_eq!(questions.status, 200);
        let asked = github.requests().len();
        assert_eq!(ann.opens(&format!("{address}/setup/done?code=x&state=y")).await.status, 403);
        assert_eq!(github.requests().len(), asked, "nothing was exchanged");
        assert!(!dir.path().join("secrets/model-key").exists());

        let healthy = ann.opens(&format!("{address}/healthz")).await;
        let ready = ann.opens(&format!("{address}/readyz")).await;
        assert_eq!((healthy.status, ready.status), (200, 503));
    })
    .await;
}

#[tokio::test]
async fn a_code_that_github_does_not_take_is_said_and_leaves_nothing() {
    in_time(async {
        let (github, door) = (github().await, own_address());
        let _judged = Judged::at_the_end(&github);
        let dir = folder(&door);
        let program = Program::start(dir.path(), &["serve"]).await;
        let mut ann = Browser::new();
        let questions = ann.opens(&program.link).await;
        let confirm = ann.sends(&answered(&questions, &github, &door).with("key", "k")).await;
        let (_, state) =
            confirm.form().action.query_pairs().next().map(|(n, v)| (n.into_owned(), v.into_owned())).unwrap();
        let failed = ann.opens(&format!("http://{door}/setup/done?code=gone&state={state}")).await;
        assert_eq!(failed.status, 502);
        assert!(failed.html.contains("begin anew at /setup"), "{}", failed.html);
        assert_eq!(std::fs::read_dir(dir.path().join("secrets")).unwrap().count(), 0);
        assert_eq!(ann.opens(&format!("http://{door}/setup")).await.status, 200, "another try is possible");
    })
    .await;
}

#[tokio::test]
async fn init_does_the_same_from_a_terminal_and_then_the_server_starts() {
    in_time(async {
        let (github, door) = (github().await, own_address());
        let _judged = Judged::at_the_end(&github);
        let dir = folder(&door);
        let (url, public) = (github.url(), format!("http://{door}"));
        let args =
            ["init", "--github", &url, "--public-url", &public, "--name", "Ann's helper", "--organization", "acme"];
        let mut program = Program::start(dir.path(), &args).await;
        let mut ann = Browser::new();
        let questions = ann.opens(&program.link).await;
        assert_eq!(questions.form().field("name"), "Ann's helper");
        let confirm = ann.sends(&questions.form().with("key", "k")).await;
        assert!(confirm.form().action.path().starts_with("/organizations/acme/"), "{:?}", confirm.form());
        let at_github = ann.sends(&confirm.form()).await;
        let done = ann.sends(&at_github.form()).await;
        assert!(done.html.contains("assentry serve --config"), "{}", done.html);

        assert!(program.child.wait().await.unwrap().success());
        let mut said = String::new();
        program.child.stdout.take().unwrap().read_to_string(&mut said).await.unwrap();
        assert!(said.contains(&format!("Install it: {url}/apps/ann-s-helper/installations/new")), "{said}");

        let again = Command::new(env!("CARGO_BIN_EXE_assentry")).arg("init").current_dir(dir.path()).output().await;
        let again = again.unwrap();
        assert_eq!(again.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&again.stderr).contains("names an App already"));
        let server = crate::crash::Server::start(&dir.path().join("assentry.toml")).await;
        assert!(server.stops().await.success());
    })
    .await;
}

#[tokio::test]
async fn init_takes_an_app_that_is_there_without_asking() {
    let github = github().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key.pem"), github.private_key_pem()).unwrap();
    std::fs::write(dir.path().join("secret"), "s").unwrap();
    let run = |more: &[&str]| {
        let base = ["init", "--app-id", "4711", "--private-key-file", "key.pem"];
        Command::new(env!("CARGO_BIN_EXE_assentry"))
            .args(base.iter().chain(more))
            .env("ANTHROPIC_API_KEY", "k")
            .current_dir(dir.path())
            .output()
    };
    let lacking = run(&[]).await.unwrap();
    assert_eq!(lacking.status.code(), Some(2));
    let done = run(&["--webhook-secret-file", "secret", "--github", "https://git.acme.test"]).await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(
        std::fs::read_to_string(dir.path().join("assentry.toml")).unwrap(),
        "# Assentry's configuration, written by its set-up. All keys: deploy/assentry.example.toml.\n\n[github]\n\
         app_id = 4711\nprivate_key_file = \"key.pem\"\nwebhook_secret_file = \"secret\"\n\
         api_url = \"https://git.acme.test/api/v3\"\nweb_url = \"https://git.acme.test/\"\n"
    );
}

#[tokio::test]
async fn a_mistake_in_the_configuration_is_told_before_set_up_begins() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("assentry.toml"), "[servre]\n").unwrap();
    let told =
        Command::new(env!("CARGO_BIN_EXE_assentry")).arg("serve").current_dir(dir.path()).output().await.unwrap();
    assert_eq!(told.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&told.stderr).contains("did you mean `server`?"));
}
