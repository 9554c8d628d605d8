//! Projects of an organization (v2): a pull request of ours stands where its issue stands.
//!
//! GitHub tells of them through GraphQL alone, and takes it with [`super::Step::Projects`]. Projects of users are not
//! reachable for an App.

use serde::Deserialize;
use serde_json::{Value, json};

use super::graphql::Asked;
use super::wire::Kind;
use super::{GithubError, Next, Repository};
use crate::ids::{IssueNumber, PullNumber};

const ITEMS: &str = "query($owner: String!, $name: String!, $issue: Int!, $pull: Int!) { \
    repository(owner: $owner, name: $name) { pullRequest(number: $pull) { id } issue(number: $issue) { \
    projectItems(first: 50, includeArchived: false) { nodes { \
    project { id closed field(name: \"Status\") { ... on ProjectV2SingleSelectField { id } } } \
    fieldValueByName(name: \"Status\") { ... on ProjectV2ItemFieldSingleSelectValue { optionId } } } } } } }";
const ADD: &str = "mutation($project: ID!, $content: ID!) { \
    addProjectV2ItemById(input: {projectId: $project, contentId: $content}) { item { id } } }";
const SET: &str = "mutation($project: ID!, $item: ID!, $field: ID!, $option: String!) { \
    updateProjectV2ItemFieldValue(input: {projectId: $project, itemId: $item, fieldId: $field, \
    value: {singleSelectOptionId: $option}}) { projectV2Item { id } } }";

impl Repository<'_> {
    /// Puts a pull request into each open project that an issue is in, with the issue's status there:
    /// `Issue.projectItems`, `addProjectV2ItemById` and `updateProjectV2ItemFieldValue` of GitHub's GraphQL API. Where it
    /// is already it stays. One project that does not take it does not keep it from the others. Says in how many it is.
    ///
    /// # Errors
    /// As for any write.
    pub async fn carry_projects(&self, issue: IssueNumber, pull: PullNumber) -> Result<usize, GithubError> {
        let what = self.what(format!("put #{pull} into the projects of #{issue}"));
        let (owner, name) = self.at.name.as_str().split_once('/').unwrap_or_default();
        let variables = json!({ "owner": owner, "name": name, "issue": issue.0, "pull": pull.0 });
        let Asked { data, .. }: Asked<Found> = self.graphql(Kind::Read, ITEMS, variables, what.clone()).await?;
        let Some(RepositoryWire { issue: Some(issue), pull: Some(pull) }) = data.repository else {
            return Err(GithubError::Gone { what });
        };
        let (mut there, mut refused) = (0, None);
        for item in issue.items.nodes.into_iter().flatten().filter(|item| !item.project.closed) {
            match self.carry(&item, &pull.id, &what).await {
                Ok(()) => there += 1,
                Err(error) if error.next() == Next::GiveUp => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        refused.map_or(Ok(there), Err)
    }

    async fn carry(&self, item: &ItemWire, pull: &str, what: &str) -> Result<(), GithubError> {
        let project = &item.project;
        let variables = json!({ "project": project.id, "content": pull });
        let Asked { data, .. }: Asked<Added> = self.graphql(Kind::Set, ADD, variables, what.to_owned()).await?;
        let added = data.added.and_then(|added| added.item);
        let field = project.field.as_ref().and_then(|field| field.id.as_ref());
        let option = item.status.as_ref().and_then(|status| status.option.as_ref());
        if let (Some(NodeWire { id }), Some(field), Some(option)) = (added, field, option) {
            let variables = json!({ "project": project.id, "item": id, "field": field, "option": option });
            let _: Asked<Value> = self.graphql(Kind::Set, SET, variables, what.to_owned()).await?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Found {
    repository: Option<RepositoryWire>,
}

#[derive(Deserialize)]
struct RepositoryWire {
    issue: Option<IssueWire>,
    #[serde(rename = "pullRequest")]
    pull: Option<NodeWire>,
}

#[derive(Deserialize)]
struct IssueWire {
    #[serde(rename = "projectItems")]
    items: ItemsWire,
}

#[derive(Deserialize)]
struct ItemsWire {
    nodes: Vec<Option<ItemWire>>,
}

#[derive(Deserialize)]
struct ItemWire {
    project: ProjectWire,
    #[serde(default, rename = "fieldValueByName")]
    status: Option<StatusWire>,
}

#[derive(Deserialize)]
struct ProjectWire {
    id: String,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    field: Option<FieldWire>,
}

/// Of a field or a value of another kind nothing is asked, so there is nothing in it.
#[derive(Deserialize)]
struct FieldWire {
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
struct StatusWire {
    #[serde(default, rename = "optionId")]
    option: Option<String>,
}

#[derive(Deserialize)]
struct NodeWire {
    id: String,
}

#[derive(Deserialize)]
struct Added {
    #[serde(rename = "addProjectV2ItemById")]
    added: Option<AddedWire>,
}

#[derive(Deserialize)]
struct AddedWire {
    item: Option<NodeWire>,
}
