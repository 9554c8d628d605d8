//! Removes branches of ours. REST deletes a branch wherever it is; GraphQL deletes it only where we left it, so that
//! nothing is lost that somebody pushed a moment ago.

use serde::Deserialize;
use serde_json::{Value, json};

use super::branches::ours;
use super::graphql::Asked;
use super::wire::Kind;
use super::{GithubError, Repository};
use crate::ids::{BranchName, CommitSha};

/// `RefUpdate.afterOid`: "A value of 0000000000000000000000000000000000000000 can be used to delete a reference."
const NOTHING: &str = "0000000000000000000000000000000000000000";

const LOOK: &str = "query($owner: String!, $name: String!, $ref: String!) { \
    repository(owner: $owner, name: $name) { id ref(qualifiedName: $ref) { target { oid } } } }";
const REMOVE: &str = "mutation($repository: ID!, $ref: GitRefname!, $from: GitObjectID!, $to: GitObjectID!) { \
    updateRefs(input: {repositoryId: $repository, refUpdates: [{name: $ref, beforeOid: $from, afterOid: $to}]}) \
    { clientMutationId } }";

impl Repository<'_> {
    /// Deletes a branch of ours if it is at `at`: `Repository.ref` and `updateRefs` of GitHub's GraphQL API, which compares
    /// and deletes in one. A branch that is elsewhere stays, and one that is gone is gone; neither is an error.
    ///
    /// # Errors
    /// As for any write; [`GithubError::Refused`] or [`GithubError::Invalid`] where the repository's rules do not let us.
    pub async fn delete_branch(&self, branch: &BranchName, at: &CommitSha) -> Result<(), GithubError> {
        let what = self.what(format!("delete branch {branch}"));
        ours(branch, &what)?;
        let Some(repository) = self.holds(branch, at, &what).await? else { return Ok(()) };
        let name = format!("refs/heads/{branch}");
        let variables = json!({ "repository": repository, "ref": name, "from": at, "to": NOTHING });
        let removed: Result<Asked<Value>, GithubError> = self.graphql(Kind::Set, REMOVE, variables, what.clone()).await;
        match removed {
            Ok(_) => Ok(()),
            // It may have been moved or deleted between our look and this.
            Err(error) => match self.holds(branch, at, &what).await? {
                None => Ok(()),
                Some(_) => Err(error),
            },
        }
    }

    /// The repository's node id, if the branch is at `at`.
    async fn holds(&self, branch: &BranchName, at: &CommitSha, what: &str) -> Result<Option<String>, GithubError> {
        let (owner, name) = self.at.name.as_str().split_once('/').unwrap_or_default();
        let variables = json!({ "owner": owner, "name": name, "ref": format!("refs/heads/{branch}") });
        let Asked { data, at: _ }: Asked<Found> = self.graphql(Kind::Read, LOOK, variables, what.to_owned()).await?;
        let Some(repository) = data.repository else { return Err(GithubError::Gone { what: what.to_owned() }) };
        Ok(repository.reference.is_some_and(|reference| reference.target.oid == *at).then_some(repository.id))
    }
}

#[derive(Deserialize)]
struct Found {
    repository: Option<RepositoryWire>,
}

#[derive(Deserialize)]
struct RepositoryWire {
    id: String,
    #[serde(rename = "ref")]
    reference: Option<RefWire>,
}

#[derive(Deserialize)]
struct RefWire {
    target: TargetWire,
}

#[derive(Deserialize)]
struct TargetWire {
    oid: CommitSha,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, TestError, sha};

    async fn repository_with(there: Option<CommitSha>, answer: Value) -> Result<Fake, TestError> {
        Fake::start(move |seen| {
            if seen.line != "POST /graphql" {
                return None;
            }
            let query = seen.body["query"].as_str().unwrap_or_default();
            if query.starts_with("mutation") {
                return Some(Reply::new(200, &answer));
            }
            let reference = there.as_ref().map(|sha| json!({ "target": { "oid": sha } }));
            Some(Reply::new(200, &json!({ "data": { "repository": { "id": "R_1", "ref": reference } } })))
        })
        .await
    }

    fn mutations(fake: &Fake) -> Vec<Value> {
        let sent = fake.seen().into_iter().map(|seen| seen.body);
        sent.filter(|body| body["query"] == REMOVE).map(|body| body["variables"].clone()).collect()
    }

    #[tokio::test]
    async fn a_branch_is_deleted_only_where_we_left_it() -> Result<(), TestError> {
        let done = json!({ "data": { "updateRefs": { "clientMutationId": null } } });
        for (there, deleted) in [(Some(sha('a')), 1), (Some(sha('b')), 0), (None, 0)] {
            let fake = repository_with(there.clone(), done.clone()).await?;
            let app = fake.app()?;
            let here = app.repository(&fake.at, Step::Write, NOW);
            assert_eq!(here.delete_branch(&"assentry/42-x".parse()?, &sha('a')).await, Ok(()), "{there:?}");
            assert_eq!(mutations(&fake).len(), deleted, "{there:?}");
            if let Some(sent) = mutations(&fake).pop() {
                assert_eq!((&sent["from"], &sent["to"]), (&json!(sha('a')), &json!(NOTHING)));
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_branch_that_rules_protect_is_told_of() -> Result<(), TestError> {
        let refused = json!({ "data": null, "errors": [{ "type": "UNPROCESSABLE", "message": "Cannot delete it" }] });
        let fake = repository_with(Some(sha('a')), refused).await?;
        let app = fake.app()?;
        let deleted =
            app.repository(&fake.at, Step::Write, NOW).delete_branch(&"assentry/42-x".parse()?, &sha('a')).await;
        assert!(matches!(deleted, Err(GithubError::Invalid { .. })), "{deleted:?}");
        Ok(())
    }

    #[tokio::test]
    async fn t61_only_branches_of_ours_are_deleted() -> Result<(), TestError> {
        let fake = Fake::start(|_| None).await?;
        let app = fake.app()?;
        let deleted = app.repository(&fake.at, Step::Write, NOW).delete_branch(&"main".parse()?, &sha('a')).await;
        assert!(matches!(deleted, Err(GithubError::Refused { .. })), "{deleted:?}");
        assert_eq!(fake.seen(), []);
        Ok(())
    }
}
