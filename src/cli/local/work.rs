//! Planning and executing at the bench.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::Bench;
use super::journal::FileJournal;
use crate::agent::executor::{self, Executed, StepEnd, Work};
use crate::agent::planner::{self, PlanTask, Planned};
use crate::agent::prompt::prompt_version;
use crate::agent::{Author, Desk, Ending, Issue, Leash, Spent, Writes, ending_of, reader};
use crate::cli::wiring;
use crate::ids::{BranchName, CommitSha, Digest, RepoId, Timestamp};
use crate::model::Model;
use crate::sandbox::{Access, Checkout, Exit, Job, NewCommit, NoLayer, Recipe, command_line};
use crate::words::plan::{ParseFault, read_plan};
use crate::worker::{ModelChoice, to_be_read};
use crate::workflow::conformance::SecondReading;
use crate::workflow::plan::{Budget, Plan};
use crate::workflow::run::Ask;
use crate::workflow::terms::Canon;

/// What came of planning.
#[derive(Debug)]
pub struct Planning {
    /// The result.
    pub planned: Planned,
    /// What it used up.
    pub spent: Spent,
    /// The model, as provider and id.
    pub model: String,
}

/// What came of executing.
#[derive(Debug)]
pub struct Executing {
    /// What was done.
    pub work: Work,
    /// Why it ended before its time; `None` when it finished.
    pub ending: Option<Ending>,
    /// The commits on the new branch, one a step; none if nothing was made.
    pub commits: Vec<CommitSha>,
    /// The model, as provider and id.
    pub model: String,
    /// What a second model says of it, where there is one to be asked.
    pub second: Option<Reading>,
}

/// What came of reading the work a second time.
#[derive(Debug)]
pub struct Reading {
    /// What was said; nothing where the model was not to be had or made no sense.
    pub said: Option<SecondReading>,
    /// What it used up.
    pub spent: Spent,
    /// The model, as provider and id.
    pub model: String,
}

/// Reads an issue: its title in the first line, perhaps as a heading, and its text below.
///
/// # Errors
/// When the file cannot be read or has nothing in it.
pub fn read_issue(file: &Path, now: Timestamp) -> anyhow::Result<Issue> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let (title, body) = text.split_once('\n').unwrap_or((text, ""));
    let title = title.trim_start_matches('#').trim();
    if title.is_empty() {
        anyhow::bail!("{}: is empty; write the issue's title in the first line and its text below", file.display());
    }
    let author = Author { login: "you".to_owned(), id: None, writes: Writes::Yes };
    let (title, body) = (title.to_owned(), body.trim().to_owned());
    Ok(Issue { title, author, at: now, body, comments: vec![], left_out: 0, trigger: None, mark: None })
}

/// Reads a plan as `assentry plan` writes it, in Markdown or JSON, and judges it.
///
/// # Errors
/// When the file cannot be read, or with every fault and its line.
pub fn read_plan_file(file: &Path) -> anyhow::Result<Plan> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file.display();
    if text.trim_start().starts_with('{') {
        let plan: Plan = serde_json::from_str(&text).with_context(|| format!("{name} is no plan"))?;
        let faults: Vec<String> =
            plan.faults().iter().map(|fault| format!("\n  {}: {}", fault.at, fault.what)).collect();
        anyhow::ensure!(faults.is_empty(), "{name} is no plan that can be executed:{}", faults.concat());
        return Ok(plan);
    }
    read_plan(&text, None).map_err(|faults: Vec<ParseFault>| {
        let faults: Vec<String> =
            faults.iter().map(|fault| format!("\n  line {}: {}", fault.line, fault.what)).collect();
        anyhow::anyhow!("{name} is no plan that can be executed:{}", faults.concat())
    })
}

