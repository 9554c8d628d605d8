//! A pull request with what surrounds it, by one question: what became of it, whether its branch was forced to another
//! place, and what the repository is like.

use serde::Deserialize;
use serde_json::json;

use super::graphql::Asked;
use super::pulls::PullState;
use super::wire::Kind;
use super::{GithubError, Repository};
use crate::ids::{CommitSha, PullNumber, Timestamp};

/// `PullRequest.timelineItems` answers at most a hundred items.
const SCENE: &str = "query($owner: String!, $name: String!, $number: Int!) { \
    repository(owner: $owner, name: $name) { isArchived isPrivate pullRequest(number: $number) { \
    state baseRefName timelineItems(last: 100, itemTypes: [HEAD_REF_FORCE_PUSHED_EVENT]) { totalCount \
    nodes { ... on HeadRefForcePushedEvent { beforeCommit { oid } afterCommit { oid } } } } } } }";

/// A pull request and the repository it goes into, by one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullScene {
    /// What became of it.
    pub state: PullState,
    /// The branch it goes into.
    pub base_branch: String,
    /// How its branch was forced to another place.
    pub forced: ForcePushes,
    /// Whether the repository takes no writes.
    pub archived: bool,
    /// Whether only people with access see the repository; also one that is internal to an enterprise.
    pub private: bool,
    /// GitHub's clock when it answered, by the `Date` of the answer; absent when it did not say.
    pub at: Option<Timestamp>,
}

/// The force pushes in the timeline of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForcePushes {
    /// From which commit to which; absent where GitHub does not name one any more.
    moves: Vec<(Option<CommitSha>, Option<CommitSha>)>,
    /// Whether these are all.
    complete: bool,
}

impl ForcePushes {
    /// Whether one of them may have led away from a commit or back to it. What GitHub does not tell may have.
    #[must_use]
    pub fn touched(&self, commit: &CommitSha) -> bool {
        let is = |end: &Option<CommitSha>| end.as_ref().is_none_or(|end| end == commit);
        !self.complete || self.moves.iter().any(|(from, to)| is(from) || is(to))
    }
}

impl Repository<'_> {
    /// Reads what became of a pull request and what surrounds it: `PullRequest` and its `timelineItems`, and `Repository`,
    /// of GitHub's GraphQL API.
    ///
    /// # Errors
    /// As for any read; [`GithubError::Gone`] when there is no such pull request.
    pub async fn pull_scene(&self, number: PullNumber) -> Result<PullScene, GithubError> {
        let what = self.what(format!("read pull request #{number}"));
        let (owner, name) = self.at.name.as_str().split_once('/').unwrap_or_default();
        let variables = json!({ "owner": owner, "name": name, "number": number.0 });
        let Asked { data, at }: Asked<Found> = self.graphql(Kind::Read, SCENE, variables, what.clone()).await?;
        let Some(RepositoryWire { archived, private, pull: Some(pull) }) = data.repository else {
            return Err(GithubError::Gone { what });
        };
        let state = match pull.state {
            StateWire::Open => PullState::Open,
            StateWire::Closed => PullState::Closed,
            StateWire::Merged => PullState::Merged,
        };
        let TimelineWire { total, nodes } = pull.timeline;
        let complete = nodes.len() == total;
        let moves = nodes.into_iter().map(|push| (push.before.map(|c| c.oid), push.after.map(|c| c.oid))).collect();
        let forced = ForcePushes { moves, complete };
        Ok(PullScene { state, base_branch: pull.base, forced, archived, private, at })
    }
}

#[derive(Deserialize)]
struct Found {
    repository: Option<RepositoryWire>,
}

#[derive(Deserialize)]
struct RepositoryWire {
    #[serde(rename = "isArchived")]
    archived: bool,
    #[serde(rename = "isPrivate")]
    private: bool,
    #[serde(rename = "pullRequest")]
    pull: Option<PullWire>,
}

#[derive(Deserialize)]
struct PullWire {
    state: StateWire,
    #[serde(rename = "baseRefName")]
    base: String,
    #[serde(rename = "timelineItems")]
    timeline: TimelineWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StateWire {
    Open,
    Closed,
    Merged,
}

#[derive(Deserialize)]
struct TimelineWire {
    #[serde(rename = "totalCount")]
    total: usize,
    nodes: Vec<ForcePushWire>,
}

#[derive(Deserialize)]
struct ForcePushWire {
    #[serde(rename = "beforeCommit")]
    before: Option<CommitWire>,
    #[serde(rename = "afterCommit")]
    after: Option<CommitWire>,
}

#[derive(Deserialize)]
struct CommitWire {
    oid: CommitSha,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::testing::sha;

    #[test]
    fn d6_a_force_push_that_github_does_not_tell_in_full_may_have_been_any() {
        let commit = |c: char| Some(sha(c));
        let ours = sha('a');
        let pushes = |moves: &[(Option<CommitSha>, Option<CommitSha>)], complete| ForcePushes {
            moves: moves.to_vec(),
            complete,
        };

        assert!(!pushes(&[], true).touched(&ours));
        assert!(pushes(&[], false).touched(&ours));
        assert!(!pushes(&[(commit('b'), commit('c'))], true).touched(&ours));
        assert!(pushes(&[(commit('b'), commit('c')), (commit('c'), commit('a'))], true).touched(&ours));
        assert!(pushes(&[(commit('a'), commit('c'))], true).touched(&ours));
        assert!(pushes(&[(None, commit('c'))], true).touched(&ours));
    }
}
