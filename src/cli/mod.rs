//! One file a subcommand; [`wiring`] puts the parts together for those that work.

#[cfg(feature = "demo")]
pub mod github_sim;