impl Bench {
    /// Has a plan written for an issue.
    ///
    /// # Errors
    /// When nothing can be run or kept here.
    pub async fn plan(&self, issue: &Issue, cancel: &CancellationToken) -> anyhow::Result<Planning> {
        let (model, choice) = self.planner()?;
        let mut canon = Canon::new("assentry-local-plan-v1");
        canon.text(&issue.title);
        canon.text(&issue.body);
        let key = self.key(canon, &choice.name);
        let budget = wiring::budget(self.config.limits.plan);
        let journal = FileJournal::open(&self.conversation("plan", &key), budget)?;
        let checkout = self.mirror.checkout(&self.from, &self.base, &self.folder("plan", &key)?).await?;
        let leash = self.leash(budget, cancel);
        let desk = Desk { sandbox: &self.host, ..self.desk((&model, &choice), &journal, &checkout, &leash) };
        let ask = Ask::Fresh { guidance: None };
        let (places, house) = (std::collections::BTreeMap::new(), self.house());
        let task = PlanTask { issue, ask: &ask, previous: None, places: &places, house: &house, unasked: false };
        let (mut planned, spent) = Box::pin(planner::plan(&desk, &task)).await;
        if let Planned::Written(submission) = &mut planned {
            house.complete(&mut submission.plan);
        }
        checkout.remove()?;
        if !goes_on_later(match &planned {
            Planned::Stopped(ending) => Some(ending),
            Planned::Written(_) | Planned::Asked(_) => None,
        }) {
            journal.forget();
        }
        Ok(Planning { planned, spent, model: choice.name })
    }

    /// Executes a plan and puts what was done on a new branch, a commit for each step.
    ///
    /// # Errors
    /// When nothing can be run or kept here, or the branch exists.
    pub async fn execute(
        &self,
        plan: &Plan,
        branch: &BranchName,
        now: Timestamp,
        cancel: &CancellationToken,
    ) -> anyhow::Result<Executing> {
        if self.repository.has_branch(branch).await? {
            anyhow::bail!("there is a branch {branch} already: name another with --branch, or delete it");
        }
        let mut plan = plan.clone();
        self.house().complete(&mut plan);
        let (model, choice) = self.executor()?;
        let mut canon = Canon::new("assentry-local-execute-v1");
        canon.text(&serde_json::to_string(&plan)?);
        let key = self.key(canon, &choice.name);
        let journal = FileJournal::open(&self.conversation("execute", &key), self.profile().budget)?;
        let checkout = self.prepared(&self.folder("execute", &key)?, cancel).await?;
        let leash = self.leash(self.profile().budget, cancel);
        let desk = self.desk((&model, &choice), &journal, &checkout, &leash);
        let executed = Box::pin(executor::execute(&desk, &plan, &self.ground())).await;
        checkout.remove()?;
        let (work, ending) = match executed {
            Executed::Finished(work) => (work, None),
            Executed::Stopped { ending, work } => (work, Some(ending)),
        };
        let commits = if ending.is_none() { self.commit(&plan, &work, branch, now).await? } else { vec![] };
        if !goes_on_later(ending.as_ref()) {
            journal.forget();
        }
        let second = if ending.is_none() { self.read_again(&plan, &work, cancel).await? } else { None };
        Ok(Executing { work, ending, commits, model: choice.name, second })
    }

    /// Has `[models.review]` read what was done, where there is one. A reader that does not answer holds nothing up.
    async fn read_again(
        &self,
        plan: &Plan,
        work: &Work,
        cancel: &CancellationToken,
    ) -> anyhow::Result<Option<Reading>> {
        let Some(wanted) = &self.config.models.review else { return Ok(None) };
        let (model, choice) = wiring::phase(wanted, &self.config.models.allowed).context("[models.review]")?;
        let changes = work.steps.last().map_or(&[][..], |step| &step.changes);
        let shown = to_be_read((&self.mirror, &self.from), plan, (&self.base, changes), work).await?;
        let mut canon = Canon::new("assentry-local-review-v1");
        canon.text(&shown.to_string());
        let budget = wiring::budget(self.config.limits.review);
        let journal = FileJournal::open(&self.conversation("review", &self.key(canon, &choice.name)), budget)?;
        let leash = self.leash(budget, cancel);
        let (read, spent) =
            Box::pin(reader::read((&model, choice.fallback.as_deref()), &journal, &leash, &shown)).await;
        // The work is on its branch by now, so nobody will go on with this.
        journal.forget();
        let said = read.inspect_err(|ending| tracing::warn!(%ending, "the second reader said nothing")).ok();
        Ok(Some(Reading { said, spent, model: choice.name }))
    }

