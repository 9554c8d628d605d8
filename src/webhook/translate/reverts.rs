//! What says of itself that it takes something back, in the words that git and GitHub write.
//!
//! Only words: who merges or pushes them vouches for them, and nothing but the record of a run turns on them.

use crate::ids::{CommitSha, PullNumber};
use crate::webhook::hint::Reverts;
use crate::webhook::payload::PushedCommit;

/// `git revert` writes `This reverts commit <sha>.`.
const COMMIT: &str = "This reverts commit ";
/// GitHub's button "Revert" writes "Reverts owner/name#7".
const PULL: &str = "Reverts ";

/// The commit that a commit takes back.
pub(super) fn commit(pushed: &PushedCommit) -> Option<Reverts> {
    let (_, rest) = pushed.message.split_once(COMMIT)?;
    let what: CommitSha = rest.get(..40)?.parse().ok()?;
    Some(Reverts { commit: pushed.id.parse().ok()?, what })
}

/// The pull request that a pull request takes back, by the text it begins with.
pub(super) fn pull(body: &str) -> Option<PullNumber> {
    let (_, number) = body.strip_prefix(PULL)?.split_whitespace().next()?.split_once('#')?;
    number.parse().ok().map(PullNumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revert_is_known_by_the_words_of_git_and_of_github() {
        let said = |message: &str| commit(&PushedCommit { id: "1".repeat(40), message: message.to_owned() });
        let (one, two) = ("1".repeat(40).parse(), "2".repeat(40).parse());
        let reverts = one.ok().zip(two.ok()).map(|(commit, what)| Reverts { commit, what });
        assert_eq!(said(&format!("Revert \"T\"\n\nThis reverts commit {}.\n", "2".repeat(40))), reverts);
        for other in ["Revert it", "This reverts commit 2222.", "This reverts commit ééééééééééééééééééééééééé"]
        {
            assert_eq!(said(other), None, "{other}");
        }
        assert_eq!(pull("Reverts acme/tool#7\r\n\nIt broke."), Some(PullNumber(7)));
        for other in ["", "Reverts", "Reverts acme/tool", "It reverts acme/tool#7", "Reverts acme/tool#x"] {
            assert_eq!(pull(other), None, "{other}");
        }
    }
}
