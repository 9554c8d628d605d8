//! The plan's checks: once before the first change, so that it is known what was red already, and at every finish.

use super::MAX_RED;
use super::site::Site;
use super::work::CheckRun;
use crate::agent::desk;
use crate::agent::dialogue::Said;
use crate::agent::ending::Ending;
use crate::agent::transcript::Journal;
use crate::sandbox::Exit;

impl<J: Journal> Site<'_, J> {
    /// Prepares the checkout; a command that fails ends the work before it begins.
    pub(super) async fn set_up(&mut self, commands: &[String]) -> Result<(), Ending> {
        for command in commands {
            let ended = self.desk.run(command, self.desk.limits.wall).await?;
            if code(ended.exit) != Some(0) {
                return Err(Ending::ChecksFailed { commands: vec![command.clone()] });
            }
        }
        Ok(())
    }

    /// Runs the checks on the untouched checkout.
    pub(super) async fn check_before(&mut self) -> Result<(), Ending> {
        for check in &self.plan.checks {
            let ended = self.desk.run(&check.command, self.desk.limits.wall).await?;
            self.before.push(code(ended.exit));
        }
        Ok(())
    }

    /// Ends the work if all steps are done and all checks are green; else says what is missing.
    ///
    /// `known_red` says that the checks have been red at this point before a restart.
    pub(super) async fn finish(&mut self, summary: String, known_red: bool) -> Result<Said, Ending> {
        if let Some(step) = self.next_step() {
            return Ok(Said::Refused(format!("{} is not ticked", step.id)));
        }
        if !known_red {
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

    /// Runs the checks on what will be taken; gives those that are red.
    async fn check(&mut self) -> Result<Result<Vec<String>, Said>, Ending> {
        self.work.checks.clear();
        for (check, before) in self.plan.checks.iter().zip(self.before.clone()) {
            let ended = self.desk.run(&check.command, self.desk.limits.wall).await?;
            self.work.checks.push(CheckRun {
                command: check.command.clone(),
                before,
                exit_code: code(ended.exit),
                output: desk::shown(&ended),
                elapsed_ms: u64::try_from(ended.elapsed.as_millis()).unwrap_or(u64::MAX),
            });
        }
        // Taken after the checks, since a check may change files too and the result must be what is taken.
        match self.take().await? {
            Ok(changes) => self.settle(changes),
            Err(said) => return Ok(Err(said)),
        }
        Ok(Ok(self.work.checks.iter().filter(|run| !run.passed()).map(|run| run.command.clone()).collect()))
    }

    fn report(&self) -> String {
        let red = self.work.checks.iter().filter(|run| !run.passed());
        let reports: Vec<String> = red
            .map(|run| {
                let already = if run.before == Some(0) { "" } else { " (red before the first change as well)" };
                format!("`{}`{already}: {}", run.command, run.output)
            })
            .collect();
        format!("checks are red:\n{}", reports.join("\n"))
    }
}

fn code(exit: Exit) -> Option<i32> {
    match exit {
        Exit::Code(code) => Some(code),
        Exit::Signal(_) | Exit::TimedOut | Exit::OutputFlood | Exit::ResourceLimit(_) | Exit::Cancelled => None,
    }
}
