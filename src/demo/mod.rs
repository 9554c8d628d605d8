//! What the demo, the tests and anyone's experiments play against: the outside world, on the wire.
//!
//! [`github`] is a GitHub that remembers and refuses what GitHub refuses, [`model`] a model that answers by a script behind
//! the vendors' own formats; [`story`] is what happens, [`stage`] where, and [`teller`] who tells it. Nothing here is
//! part of a server: the real clients talk to it as they talk to the real thing.

pub mod github;
pub mod model;
pub mod stage;
pub mod story;
pub mod teller;
