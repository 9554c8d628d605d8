//! One file a subcommand; [`wiring`] puts the parts together for those that work.

pub mod audit;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "demo")]
pub mod github_sim;
#[cfg(feature = "demo")]
pub mod model_sim;
pub mod run;
pub mod runs;
pub mod schema;
pub mod serve;
pub mod wiring;
