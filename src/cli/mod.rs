//! One file a subcommand; [`wiring`] puts the parts together for those that work.

pub mod audit;
#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "demo")]
pub mod github_sim;
#[cfg(feature = "demo")]
pub mod model_sim;
pub mod serve;
pub mod wiring;
