//! Plays the people of the story and tells what happens, as it happens.

mod looks;
mod scenes;

use std::io::Write;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};

use super::github::{Calls, PullView, Refusal};
use super::stage::Stage;

/// How long one part of the story may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the stage is looked at.
const LOOK: Duration = Duration::from_millis(20);

const FAINT: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const NAME: Style = AnsiColor::Cyan.on_default().bold();

/// Why the story did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Untold {
    /// A person was refused.
    #[error("the simulated GitHub refused what the story needs: {0:?}")]
    Refused(Refusal),
    /// Nothing happened for too long.
    #[error("nothing happened for {} seconds while waiting for {waited_for}; the server's log is {log}", PATIENCE.as_secs())]
    Stuck {
        /// What the story waited for.
        waited_for: &'static str,
        /// Where the log is.
        log: String,
    },
    /// What was told could not be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// The end of the story.
pub struct Told {
    /// The issue.
    pub issue: i64,
    /// The pull request with the work.
    pub pull: PullView,
    /// What the App had asked of GitHub before the story began.
    pub calls_before: Calls,
}

/// Tells the story on a stage, to `out`.
pub struct Teller<'a, W> {
    stage: &'a Stage,
    out: W,
    began: Instant,
    starts: u32,
}

impl<'a, W: Write> Teller<'a, W> {
    /// A teller who begins now.
    pub fn new(stage: &'a Stage, out: W) -> Teller<'a, W> {
        Teller { stage, out, began: Instant::now(), starts: stage.starts() }
    }

    /// Plays and tells the whole story.
    ///
    /// # Errors
    /// [`Untold`], with where to look.
    pub async fn tell(&mut self) -> Result<Told, Untold> {
        let calls_before = self.stage.github.calls();
        let issue = self.an_issue_is_labelled().await?;
        let (pull, first) = self.a_plan_is_posted(issue).await?;
        let second = self.the_plan_is_reviewed(issue, pull).await?;
        self.an_old_version_is_approved((issue, pull), (&first, &second)).await?;
        self.a_stranger_approves((issue, pull), &second).await?;
        self.the_new_version_is_approved(pull, &second).await?;
        let pull = self.the_work_is_delivered(issue, pull).await?;
        Ok(Told { issue, pull, calls_before })
    }

    fn says(&mut self, who: &str, what: &str) -> std::io::Result<()> {
        self.notes_restarts()?;
        let seconds = self.began.elapsed().as_secs_f32();
        writeln!(self.out, "{FAINT}{seconds:6.1} s{FAINT:#}  {NAME}{who:4}{NAME:#} {what}")
    }

    fn notes_restarts(&mut self) -> std::io::Result<()> {
        let starts = self.stage.starts();
        if starts > self.starts {
            self.starts = starts;
            writeln!(self.out, "          the server died and was started again with the same data")?;
        }
        Ok(())
    }

    /// Waits until something can be seen on the stage.
    async fn until<T>(&self, waited_for: &'static str, see: impl Fn(&Stage) -> Option<T>) -> Result<T, Untold> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(seen) = see(self.stage) {
                return Ok(seen);
            }
            if Instant::now() > deadline || self.stage.is_over() {
                let log = self.stage.dir.join("server.log").display().to_string();
                return Err(Untold::Stuck { waited_for, log });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Shows a comment below the line that it stands at.
    fn remark(&mut self, line: &str, body: &str) -> std::io::Result<()> {
        writeln!(self.out, "           {FAINT}│ {line}{FAINT:#}")?;
        for said in body.lines().filter(|said| !said.is_empty()) {
            writeln!(self.out, "           {FAINT}│{FAINT:#}   {said}")?;
        }
        Ok(())
    }

    /// Shows what was said, without what only programs read.
    fn quotes(&mut self, text: &str) -> std::io::Result<()> {
        for line in looks::said(text) {
            writeln!(self.out, "           {FAINT}│{FAINT:#} {line}")?;
        }
        Ok(())
    }

    /// Shows a part of a text, a little further in.
    fn excerpt(&mut self, text: &str, from: &str, to: &str) -> std::io::Result<()> {
        let lines = text.lines().skip_while(|line| !line.starts_with(from)).take_while(|line| !line.starts_with(to));
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with("| ---")) {
            writeln!(self.out, "           {FAINT}│{FAINT:#} {line}")?;
        }
        Ok(())
    }

    fn diff(&mut self, text: &str) -> std::io::Result<()> {
        let lines = text.lines().skip_while(|line| !line.starts_with("```diff")).skip(3);
        for line in lines.take_while(|line| !line.starts_with("```")) {
            let style = if line.starts_with('+') { GOOD } else { FAINT };
            writeln!(self.out, "           {FAINT}│{FAINT:#} {style}{line}{style:#}")?;
        }
        Ok(())
    }

    /// Shows what the checks said before and after, from the pull request's own words.
    fn checks(&mut self, body: &str) -> std::io::Result<()> {
        let section = body.lines().skip_while(|line| !line.starts_with("### Checks")).skip(1);
        for line in section.take_while(|line| !line.starts_with("### ")) {
            let told = line.starts_with('`') || line.starts_with("ok ") || line.starts_with("FAIL");
            if told && !line.starts_with("```") {
                writeln!(self.out, "           {FAINT}│{FAINT:#} {GOOD}{line}{GOOD:#}")?;
            }
        }
        Ok(())
    }
}
