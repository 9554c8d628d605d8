//! Assentry from outside: what it promises, kept in front of real databases, processes and sockets.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it breaks")]

mod after;
mod agent;
mod audit;
mod badinput;
mod conformance;
mod crash;
mod deploy;
mod doctor;
mod door;
mod faithful;
mod gate;
mod github;
mod github_sim;
mod hostile;
mod local;
mod money;
mod ops;
mod outage;
mod phases;
mod policy;
mod postgres;
mod races;
mod reconcile;
mod revise;
mod sandbox;
mod setup;
mod shown;
mod store;
mod story;
mod talk;
mod tidy;
mod unclear;
mod web;
mod world;
