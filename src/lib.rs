//! Assentry plans an issue with a model and, once a person approves that plan, turns it into a pull request.
//!
//! > What was built is what was approved, by whom, for how much, and the server can prove it.
//!
//! This is for those who change the program; whoever runs it reads `README.md` and `deploy/README.md`.
//!
//! # The picture
//!
//! ```text
//!  GitHub ─POST─▶ webhook    size limit, signature over the raw bytes, one row, then 202
//!                   │
//!                 worker     delivery ─▶ hint ─▶ facts (who, may they, which commit) read from GitHub ─▶ event
//!                   │
//!   state ─▶ workflow::step  the next state and its effects; pure and total, one function a state
//!                   │ one transaction: the run at its next version, effects in the outbox, event in the hash-chained log
//!                 worker     claims one due effect (a lease with a rising fence) and performs it
//!                   │  ├──── github ──▶ comments, branches, pull requests
//!                   │  └──── agent ───▶ model, and tools and commands in the sandbox
//!                   ▼
//!                 outcome ─▶ event ─▶ step ─▶ one transaction
//! ```
//!
//! Three sentences explain most of it.
//!
//! *Edges for speed, levels for truth.* A webhook is only a hint; what counts is read from GitHub when it is dealt with, and
//! a sweep finds what no webhook told. A lost one costs minutes, never a run.
//!
//! *Say it before doing it.* An effect is a row before it is a deed. Whoever performs it may die at any moment and another
//! one repeats it, so every effect looks first for what an earlier try has left: by a branch's name, by a hidden marker.
//!
//! *Approve bytes, not a place.* An approval is for one digest. The executor reads the stored plan of that digest and never
//! the issue, the comments or the branch, and the approval is judged again at its start and right before the push.
//!
//! # A run, from room to room
//!
//! 1. [`webhook`] takes the delivery "labelled" in. [`worker`] reads from [`github`] who it was and whether they may, and
//!    writes down an event. [`workflow::step`] starts a run and orders a plan.
//! 2. [`agent`] leads the model through a read-only checkout until it submits a plan. The plan is checked, stored under its
//!    digest, and put by [`words`] into a comment and the one file of a draft pull request.
//! 3. A note on the plan is an event too; it leads to the next version. An approving review is an act:
//!    [`workflow::approval`] judges all acts for the newest version, and gives its reasons.
//! 4. [`agent`] again, with the approved bytes and a clean checkout; every tool and command runs in the [`sandbox`]. What
//!    leaves it is held against the plan's [scope](workflow::scope), step by step and once more before the push.
//! 5. [`worker`] builds tree and commits through [`github`], one a step, and opens the pull request; what was built is held
//!    against the plan by [`workflow::conformance`]. The status comment and the [`store`]'s log say how it went, also when
//!    it went wrong; the log binds the model's answers and every write to GitHub.
//! 6. While people review the work, what they say of it leads to follow-ups, judged, executed and pushed like the first
//!    delivery. A merge or a close ends the run; what became of the work is recorded, and its branches go.
//!
//! # Invariants
//!
//! `tests/it/tidy` checks what a program can see of them.
//!
//! 1. [`workflow`], [`words`] and [`ids`] import nothing that can do I/O, read a clock or wait: the same question always
//!    has the same answer.
//! 2. Only [`github`] names octocrab, only [`store`] the database, only [`model`] the vendors of models, and only
//!    [`sandbox`] starts processes.
//! 3. Only [`words`] holds prose for people on GitHub.
//! 4. Nothing from an issue, a comment, a repository or a model is ever part of a shell string that the core builds.
//! 5. The sandbox has no credential and no network but the proxy of set-up commands, and the core never runs git in a directory that the sandbox wrote.
//! 6. The model has no tool that can approve, trigger, label, push or read another repository. The gate is Rust, not a
//!    prompt: [`agent`] cannot even name [`github`] or [`store`].
//! 7. No production code asks whether it is being tested. Tests fake the wire, not our own code.
//! 8. Time, randomness and identity are arguments; only `cli` and the loops it starts ask for them.
//!
//! # Words
//!
//! One word for one thing, everywhere: code, tables, logs, comments.
//!
//! | word | meaning |
//! | --- | --- |
//! | run | one issue's way from label to pull request |
//! | plan | the document that a person approves |
//! | version | one immutable plan of a run, numbered from 1 |
//! | digest | SHA-256 over everything an approver agrees to ([`workflow::terms`]); shown as its first 12 hex digits |
//! | act | what a person did that bears on approval: approve, veto, withdraw, cancel, retry |
//! | approval | the verdict over all acts for one version |
//! | delivery | one webhook, as received |
//! | hint | a delivery, before the facts behind it are known |
//! | event | something that has happened to a run, past tense |
//! | effect | something to be done, imperative; a row before it is a deed |
//! | resting | work that a person or a limit stopped; what is done is kept until it goes on or the run ends |
//! | sweep | looking on GitHub for what hints missed |
//! | scope | the paths a plan may change, and the limits it must keep |
//! | deviation | what was done otherwise than planned, with the reason |
//! | conformance | how the work stands to the plan: a verdict for each step, file and check, and one over all |
//! | core | the trusted process: webhooks, database, credentials, every write to GitHub |
//! | guest | an agent of somebody else's at work in the place of the house's own ([`agent::guest`]) |
//! | sandbox | where every command and every tool of the agent runs: no credential, no network |
//!
//! # Where to read
//!
//! The modules below stand in the order in which a newcomer should read them. Each says at its top what it promises and
//! what it refuses.

// What can happen, and what follows: start here.
pub mod ids;
pub mod workflow;

// How GitHub tells us, what we remember, who does the work.
pub mod store;
pub mod webhook;
pub mod worker;

// What we ask of GitHub, and what we say there.
pub mod github;
pub mod hooks;
pub mod outside;
pub mod words;

// How the model is led, how it is asked, and where its commands run.
pub mod agent;
pub mod model;
pub mod sandbox;

// What is counted meanwhile.
pub mod counts;

// How it is started.
pub mod cli;
pub mod config;
pub mod setup;
pub mod web;

#[cfg(feature = "demo")]
pub mod demo;
