//! The repository, its issues, its labels and its code.

use assentry::demo::github::OtherCheck;
use serde_json::json;

use super::{REPO, Tour};

impl Tour {
    pub(super) async fn issues(&self) {
        let (bot, ann) = (self.bot.as_str(), self.ann.as_str());
        self.get(bot, "").await;
        for change in [
            json!({ "visibility": "private" }),
            json!({ "visibility": "public" }),
            json!({ "archived": true }),
            json!({ "archived": false }),
        ] {
            self.ask(ann, "PATCH ", change).await;
        }
        self.get(bot, "collaborators?permission=push&per_page=100").await;
        self.get(bot, "collaborators/ann").await;
        self.get(bot, "collaborators/bob/permission").await;

        let issue = json!({ "title": "One", "body": "Text", "labels": ["assentry", "bug"] });
        self.ask(ann, "POST issues", issue).await;
        self.get(bot, "issues?state=all&labels=bug&sort=updated&direction=asc&per_page=100").await;
        self.get(bot, "issues/1").await;
        self.ask(ann, "PATCH issues/1", json!({ "title": "Two", "body": "More" })).await;
        let comment = self.ask(bot, "POST issues/1/comments", json!({ "body": "A" })).await["id"].clone();
        let on = format!("issues/comments/{comment}");
        self.ask(bot, &format!("PATCH {on}"), json!({ "body": "B" })).await;
        self.ask(ann, &format!("POST {on}/reactions"), json!({ "content": "+1" })).await;
        self.ask(ann, &format!("POST {on}/reactions"), json!({ "content": "+1" })).await;
        for path in
            [on.as_str(), &format!("{on}/reactions"), "issues/1/comments", "issues/comments?since=2026-01-01T00:00:00Z"]
        {
            self.get(bot, path).await;
        }
        self.ask(ann, "POST issues/1/reactions", json!({ "content": "eyes" })).await;
        self.get(bot, "issues/1/reactions").await;

        let child = self.ask(bot, "POST issues", json!({ "title": "A part of it" })).await;
        let id = json!({ "sub_issue_id": child["id"] });
        self.ask(bot, "POST issues/1/sub_issues", id.clone()).await;
        self.get(bot, "issues/1/sub_issues?per_page=100").await;
        self.get(bot, &format!("issues/{}/parent", child["number"])).await;
        self.ask(bot, "DELETE issues/1/sub_issue", id).await;

        self.get(bot, "labels").await;
        self.ask(bot, "POST labels", json!({ "name": "new", "color": "00ff00", "description": "It" })).await;
        self.get(bot, "labels/new").await;
        self.ask(bot, "POST issues/1/labels", json!({ "labels": ["new"] })).await;
        self.ask(bot, "DELETE issues/1/labels/bug", json!({})).await;
        self.ask(bot, "PUT issues/1/labels", json!({ "labels": ["assentry"] })).await;
        self.get(bot, "issues/1/labels").await;
        self.ask(ann, "PUT issues/1/lock", json!({ "lock_reason": "resolved" })).await;
        self.ask(ann, "DELETE issues/1/lock", json!({})).await;
        self.ask(ann, "PATCH issues/1", json!({ "state": "closed", "state_reason": "not_planned" })).await;
        self.ask(ann, "PATCH issues/1", json!({ "state": "open" })).await;
        self.get(bot, "issues/1/events").await;
        self.get(bot, "issues/1/timeline?per_page=100").await;
        self.ask(bot, &format!("DELETE {on}"), json!({})).await;
    }

