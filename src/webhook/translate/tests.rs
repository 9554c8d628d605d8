#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
use serde_json::{Value, json};

use super::*;
use crate::ids::{AccountKind, IssueId, IssueNumber, Person, UserId};
use crate::webhook::hint::{IssueFacts, ReviewState};

const SHA: &str = "1111111111111111111111111111111111111111";
const EVENTS: [&str; 7] = [
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "repository",
];

fn read(event: &str, body: &Value) -> Result<Option<Hint>, BadPayload> {
    translate(event, body.to_string().as_bytes())
}

fn user(id: i64, login: &str) -> Value {
    json!({"id": id, "login": login, "type": "User", "html_url": "https://evil.test/"})
}

/// A payload of `event` with the fields that we read and some that we do not.
fn payload(event: &str, action: &str) -> Value {
    let mut body = json!({
        "action": action,
        "installation": {"id": 5, "node_id": "x"},
        "repository": {"id": 7, "full_name": "ann/tool", "default_branch": "main", "private": true,
            "clone_url": "https://evil.test/x.git", "pushed_at": 1_700_000_000},
        "sender": user(1, "ann"),
    });
    let issue = json!({"id": 1042, "number": 42, "title": "Broken", "body": null, "state": "open",
        "labels": [{"name": "assentry", "color": "fff"}], "user": user(2, "bob"), "comments": 3,
        "created_at": "2026-11-22T14:41:00Z", "updated_at": "2026-11-22T14:42:00Z"});
    let pull = json!({"number": 43, "state": "open", "draft": true, "user": {"id": 9, "login": "assentry[bot]",
        "type": "Bot"}, "head": {"ref": "assentry/42-plan", "sha": SHA, "repo": {"id": 7}},
        "base": {"ref": "main", "sha": SHA}, "updated_at": "2026-11-22T14:43:00Z"});
    let comment = json!({"id": 77, "body": "/approve", "user": user(2, "bob"), "path": "plan.md", "line": 3,
        "side": "RIGHT", "pull_request_review_id": 88, "performed_via_github_app": null,
        "created_at": "2026-11-22T14:44:00Z", "updated_at": "2026-11-22T14:44:00Z"});
    let review = json!({"id": 88, "state": "approved", "commit_id": SHA, "body": "yes", "user": user(2, "bob"),
        "submitted_at": "2026-11-22T14:45:00Z"});
    body["repository"]["updated_at"] = json!("2026-11-22T14:46:00Z");
    body["changes"] = json!({"base": {"ref": {"from": "main"}}, "default_branch": {"from": "main"}});
    match event {
        "issues" => (body["issue"], body["label"]) = (issue, json!({"name": "assentry"})),
        "issue_comment" => (body["issue"], body["comment"]) = (issue, comment),
        "pull_request" => {
            body["pull_request"] = pull;
            (body["before"], body["after"], body["number"]) = (json!(SHA), json!(SHA), json!(43));
        }
        "pull_request_review" => (body["pull_request"], body["review"]) = (pull, review),
        "pull_request_review_comment" => (body["pull_request"], body["comment"]) = (pull, comment),
        "push" => {
            body["action"] = Value::Null;
            body["ref"] = json!("refs/heads/assentry/42-plan");
            (body["before"], body["after"]) = (json!(SHA), json!(SHA));
        }
        _ => {}
    }
    body
}

#[test]
fn a_labelled_issue_is_read_whole() {
    let hint = read("issues", &payload("issues", "labeled")).unwrap().unwrap();
    let person = |id, login: &str| Person { id: UserId(id), login: login.parse().unwrap(), kind: AccountKind::User };
    let issue = IssueFacts {
        id: IssueId(1042),
        number: IssueNumber(42),
        title: "Broken".to_owned(),
        body: String::new(),
        open: true,
        locked: false,
        labels: vec!["assentry".to_owned()],
        author: Some(person(2, "bob")),
        created_at: Timestamp::from_rfc3339("2026-11-22T14:41:00Z").unwrap(),
        updated_at: Timestamp::from_rfc3339("2026-11-22T14:42:00Z").unwrap(),
        comments: 3,
        is_pull: false,
    };
    let expected = Hint {
        installation: InstallationId(5),
        repo: RepoFacts {
            id: RepoId(7),
            name: "ann/tool".parse().unwrap(),
            default_branch: "main".parse().unwrap(),
            private: true,
            archived: false,
        },
        sender: Some(person(1, "ann")),
        about: About::IssueLabeled { issue, label: "assentry".to_owned() },
    };
    assert_eq!(hint, expected);
    assert_eq!(hint.meaning(), "7 issue labeled 1042 1795358520000 assentry");
}

