//! Pull requests with their reviews and line comments.

use serde_json::{Value, json};

use super::Tour;

impl Tour {
    /// A branch with one new file, and a pull request from it.
    pub(super) async fn opens(&self, branch: &str, draft: bool) -> Value {
        let main = self.get(&self.bot, "git/ref/heads/main").await["object"]["sha"].clone();
        self.ask(&self.bot, "POST git/refs", json!({ "ref": format!("refs/heads/{branch}"), "sha": main })).await;
        let file = json!({ "message": "Write", "content": "b25lCnR3bwp0aHJlZQo=", "branch": branch });
        self.ask(&self.bot, &format!("PUT contents/{branch}.txt"), file).await;
        let pull = json!({ "title": branch, "head": branch, "base": "main", "body": "Text", "draft": draft });
        self.ask(&self.bot, "POST pulls", pull).await
    }

    pub(super) async fn pull_requests(&self) {
        let (bot, ann, bob) = (self.bot.as_str(), self.ann.as_str(), self.bob.as_str());
        let pull = self.opens("topic", false).await;
        let at = format!("pulls/{}", pull["number"]);
        let head = pull["head"]["sha"].as_str().unwrap();
        self.get(bot, "pulls?state=all&head=acme:topic&base=main&per_page=100").await;
        self.ask(ann, &format!("PATCH {at}"), json!({ "title": "Better", "body": "Longer" })).await;
        for path in ["", "/files?per_page=100", "/commits"] {
            self.get(bot, &format!("{at}{path}")).await;
        }
        self.get(bot, &format!("commits/{head}/pulls")).await;
        let reviewers = json!({ "reviewers": ["ann", "bob"] });
        self.ask(bot, &format!("POST {at}/requested_reviewers"), reviewers.clone()).await;
        self.get(bot, &format!("{at}/requested_reviewers")).await;
        self.ask(bot, &format!("DELETE {at}/requested_reviewers"), reviewers).await;

        let line = json!({ "body": "Why?", "commit_id": head, "path": "topic.txt", "line": 1, "side": "RIGHT" });
        let comment = self.ask(bob, &format!("POST {at}/comments"), line).await["id"].clone();
        let file = json!({ "body": "All", "commit_id": head, "path": "topic.txt", "subject_type": "file" });
        self.ask(bob, &format!("POST {at}/comments"), file).await;
        let lines = json!({
            "body": "Both", "commit_id": head, "path": "topic.txt",
            "start_line": 1, "start_side": "RIGHT", "line": 2, "side": "RIGHT",
        });
        let second = self.ask(bob, &format!("POST {at}/comments"), lines).await["id"].clone();
        self.ask(bot, &format!("POST {at}/comments/{comment}/replies"), json!({ "body": "Because" })).await;
        self.get(bot, &format!("{at}/comments?per_page=100")).await;
        self.get(bot, &format!("pulls/comments/{comment}")).await;
        self.ask(bob, &format!("PATCH pulls/comments/{comment}"), json!({ "body": "Why, then?" })).await;
        self.ask(bot, &format!("POST pulls/comments/{comment}/reactions"), json!({ "content": "eyes" })).await;
        self.ask(bob, &format!("DELETE pulls/comments/{second}"), json!({})).await;

        let pending = self.ask(bob, &format!("POST {at}/reviews"), json!({ "body": "Wait" })).await["id"].clone();
        self.ask(bob, &format!("PUT {at}/reviews/{pending}"), json!({ "body": "Wait a bit" })).await;
        let event = json!({ "event": "APPROVE", "body": "Good" });
        self.ask(bob, &format!("POST {at}/reviews/{pending}/events"), event).await;
        let note = json!([{ "path": "topic.txt", "line": 3, "side": "RIGHT", "body": "Here" }]);
        let asks = json!({ "event": "REQUEST_CHANGES", "body": "No", "commit_id": head, "comments": note });
        let review = self.ask(ann, &format!("POST {at}/reviews"), asks).await["id"].clone();
        self.get(bot, &format!("{at}/reviews?per_page=100")).await;
        self.get(bot, &format!("{at}/reviews/{review}")).await;
        self.get(bot, &format!("{at}/reviews/{review}/comments")).await;
        self.ask(ann, &format!("PUT {at}/reviews/{review}/dismissals"), json!({ "message": "Done" })).await;
        self.get(bot, &format!("issues/{}/timeline?per_page=100", pull["number"])).await;
        self.get(bot, &format!("issues/{}/events?per_page=100", pull["number"])).await;
        self.ask(ann, &format!("PUT {at}/merge"), json!({ "merge_method": "squash", "sha": head })).await;
        self.get(bot, &at).await;
    }
}
