//! Plays the people of the story and tells what happens, as it happens.

use std::io::Write;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};

use super::github::{Calls, LineNote, PullView, Refusal, Verdict};
use super::stage::Stage;
use super::story;

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
        let github = self.stage.github.clone();
        let refused = Untold::Refused;
        let calls_before = github.calls();
        let (ann, bob) = (github.person("ann"), github.person("bob"));

        let issue = ann.opens_issue(story::TITLE, story::BODY).map_err(refused)?;
        self.says("ann", &format!("opens issue #{issue}: {}", story::TITLE))?;
        ann.labels(issue, "assentry").map_err(refused)?;
        self.says("ann", "puts the label `assentry` on it")?;
        let seen = |stage: &Stage| stage.github.issue(story::REPO, issue).filter(|issue| !issue.reactions.is_empty());
        self.until("the reaction", seen).await?;
        self.says("bot", "reacts with eyes, reads the repository and writes a plan")?;

        let first = self.until("the first plan", |stage| posted(stage, issue, 1)).await?;
        let plan_pull = self.until("the plan's pull request", plan_pull).await?;
        let number = plan_pull.number;
        self.says(
            "bot",
            &format!("posts plan {} on the issue and opens draft pull request #{number} with it", first.name),
        )?;
        self.excerpt(&first.text, "### Approach", "### Out of scope")?;
        self.until("the status", |stage| says(stage, issue, "waiting for approval")).await?;

        let file = plan_file(self.stage, &plan_pull);
        let at = file.lines().position(|line| line.starts_with(story::REMARK_AT)).unwrap_or(0);
        let line = u32::try_from(at + 1).unwrap_or(1);
        let note = LineNote { path: plan_path(issue), line, body: story::REMARK.to_owned() };
        bob.reviews(number, Verdict::Comment, "", &[note]).map_err(refused)?;
        self.says("bob", &format!("remarks on a line of the plan: “{}”", story::REMARK))?;

        let second = self.until("the second plan", |stage| posted(stage, issue, 2)).await?;
        self.says("bot", &format!("posts plan {}; what changed, and why:", second.name))?;
        self.diff(&second.text)?;
        let bot = github.bot_login();
        let answered = |stage: &Stage| {
            let comments = stage.github.line_comments(story::REPO, number);
            comments.into_iter().find(|comment| comment.author == bot).map(|comment| comment.body)
        };
        let answer = self.until("the answer", answered).await?;
        let answer = answer.lines().filter(|line| !line.is_empty() && !line.starts_with("<!--")).collect::<Vec<_>>();
        self.says("bot", &format!("answers bob at his line: {}", answer.join(" ")))?;
        self.until("the status", |stage| says(stage, issue, &second.digest)).await?;

        // GitHub's times are whole seconds; an approval in the second of publication could not have read the plan.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        bob.approves(number).map_err(refused)?;
        self.says("bob", &format!("approves {} with a review", second.name))?;

        let pull = self.until("the pull request", work_pull).await?;
        self.until("the end", |stage| says(stage, issue, "**Assentry: done**")).await?;
        self.says("bot", "executes exactly these bytes in a sandbox without network or credentials; the check:")?;
        self.checks(&pull.body)?;
        self.says("bot", &format!("opens pull request #{}, one commit a step, and closes #{number}:", pull.number))?;
        for commit in github.pull_commits(story::REPO, pull.number) {
            let trailers = commit.message.lines().filter(|line| line.contains(": ") && !line.starts_with(' '));
            let trailers: Vec<&str> = trailers.filter(|line| is_ours(line)).collect();
            let subject = commit.message.lines().next().unwrap_or_default();
            writeln!(self.out, "           {NAME}{}{NAME:#} {subject}", commit.sha.get(..10).unwrap_or_default())?;
            for trailer in trailers {
                writeln!(self.out, "             {FAINT}{trailer}{FAINT:#}")?;
            }
        }
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

/// A version as it stands in its comment.
struct Version {
    name: String,
    digest: String,
    text: String,
}

fn comments(stage: &Stage, issue: i64) -> impl Iterator<Item = String> {
    let bot = stage.github.bot_login();
    let comments = stage.github.issue_comments(story::REPO, issue).into_iter();
    comments.filter(move |comment| comment.author == bot).map(|comment| comment.body)
}

fn posted(stage: &Stage, issue: i64, version: u32) -> Option<Version> {
    let mark = format!("**Plan** `v{version} · ");
    let text = comments(stage, issue).find(|body| body.contains(&mark))?;
    let digest = text.split_once(&mark)?.1.get(..12)?.to_owned();
    Some(Version { name: format!("v{version} · {digest}"), digest, text })
}

fn says(stage: &Stage, issue: i64, words: &str) -> Option<()> {
    comments(stage, issue).any(|body| body.starts_with("**Assentry: ") && body.contains(words)).then_some(())
}

fn plan_pull(stage: &Stage) -> Option<PullView> {
    stage.github.pulls(story::REPO).into_iter().find(|pull| pull.head.contains("-plan-"))
}

fn work_pull(stage: &Stage) -> Option<PullView> {
    stage.github.pulls(story::REPO).into_iter().find(|pull| !pull.head.contains("-plan-"))
}

fn plan_path(issue: i64) -> String {
    format!(".assentry/plans/{issue}.md")
}

fn plan_file(stage: &Stage, pull: &PullView) -> String {
    let files = stage.github.changed_files(story::REPO, pull.number);
    let path = files.first().cloned().unwrap_or_default();
    stage.github.file(story::REPO, &pull.head, &path).unwrap_or_default()
}

fn is_ours(line: &str) -> bool {
    ["Assentry-Run: ", "Plan-Digest: ", "Approved-by: "].iter().any(|trailer| line.starts_with(trailer))
}
