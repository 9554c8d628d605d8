//! True to GitHub: what we ask and what the simulated GitHub answers, held against GitHub's own descriptions.
//!
//! `tests/run` installs them from npm into the target directory: the OpenAPI descriptions of the API and of webhooks, the
//! GraphQL schema, the public webhook payloads, and Octokit.

#![expect(clippy::print_stderr, reason = "how much was judged is part of what these tests tell")]

mod documents;
mod judge;
mod octokit;
mod payloads;
mod story;
mod tour;

pub(crate) use judge::Judged;
