//! Halts that a test orders: one of the App's writes is stopped before it is done, or before it is answered.
//!
//! A write that is held up is never answered: the test is told when that moment has come, and can then end the process
//! that waits. This is how a crash is put between a deed and the knowledge of it (F12, F13). A write that breaks off is
//! answered 502 and leaves unclear what has been done (F27).

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::GitHub;

/// On which side of the deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Halt {
    /// Nothing has been done.
    Before,
    /// It is done, and nobody has been told.
    After,
}

/// The App's writes that came over the wire, and the one to be held up.
#[derive(Debug, Default)]
pub(super) struct Halts(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    seen: Vec<String>,
    order: Option<(String, usize, Stop)>,
}

/// How and on which side of the deed a write is stopped.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) halt: Halt,
    /// Whom to tell that it is held up; nobody if it breaks off.
    pub(super) tell: Option<oneshot::Sender<()>>,
}

impl Halts {
    /// Counts a request; returns how it is stopped if it is the one.
    pub(super) fn arrives(&self, method: &str, path: &str) -> Option<Stop> {
        // A token is no deed: nobody sees it.
        if method == "GET" || ["/access_tokens", "/git-upload-pack"].iter().any(|end| path.ends_with(end)) {
            return None;
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = plain(&format!("{method} {path}"));
        inner.seen.push(name.clone());
        let now = inner.seen.iter().filter(|seen| **seen == name).count();
        inner.order.take_if(|(write, nth, _)| *write == name && *nth == now).map(|(_, _, stop)| stop)
    }

    fn order(&self, write: &str, nth: usize, stop: Stop) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).order = Some((write.to_owned(), nth, stop));
    }
}

impl GitHub {
    /// Holds up a write that comes over the wire, named as in [`GitHub::writes`]: the `nth` of that name since the start,
    /// from 1. What is returned becomes ready when it has come. The write is never answered.
    #[must_use]
    pub fn halts_at(&self, write: &str, nth: usize, halt: Halt) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.hub.halts.order(write, nth, Stop { halt, tell: Some(tell) });
        told
    }

    /// Answers the `nth` write of a name with 502.
    pub fn breaks_off_at(&self, write: &str, nth: usize, halt: Halt) {
        self.hub.halts.order(write, nth, Stop { halt, tell: None });
    }

    /// The writes that came over the wire, oldest first: method and path, with `N` for each number in it and `B` for a branch.
    #[must_use]
    pub fn writes(&self) -> Vec<String> {
        self.hub.halts.0.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }

    /// Waits until what is asked is so; it is asked again after each request.
    pub async fn until(&self, is_so: impl Fn(&GitHub) -> bool) {
        let mut asked = self.hub.asked.subscribe();
        while !is_so(self) {
            if asked.changed().await.is_err() {
                return;
            }
        }
    }
}

/// The same in each run: ids depend on what else happened, and branches end in something that nobody can guess.
fn plain(write: &str) -> String {
    const BRANCH: &str = "/git/refs/heads/";
    let (write, branch) = write.split_once(BRANCH).map_or((write, None), |(write, _)| (write, Some(BRANCH)));
    let mut plain = String::new();
    for c in write.chars() {
        match c.is_ascii_digit() {
            false => plain.push(c),
            true if plain.ends_with('N') => {}
            true => plain.push('N'),
        }
    }
    plain + &branch.map_or(String::new(), |before| format!("{before}B"))
}