    /// A checkout of the base on which the set-up commands of the policy have run.
    async fn prepared(&self, dir: &Path, cancel: &CancellationToken) -> anyhow::Result<Checkout> {
        let wanted = &self.policy.execute;
        if wanted.set_up.is_empty() {
            return Ok(self.mirror.checkout(&self.from, &self.base, dir).await?);
        }
        let recipe = Recipe {
            repository: RepoId(1),
            commit: &self.base,
            commands: &wanted.set_up,
            hosts: &wanted.hosts,
            limits: self.limits(),
        };
        match Box::pin(self.sandbox.prepared((&self.mirror, &self.from), &recipe, dir, cancel)).await {
            Err(NoLayer::Failed { command, ended, .. }) => {
                anyhow::bail!("the set-up command {command:?} failed: {}", ending_of(&ended, 2_000))
            }
            prepared => Ok(prepared?),
        }
    }

    /// Runs commands on the files of a commit, each on fresh ones, and says which fails first and how it ended.
    ///
    /// # Errors
    /// When nothing can be run here.
    pub async fn verify(
        &self,
        branch: &BranchName,
        commit: &CommitSha,
        commands: &[String],
        cancel: &CancellationToken,
    ) -> anyhow::Result<Option<(String, String)>> {
        self.mirror.fetch(&self.from, std::slice::from_ref(branch)).await?;
        for command in commands {
            let dir = self.data.join("work").join("verify");
            let checkout = self.mirror.checkout(&self.from, commit, &dir).await?;
            let job = Job {
                argv: command_line(command),
                cwd: None,
                stdin: vec![],
                checkout: &checkout,
                access: Access::Writable,
                limits: self.limits(),
            };
            let ended = Box::pin(self.sandbox.run(job, cancel)).await;
            checkout.remove()?;
            let ended = ended?;
            if ended.exit != Exit::Code(0) {
                return Ok(Some((command.clone(), format!("{:?}\n{}", ended.exit, ended.output.text()))));
            }
        }
        Ok(None)
    }

    async fn commit(
        &self,
        plan: &Plan,
        work: &Work,
        branch: &BranchName,
        now: Timestamp,
    ) -> anyhow::Result<Vec<CommitSha>> {
        let mut before = &Vec::new();
        let mut commits = vec![];
        for step in &work.steps {
            if step.end == StepEnd::Done && step.changes != *before {
                let planned = plan.steps.iter().find(|planned| planned.id == step.id);
                let message = planned.map_or(step.id.as_str(), |planned| planned.title.as_str());
                commits.push(NewCommit { message, changes: &step.changes });
                before = &step.changes;
            }
        }
        if commits.is_empty() {
            return Ok(vec![]);
        }
        Ok(self.repository.commit(branch, &self.base, &commits, now).await?)
    }

    /// Under which name a conversation is kept: it is another one for other instructions, another commit or model.
    fn key(&self, mut canon: Canon, model: &str) -> Digest {
        canon.text(self.base.as_str());
        canon.text(model);
        canon.text(prompt_version().as_str());
        canon.finish()
    }

    fn conversation(&self, task: &str, key: &Digest) -> PathBuf {
        self.data.join("conversations").join(format!("{task}-{}.jsonl", key.short()))
    }

    fn folder(&self, task: &str, key: &Digest) -> std::io::Result<PathBuf> {
        let parent = self.data.join("work");
        std::fs::create_dir_all(&parent)?;
        Ok(parent.join(format!("{task}-{}", key.short())))
    }

    fn leash(&self, budget: Budget, cancel: &CancellationToken) -> Leash {
        let minutes = std::time::Duration::from_secs(60 * u64::from(budget.minutes));
        Leash { budget, until: tokio::time::Instant::now() + minutes, cancel: cancel.clone() }
    }

    fn desk<'a>(
        &'a self,
        (model, choice): (&'a Model, &'a ModelChoice),
        journal: &'a FileJournal,
        checkout: &'a Checkout,
        leash: &'a Leash,
    ) -> Desk<'a, FileJournal> {
        Desk {
            model,
            fallback: choice.fallback.as_deref(),
            guest: choice.guest.as_deref(),
            journal,
            sandbox: &self.sandbox,
            checkout,
            limits: self.limits(),
            leash,
        }
    }
}

/// Whether the same command may go on with what was answered so far.
fn goes_on_later(ending: Option<&Ending>) -> bool {
    matches!(ending, Some(Ending::Model(_) | Ending::Sandbox(_) | Ending::Journal(_) | Ending::Cancelled))
}
