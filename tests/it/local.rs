//! Without GitHub: a plan, an execution and a set of tasks on a checkout of one's own, by the real program.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use assentry::demo::model::{Recordings, Reply, Script, ScriptedModel, Seen};
use serde_json::{Value, json};

const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/eval");
const TASKS: [&str; 5] = ["leap", "words", "greet", "ring", "rot13"];

/// A folder of one's own with a task's repository in it, and a model that answers as it was recorded.
struct Home {
    dir: tempfile::TempDir,
    model: ScriptedModel,
}

impl Home {
    async fn with(task: &str) -> Home {
        Home::read_by(task, None).await
    }

    /// What was built is read once more by a model that answers so.
    async fn read_by(task: &str, reading: Option<Reply>) -> Home {
        let recorded = TASKS
            .iter()
            .try_fold(Recordings::default(), |all, task| all.and(&Path::new(SUITE).join(task).join("answers.json")));
        let (recorded, second) = (recorded.unwrap(), reading.is_some());
        let script = move |seen: &Seen| match &reading {
            Some(reading) if seen.offers("submit_reading") => reading.clone(),
            _ => recorded.answer(seen),
        };
        let model = ScriptedModel::start(([127, 0, 0, 1], 0).into(), Arc::new(script)).await.unwrap();
        let home = Home { dir: tempfile::tempdir().unwrap(), model };
        let config =
            format!("[model]\nprovider = \"anthropic\"\nbase_url = \"{}\"\napi_key_file = \"key\"\n", home.model.url());
        let review = if second { "[models.review]\nmodel = \"claude-opus-5-5\"\n" } else { "" };
        std::fs::write(home.dir.path().join("assentry.toml"), config + review).unwrap();
        std::fs::write(home.dir.path().join("key"), "any").unwrap();
        copy(&Path::new(SUITE).join(task).join("repo"), &home.repo());
        home.git(&["init", "--quiet", "--initial-branch=main"]);
        home.git(&["add", "."]);
        home.git(&["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "--quiet", "-m", "As it was"]);
        home
    }

    fn repo(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    fn policy(&self, text: &str) {
        std::fs::create_dir(self.repo().join(".github")).unwrap();
        std::fs::write(self.repo().join(".github/assentry.toml"), text).unwrap();
        self.git(&["add", "."]);
        self.git(&["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "--quiet", "-m", "A policy"]);
    }

    fn git(&self, args: &[&str]) -> String {
        let output = std::process::Command::new("git").args(args).current_dir(self.repo()).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    async fn assentry(&self, args: &[&str]) -> Output {
        let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry"));
        program.args(args).current_dir(self.dir.path()).output().await.unwrap()
    }

    /// Plans and executes a task; the report.
    async fn report(&self, task: &str) -> Value {
        let issue = format!("{SUITE}/{task}/ISSUE.md");
        let planned = self.assentry(&["plan", "--repo", "repo", "--issue", &issue, "--out", "PLAN.md"]).await;
        assert!(planned.status.success(), "{planned:?}");
        let done = self.assentry(&["execute", "--repo", "repo", "--plan", "PLAN.md", "--json"]).await;
        assert!(done.status.success(), "{done:?}");
        serde_json::from_slice(&done.stdout).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn of<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    list.as_array().unwrap().iter().map(|entry| entry[key].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_written_read_and_executed_onto_a_new_branch_and_nothing_else_changes() {
    let home = Home::with("leap").await;
    std::fs::write(home.repo().join("notes.txt"), "not committed").unwrap();
    let before = (home.git(&["status", "--porcelain"]), home.git(&["rev-parse", "main"]));
    let report = home.report("leap").await;

    assert_eq!(report["conformance"]["verdict"], "as_planned", "{report:#}");
    assert_eq!(report["branch"], "assentry/work");
    assert_eq!(home.git(&["diff", "--name-only", "main", "assentry/work"]), "leap.pl\n");
    assert_eq!(home.git(&["log", "--format=%s", "main..assentry/work"]), "Ask for centuries too\n");
    assert_eq!((home.git(&["status", "--porcelain"]), home.git(&["rev-parse", "main"])), before);
    home.git(&["fsck", "--strict"]);

    let again = home.assentry(&["execute", "--repo", "repo", "--plan", "PLAN.md"]).await;
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(!again.status.success() && said.contains("there is a branch assentry/work already"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_model_reads_what_was_built_and_only_lowers_the_verdict() {
    let reading = |verdict: &str, remarks: Value| {
        Some(Reply::call("submit_reading", &json!({"verdict": verdict, "remarks": remarks})))
    };
    let remarks = json!([{"place": "leap.pl:7", "text": "Negative\nyears are left."}]);
    let home = Home::read_by("leap", reading("differs", remarks)).await;
    let report = home.report("leap").await;
    assert_eq!(report["conformance"]["verdict"], "differs", "{report:#}");
    assert_eq!(report["conformance"]["second"]["by"], "anthropic/claude-opus-5-5");
    assert_eq!(report["conformance"]["second"]["remarks"][0]["place"], "leap.pl:7");
    assert_eq!(
        (&report["reading"]["model"], &report["reading"]["turns"]),
        (&json!("anthropic/claude-opus-5-5"), &json!(1))
    );
    let asked: Vec<String> = home.model.requests().into_iter().map(|request| request.body).collect();
    let shown = asked.iter().find(|body| body.contains("submit_reading")).expect("a reading");
    assert!(shown.contains("--- a/leap.pl") && shown.contains("Tell centuries from leap years"), "{shown}");
    home.git(&["branch", "--quiet", "-D", "assentry/work"]);
    let told = home.assentry(&["execute", "--repo", "repo", "--plan", "PLAN.md"]).await;
    let told = String::from_utf8_lossy(&told.stdout);
    assert!(told.contains("planned against actual: differs"), "{told}");
    assert!(told.contains("remark at leap.pl:7: Negative years are left."), "{told}");

    let home = Home::read_by("words", reading("as_planned", json!([]))).await;
    assert_eq!(home.report("words").await["conformance"]["verdict"], "differs");
    let home = Home::read_by("leap", Some(Reply::Refuse("No.".to_owned()))).await;
    let report = home.report("leap").await;
    assert_eq!(
        (&report["conformance"]["verdict"], &report["conformance"]["second"]),
        (&json!("as_planned"), &Value::Null)
    );
    assert_eq!(report["finished"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_says_which_file_was_changed_beyond_the_step_and_why() {
    let home = Home::with("words").await;
    let report = home.report("words").await;
    let conformance = &report["conformance"];
    assert_eq!(conformance["verdict"], "differs", "{report:#}");
    assert_eq!(of(&conformance["steps"], "verdict"), ["done_differently"]);
    assert_eq!(conformance["steps"][0]["extra"][0], "README");
    assert_eq!(of(&conformance["files"], "path"), ["README", "words.c"]);
    assert_eq!(of(&conformance["files"], "verdict"), ["unplanned", "planned_and_changed"]);
    assert_eq!(of(&conformance["deviations"], "kind"), ["extra_file"]);
    assert_eq!(of(&conformance["checks"], "verdict"), ["passed"]);
    assert_eq!(conformance["checks"][0]["passed_before"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_says_which_step_was_not_needed() {
    let home = Home::with("ring").await;
    let report = home.report("ring").await;
    let conformance = &report["conformance"];
    assert_eq!(of(&conformance["steps"], "verdict"), ["done", "not_done"], "{report:#}");
    assert_eq!(of(&conformance["files"], "verdict"), ["planned_and_changed", "planned_and_untouched"]);
    assert_eq!(of(&conformance["deviations"], "kind"), ["not_needed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_says_what_is_only_claimed_and_what_was_refused() {
    let home = Home::with("rot13").await;
    let report = home.report("rot13").await;
    let conformance = &report["conformance"];
    assert_eq!(conformance["steps"][1]["verdict"], "claimed", "{report:#}");
    assert!(conformance["refusals"].to_string().contains("test.sh"), "{report:#}");
    assert_eq!(home.git(&["diff", "--name-only", "main", "assentry/work"]), "rot13.pl\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_tasks_in_three_languages_are_solved_and_told_as_a_table_and_as_json() {
    let home = Home::with("leap").await;
    let suite = format!("{SUITE}/suite.toml");
    let table = home.assentry(&["eval", &suite, "--config", "assentry.toml"]).await;
    let said = String::from_utf8_lossy(&table.stdout);
    assert!(table.status.success(), "{said}\n{}", String::from_utf8_lossy(&table.stderr));
    let results: Vec<&str> = said.lines().skip(1).map(|line| line[29..41].trim()).collect();
    assert_eq!(results, ["as planned", "differs", "as planned", "differs", "falls short"], "{said}");

    let json = home.assentry(&["eval", &suite, "--config", "assentry.toml", "--json", "--only", "greet"]).await;
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (json["succeeded"].as_u64(), json["tasks"][0]["report"]["commits"].as_array().unwrap().len()),
        (Some(1), 2)
    );
    assert!(json["tasks"][0]["planning"]["input_tokens"].as_u64() > Some(0), "{json:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_used_here_is_refused_before_a_model_is_asked() {
    let home = Home::with("leap").await;
    let (images, digest) = (home.dir.path().join("images"), "ab".repeat(32));
    std::fs::create_dir(&images).unwrap();
    home.policy(&format!("[execute]\nimage = \"sha256:{digest}\"\n"));
    let plan = std::fs::read_to_string(format!("{SUITE}/leap/ISSUE.md")).unwrap();
    std::fs::write(home.dir.path().join("issue.md"), plan).unwrap();
    let usual = std::fs::read_to_string(home.dir.path().join("assentry.toml")).unwrap();
    let kept = format!("[sandbox]\nimages = '{}'\n", images.display());
    let agent = "[models.execute]\nagent = 'guest'\n[agents.guest]\ncommand = ['agent', '{gateway}', '{token}']\n";
    for (more, wanted) in [
        (
            String::new(),
            "execute.image: this server has no images; its operator can add them, by sandbox.images".to_owned(),
        ),
        (kept.clone(), format!("there is no {digest}.tar and no {digest}.tar.gz among the images")),
        (
            kept.clone(),
            format!("execute.image of repo/.github/assentry.toml cannot be used: mend it in {}", images.display()),
        ),
        (format!("{kept}walls = 'landlock'\n"), "its walls are landlock alone".to_owned()),
        (format!("{kept}{agent}"), "cannot be used with guest, which executes for the label".to_owned()),
    ] {
        std::fs::write(home.dir.path().join("assentry.toml"), format!("{usual}{more}")).unwrap();
        let output = home.assentry(&["plan", "--repo", "repo", "--issue", "issue.md"]).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(&wanted), "{wanted}: {said}");
    }
    assert_eq!(home.model.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_named_with_the_remedy() {
    let home = Home::with("leap").await;
    std::fs::write(home.dir.path().join("bad.md"), "## Only a title\n").unwrap();
    std::fs::write(home.dir.path().join("empty.md"), "\n").unwrap();
    std::fs::write(home.dir.path().join("bad.toml"), "[[task]]\nnam = \"x\"\n").unwrap();
    for (args, wanted) in [
        (&["execute", "--repo", "repo", "--plan", "bad.md"][..], "bad.md is no plan that can be executed"),
        (&["execute", "--repo", "repo", "--plan", "none.md"], "cannot read none.md"),
        (&["plan", "--repo", "repo", "--issue", "empty.md"], "write the issue's title in the first line"),
        (&["plan", "--repo", ".", "--issue", "bad.md"], "is not the root folder of a git repository"),
        (&["eval", "bad.toml"], "bad.toml is no suite of tasks"),
    ] {
        let output = home.assentry(args).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(wanted), "{args:?}: {said}");
    }
}
