//! What only GraphQL can.

use serde_json::{Value, json};

use super::Tour;

const THREADS: &str = "query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) { \
    pullRequest(number: $number) { reviewThreads(first: 100) { totalCount nodes { id isResolved isOutdated path line \
    diffSide subjectType resolvedBy { login } comments(first: 1) { nodes { databaseId body createdAt url \
    author { login } } } } pageInfo { hasNextPage endCursor } } } } }";
const RESOLVE: &str = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { id isResolved } } }";
const UNRESOLVE: &str =
    "mutation($id: ID!) { unresolveReviewThread(input: {threadId: $id}) { thread { id isResolved } } }";
const READY: &str = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { id isDraft number } } }";
const DRAFT: &str = "mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { id isDraft number } } }";
const EDITS: &str = "query($id: ID!) { node(id: $id) { id ... on Issue { lastEditedAt includesCreatedEdit editor { login } \
    userContentEdits(first: 10) { totalCount nodes { editedAt createdAt diff deletedAt editor { login } } } } } }";
const ITEMS: &str = "query($owner: String!, $name: String!, $issue: Int!, $pull: Int!) { \
    repository(owner: $owner, name: $name) { pullRequest(number: $pull) { id } issue(number: $issue) { \
    projectItems(first: 50, includeArchived: false) { nodes { id \
    project { id closed field(name: \"Status\") { ... on ProjectV2SingleSelectField { id } } } \
    fieldValueByName(name: \"Status\") { ... on ProjectV2ItemFieldSingleSelectValue { name optionId } } } } } } }";
const ADD: &str = "mutation($project: ID!, $content: ID!) { \
    addProjectV2ItemById(input: {projectId: $project, contentId: $content}) { item { id } } }";
const SET: &str = "mutation($project: ID!, $item: ID!, $field: ID!, $option: String!) { \
    updateProjectV2ItemFieldValue(input: {projectId: $project, itemId: $item, fieldId: $field, \
    value: {singleSelectOptionId: $option}}) { projectV2Item { id } } }";
const TRANSFER: &str = "mutation($input: TransferIssueInput!) { transferIssue(input: $input) { issue { id number } } }";
const DELETE: &str = "mutation($input: DeleteIssueInput!) { deleteIssue(input: $input) { clientMutationId } }";

impl Tour {
    pub(super) async fn graphql(&self) {
        let (bot, ann) = (self.bot.as_str(), self.ann.as_str());
        let pull = self.opens("draft", true).await;
        let line = json!({ "body": "Why?", "commit_id": pull["head"]["sha"], "path": "draft.txt", "line": 2 });
        self.ask(ann, &format!("POST pulls/{}/comments", pull["number"]), line).await;
        let at = json!({ "owner": "acme", "name": "widget", "number": pull["number"] });
        let threads = self.graph(bot, THREADS, &at).await;
        let thread = &threads["repository"]["pullRequest"]["reviewThreads"]["nodes"][0]["id"];
        for document in [RESOLVE, UNRESOLVE] {
            self.graph(bot, document, &json!({ "id": thread })).await;
        }
        for document in [READY, DRAFT] {
            self.graph(bot, document, &json!({ "id": pull["node_id"] })).await;
        }
        let issue = self.get(bot, "issues/1").await["node_id"].clone();
        self.graph(bot, EDITS, &json!({ "id": issue })).await;
        let board = self.github.adds_project("acme", &["Todo"]).unwrap();
        self.github.puts_into_project(board, ("acme/widget", 1), Some("Todo")).unwrap();
        let both = json!({ "owner": "acme", "name": "widget", "issue": 1, "pull": pull["number"] });
        let items = self.graph(ann, ITEMS, &both).await;
        let first = &items["repository"]["issue"]["projectItems"]["nodes"][0];
        let (project, option) = (&first["project"], &first["fieldValueByName"]["optionId"]);
        let added = self.graph(ann, ADD, &json!({ "project": project["id"], "content": pull["node_id"] })).await;
        let (item, field) = (&added["addProjectV2ItemById"]["item"]["id"], &project["field"]["id"]);
        let set = json!({ "project": project["id"], "item": item, "field": field, "option": option });
        self.graph(ann, SET, &set).await;
        let other = self.get(ann, "/repos/acme/other").await["node_id"].clone();
        self.graph(ann, TRANSFER, &json!({ "input": { "issueId": issue, "repositoryId": other } })).await;
        let second = self.ask(ann, "POST issues", json!({ "title": "Gone soon" })).await["node_id"].clone();
        self.graph(ann, DELETE, &json!({ "input": { "issueId": second } })).await;
    }

    async fn graph(&self, token: &str, document: &str, variables: &Value) -> Value {
        let mut answer = self.ask(token, "POST /graphql", json!({ "query": document, "variables": variables })).await;
        assert!(answer["errors"].is_null(), "{document}: {answer}");
        answer["data"].take()
    }
}
