//! The agent's tools: look around in a checkout and change files in it.
//!
//! [`answer`] runs in a process of its own inside the sandbox, with the checkout as its directory; the walls around that
//! process are what holds (T33, T48). What the tools themselves promise on top: a path never leads out of the checkout and
//! a change never goes through a link; every result is bounded and says how to get more; text without a shape is left
//! out and counted (T25, T28); no input makes them panic.

mod change;
mod list;
mod outline;
mod place;
mod read;
mod result;
mod search;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ids::RepoPath;

pub(crate) use place::is_refusal;
use result::{Done, ToolError};
pub(crate) use result::{both_ends, fits, page};

/// One call of a tool, as it crosses the wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", content = "arguments", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Lists a folder.
    List(List),
    /// Reads lines of a file.
    Read(Read),
    /// Searches files for a regular expression.
    Search(Search),
    /// Lists the definitions in a file.
    Outline(Outline),
    /// Replaces one place in a file.
    Edit(Edit),
    /// Writes a file that does not exist yet.
    Create(Create),
    /// Removes a file.
    Delete(Delete),
}

/// Arguments of `list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The folder; the whole checkout if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Place>,
    /// How many levels are shown; 2 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
}

/// Arguments of `read`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The file.
    pub path: RepoPath,
    /// The first line, counted from 1; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// How many lines; as many as fit if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// Arguments of `search`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// A regular expression for a part of a line.
    pub pattern: String,
    /// The folder or file to look in; the whole checkout if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Place>,
    /// Only files whose path fits this glob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glob: Option<String>,
}

/// Arguments of `outline`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outline {
    /// The file.
    pub path: RepoPath,
}

/// Arguments of `edit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file.
    pub path: RepoPath,
    /// The text to replace; must stand in the file exactly once.
    pub old: String,
    /// What stands there afterwards.
    pub new: String,
}

/// Arguments of `create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// The file; missing folders are made.
    pub path: RepoPath,
    /// Its content.
    pub text: String,
}

/// Arguments of `delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// The file.
    pub path: RepoPath,
}

/// A place to look in: a path, or the checkout itself, which models call `.`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place(Option<RepoPath>);

impl TryFrom<String> for Place {
    type Error = crate::ids::BadName;

    fn try_from(text: String) -> Result<Place, crate::ids::BadName> {
        match text.strip_prefix("./").unwrap_or(&text).trim_end_matches('/') {
            "" | "." => Ok(Place(None)),
            path => path.parse().map(|path| Place(Some(path))),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        place.0.map_or_else(|| ".".to_owned(), String::from)
    }
}

/// What came of a call, as it crosses the wall and as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The result, or what was wrong with the call.
    pub text: String,
    /// Whether nothing was done.
    pub failed: bool,
}

/// Reads a [`Request`] as JSON, carries it out in the current directory and gives a [`Reply`] as JSON.
#[must_use]
pub fn answer(request: &[u8]) -> Vec<u8> {
    let reply = match serde_json::from_slice::<Request>(request) {
        Ok(request) => perform(Path::new("."), &request),
        Err(error) => Reply { text: format!("no such request: {error}"), failed: true },
    };
    serde_json::to_vec(&reply).unwrap_or_default()
}

/// Carries out a request below `root`.
pub(crate) fn perform(root: &Path, request: &Request) -> Reply {
    let done: Done = match request {
        Request::List(list) => list::list(root, list),
        Request::Read(read) => read::read(root, read),
        Request::Search(search) => search::search(root, search),
        Request::Outline(outline) => outline::outline(root, outline),
        Request::Edit(edit) => change::edit(root, edit),
        Request::Create(create) => change::create(root, create),
        Request::Delete(delete) => change::delete(root, delete),
    };
    match done {
        Ok(text) => Reply { text, failed: false },
        Err(ToolError(text)) => Reply { text, failed: true },
    }
}

impl Request {
    /// The path a call would change, if it changes any.
    #[must_use]
    pub fn changes(&self) -> Option<&RepoPath> {
        match self {
            Request::Edit(edit) => Some(&edit.path),
            Request::Create(create) => Some(&create.path),
            Request::Delete(delete) => Some(&delete.path),
            Request::List(_) | Request::Read(_) | Request::Search(_) | Request::Outline(_) => None,
        }
    }
}