#[test]
fn t04_no_address_of_a_payload_is_believed() {
    for event in EVENTS {
        for action in ["labeled", "created", "submitted", "closed", "synchronize"] {
            let hint = read(event, &payload(event, action)).unwrap();
            assert!(!format!("{hint:?}").contains("evil.test"), "{event} {action}");
        }
    }
}

#[test]
fn t05_only_listed_pairs_of_event_and_action_mean_anything() {
    let actions = [
        "opened",
        "labeled",
        "unlabeled",
        "closed",
        "reopened",
        "edited",
        "deleted",
        "created",
        "submitted",
        "dismissed",
        "synchronize",
        "resolved",
        "assigned",
        "transferred",
        "publicized",
        "archived",
        "unarchived",
        "renamed",
        "suspend",
        "removed",
        "typed",
        "pinned",
        "",
    ];
    let others = [
        "commit_comment",
        "discussion_comment",
        "discussion",
        "ping",
        "create",
        "check_run",
        "star",
        "pull_request_review_thread",
        "pull_request_target",
        "sub_issues",
        "Issues",
    ];
    let mut read_as = vec![];
    for event in EVENTS.into_iter().chain(others) {
        for action in actions {
            if read(event, &payload(event, action)).unwrap().is_some() {
                read_as.push(format!("{event}.{action}"));
            }
        }
    }
    read_as.retain(|pair| !pair.starts_with("push."));
    assert_eq!(
        read_as,
        [
            "issues.opened",
            "issues.labeled",
            "issues.unlabeled",
            "issues.closed",
            "issues.edited",
            "issues.deleted",
            "issues.transferred",
            "issue_comment.edited",
            "issue_comment.deleted",
            "issue_comment.created",
            "pull_request.opened",
            "pull_request.closed",
            "pull_request.reopened",
            "pull_request.edited",
            "pull_request.synchronize",
            "pull_request_review.submitted",
            "pull_request_review.dismissed",
            "pull_request_review_comment.edited",
            "pull_request_review_comment.deleted",
            "pull_request_review_comment.created",
            "repository.edited",
            "repository.publicized",
            "repository.archived",
        ]
    );
}

#[test]
fn t02_a_body_under_another_events_name_is_refused() {
    for event in EVENTS {
        for other in EVENTS.into_iter().filter(|other| *other != event) {
            for action in ["created", "edited", "closed", "submitted"] {
                let refused = read(other, &payload(event, action));
                assert!(matches!(refused, Err(BadPayload::OtherEvent { .. })), "{event} as {other}: {refused:?}");
            }
        }
    }
}

#[test]
fn t02_the_same_thing_said_again_has_the_same_meaning_and_another_thing_has_another() {
    let mut meanings = vec![];
    for (event, actions) in [
        ("issues", &["opened", "labeled", "unlabeled", "closed", "edited", "deleted"][..]),
        ("issue_comment", &["created", "edited", "deleted"]),
        ("pull_request", &["closed", "synchronize", "opened", "edited"]),
        ("pull_request_review", &["submitted", "dismissed"]),
        ("pull_request_review_comment", &["created", "edited", "deleted"]),
        ("push", &[""]),
        ("repository", &["edited", "publicized", "archived"]),
    ] {
        for action in actions {
            let meaning = read(event, &payload(event, action)).unwrap().unwrap().meaning();
            assert_eq!(read(event, &payload(event, action)).unwrap().unwrap().meaning(), meaning);
            meanings.push(meaning);
        }
    }
    let mut later = payload("issues", "labeled");
    later["issue"]["updated_at"] = json!("2026-11-22T14:59:00Z");
    meanings.push(read("issues", &later).unwrap().unwrap().meaning());
    let mut elsewhere = payload("push", "");
    elsewhere["repository"]["id"] = json!(8);
    meanings.push(read("push", &elsewhere).unwrap().unwrap().meaning());

    let count = meanings.len();
    meanings.sort();
    meanings.dedup();
    assert_eq!(meanings.len(), count);
}

