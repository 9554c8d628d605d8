//! Long outputs: shown in part, kept whole, and read on by the agent.

use serde::Deserialize;

use super::site::Site;
use crate::agent::desk;
use crate::agent::dialogue::Said;
use crate::agent::ending::Ending;
use crate::agent::tools::page;
use crate::agent::transcript::Journal;
use crate::sandbox::Ended;

/// How many bytes of long outputs one execution keeps. Of a single one, the sandbox keeps no more than its own limit.
const MAX_KEPT: usize = 32 << 20;

/// Which lines of which output.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadOutput {
    number: u32,
    from: Option<u32>,
    count: Option<u32>,
}

impl<J: Journal> Site<'_, J> {
    /// Says how a command ended and what it printed; what does not fit is kept, and it is said how to read it.
    ///
    /// Commands are numbered in their order, which is the same after a restart.
    pub(super) async fn show(&mut self, ended: &Ended) -> Result<String, Ending> {
        self.outputs += 1;
        let shown = desk::shown(ended);
        if desk::shows_all(ended) {
            return Ok(shown);
        }
        let whole = desk::whole(ended);
        self.kept_bytes = self.kept_bytes.saturating_add(whole.len());
        if self.kept_bytes > MAX_KEPT {
            return Ok(format!("{shown}\n[too much was printed so far to keep the rest]"));
        }
        self.desk.journal.keeps(&name(self.outputs), &whole).await.map_err(Ending::Journal)?;
        Ok(format!("{shown}\n[output number={} reads all of it]", self.outputs))
    }

    /// Reads lines of an output that was shown in part.
    pub(super) async fn read_output(&self, read: &ReadOutput) -> Result<Said, Ending> {
        let kept = self.desk.journal.kept(&name(read.number)).await.map_err(Ending::Journal)?;
        Ok(match kept.filter(|_| read.number <= self.outputs) {
            None => Said::Failed(format!("no output {} was shown in part", read.number)),
            Some(text) => match page(&text, read.from, read.count, None) {
                Ok(lines) => Said::Done(lines),
                Err(lines) => Said::Failed(format!("output {} has only {lines} lines", read.number)),
            },
        })
    }
}

fn name(number: u32) -> String {
    format!("output-{number}")
}
