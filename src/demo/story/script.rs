//! What the story's model answers, from what it is shown.

use serde_json::{Value, json};

use super::{CHECK, DEMAND, plans};
use crate::demo::model::{Call, Reply, Script, Seen};

/// The model of the story: plans, revises and executes, and remembers nothing.
#[derive(Debug, Clone, Copy)]
pub struct Storyteller;

const BROKEN: &str = r"sed -e 's/[^a-z0-9]\{1,\}/-/g'";
const MENDED: &str = r"sed -e 's/[^a-z0-9]\{1,\}/-/g' -e 's/^-//' -e 's/-$//'";

impl Script for Storyteller {
    fn answer(&self, request: &Seen) -> Reply {
        if request.offers("tick") {
            executes(request)
        } else if request.mentions("\"notes\"") {
            revises(request)
        } else {
            plans_first(request)
        }
    }
}

fn plans_first(request: &Seen) -> Reply {
    match request.turns {
        0 => Reply::calls("I look at what is there.", vec![Call::new("list", &json!({}))]),
        1 => Reply::calls(
            "The tool and its tests decide this.",
            vec![Call::new("read", &json!({"path": "bin/slug"})), Call::new("read", &json!({"path": "tests/run.sh"}))],
        ),
        _ => Reply::call("submit_plan", &json!({"plan": plans::first()})),
    }
}

fn revises(request: &Seen) -> Reply {
    if request.turns == 0 {
        return Reply::call("read", &json!({"path": "CHANGELOG.md"}));
    }
    let known = request.mentions("\"id\":\"s2\"");
    let notes = notes(request);
    let demands = |text: &str| text.contains(DEMAND);
    let answer = |(id, text): &(String, String)| {
        let (answer, changed): (_, &[&str]) = match (demands(text), known) {
            (true, _) => ("Such a title gives an empty slug; step `s1` now makes sure of it.", &["steps/s1"]),
            (false, true) => ("Step `s2` does that.", &[]),
            (false, false) => ("Step `s2` adds a line to CHANGELOG.md.", &["steps/s2", "scope"]),
        };
        json!({"note": id, "answer": answer, "done": true, "changed": changed})
    };
    let answers: Vec<Value> = notes.iter().map(answer).collect();
    let (mut steps, mut parts, mut changes) = (Vec::new(), json!({}), Vec::new());
    if notes.iter().any(|(_, text)| demands(text)) {
        steps.push(plans::surer_step_one());
        changes.push("Step `s1` also tries a title of nothing but punctuation.");
    }
    if !known && notes.iter().any(|(_, text)| !demands(text)) {
        steps.push(plans::step_two());
        parts["scope"] = plans::wider_scope();
        changes.push("A second step tells the changelog, and the scope names that file.");
    }
    if !steps.is_empty() {
        parts["steps"] = json!(steps);
    }
    Reply::call("submit_revision", &json!({"parts": parts, "answers": answers, "changes": changes.join(" ")}))
}

/// The notes to answer, ids and texts, from the data that the request carries.
fn notes(request: &Seen) -> Vec<(String, String)> {
    let json = request.user_texts.iter().find_map(|text| {
        let (first, last) = (text.find('{')?, text.rfind('}')?);
        serde_json::from_str::<Value>(text.get(first..=last)?).ok().filter(|value| value["notes"].is_array())
    });
    let notes = json.as_ref().and_then(|json| json["notes"].as_array());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    notes.into_iter().flatten().map(|note| (text(&note["id"]), text(&note["text"]))).collect()
}

fn executes(request: &Seen) -> Reply {
    let two_steps = request.mentions("CHANGELOG.md");
    let check = || Call::new("run", &json!({"command": CHECK}));
    let finish = || Reply::call("finish", &json!({"summary": "Slugs are trimmed at both ends; all checks are green."}));
    match request.turns {
        0 => Reply::calls("I see the failure first.", vec![check(), Call::new("read", &json!({"path": "bin/slug"}))]),
        1 => {
            let edit = json!({"path": "bin/slug", "old": BROKEN, "new": MENDED});
            let mut calls = vec![Call::new("edit", &edit), check()];
            if request.mentions("prints an empty line") {
                calls.push(Call::new("run", &json!({"command": plans::LONE_DASH})));
            }
            Reply::calls("", calls)
        }
        2 => Reply::call("tick", &json!({"step": "s1"})),
        3 if two_steps => {
            let old = "- Digits stay in slugs.";
            let new =
                "- Digits stay in slugs.\n- Slugs no longer begin or end with a dash; links to such slugs change.";
            let edit = json!({"path": "CHANGELOG.md", "old": old, "new": new});
            Reply::calls("", vec![Call::new("edit", &edit), Call::new("tick", &json!({"step": "s2"}))])
        }
        _ => finish(),
    }
}
