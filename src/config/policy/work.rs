//! What a repository wants of planning and of executing.

use super::{Bounds, Images, globs};
use crate::config::strict::Table;
use crate::ids::Digest;
use crate::workflow::deviation::{Response, Responses};
use crate::workflow::plan::is_hidden;
use crate::workflow::run::ReviewBounds;

/// The longest instructions, in bytes: they are sent with every turn.
const LONGEST_TEXT: usize = 16_000;
/// The longest command, in bytes, as in a plan.
const LONGEST_COMMAND: usize = 500;
/// Entries of a list at most; with those of a plan they must fit into one.
const MOST: usize = 20;

/// How plans are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanPolicy {
    /// What the planner is told besides its own instructions; empty for nothing.
    pub instructions: String,
    /// Whether the planner reads what people without write access wrote below the issue.
    pub outsiders: Outsiders,
    /// How many revisions in a row are made of what people remark, before a person must ask for the next; `None` for as
    /// many as the operator says.
    pub rounds: Option<u32>,
    /// What profiles can choose among.
    pub templates: Vec<Template>,
}

/// A kind of plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name in the policy.
    pub name: String,
    /// What the planner is told besides; empty for nothing.
    pub instructions: String,
    /// What the plan's approach must speak of, each in a paragraph of its own.
    pub sections: Vec<String>,
}

/// What becomes of the words of people without write access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outsiders {
    /// The planner reads them, marked as theirs.
    Include,
    /// The planner does not read their comments.
    LeaveOut,
}

/// How plans are executed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecutePolicy {
    /// Commands that prepare the checkout before the work begins.
    pub set_up: Vec<String>,
    /// The root file system in which commands run; `None` for the host's.
    pub image: Option<Digest>,
    /// Hosts that these commands may fetch from.
    pub hosts: Vec<String>,
    /// Commands that every run must pass, besides those of its plan.
    pub checks: Vec<String>,
    /// Paths that a plan may change only where it names them exactly and says so.
    pub protected: Vec<String>,
}

/// What follows from each kind of deviation. That the plan is wrong is never only written down.
pub(super) fn read_deviations(table: Table<'_>) -> Responses {
    let usual = Responses::default();
    let kind = |key: &'static str, usual| table.parsed(key, response).unwrap_or(usual);
    let responses = Responses {
        minor: kind("minor", usual.minor),
        extra_file: kind("extra_file", usual.extra_file),
        not_needed: kind("not_needed", usual.not_needed),
        not_possible: kind("not_possible", usual.not_possible),
        plan_is_wrong: kind("plan_is_wrong", usual.plan_is_wrong),
    };
    if responses.plan_is_wrong == Response::Record {
        table.wrong("plan_is_wrong", "must be ask or stop: nothing can go on by a plan that is wrong".to_owned());
    }
    table.finish();
    responses
}

fn response(text: &str) -> Result<Response, String> {
    match text {
        "record" => Ok(Response::Record),
        "ask" => Ok(Response::Ask),
        "stop" => Ok(Response::Stop),
        _ => Err("must be record, ask or stop".to_owned()),
    }
}

/// How much is done by itself while the work is up for review.
pub(super) fn read_review(table: Table<'_>) -> ReviewBounds {
    let usual = ReviewBounds::default();
    let rounds = table.integer("rounds", 0..=15).and_then(|n| u32::try_from(n).ok());
    let ci_fixes = table.integer("ci_fixes", 0..=10).and_then(|n| u32::try_from(n).ok());
    table.finish();
    ReviewBounds { rounds: rounds.unwrap_or(usual.rounds), ci_fixes: ci_fixes.unwrap_or(usual.ci_fixes) }
}

pub(super) fn read_plan(table: Table<'_>) -> PlanPolicy {
    let mut templates = vec![];
    for (name, template) in table.named_tables("template") {
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !plain || name.len() > 50 {
            template.wrong_here("must have a name of letters, digits, - and _");
        }
        let read = Template {
            name: name.to_owned(),
            instructions: template.parsed("instructions", text).unwrap_or_default(),
            sections: short_list(&template, "sections", section),
        };
        if !template.has("instructions") && !template.has("sections") {
            template.wrong_here("says nothing: write instructions or sections");
        }
        template.finish();
        templates.push(read);
    }
    let policy = PlanPolicy {
        instructions: table.parsed("instructions", text).unwrap_or_default(),
        outsiders: table.parsed("outsiders", outsiders).unwrap_or(Outsiders::Include),
        rounds: table.integer("rounds", 1..=15).and_then(|n| u32::try_from(n).ok()),
        templates,
    };
    table.finish();
    policy
}

const NO_IMAGES: &str = "this server has no images; its operator can add them, by sandbox.images";
const NO_NAMESPACES: &str = "this server cannot use an image: its walls are landlock alone, and only namespaces can put \
                             another system in the place of the host's; its operator can let it make them, or leave image \
                             out";

pub(super) fn read_execute(table: Table<'_>, bounds: &Bounds) -> ExecutePolicy {
    let allowed = &bounds.hosts[..];
    let image = |text: &str| match (bounds.images, text.strip_prefix("sha256:").and_then(|hex| hex.parse().ok())) {
        (Images::None, _) => Err(NO_IMAGES.to_owned()),
        (Images::Walls, _) => Err(NO_NAMESPACES.to_owned()),
        (Images::Kept, Some(digest)) => Ok(digest),
        (Images::Kept, None) => {
            Err("must be sha256: and the 64 lower-case hex digits of an archive's digest".to_owned())
        }
    };
    let host = |host: &str| match allowed {
        _ if allowed.iter().any(|one| one == host) => Ok(host.to_owned()),
        [] => Err("this server lets set-up commands reach no host; its operator can, by sandbox.hosts".to_owned()),
        _ => Err(format!("{host:?} is not among the hosts that this server allows: {}", allowed.join(", "))),
    };
    let policy = ExecutePolicy {
        set_up: short_list(&table, "set_up", command),
        image: table.parsed("image", image),
        hosts: short_list(&table, "hosts", host),
        checks: short_list(&table, "checks", command),
        protected: short_list(&table, "protected", globs::pattern),
    };
    table.finish();
    policy
}

fn short_list<T>(table: &Table<'_>, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
    let items = table.list(key, parse).unwrap_or_default();
    if items.len() > MOST {
        table.wrong(key, format!("has {} entries, and may have {MOST}", items.len()));
    }
    items
}

fn text(text: &str) -> Result<String, String> {
    let odd = |c: char| is_hidden(c) || c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    match text {
        _ if text.len() > LONGEST_TEXT => Err(format!("must have at most {LONGEST_TEXT} bytes")),
        _ if text.chars().any(odd) => Err("must not hold control or invisible characters".to_owned()),
        _ => Ok(text.trim().to_owned()),
    }
}

fn section(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && text.len() <= 100 && !text.chars().any(|c| c.is_control() || is_hidden(c));
    if fits { Ok(text.trim().to_owned()) } else { Err("must be a heading of one line, at most 100 bytes".to_owned()) }
}

fn command(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty()
        && text.len() <= LONGEST_COMMAND
        && !text.chars().any(|c| c.is_control() || is_hidden(c));
    if fits {
        Ok(text.trim().to_owned())
    } else {
        Err(format!("must be a command of one line, at most {LONGEST_COMMAND} bytes"))
    }
}

fn outsiders(text: &str) -> Result<Outsiders, String> {
    match text {
        "include" => Ok(Outsiders::Include),
        "leave-out" => Ok(Outsiders::LeaveOut),
        _ => Err("must be include or leave-out".to_owned()),
    }
}
