//! More of what people do: with branches, with where a pull request goes, with issues that leave, with the repository.

use serde_json::json;

use super::call::Refusal;
use super::people::Person;

impl Person {
    /// Lets a pull request go into another branch.
    ///
    /// # Errors
    /// As GitHub refuses; so with every verb.
    pub fn retargets(&self, pull: i64, base: &str) -> Result<(), Refusal> {
        self.does("PATCH", &format!("pulls/{pull}"), &json!({ "base": base }))
    }

    /// Unlocks the conversation.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn unlocks(&self, number: i64) -> Result<(), Refusal> {
        self.does("DELETE", &format!("issues/{number}/lock"), &json!({}))
    }

    /// Asks somebody for a review, or for another.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn asks_for_review(&self, pull: i64, login: &str) -> Result<(), Refusal> {
        self.does("POST", &format!("pulls/{pull}/requested_reviewers"), &json!({ "reviewers": [login] }))
    }

    /// Makes a branch at a commit, also one that was there before.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn makes_branch(&self, branch: &str, commit: &str) -> Result<(), Refusal> {
        self.does("POST", "git/refs", &json!({ "ref": format!("refs/heads/{branch}"), "sha": commit }))
    }

    /// Renames a branch, perhaps the default one.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn renames_branch(&self, branch: &str, to: &str) -> Result<(), Refusal> {
        self.does("POST", &format!("branches/{branch}/rename"), &json!({ "new_name": to }))
    }

    /// Pushes a commit over a branch and sets the branch back to where it was: what a reader afterwards sees is the same.
    ///
    /// # Errors
    /// As GitHub refuses; 404 for a branch that is not there.
    pub fn pushes_away_and_back(&self, branch: &str, path: &str, content: &str) -> Result<(), Refusal> {
        let (_, head) = self.tips(branch)?;
        let head = head.ok_or_else(Refusal::not_found)?;
        self.pushes(branch, path, content)?;
        self.force_pushes(branch, &head)
    }

    /// Transfers an issue to another repository, `owner/name`, and gives its number there.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn transfers_issue(&self, number: i64, to: &str) -> Result<i64, Refusal> {
        let target = {
            let state = self.github().hub.lock();
            state.repo_id(to)?
        };
        let query = "mutation($issueId: ID!, $repositoryId: ID!) { transferIssue(input: {issueId: $issueId, \
                     repositoryId: $repositoryId}) { issue { number } } }";
        let variables = json!({ "issueId": self.issue_node(number)?, "repositoryId": format!("R_{target}") });
        let data = self.asks_graphql(query, &variables)?;
        super::people::number(&data["transferIssue"]["issue"], "number")
    }

    /// Deletes an issue.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn deletes_issue(&self, number: i64) -> Result<(), Refusal> {
        let query = "mutation($issueId: ID!) { deleteIssue(input: {issueId: $issueId}) { clientMutationId } }";
        self.asks_graphql(query, &json!({ "issueId": self.issue_node(number)? })).map(|_| ())
    }

    /// Shows the repository to everybody, or only to its collaborators.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn shows_repository(&self, visibility: &str) -> Result<(), Refusal> {
        self.does("PATCH", "", &json!({ "visibility": visibility }))
    }

    /// Archives the repository, or ends that.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn archives_repository(&self, archived: bool) -> Result<(), Refusal> {
        self.does("PATCH", "", &json!({ "archived": archived }))
    }

    /// Renames the repository; this person still acts under the old name and must be told the new one by [`Person::at`].
    ///
    /// # Errors
    /// As GitHub refuses.
    pub fn renames_repository(&self, name: &str) -> Result<(), Refusal> {
        self.does("PATCH", "", &json!({ "name": name }))
    }

    fn issue_node(&self, number: i64) -> Result<serde_json::Value, Refusal> {
        Ok(self.asks("GET", &format!("issues/{number}"), &json!({}))?["node_id"].take())
    }
}
