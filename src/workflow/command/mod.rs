//! What people type: the first line of a new comment, read by a fixed grammar.
//!
//! Promises: only the first line counts, it must begin with the prefix (`/`, where the operator chose no other) or with
//! a mention of the App in the first column, and every name is lower-case ASCII. Quotes, code, a leading space, a
//! full-width slash or an invisible character make it ordinary text (D24, D25). Nothing the bot itself writes begins a
//! comment so (T16).

mod spelling;

use serde::{Deserialize, Serialize};

use super::spending::micro_dollars;
use crate::ids::Login;

pub use spelling::{BadPrefix, Prefix, Spelling};

/// A command, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// `/plan [guidance]`: plan this issue, or plan it anew.
    Plan {
        /// What to mind, in the person's words.
        guidance: Option<String>,
    },
    /// `/plan adopt [path]`: make a version of the plan that stands below, or in a file on the default branch.
    Adopt {
        /// The file, if one is named.
        path: Option<String>,
        /// What stands below the first line.
        text: String,
    },
    /// `/diff [v1 [v3]]`: show the difference between two versions, the newest two if none are named.
    Diff {
        /// The one; 0 for what is no version.
        from: Option<u32>,
        /// The other.
        to: Option<u32>,
    },
    /// `/revise <text>`: a new version that answers this.
    Revise {
        /// What to change.
        text: String,
    },
    /// `/approve [digest]`.
    Approve {
        /// What stands behind the word, if anything.
        digest: Option<String>,
    },
    /// `/unapprove`: take one's own approval or objection back.
    Unapprove,
    /// `/reject <why>`: object.
    Reject {
        /// The reason.
        why: String,
    },
    /// `/cancel`: end the run.
    Cancel,
    /// `/stop`: stop the work and keep what is done.
    Stop,
    /// `/pause`: stop the work at the end of the step that is under way.
    Pause,
    /// `/resume`: go on with stopped work.
    Resume,
    /// `/continue [text]`: go on with stopped work, and mind this.
    Continue {
        /// What it is to mind, if anything stands there.
        text: Option<String>,
    },
    /// `/budget +2.50`: grant more to the work.
    Budget {
        /// How much more, in millionths of a dollar; not 0.
        more: u64,
    },
    /// `/fix [text]`: mend the work that is up for review.
    Fix {
        /// What is to be mended, if anything stands there.
        text: Option<String>,
    },
    /// `/update`: merge the base branch into the branch with the work.
    Update,
    /// `/retry [digest] [from step]`: run the approved version once more after a failure.
    Retry {
        /// What stands behind the word, if anything.
        digest: Option<String>,
        /// The step it begins with again, if one is named.
        from: Option<String>,
    },
    /// `/split`: make an issue of each step.
    Split,
    /// `/status`: say where the run stands.
    Status,
    /// `/help`: say what can be typed.
    Help,
    /// `/plan template`: show an empty plan to fill in.
    PlanTemplate,
    /// `/plan anyway`: plan without waiting for answers, on stated assumptions.
    PlanAnyway {
        /// What stands below the first line.
        guidance: Option<String>,
    },
    /// `/history`: list the versions, and what people decided about them.
    History,
    /// `/lift @login`: set that person's objection aside.
    Lift {
        /// Whose, without the `@`.
        login: String,
    },
    /// `/something` that is none of these, though close enough to one to ask; or a line that speaks to us by name.
    Unknown {
        /// What was typed, at most 40 characters; the whole line, where nothing is near.
        typed: String,
        /// The command it most resembles, if there is one.
        nearest: Option<String>,
    },
}

impl Command {
    /// Whether it bears on approval: what is done by it can be taken back with its comment.
    #[must_use]
    pub fn is_act(&self) -> bool {
        match self {
            Command::Approve { .. }
            | Command::Unapprove
            | Command::Reject { .. }
            | Command::Retry { .. }
            | Command::Lift { .. } => true,
            Command::Plan { .. }
            | Command::Adopt { .. }
            | Command::Diff { .. }
            | Command::Revise { .. }
            | Command::Cancel
            | Command::Stop
            | Command::Pause
            | Command::Resume
            | Command::Continue { .. }
            | Command::Budget { .. }
            | Command::Fix { .. }
            | Command::Update
            | Command::Split
            | Command::Status
            | Command::Help
            | Command::PlanTemplate
            | Command::PlanAnyway { .. }
            | Command::History
            | Command::Unknown { .. } => false,
        }
    }
}

/// The commands' names, as [`Command::Unknown`] and the help text know them.
pub const NAMES: [&str; 20] = [
    "plan",
    "revise",
    "approve",
    "unapprove",
    "reject",
    "lift",
    "cancel",
    "stop",
    "pause",
    "resume",
    "continue",
    "budget",
    "fix",
    "update",
    "retry",
    "split",
    "status",
    "diff",
    "history",
    "help",
];

/// What may stand behind `/plan` alone in its line and is no guidance.
const PLANS: [&str; 3] = ["adopt", "template", "anyway"];

/// Reads the body of a comment where commands begin with `/`. `None` is ordinary text, also where it is a command of
/// some other bot.
///
/// ```
/// use assentry::workflow::command::{Command, parse};
/// assert_eq!(parse("/approve 3fa9c1d2e07b\nthanks!"), Some(Command::Approve { digest: Some("3fa9c1d2e07b".into()) }));
/// assert_eq!(parse("> /approve"), None);
/// ```
#[must_use]
pub fn parse(body: &str) -> Option<Command> {
    Spelling::default().parse(body)
}

