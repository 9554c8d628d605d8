//! The pages in a real Chromium: for people with other eyes and hands, on large and small screens, in the light and in the
//! dark, with scripts and without; and what a browser makes of hostile text.

use std::sync::Arc;
use std::time::Duration;

use assentry::demo::github::{GitHub, NewRepository, Role};
use assentry::demo::model::{Reply, Script, Seen};
use assentry::demo::story;
use serde_json::{Value, json};

use super::hostile::{self, HOSTILE};
use super::{ON, merged, page_of, pages, told};
use crate::chromium::{Chromium, faults};
use crate::world::World;

/// The story's model, and for issues with a hostile title the hostile one.
struct Both(Arc<dyn Script>);

impl Script for Both {
    fn answer(&self, seen: &Seen) -> Reply {
        if seen.mentions("alert(") { hostile::script(seen) } else { self.0.answer(seen) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t69_pages_are_fit_for_everybody_and_hostile_text_does_nothing_in_a_real_browser() {
    let repository = NewRepository { private: true, ..story::repository() };
    let world = World::with(Arc::new(Both(story::script())), repository, ON).await;
    let issue = told(&world).await;
    let hostile = hostile_issue(&world).await;
    let waiting = world.planned().await;
    let mut all = pages(&world, issue).await;
    let run = page_of(&world, hostile).await;
    all.extend(["", "/versions/1", "/log"].map(|rest| format!("{run}{rest}")));
    all.push(page_of(&world, waiting).await);
    all.push("/runs/999".to_owned());
    let live = format!("{}/log", page_of(&world, waiting).await);

    let asked = json!({
        "base": format!("http://{}", world.door), "outside": ["/runs", "/login/callback"], "login": "ann", "pages": all,
        "live": live, "keyboard": ["/runs", page_of(&world, issue).await, "/costs", "/deliveries"],
    });
    let mut chromium = Chromium::runs("look.mjs", asked).await;
    let first = chromium.says().await;
    assert_eq!(first["live"], "open", "{first}");
    world.person("bob").approves(world.plan_pull(waiting).await).unwrap();
    world.settle().await;
    merged(&world, waiting).await;
    let found = chromium.says().await;

    assert_eq!(found["signedIn"], "ann", "{found}");
    assert_eq!(found["pages"].as_array().unwrap().len(), 4 * (all.len() + 2));
    let faults = faults(&found["pages"]);
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    assert_eq!(found["dialogs"], json!([]), "something hostile ran");
    assert_eq!(found["complaints"], json!([]), "the browser complains");
    let github = GitHub::url(&world.github);
    let ours = [format!("http://{}/", world.door), format!("{github}/login/"), "data:".to_owned()];
    let foreign = found["requests"].as_array().unwrap().iter().filter_map(Value::as_str);
    let foreign: Vec<&str> = foreign.filter(|url| !ours.iter().any(|ours| url.starts_with(ours))).collect();
    assert_eq!(foreign, Vec::<&str>::new(), "nothing is loaded from elsewhere");

    for page in found["plain"].as_array().unwrap() {
        assert_eq!(page["without"], page["with"], "{} says the same without scripts", page["address"]);
    }
    by_keyboard(&found["keyboard"]);
    assert_eq!((&found["again"], &found["signedOut"]), (&json!("waiting"), &json!("Sign in")), "buttons work");

    let live = &found["live"];
    assert!(live["entries"].as_u64().unwrap() > 3 && live["entries"] == live["keys"], "{live}");
    assert_eq!(live["elements"], json!([]), "entries are text: {live}");
    assert!(live["text"].as_str().unwrap().contains("calls finish"), "{live}");
}

/// Whoever has no mouse first skips what is above the content, and always sees where they are.
fn by_keyboard(found: &Value) {
    assert_eq!((&found["text"], &found["to"]), (&json!("Skip to the content"), &json!("#main")), "{found}");
    assert_ne!(found["outline"], "none", "{found}");
    let pages: Vec<_> = found.as_object().unwrap().iter().filter(|(name, _)| name.starts_with('/')).collect();
    assert_eq!(pages.len(), 4, "{found}");
    for (page, found) in pages {
        assert!(found["reached"].as_u64().unwrap() > 5 && found["unseen"] == json!([]), "{page}: {found}");
    }
}

/// A run with hostile text in all its parts.
async fn hostile_issue(world: &World) -> i64 {
    let issue = world.person("ann").opens_issue(HOSTILE, HOSTILE).unwrap();
    world.person("ann").labels(issue, "assentry").unwrap();
    world.settle().await;
    world.github.advances(Duration::from_secs(60));
    let pull = world.plan_pull(issue).await;
    world.github.grants("eve", crate::world::REPO, Role::Read).unwrap();
    world.person("eve").comments(pull, &format!("/approve {HOSTILE}")).unwrap();
    world.settle().await;
    world.person("bob").approves(pull).unwrap();
    world.settle().await;
    issue
}