#[test]
fn a_deleted_account_a_new_state_and_a_new_field_are_survived() {
    let mut body = payload("pull_request_review", "submitted");
    body["review"]["user"] = Value::Null;
    body["review"]["state"] = json!("MAYBE");
    body["review"]["commit_id"] = Value::Null;
    body["pull_request"]["head"]["repo"] = Value::Null;
    body["sender"] = json!({"id": 3, "login": "no login!", "type": "Robot"});
    body["new"] = json!([[]]);
    let hint = read("pull_request_review", &body).unwrap().unwrap();
    let About::ReviewSubmitted { pull, review } = hint.about else { panic!("{:?}", hint.about) };
    assert_eq!((review.author, review.commit_id, pull.head_repo, hint.sender), (None, None, None, None));
    assert_eq!(review.state, ReviewState::Other("maybe".to_owned()));
}

#[test]
fn branches_that_cannot_be_ours_and_tags_mean_nothing() {
    for name in ["refs/tags/v1", "refs/heads/-x", "refs/heads/a b", "refs/heads/größe"] {
        let mut body = payload("push", "");
        body["ref"] = json!(name);
        assert_eq!(read("push", &body).unwrap(), None, "{name}");
    }
    let mut body = payload("pull_request", "closed");
    body["pull_request"]["head"]["ref"] = json!("größe");
    assert_eq!(read("pull_request", &body).unwrap(), None);
}

#[test]
fn what_is_no_payload_is_refused_and_not_a_crash() {
    for body in ["", "[]", "null", "{\"issue\": 1", "{\"issue\": {\"id\": \"x\"}, \"action\": \"opened\"}"] {
        assert!(translate("issues", body.as_bytes()).is_err(), "{body}");
    }
    let mut body = payload("issues", "opened");
    body["installation"] = Value::Null;
    assert!(read("issues", &body).is_err());
}

#[test]
fn what_an_edit_did_not_change_means_nothing() {
    for (event, changed) in [("pull_request", json!({"title": {"from": "x"}})), ("repository", json!({"topics": {}}))] {
        let mut body = payload(event, "edited");
        body["changes"] = changed;
        assert_eq!(read(event, &body).unwrap(), None, "{event}");
        body["changes"] = Value::Null;
        assert_eq!(read(event, &body).unwrap(), None, "{event}");
    }
}

#[test]
fn what_befalls_an_installation_is_read_and_nothing_else_under_its_name() {
    let body = |action: &str| {
        json!({"action": action, "installation": {"id": 5}, "sender": user(1, "ann"),
            "repositories_removed": [{"id": 7, "full_name": "ann/tool"}, {"id": 8}]})
    };
    let told = |event: &str, action: &str| {
        let hint = translate_installation(event, body(action).to_string().as_bytes()).unwrap();
        hint.map(|hint| (hint.installation, hint.sender.is_some(), hint.about))
    };
    let removed = InstallationAbout::Removed { repos: vec![RepoId(7), RepoId(8)] };
    assert_eq!(told("installation", "suspend"), Some((InstallationId(5), true, InstallationAbout::Suspended)));
    assert_eq!(told("installation", "deleted"), Some((InstallationId(5), true, InstallationAbout::Deleted)));
    assert_eq!(told("installation_repositories", "removed"), Some((InstallationId(5), true, removed)));
    for (event, action) in [("installation", "created"), ("installation", "removed"), ("star", "deleted")] {
        assert_eq!(told(event, action), None, "{event} {action}");
    }
    let other = payload("issues", "deleted").to_string();
    assert!(translate_installation("installation", other.as_bytes()).is_err());
}
