//! What is shown on GitHub beside the status comment. Nothing of it is needed, so all of it is off unless asked for.

use super::strict::Table;

/// What is shown beside the status comment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShowConfig {
    /// What the labels for the phase begin with; `None` for no such labels.
    pub labels: Option<String>,
    /// Whether the plan pull request has a check with the phase.
    pub plan_check: bool,
    /// Whether who approved the plan is asked to review the pull request with the work.
    pub reviewers: bool,
    /// Whether that pull request gets the milestone.
    pub milestone: bool,
    /// Whether both pull requests get into the projects.
    pub project: bool,
}

pub(super) fn read(table: Table<'_>) -> ShowConfig {
    let config = ShowConfig {
        labels: table.parsed("labels", prefix),
        plan_check: table.truth("plan_check").unwrap_or(false),
        reviewers: table.truth("reviewers").unwrap_or(false),
        milestone: table.truth("milestone").unwrap_or(false),
        project: table.truth("project").unwrap_or(false),
    };
    table.finish();
    config
}

/// A beginning that leaves room for the phase, in what GitHub takes as a label.
fn prefix(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty()
        && text.chars().count() <= 25
        && !text.contains(',')
        && !text.contains(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        Err("must have from 1 to 25 characters and no comma, such as \"assentry: \"".to_owned())
    }
}