    pub(super) async fn code(&self) {
        let (bot, ann) = (self.bot.as_str(), self.ann.as_str());
        let head = self.get(bot, "git/ref/heads/main").await["object"]["sha"].clone();
        let head = head.as_str().unwrap();
        self.get(bot, "branches").await;
        self.get(bot, "branches/main").await;
        self.get(bot, "git/matching-refs/heads/ma").await;
        let tree = self.get(bot, &format!("git/trees/{head}?recursive=1")).await["sha"].clone();
        self.get(bot, &format!("git/trees/{head}")).await;
        let blob =
            self.ask(bot, "POST git/blobs", json!({ "content": "aGk=", "encoding": "base64" })).await["sha"].clone();
        self.get(bot, &format!("git/blobs/{}", blob.as_str().unwrap())).await;
        let entries = json!([
            { "path": "new.txt", "mode": "100644", "type": "blob", "sha": blob },
            { "path": "README.md", "mode": "100644", "type": "blob", "sha": null },
        ]);
        let tree = self.ask(bot, "POST git/trees", json!({ "base_tree": tree, "tree": entries })).await["sha"].clone();
        let commit = json!({ "message": "Add it", "tree": tree, "parents": [head] });
        let commit = self.ask(bot, "POST git/commits", commit).await["sha"].clone();
        let sha = commit.as_str().unwrap();
        self.get(bot, &format!("git/commits/{sha}")).await;
        self.ask(bot, "POST git/refs", json!({ "ref": "refs/heads/one", "sha": head })).await;
        self.ask(bot, "PATCH git/refs/heads/one", json!({ "sha": sha, "force": false })).await;
        self.ask(ann, "POST branches/one/rename", json!({ "new_name": "uno" })).await;
        self.get(bot, &format!("compare/{head}...uno")).await;
        self.ask(bot, "DELETE git/refs/heads/uno", json!({})).await;
        for path in ["contents", "contents/src", "contents/src/lib.rs?ref=main", "commits?sha=main&path=README.md"] {
            self.get(bot, path).await;
        }
        self.get(bot, "commits/main").await;
        let file = json!({ "message": "Write", "content": "b25l", "branch": "main" });
        let made = self.ask(ann, "PUT contents/a.txt", file).await;
        let file = json!({ "message": "Again", "content": "dHdv", "sha": made["content"]["sha"] });
        let made = self.ask(ann, "PUT contents/a.txt", file).await;
        let gone = json!({ "message": "Remove", "sha": made["content"]["sha"] });
        self.ask(ann, "DELETE contents/a.txt", gone).await;

        let check = json!({
            "name": "assentry/plan", "head_sha": head, "status": "completed", "conclusion": "success",
            "external_id": "7", "details_url": "http://127.0.0.1/run", "output": { "title": "Good", "summary": "All of it" },
        });
        let id = self.ask(bot, "POST check-runs", check).await["id"].clone();
        self.get(bot, &format!("check-runs/{id}")).await;
        self.ask(bot, &format!("PATCH check-runs/{id}"), json!({ "conclusion": "failure" })).await;
        self.get(bot, &format!("check-runs/{id}/annotations")).await;
        let status = json!({ "state": "success", "context": "ci", "description": "Green" });
        self.ask(ann, &format!("POST statuses/{head}"), status).await;
        for path in ["check-runs?filter=all&check_name=assentry/plan", "statuses", "status"] {
            self.get(bot, &format!("commits/{head}/{path}")).await;
        }
        self.log_of_a_job(head).await;
    }

    /// GitHub points to a log for a minute; there it is had without a token, and with one it is refused.
    async fn log_of_a_job(&self, head: &str) {
        let red = OtherCheck {
            head,
            name: "test",
            conclusion: Some("failure"),
            title: "Red",
            summary: "1 of 2",
            annotations: &[],
            log: Some("1..2\nnot ok 2\n"),
        };
        let job = self.github.runs_check(REPO, &red).unwrap();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let asks = |address: &str| client.get(address).header("user-agent", "tour");
        let address = format!("{}/repos/{REPO}/actions/jobs/{job}/logs", self.github.url());
        let answer = asks(&address).bearer_auth(&self.bot).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        let place = answer.headers()["location"].to_str().unwrap().to_owned();
        assert_eq!(asks(&place).send().await.unwrap().text().await.unwrap(), "1..2\nnot ok 2\n");
        assert_eq!(asks(&place).bearer_auth(&self.bot).send().await.unwrap().status(), 403);
        self.github.advances(std::time::Duration::from_secs(61));
        assert_eq!(asks(&place).send().await.unwrap().status(), 403);
    }
}
