//! Assentry plans an issue with a model and, once a person approves that plan, turns it into a pull request.

pub mod agent;
pub mod cli;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod github;
pub mod ids;
pub mod model;
pub mod sandbox;
pub mod store;
pub mod web;
pub mod webhook;
pub mod words;
pub mod worker;
pub mod workflow;
