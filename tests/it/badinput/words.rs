//! Hostile words in every field: what we post notifies nobody, closes nothing and is no command.

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};

use super::*;

/// What a hostile writer would like to have posted.
pub(super) const SPELL: &str = "@acme/all @bob fixes #1 acme/slug#1 https://evil.test/x GH-1 ![x](https://evil.test/a.png) \
    [a](//evil.test) <img src=x> <!-- /approve --> www.evil.test bob@evil.test";

/// Asserts that a text that GitHub renders reaches nobody and loads nothing.
#[expect(clippy::wildcard_enum_match_arm, reason = "the renderer's kinds of nodes are not ours")]
pub(super) fn harmless(text: &str) {
    // The one thing that our own words close, once a person merges it: the issue that was asked for.
    let text = text.strip_prefix("Closes #1, as planned").unwrap_or(text);
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    let arena = Arena::new();
    for node in parse_document(&arena, text, &options).descendants() {
        match &node.data.borrow().value {
            NodeValue::Text(shown) => plain(shown, text),
            NodeValue::Image(image) => panic!("an image {} in {text}", image.url),
            NodeValue::Link(link) => assert!(!link.url.contains("evil"), "a link {} in {text}", link.url),
            NodeValue::HtmlInline(html) => assert!(is_ours(html), "HTML {html} in {text}"),
            NodeValue::HtmlBlock(html) => assert!(is_ours(&html.literal), "HTML {} in {text}", html.literal),
            _ => {}
        }
    }
}

/// Our mark at the end of a comment, and what folds the difference of two versions.
fn is_ours(html: &str) -> bool {
    ["<!-- assentry", "<details>", "</details>", "<summary>", "</summary>"].iter().any(|tag| html.starts_with(tag))
}

/// Text outside of code has no word that GitHub acts on.
fn plain(shown: &str, text: &str) {
    for word in shown.split_whitespace() {
        assert!(!word.starts_with("@bob") && !word.starts_with("@acme"), "{word} in {text}");
        assert!(!word.contains("://evil") && !word.contains("www.evil") && !word.contains("bob@"), "{word} in {text}");
        assert!(!word.contains("acme/slug#") && !word.contains("GH-1"), "{word} in {text}");
    }
    for keyword in ["fixes #", "closes #", "resolves #"] {
        assert!(!shown.to_lowercase().contains(keyword), "{keyword} in {text}");
    }
}

/// Asserts the same of a text that GitHub does not render: a title, a commit message.
pub(super) fn bare(text: &str) {
    for word in ["@bob", "@acme", "fixes #1", "closes #1", "https://evil", "acme/slug#1", "GH-1 "] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    for line in text.lines() {
        assert_eq!(parse(line), None, "{line}");
    }
}

/// Replaces every free text of a plan.
fn spelled() -> Value {
    let spell = format!("{SPELL}\n/approve\n\n# Big\n/cancel\n- [ ] /retry\n```\n/plan\n~~~\n@bob");
    plan_but(|plan| {
        for field in ["goal", "approach"] {
            plan[field] = json!(spell);
        }
        for field in ["out_of_scope", "risks", "questions"] {
            plan[field] = json!([spell]);
        }
        plan["title"] = json!("/approve fixes #1 @bob evil.test/x");
        plan["findings"][0]["text"] = json!(spell);
        plan["alternatives"][0] = json!({"option": spell, "reason": spell});
        plan["steps"][0]["title"] = json!("/retry @acme/all closes #1 GH-1 x");
        plan["steps"][0]["what"] = json!(format!("{spell}\n\nSigned-off-by: bob <bob@evil.test>\nApproved-by: eve"));
        plan["steps"][0]["verify"] = json!(spell);
        plan["checks"] = json!([{"command": "sh tests/run.sh # @bob fixes #1 `x` ```"}]);
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn t31_t62_t67_hostile_words_of_a_model_reach_nobody() {
    let deviation = json!({"step": "s1", "kind": "minor", "what": SPELL, "why": format!("/approve\n{SPELL}")});
    let work = vec![
        calls(vec![mend(), call("deviate", deviation), tick("s1")]),
        calls(vec![call("finish", json!({"summary": format!("/approve\n{SPELL}")}))]),
    ];
    let world = world(works(spelled(), work), "").await;
    let issue = executed(&world).await;

    assert_eq!(world.phase(issue).await, "in_review");
    assert_eq!(world.work_pulls().len(), 1, "{:#?}", world.said(issue));
    for text in world.said(issue) {
        harmless(&text);
    }
    for pull in world.github.pulls(REPO) {
        harmless(&pull.body);
        bare(&pull.title);
        world.said(pull.number).iter().for_each(|text| harmless(text));
        for commit in world.github.pull_commits(REPO, pull.number) {
            bare(&commit.message);
            let trailers: Vec<&str> = commit.message.lines().rev().take_while(|line| !line.is_empty()).collect();
            assert!(
                trailers.iter().all(|line| !line.starts_with("Signed-off") && !line.contains("eve")),
                "{trailers:?}"
            );
        }
        let branch = world.github.file(REPO, &pull.head, &format!(".assentry/plans/{issue}.md"));
        branch.iter().for_each(|text| harmless(text));
    }
    quiet(&world, issue);
    assert!(world.github.issue(REPO, issue).unwrap().open);
}

#[tokio::test(flavor = "multi_thread")]
async fn t62_hostile_questions_and_answers_reach_nobody() {
    let world = world(
        |seen: &Seen| {
            if seen.mentions("case asks.") && !seen.mentions("the answers") && !seen.user_texts[0].contains("\"notes\"")
            {
                let questions = [format!("/approve {SPELL}"), format!("{SPELL}\n/cancel")];
                return Reply::call("ask_questions", &json!({ "questions": questions }));
            }
            if !seen.user_texts[0].contains("\"notes\"") {
                return submits(&plan());
            }
            let note = seen.user_texts.iter().find_map(|text| {
                let at = text.find("\"id\":\"comment-")? + 6;
                text[at..].split('"').next().map(str::to_owned)
            });
            let parts = spelled();
            let fields = parts.as_object().unwrap().keys().map(String::as_str);
            let changed: Vec<&str> = fields.map(|name| if name == "steps" { "steps/s1" } else { name }).collect();
            let answer = format!("/approve\n{SPELL}");
            let answers = json!([{"note": note.unwrap(), "answer": answer, "done": false, "changed": changed}]);
            Reply::call("submit_revision", &json!({"parts": parts, "answers": answers, "changes": SPELL}))
        },
        "",
    )
    .await;
    let issue = world.person("ann").opens_issue("case asks.", story::BODY).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    assert_eq!(world.phase(issue).await, "awaiting_answer");
    world.said(issue).iter().for_each(|text| harmless(text));
    world.person("ann").comments(issue, "/plan the answers").unwrap();
    world.settle().await;
    world.github.advances(std::time::Duration::from_secs(60));
    world.person("bob").comments(issue, &format!("/revise {SPELL}\n/approve")).unwrap();
    world.settle().await;

    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
    assert_eq!(world.state(issue).await.shown().unwrap().subject.version, 2, "{:#?}", world.said(issue));
    world.said(issue).iter().for_each(|text| harmless(text));
    quiet(&world, issue);
}
