//! The plan as Markdown: the text that is hashed, the file on the plan branch, and the comment on the issue.
//!
//! Promises: the same plan has the same text, byte for byte; nothing of it is folded or left out; [`parse_plan`] reads it
//! back. What the core itself writes (headings, quotes, tables) no field of a plan can imitate.

mod body;
mod fenced;
mod lines;
mod made_from;
mod outline;
mod parse;
mod shown;
mod suggest;
mod template;

pub use body::plan_body;
pub(in crate::words) use body::{change, item, work};
pub use fenced::fenced_plan;
pub use lines::{line_of, part_at};
pub use made_from::{MadeFrom, Source, SourceStanding};
pub use outline::ParseFault;
pub use parse::{parse_plan, read_plan};
pub use shown::{Anew, Dropped, Hidden, HiddenKind, PlanFacts, Posting, plan_comment, plan_file};
pub(in crate::words) use shown::{version, who_may};
pub use suggest::{Base, Suggested, Taken, adopt, place};
pub use template::Hints;
pub(in crate::words) use template::template;

#[cfg(test)]
mod tests;
