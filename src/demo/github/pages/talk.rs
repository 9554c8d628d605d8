//! Issues and pull requests: reading what was said, and saying something as one of the people.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::{Visit, go_to, page, refused};
use crate::demo::github::auth::Actor;
use crate::demo::github::call::{Outcome, Refusal};
use crate::demo::github::door::{self, Answered, Asked};
use crate::demo::github::state::{AccountKind, State};
use crate::demo::github::{Hub, shapes};

struct Thread {
    kind: &'static str,
    number: i64,
    title: String,
    state: &'static str,
}

pub(super) fn answer(hub: &Hub, visit: &Visit<'_>) -> Option<Answered> {
    let known = |owner: &str, name: &str| hub.lock().repo_id(&format!("{owner}/{name}")).ok();
    match (visit.method, visit.parts.as_slice()) {
        ("GET", []) => {
            let state = hub.lock();
            let repos: Vec<String> = state.repos.values().map(|repo| shapes::full_name(&state, repo)).collect();
            Some(page(
                200,
                "Repositories",
                &html! { ul { @for name in &repos { li { a href=(format!("/{name}")) { (name) } } } } },
            ))
        }
        ("GET", [owner, name] | [owner, name, "issues" | "pulls"]) => {
            let id = known(owner, name)?;
            let state = hub.lock();
            let repo = format!("{owner}/{name}");
            Some(page(200, &repo, &listed(&repo, &threads(&state, id), &people(&state))))
        }
        ("POST", [owner, name, "issues"]) => {
            known(owner, name)?;
            Some(open(hub, visit, &format!("{owner}/{name}")))
        }
        (method, [owner, name, "issues" | "pull", number]) => {
            let (id, number) = (known(owner, name)?, number.parse().ok()?);
            let repo = format!("{owner}/{name}");
            if method == "GET" {
                conversation(&hub.lock(), &repo, (id, number))
            } else {
                Some(act(hub, visit, &repo, number))
            }
        }
        _ => None,
    }
}

fn people(state: &State) -> Vec<String> {
    let people = state.accounts.values().filter(|account| account.kind == AccountKind::User);
    people.filter(|account| account.id != state.app.owner).map(|account| account.login.clone()).collect()
}

fn threads(state: &State, repo: i64) -> Vec<Thread> {
    let issues = state.repo(repo).map(|repo| &repo.issues).into_iter().flat_map(|issues| issues.values().rev());
    let thread = |issue: &crate::demo::github::state::Issue| Thread {
        kind: if issue.pull.is_some() { "pull" } else { "issues" },
        number: issue.number,
        title: issue.title.clone(),
        state: if issue.closed.is_some() { "closed" } else { "open" },
    };
    issues.map(thread).collect()
}

fn listed(repo: &str, threads: &[Thread], people: &[String]) -> Markup {
    html! {
        ul {
            @for Thread { kind, number, title, state } in threads {
                li {
                    a href=(format!("/{repo}/{kind}/{number}")) { "#" (number) " " (title) } " "
                    (state) @if *kind == "pull" { ", pull request" }
                }
            }
        }
        h2 { "New issue" }
        form method="post" action=(format!("/{repo}/issues")) {
            (speaker(people))
            label { "Title " input type="text" name="title" required; }
            label { "Text " textarea name="body" rows="4" {} }
            label { "Label " input type="text" name="label"; }
            button { "Open" }
        }
    }
}

fn speaker(people: &[String]) -> Markup {
    html! { label { "As " select name="as" { @for login in people { option { (login) } } } } }
}

fn conversation(state: &State, repo: &str, place: (i64, i64)) -> Option<Answered> {
    let issue = state.issue(place.0, place.1).ok()?;
    let is_pull = issue.pull.is_some();
    let first = (state.login(issue.author), issue.body.as_deref().unwrap_or_default());
    let comments = issue.comments.iter().map(|comment| (state.login(comment.author), comment.body.as_str()));
    let shown = html! {
        p {
            a href=(format!("/{repo}")) { (repo) } " · " (if issue.closed.is_some() { "closed" } else { "open" }) " · "
            @for label in &issue.labels { code { (label) } " " }
            a href="" { "Look again" }
        }
        @for (author, text) in std::iter::once(first).chain(comments) { h2 { (author) } pre { (text) } }
        form method="post" {
            (speaker(&people(state)))
            label { "Text " textarea name="text" rows="4" {} }
            button name="act" value="comment" { "Comment" } " "
            button name="act" value="label" { "Put on as a label" } " "
            @if is_pull {
                button name="act" value="approve" { "Approve" } " "
                button name="act" value="changes" { "Request changes" } " "
                button name="act" value="merge" { "Merge" } " "
            }
            button name="act" value="close" { "Close" }
        }
    };
    Some(page(200, &format!("#{} {}", place.1, issue.title), &shown))
}

fn open(hub: &Hub, visit: &Visit<'_>, repo: &str) -> Answered {
    let labels: Vec<&str> = Some(visit.field("label").trim()).filter(|label| !label.is_empty()).into_iter().collect();
    let body = json!({ "title": visit.field("title"), "body": visit.field("body"), "labels": labels });
    match ask(hub, visit, ("POST", &format!("/repos/{repo}/issues")), &body) {
        Ok(issue) => go_to(&format!("/{repo}/issues/{}", issue["number"])),
        Err(refusal) => refused(refusal.status, &refusal.message),
    }
}

fn act(hub: &Hub, visit: &Visit<'_>, repo: &str, number: i64) -> Answered {
    let text = visit.field("text");
    let (method, path, body) = match visit.field("act") {
        "label" => ("POST", format!("issues/{number}/labels"), json!({ "labels": [text.trim()] })),
        "approve" => ("POST", format!("pulls/{number}/reviews"), json!({ "event": "APPROVE", "body": text })),
        "changes" => ("POST", format!("pulls/{number}/reviews"), json!({ "event": "REQUEST_CHANGES", "body": text })),
        "merge" => ("PUT", format!("pulls/{number}/merge"), json!({})),
        "close" => ("PATCH", format!("issues/{number}"), json!({ "state": "closed" })),
        _ => ("POST", format!("issues/{number}/comments"), json!({ "body": text })),
    };
    match ask(hub, visit, (method, &format!("/repos/{repo}/{path}")), &body) {
        Ok(_) => go_to(&format!("/{repo}/{}/{number}", visit.parts.get(2).unwrap_or(&"issues"))),
        Err(refusal) => refused(refusal.status, &refusal.message),
    }
}

/// Does it as the person whom the form names.
fn ask(hub: &Hub, visit: &Visit<'_>, what: (&str, &str), body: &Value) -> Outcome<Value> {
    let mut state = hub.lock();
    let id = state.account_named(visit.field("as")).map(|account| account.id).ok_or_else(Refusal::not_found)?;
    let asked = Asked {
        method: what.0.to_owned(),
        path: what.1.to_owned(),
        body: body.to_string().into_bytes(),
        ..Asked::default()
    };
    let answer = door::perform(&mut state, &Actor::User { id, via_app: false }, &asked)?;
    Ok(match answer {
        crate::demo::github::call::Answer::Json(_, value) => value,
        crate::demo::github::call::Answer::List(_)
        | crate::demo::github::call::Answer::Wrapped(..)
        | crate::demo::github::call::Answer::Empty(_) => Value::Null,
    })
}
