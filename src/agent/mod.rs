//! How the model is led: planner and executor, their tools, what they are told, and what is remembered.
//!
//! Start with [`planner`] and [`executor`], the two loops; both hold one conversation (`dialogue`) at a desk
//! ([`Desk`]: a model, a journal, a sandbox, a checkout, a leash). [`tools`] is what runs on the sandbox's side of the
//! wall, [`guest`] who sits there when it is not the house's own agent, [`prompt`] what is told, [`text`] how strangers' words are cleaned before.
//!
//! Promises: every answer is stored before it is used, so a restart buys nothing twice; every end has a name
//! ([`Ending`]); no tool could approve, trigger, label, push or read another repository. Refuses to trust: what the model,
//! the issue, the files or a command say is data, and what leaves the checkout is held against the plan's scope.

mod budget;
mod desk;
mod dialogue;
mod ending;
pub mod executor;
pub mod guest;
mod house;
mod issue;
mod offered;
pub mod planner;
pub mod prompt;
pub mod reader;
mod revision;
pub mod text;
pub mod tools;
mod transcript;

pub use budget::{Leash, Spent, priced};
pub use desk::{Desk, ending_of, whole};
pub use ending::{Ending, JournalError};
pub use house::{Ground, HouseRules};
pub use issue::{Author, Comment, Disclosed, Issue, Writes};
pub use transcript::{Journal, Reservation, Try, Turn};