impl Spelling {
    /// Reads the body of a comment. `None` is ordinary text, also where it is a command of some other bot. The App's name
    /// with nothing behind it asks for help, and whoever speaks to us in words of their own is told where to find ours.
    #[must_use]
    pub fn parse(&self, body: &str) -> Option<Command> {
        let (first, rest) = match body.split_once('\n') {
            Some((first, rest)) => (first.strip_suffix('\r').unwrap_or(first), rest),
            None => (body, ""),
        };
        let line = first.trim_end_matches(' ');
        let read = match self.behind(line) {
            Some("") if line.len() > 1 => Some(Command::Help),
            Some(behind) => command(behind, rest),
            None => None,
        };
        if read.is_none() && self.is_for_us(line) { Some(not_known(line, None)) } else { read }
    }
}

/// Reads what stands behind the prefix in the first line; `rest` is what stands below.
fn command(line: &str, rest: &str) -> Option<Command> {
    let (name, argument) = line.split_once(' ').unwrap_or((line, ""));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
        return None;
    }
    // Free text may go on below the command; what bears on approval stands in the first line alone.
    let free = || [argument.trim(), rest].join("\n").trim().to_owned();
    let text = || Some(free()).filter(|text| !text.is_empty());
    let word = || Some(argument.to_owned()).filter(|word| !word.is_empty());
    let bare = |command| if argument.is_empty() { Some(command) } else { unknown(line, name) };
    match name {
        "plan" => match argument {
            "template" => Some(Command::PlanTemplate),
            "anyway" => {
                Some(Command::PlanAnyway { guidance: Some(rest.trim().to_owned()).filter(|rest| !rest.is_empty()) })
            }
            _ => Some(
                adopt(argument, rest).or_else(|| slip(argument)).unwrap_or_else(|| Command::Plan { guidance: text() }),
            ),
        },
        "diff" => Some(diff(argument)),
        "revise" => Some(Command::Revise { text: free() }),
        "approve" => Some(Command::Approve { digest: word() }),
        "unapprove" => bare(Command::Unapprove),
        "reject" => Some(Command::Reject { why: free() }),
        "cancel" => Some(Command::Cancel),
        "stop" => bare(Command::Stop),
        "pause" => bare(Command::Pause),
        "resume" => bare(Command::Resume),
        "continue" => Some(Command::Continue { text: text() }),
        "budget" => match argument.strip_prefix('+').and_then(micro_dollars).filter(|more| *more > 0) {
            Some(more) => Some(Command::Budget { more }),
            None => asked(line, &amount(argument)),
        },
        "fix" => Some(Command::Fix { text: text() }),
        "update" => bare(Command::Update),
        "retry" => Some(retry(argument)),
        "split" => bare(Command::Split),
        "status" => Some(Command::Status),
        "history" => Some(Command::History),
        "lift" => match argument.strip_prefix('@') {
            Some(login) if login.parse::<Login>().is_ok() => Some(Command::Lift { login: login.to_owned() }),
            None if argument.parse::<Login>().is_ok() => asked(line, &format!("lift @{argument}")),
            Some(_) | None => asked(line, "lift @login"),
        },
        "help" => Some(Command::Help),
        _ => unknown(name, name),
    }
}

/// `adopt` alone, with the plan below, or with one path behind it; a sentence that begins with the word is guidance.
fn adopt(argument: &str, rest: &str) -> Option<Command> {
    let mut words = argument.split_whitespace();
    let path = match (words.next(), words.next(), words.next()) {
        (Some("adopt"), path, None) => path.map(str::to_owned),
        _ => return None,
    };
    Some(Command::Adopt { path, text: rest.to_owned() })
}

/// A digest, `from` and a step, or both; anything else is passed on as it stands, and the gate says what is wrong with it.
fn retry(argument: &str) -> Command {
    let words: Vec<&str> = argument.split(' ').collect();
    let (digest, from) = match words[..] {
        ["from", step] => ("", Some(step)),
        [digest, "from", step] => (digest, Some(step)),
        _ => (argument, None),
    };
    Command::Retry { digest: Some(digest.to_owned()).filter(|word| !word.is_empty()), from: from.map(str::to_owned) }
}

/// Versions as `v1` or `1`.
fn diff(argument: &str) -> Command {
    let mut versions =
        argument.split_whitespace().map(|word| word.strip_prefix('v').unwrap_or(word).parse::<u32>().unwrap_or(0));
    let (from, to) = (versions.next(), versions.next());
    let from = if versions.next().is_some() { Some(0) } else { from };
    Command::Diff { from, to }
}

/// A single word behind `/plan` that is nearly one of ours: a model's work is not bought for a slip of the finger.
fn slip(argument: &str) -> Option<Command> {
    let near = PLANS.into_iter().find(|known| !argument.is_empty() && distance(argument, known) <= 2)?;
    asked(&format!("plan {argument}"), &format!("plan {near}"))
}

/// The amount that was probably meant, in the form that is read.
fn amount(argument: &str) -> String {
    let digits = argument.trim_start_matches(['+', '$']);
    let meant = micro_dollars(digits).is_some_and(|more| more > 0);
    if meant { format!("budget +{digits}") } else { "budget +2.50".to_owned() }
}

fn asked(typed: &str, nearest: &str) -> Option<Command> {
    Some(not_known(typed, Some(nearest.to_owned())))
}

fn not_known(typed: &str, nearest: Option<String>) -> Command {
    Command::Unknown { typed: typed.chars().take(40).collect(), nearest }
}

/// Asks back where a slip of the finger is likely, and keeps silent where another bot is probably meant.
fn unknown(typed: &str, name: &str) -> Option<Command> {
    let (distance, nearest) = NAMES.iter().map(|known| (distance(name, known), *known)).min()?;
    if distance <= 2 { asked(typed, nearest) } else { None }
}

/// The number of letters to insert, remove or replace on the way from one word to the other (Levenshtein).
pub(crate) fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests;
