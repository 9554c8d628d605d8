//! Hostile titles, plans, comments and output: text on every page (T69).

use assentry::demo::github::NewRepository;
use assentry::demo::model::{Call, Reply, Seen};
use assentry::demo::story;
use serde_json::json;

use super::{Browser, ON, page_of, pages};
use crate::world::World;

/// What would run, load or lead away, if it were taken for what it looks like.
pub(super) const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)> \
    [a](javascript:alert(4)) ![b](https://evil.example/p.png) </pre></code>\u{202e}\" onfocus=\"alert(5)";

fn plan() -> serde_json::Value {
    // A plan with characters that hide is not taken in the first place (T22).
    let hostile = HOSTILE.replace('\u{202e}', "");
    json!({
        "title": "Rename <b>x</b>", "goal": hostile, "approach": format!("{hostile}\n\n```html\n{hostile}\n```\n\n- {hostile}"),
        "findings": [{"text": hostile, "path": "bin/slug", "line": 1}],
        "alternatives": [{"option": hostile, "reason": hostile}],
        "steps": [{"id": "s1", "title": "Do <i>it</i>", "files": [{"path": "bin/slug", "change": "change"}],
            "what": hostile, "verify": hostile}],
        "checks": [{"command": "echo '<script>alert(6)</script>'"}],
        "scope": {"paths": ["bin/slug"], "max_files": 1, "max_bytes": 2000},
        "out_of_scope": [hostile], "risks": [hostile], "questions": [hostile],
        "estimate": {"tokens": 30000, "minutes": 3}
    })
}

pub(super) fn script(seen: &Seen) -> Reply {
    let call = |name: &str, arguments: serde_json::Value| Call::new(name, &arguments);
    if !seen.offers("tick") {
        return Reply::calls(HOSTILE, vec![call("submit_plan", json!({ "plan": plan() }))]);
    }
    match seen.turns {
        0 => Reply::calls(
            HOSTILE,
            vec![
                call("run", json!({"command": "echo '<script>alert(7)</script>'; echo x >> bin/slug"})),
                call("deviate", json!({"step": "s1", "kind": "minor", "what": HOSTILE, "why": HOSTILE})),
                call("tick", json!({"step": "s1"})),
            ],
        ),
        _ => Reply::calls("", vec![call("finish", json!({"summary": HOSTILE}))]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t69_hostile_text_is_text_on_every_page() {
    let repository = NewRepository { private: true, ..story::repository() };
    let world = World::with(std::sync::Arc::new(script), repository, ON).await;
    let issue = world.person("ann").opens_issue(HOSTILE, HOSTILE).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    world.github.advances(std::time::Duration::from_secs(60));
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    let pull = world.plan_pull(issue).await;
    world.person("eve").comments(pull, &format!("/approve {HOSTILE}")).unwrap();
    world.person("cara").comments(pull, &format!("/reject {HOSTILE}")).unwrap();
    world.settle().await;
    world.github.advances(std::time::Duration::from_secs(60));
    world.person("cara").approves(pull).unwrap();
    world.settle().await;
    world.person("bob").approves(pull).unwrap();
    world.settle().await;

    let mut ann = Browser::of(&world, "ann").await;
    let mut shown = 0;
    for path in pages(&world, issue).await {
        let page = ann.get(&path).await;
        if page.status == 404 && (path.contains("/2") || path.contains("compare")) {
            continue;
        }
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        harmless(&path, &page.body);
        shown += page.body.matches("&lt;script&gt;alert(").count();
    }
    let run = ann.get(&page_of(&world, issue).await).await;
    assert!(run.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && run.body.contains("⟨U+202E⟩"));
    assert!(shown > 10, "the pages show it, {shown} times");
    let stream = ann.get(&format!("{}/log", page_of(&world, issue).await)).await;
    assert!(stream.body.contains("alert(7)"), "{}", stream.body);
}

/// Every tag of a page is one of ours, with attributes of ours.
fn harmless(path: &str, html: &str) {
    for tag in ["<img", "<iframe", "<object", "<embed", "<style", "<b>", "<i>", "<base", "<link rel=\"import"] {
        assert!(!html.contains(tag), "{path}: {tag}");
    }
    assert_eq!(html.matches("<script").count(), 1, "{path}");
    assert_eq!(html.matches("<script src=\"/assets/").count(), 1, "{path}");
    for part in html.split('<').skip(1) {
        let tag = part.split_once('>').map_or(part, |(tag, _)| tag);
        let names = tag.split('"').step_by(2).flat_map(str::split_whitespace);
        let handlers: Vec<&str> = names.filter(|name| name.starts_with("on") && name.ends_with('=')).collect();
        assert!(handlers.is_empty(), "{path}: <{tag}>");
        assert!(!tag.to_lowercase().contains("javascript:"), "{path}: <{tag}>");
    }
    assert!(!html.contains('\u{202e}'), "{path}");
}
