//! The pure core: what a run is, what can happen to it, and what follows.
//!
//! Read in this order: [`plan`] is what a person approves, [`terms`] everything that approval covers, [`scope`] the wall
//! around it, [`deviation`] what is done otherwise, [`conformance`] what was built, held against all that; [`act`] is
//! what people do, [`approval`] whether that amounts to a yes, [`command`] what they type; [`hold`] what a gate does that
//! does not know; [`owners`] whose code it is about, [`naming`] what a run's branches are called; [`run`] holds the
//! states and [`outcome`] their ends, [`event`] what has happened, [`effect`] what is to be done, [`change`] what goes on
//! around it, [`limit`] how many runs there may be, [`spending`] what they may use up, and [`step`] ties them together.
//!
//! Invariant: nothing below this module reads a clock, a file, the network, a database or a random number, and nothing
//! here waits. `step` gives the same answer to the same question, today and when a run is looked into a year later.

pub mod act;
pub mod approval;
pub mod change;
pub mod command;
pub mod conformance;
pub mod deviation;
pub mod effect;
pub mod event;
pub mod hold;
pub mod limit;
pub mod naming;
pub mod news;
pub mod outcome;
pub mod owners;
pub mod plan;
#[cfg(test)]
mod proof;
pub mod run;
pub mod scope;
pub mod spending;
pub mod step;
pub mod terms;
