//! The same in a real Chromium, by mouse and keyboard: every page fit for everybody, and how long it takes.

use serde_json::json;

use super::{Program, folder, github};
use crate::chromium::{Chromium, faults};
use crate::crash::own_address;
use crate::world::REPO;
use assentry::demo::model::ScriptedModel;
use assentry::demo::story;

#[tokio::test]
async fn a_first_plan_and_the_dashboard_are_reached_in_a_real_browser() {
    let (github, door) = (github().await, own_address());
    let model = ScriptedModel::start(([127, 0, 0, 1], 0).into(), story::script()).await.unwrap();
    let dir = folder(&door);
    let program = Program::start(dir.path(), &["serve"]).await;
    let asked = json!({
        "link": program.link, "address": format!("http://{door}"), "github": github.url(), "model": model.url(),
        "key": "sk-scripted", "repository": REPO, "title": story::TITLE, "body": story::BODY,
    });
    let found = Chromium::runs("setup.mjs", asked).await.says().await;

    assert_eq!(found["address"], format!("http://{door}/setup"), "the token does not stay in the address");
    assert_eq!(found["second"], 403, "the link opens once");
    let wrong = found["wrong"].as_str().unwrap();
    assert!(
        wrong.contains("GitHub's address") && wrong.contains("GitHub must be able to reach this server"),
        "{wrong}"
    );
    assert_eq!(found["focused"], "github", "what is wrong leads to its field");
    assert_ne!(found["style"], "none", "the last page of the set-up looks like the others");
    let plan = found["plan"].as_str().unwrap();
    assert!(plan.contains("waiting for approval") && plan.contains("/approve"), "{plan}");
    let runs = found["runs"].as_str().unwrap();
    assert!(runs.contains(story::TITLE) && runs.contains("waiting for approval"), "{runs}");

    assert_eq!(found["pages"].as_array().unwrap().len(), 4 * 5);
    let faults = faults(&found["pages"]);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(found["keyboard"]["questions"]["unseen"], json!([]));
    assert_eq!((&found["dialogs"], &found["complaints"]), (&json!([]), &json!([])));
    let config = std::fs::read_to_string(dir.path().join("assentry.toml")).unwrap();
    assert!(config.contains("dashboard = true") && config.contains("administrators = { "), "{config}");
}
