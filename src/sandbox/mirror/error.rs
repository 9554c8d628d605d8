//! Sorts git's complaints by what the caller does next.

use std::io;

use super::GitOutput;

/// Why the mirror could not do as it was asked.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The credential was not accepted: get another one, or another permission.
    #[error("not allowed: {0}")]
    Refused(String),
    /// The repository, or the commit, is not there: give up.
    #[error("not there: {0}")]
    Gone(String),
    /// No answer, or half of one: try again.
    #[error("no answer: {0}")]
    Flaky(String),
    /// Anything else: a person must look.
    #[error("git failed: {0}")]
    Bad(String),
}

impl From<io::Error> for MirrorError {
    fn from(why: io::Error) -> MirrorError {
        if why.kind() == io::ErrorKind::TimedOut {
            return MirrorError::Flaky(why.to_string());
        }
        MirrorError::Bad(why.to_string())
    }
}

/// The output, if git succeeded.
pub(in crate::sandbox) fn succeed(output: GitOutput) -> Result<GitOutput, MirrorError> {
    if output.status.success() { Ok(output) } else { Err(sort(&String::from_utf8_lossy(&output.stderr))) }
}

/// Reads what git says in English, which `LC_ALL=C` makes sure of.
fn sort(stderr: &str) -> MirrorError {
    let text: String = stderr.trim().chars().take(2000).collect();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["Authentication failed", "could not read Username", "returned error: 401", "returned error: 403"]) {
        return MirrorError::Refused(text);
    }
    if has(&[
        "returned error: 404",
        "' not found",
        "Repository not found",
        "does not appear to be a git repository",
        "Not a valid commit name",
        "bad object",
        "not our ref",
        "Not a valid object name",
        "not a tree object",
    ]) {
        return MirrorError::Gone(text);
    }
    if has(&[
        "returned error: 5",
        "returned error: 429",
        "Could not resolve host",
        "Failed to connect",
        "Connection",
        "timed out",
        "early EOF",
        "hung up unexpectedly",
        "RPC failed",
        "Operation too slow",
        "unexpected disconnect",
    ]) {
        return MirrorError::Flaky(text);
    }
    MirrorError::Bad(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_sorted_by_what_to_do_next() {
        let sorted = |text: &str| match sort(text) {
            MirrorError::Refused(_) => "refused",
            MirrorError::Gone(_) => "gone",
            MirrorError::Flaky(_) => "flaky",
            MirrorError::Bad(_) => "bad",
        };

        assert_eq!(sorted("fatal: Authentication failed for 'http://x/'"), "refused");
        assert_eq!(sorted("fatal: unable to access 'http://x/': The requested URL returned error: 403"), "refused");
        assert_eq!(sorted("fatal: repository 'http://x/' not found"), "gone");
        assert_eq!(sorted("fatal: unable to access 'http://x/': The requested URL returned error: 502"), "flaky");
        assert_eq!(sorted("fatal: unable to access 'http://x/': Failed to connect to x port 80"), "flaky");
        assert_eq!(sorted("fatal: something new"), "bad");
    }
}
