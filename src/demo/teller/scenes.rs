//! The scenes of the story, one after the other.

use std::io::Write;
use std::time::Duration;

use super::looks::{self, Version};
use super::{FAINT, NAME, Teller, Untold};
use crate::demo::github::{Note, PullView, Verdict};
use crate::demo::stage::Stage;
use crate::demo::story;

impl<W: Write> Teller<'_, W> {
    /// Ann opens an issue and labels it; gives its number.
    pub(super) async fn an_issue_is_labelled(&mut self) -> Result<i64, Untold> {
        let ann = self.stage.github.person("ann");
        let issue = ann.opens_issue(story::TITLE, story::BODY).map_err(Untold::Refused)?;
        self.says("ann", &format!("opens issue #{issue}: {}", story::TITLE))?;
        ann.labels(issue, "assentry").map_err(Untold::Refused)?;
        self.says("ann", "puts the label `assentry` on it")?;
        let seen = |stage: &Stage| stage.github.issue(story::REPO, issue).filter(|issue| !issue.reactions.is_empty());
        self.until("the reaction", seen).await?;
        self.says("bot", "reacts with eyes, reads the repository and writes a plan")?;
        Ok(issue)
    }

    /// The first version comes; gives the number of its pull request.
    pub(super) async fn a_plan_is_posted(&mut self, issue: i64) -> Result<(i64, Version), Untold> {
        let first = self.until("the first plan", |stage| looks::posted(stage, issue, 1)).await?;
        let number = self.until("the plan's pull request", looks::plan_pull).await?.number;
        let what = format!("posts plan {} on the issue and opens draft pull request #{number} with it", first.name);
        self.says("bot", &what)?;
        self.excerpt(&first.text, "### Approach", "### Out of scope")?;
        self.until("the status", |stage| looks::says(stage, issue, "waiting for approval")).await?;
        Ok((number, first))
    }

    /// Bob requests changes, in one review with three comments; the second version comes and answers each.
    pub(super) async fn the_plan_is_reviewed(&mut self, issue: i64, number: i64) -> Result<Version, Untold> {
        let (path, file) = looks::plan_file(self.stage, number);
        self.says("bob", &format!("requests changes in a review of #{number}, at three lines of the plan:"))?;
        let mut notes = Vec::new();
        for (start, body) in [
            (story::REMARK_AT, story::REMARK),
            (story::SUGGESTION_AT, story::SUGGESTION),
            (story::DEMAND_AT, story::DEMAND),
        ] {
            let (at, line) = file.lines().enumerate().find(|(_, line)| line.starts_with(start)).unwrap_or((0, ""));
            self.remark(line, body)?;
            notes.push(Note::line(&path, u32::try_from(at + 1).unwrap_or(1), body));
        }
        let bob = self.stage.github.person("bob");
        bob.reviews_with(number, Verdict::RequestChanges, "", &notes).map_err(Untold::Refused)?;

        let second = self.until("the second plan", |stage| looks::posted(stage, issue, 2)).await?;
        self.says("bot", &format!("posts plan {}; what changed, and why:", second.name))?;
        self.diff(&second.text)?;
        let answers = self.until("the answers", |stage| looks::answers(stage, number, notes.len())).await?;
        self.says(
            "bot",
            "answers each where it stands, and resolves what is done; the suggestion is taken word for word:",
        )?;
        for answer in answers {
            let lines: Vec<&str> = looks::said(&answer).collect();
            self.quotes(&lines.join(" "))?;
        }
        self.until("the status", |stage| looks::says(stage, issue, &second.digest)).await?;
        Ok(second)
    }

    /// Cara, who has not seen the second version yet, approves the first, and is told what has changed.
    pub(super) async fn an_old_version_is_approved(
        &mut self,
        places: (i64, i64),
        versions: (&Version, &Version),
    ) -> Result<(), Untold> {
        let command = format!("/approve {}", versions.0.digest);
        self.stage.github.person("cara").comments(places.0, &command).map_err(Untold::Refused)?;
        self.says("cara", &format!("approves what she has read: `{command}`"))?;
        let told = self.until("the answer to cara", |stage| looks::told(stage, places, "cara")).await?;
        self.says("bot", &format!("does not take that for an approval of {}:", versions.1.name))?;
        Ok(self.quotes(&told)?)
    }

    /// Eve, who may only read, approves, and is told why that is not enough.
    pub(super) async fn a_stranger_approves(&mut self, places: (i64, i64), second: &Version) -> Result<(), Untold> {
        // GitHub's times are whole seconds; an approval in the second of publication could not have read the plan.
        tokio::time::sleep_until((second.seen + Duration::from_millis(1_100)).into()).await;
        let (_, pull) = places;
        self.stage.github.person("eve").approves(pull).map_err(Untold::Refused)?;
        self.says("eve", "may only read here, and approves with a review")?;
        let told = self.until("the answer to eve", |stage| looks::told(stage, places, "eve")).await?;
        self.says("bot", "does not count that, and says why:")?;
        Ok(self.quotes(&told)?)
    }

    /// Bob approves the version that counts.
    pub(super) async fn the_new_version_is_approved(&mut self, number: i64, second: &Version) -> Result<(), Untold> {
        self.stage.github.person("bob").approves(number).map_err(Untold::Refused)?;
        Ok(self.says("bob", &format!("approves {} with a review", second.name))?)
    }

    /// The plan is executed and its pull request opened.
    pub(super) async fn the_work_is_delivered(&mut self, issue: i64, number: i64) -> Result<PullView, Untold> {
        let pull = self.until("the pull request", looks::work_pull).await?;
        self.until("the end", |stage| looks::says(stage, issue, "**Assentry: in review**")).await?;
        self.says("bot", "executes exactly these bytes in a sandbox without network or credentials; the check:")?;
        self.checks(&pull.body)?;
        self.says("bot", &format!("opens pull request #{}, one commit a step, and closes #{number}:", pull.number))?;
        for commit in self.stage.github.pull_commits(story::REPO, pull.number) {
            let trailers = commit.message.lines().filter(|line| line.contains(": ") && !line.starts_with(' '));
            let trailers: Vec<&str> = trailers.filter(|line| looks::is_ours(line)).collect();
            let subject = commit.message.lines().next().unwrap_or_default();
            writeln!(self.out, "           {NAME}{}{NAME:#} {subject}", commit.sha.get(..10).unwrap_or_default())?;
            for trailer in trailers {
                writeln!(self.out, "             {FAINT}{trailer}{FAINT:#}")?;
            }
        }
        for check in self.stage.github.checks(story::REPO, &pull.head_sha) {
            self.says("bot", &format!("puts the check {} beside the merge button: {}", check.name, check.title))?;
        }
        Ok(pull)
    }
}
