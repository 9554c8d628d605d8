//! The plan's checks: before the first change, so that it is known what was red already, as the proof of a step that names
//! one, and at every finish.
//!
//! What a check proves is what will be pushed: it runs in a copy of the base with the changes that were taken, which no
//! command of the agent has touched. A file outside the scope that the agent changed helps no check, and what a check itself
//! changes is not taken.

use super::MAX_RED;
use super::site::Site;
use super::work::{CheckRun, Proof};
use crate::agent::dialogue::Said;
use crate::agent::ending::Ending;
use crate::agent::transcript::Journal;
use crate::sandbox::{Change, Ended, Exit, SandboxError};

impl<J: Journal> Site<'_, J> {
    /// Keeps the checkout as it is before the first change.
    pub(super) async fn keep_base(&mut self) -> Result<(), Ending> {
        let (checkout, most) = (self.desk.checkout.clone(), self.desk.limits.disk_bytes);
        let beside = beside(checkout.dir(), "base");
        let copied = tokio::task::spawn_blocking(move || checkout.duplicate(&beside, most)).await;
        self.untouched = Some(copied.map_err(std::io::Error::other).flatten().map_err(|error| unavailable(&error))?);
        Ok(())
    }

    /// Runs the checks on the base.
    pub(super) async fn check_before(&mut self) -> Result<(), Ending> {
        let commands: Vec<&str> = self.plan.checks.iter().map(|check| check.command.as_str()).collect();
        self.before = self.run_on(&[], &commands).await?.iter().map(|ended| code(ended.exit)).collect();
        Ok(())
    }

    /// Runs the checks that the proof of a step names, on what was taken for it. Gives what is to be told of them.
    pub(super) async fn prove(&mut self, verify: &str, changes: &[Change]) -> Result<(Vec<Proof>, String), Ending> {
        let named: Vec<&str> =
            self.plan.checks.iter().map(|check| check.command.as_str()).filter(|it| verify.contains(it)).collect();
        let (mut proofs, mut told) = (Vec::new(), String::new());
        for (command, ended) in named.iter().zip(self.run_on(changes, &named).await?) {
            let (exit_code, shown) = (code(ended.exit), self.show(&ended).await?);
            if exit_code != Some(0) {
                told.extend(["\n`", command, "` is red: ", &shown]);
            }
            proofs.push(Proof { command: (*command).to_owned(), exit_code });
        }
        Ok((proofs, told))
    }

    /// Ends the work if all steps are done and all checks are green; else says what is missing.
    ///
    /// `known_red` says that the checks have been red at this point before a restart.
    pub(super) async fn finish(&mut self, summary: String, known_red: bool) -> Result<Said, Ending> {
        if let Some(step) = self.next_step() {
            return Ok(Said::Refused(format!("{} is not ticked", step.id)));
        }
        if known_red {
            self.outputs += u32::try_from(self.plan.checks.len()).unwrap_or(u32::MAX);
        } else {
            let red = match self.check().await? {
                Ok(red) => red,
                Err(said) => return Ok(said),
            };
            if red.is_empty() {
                if self.taken().is_empty() {
                    return Err(Ending::NoChange { text: summary });
                }
                self.work.summary = summary;
                self.finished = true;
                return Ok(Said::Done("finished".to_owned()));
            }
            if self.red >= MAX_RED {
                return Err(Ending::ChecksFailed { commands: red });
            }
        }
        self.red += 1;
        Ok(Said::Failed(self.report()))
    }

    /// Takes what has changed and runs the checks on it; gives those that are red.
    pub(super) async fn check(&mut self) -> Result<Result<Vec<String>, Said>, Ending> {
        let changes = match self.take().await? {
            Ok(changes) => changes,
            Err(said) => return Ok(Err(said)),
        };
        self.work.checks.clear();
        let commands: Vec<&str> = self.plan.checks.iter().map(|check| check.command.as_str()).collect();
        let all = self.run_on(&changes, &commands).await?;
        for ((command, before), ended) in commands.iter().zip(self.before.clone()).zip(all) {
            let output = self.show(&ended).await?;
            self.work.checks.push(CheckRun {
                command: (*command).to_owned(),
                before,
                exit_code: code(ended.exit),
                output,
                elapsed_ms: u64::try_from(ended.elapsed.as_millis()).unwrap_or(u64::MAX),
            });
        }
        self.settle(changes);
        Ok(Ok(self.work.checks.iter().filter(|run| !run.passed()).map(|run| run.command.clone()).collect()))
    }

    /// Runs commands one after the other in a fresh copy of the base with these changes.
    async fn run_on(&self, changes: &[Change], commands: &[&str]) -> Result<Vec<Ended>, Ending> {
        let Some(base) = self.untouched.as_ref().filter(|_| !commands.is_empty()) else { return Ok(Vec::new()) };
        let (base, most) = (base.checkout(), self.desk.limits.disk_bytes);
        let (changes, beside) = (changes.to_vec(), beside(self.desk.checkout.dir(), "proof"));
        let copy = move || base.duplicate(&beside, most).and_then(|copy| copy.restore(&changes).map(|()| copy));
        let copied = tokio::task::spawn_blocking(copy).await.map_err(std::io::Error::other).flatten();
        let copy = copied.map_err(|error| unavailable(&error))?;
        let mut ended = Vec::new();
        for command in commands {
            ended.push(self.desk.run_in(&copy, command, self.desk.limits.wall).await?);
        }
        Ok(ended)
    }

    fn report(&self) -> String {
        format!("checks are red:\n{}", self.red_checks())
    }

    /// The checks that were red at the last finish, with what they printed.
    pub(super) fn red_checks(&self) -> String {
        let red = self.work.checks.iter().filter(|run| !run.passed());
        let reports: Vec<String> = red
            .map(|run| {
                let already = if run.before == Some(0) { "" } else { " (red before the first change as well)" };
                format!("`{}`{already}: {}", run.command, run.output)
            })
            .collect();
        reports.join("\n")
    }
}

/// The name of a directory beside another one.
fn beside(dir: &std::path::Path, what: &str) -> std::path::PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push("-");
    name.push(what);
    dir.with_file_name(name)
}

pub(super) fn unavailable(error: &std::io::Error) -> Ending {
    Ending::Sandbox(SandboxError::Unavailable(format!("cannot copy the checkout: {error}")))
}

fn code(exit: Exit) -> Option<i32> {
    match exit {
        Exit::Code(code) => Some(code),
        Exit::Signal(_) | Exit::TimedOut | Exit::OutputFlood | Exit::ResourceLimit(_) | Exit::Cancelled => None,
    }
}
