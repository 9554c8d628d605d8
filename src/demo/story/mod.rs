//! The story that the demo tells: a small repository with a real bug, an issue about it, and a model that finds its way.
//!
//! The model's answers are written down; everything between them and the pull request is the product. Each answer
//! follows from the request alone, so that the story goes on after any crash.

mod plans;
mod script;

use std::sync::Arc;

pub use script::Storyteller;

use super::github::NewRepository;
use super::model::Script;

/// The repository's name.
pub const REPO: &str = "acme/slug";
/// The issue's title.
pub const TITLE: &str = "Slugs end in a dash when the title ends in punctuation";
/// The issue's text.
pub const BODY: &str = "`echo 'Hello, World!' | bin/slug` prints `hello-world-`, so the links in our newsletter break. \
    `tests/run.sh` shows it: it has been red since the test for punctuation was added.\n\n\
    The output for all other titles should stay as it is.";
/// What the reviewer remarks on the plan, at the line that [`REMARK_AT`] begins.
pub const REMARK: &str = "Please mention this in CHANGELOG.md as well: people have the wrong links in their pages.";
/// How the line of the plan begins that the remark hangs on.
pub const REMARK_AT: &str = "#### `s1`";
/// What the reviewer suggests in place of the line that [`SUGGESTION_AT`] begins.
pub const SUGGESTION: &str = "Let us be exact here.\n\n```suggestion\n\
    - Letters beyond ASCII: each run of them becomes one dash, as before.\n```";
/// How the line of the plan begins that the suggestion replaces.
pub const SUGGESTION_AT: &str = "- Letters beyond ASCII";
/// What the reviewer wants to be sure of, at the line that [`DEMAND_AT`] begins.
pub const DEMAND: &str = "And a title of nothing but punctuation? It must not print a lone dash.";
/// How the line of the plan begins that the demand hangs on.
pub const DEMAND_AT: &str = "> **Done when:** `sh tests/run.sh`";
/// The command that is red before the work and green after it.
pub const CHECK: &str = "sh tests/run.sh";

/// The repository as it is before the story.
#[must_use]
pub fn repository() -> NewRepository {
    let file = |path: &str, text: &str, executable| (path.to_owned(), text.as_bytes().to_vec(), executable);
    NewRepository {
        name: REPO.to_owned(),
        files: vec![
            file("README.md", include_str!("slug/README.md"), false),
            file("CHANGELOG.md", include_str!("slug/CHANGELOG.md"), false),
            file("bin/slug", include_str!("slug/slug"), true),
            file("tests/run.sh", include_str!("slug/run.sh"), true),
        ],
        private: false,
    }
}

/// The model of the story.
#[must_use]
pub fn script() -> Arc<dyn Script> {
    Arc::new(Storyteller)
}
