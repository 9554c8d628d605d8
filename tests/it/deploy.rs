//! What operators are handed says the same as the code.

mod tools;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assentry::github::{EVENTS, NEEDED, OPTIONAL};
use serde_json::Value;

#[test]
fn the_apps_manifest_asks_for_what_the_code_needs_and_for_nothing_else() {
    let manifest: Value = serde_json::from_str(&read("deploy/app-manifest.json")).unwrap();
    let permissions: BTreeMap<String, String> =
        serde_json::from_value(manifest["default_permissions"].clone()).unwrap();
    let events: Vec<String> = serde_json::from_value(manifest["default_events"].clone()).unwrap();

    assert_eq!((permissions, events), (needed(), EVENTS.iter().map(ToString::to_string).collect()));
}

#[test]
fn the_list_of_permissions_has_what_the_code_needs_with_a_reason_each() {
    let list = read("deploy/permissions.md");
    let rows = |head: &str| -> Vec<Vec<&str>> {
        let table = list.split_once(head).unwrap().1.lines().skip(2).take_while(|line| line.starts_with('|'));
        table.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
    };
    let need = |need: &assentry::github::Need| {
        vec![format!("`{}`", need.permission), need.access.to_string(), need.why.into()]
    };
    let listed = rows("| permission | access |");
    let told: Vec<Vec<&str>> = listed.iter().map(|row| row[..3].to_vec()).collect();
    assert_eq!(told, NEEDED.iter().map(need).collect::<Vec<_>>());
    let optional = list.split_once("Granted only").unwrap().1;
    assert!(
        OPTIONAL
            .iter()
            .all(|need| optional.contains(&format!("| `{}` | {} | {} |", need.permission, need.access, need.why)))
    );

    let events = rows("| event |");
    let names: Vec<&str> = events.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(names, EVENTS);
    assert!(listed.iter().chain(&events).flatten().all(|cell| !cell.is_empty()), "a reason is missing");
}

#[test]
fn every_event_that_is_asked_for_is_read_and_no_other_is() {
    use assentry::webhook::translate;
    let others =
        ["check_run", "check_suite", "create", "delete", "fork", "label", "member", "star", "status", "workflow_run"];
    // What is read finds fault with a body that has the parts of all events; what is not read does not look at it.
    let all = br#"{"issue": {}, "comment": {}, "pull_request": {}, "review": {}, "ref": "x"}"#;
    assert!(EVENTS.iter().all(|event| translate(event, all).is_err()));
    let read: Vec<&str> = others.into_iter().filter(|event| translate(event, all).is_err()).collect();
    assert_eq!(read.into_iter().filter(|event| !EVENTS.contains(event)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn the_link_fills_in_what_the_code_needs_and_nothing_else() {
    let readme = read("deploy/README.md");
    let link = readme.split(['(', ')']).find(|text| text.starts_with("https://github.com/settings/apps/new?")).unwrap();
    let link: url::Url = link.parse().unwrap();
    let known = ["name", "url", "public", "webhook_active", "webhook_url"];
    let (events, others): (Vec<_>, Vec<_>) = link.query_pairs().partition(|(name, _)| name == "events[]");
    let permissions = others.into_iter().filter(|(name, _)| !known.contains(&name.as_ref()));

    let permissions = permissions.map(|(name, level)| (name.into_owned(), level.into_owned())).collect();
    let events: Vec<String> = events.into_iter().map(|(_, event)| event.into_owned()).collect();
    assert_eq!((permissions, events), (needed(), EVENTS.iter().map(ToString::to_string).collect()));
}

#[test]
fn the_readmes_table_names_every_command() {
    let readme = read("README.md");
    let commands = assentry::workflow::command::NAMES.iter().map(|name| format!("| `/{name}"));
    let missing: Vec<String> = commands.filter(|row| !readme.contains(row)).collect();

    assert_eq!(missing, [""; 0]);
}

#[test]
fn what_is_granted_only_where_it_is_used_is_not_asked_of_everybody() {
    assert!(OPTIONAL.iter().all(|need| !needed().contains_key(need.permission)));
}

#[test]
fn every_file_that_a_document_points_to_is_there() {
    for document in ["README.md", "deploy/README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md"] {
        let text = read(document);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        let folder = root().join(document);
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            assert!(folder.parent().unwrap().join(link).exists(), "{document}: {link}");
        }
    }
}

#[test]
fn workflows_start_without_rights_and_pin_what_they_use() {
    for entry in fs::read_dir(root().join(".github/workflows")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().any(|line| line == "permissions: {}"), "{}: rights for all jobs", path.display());
        for line in text.lines().filter(|line| line.contains("uses:")) {
            let (_, pin) = line.split_once('@').unwrap_or_default();
            let (commit, version) = pin.split_once(" # v").unwrap_or_default();
            let whole = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(
                whole && !version.is_empty(),
                "{}: not pinned to a commit with its version: {line}",
                path.display()
            );
        }
    }
}

fn needed() -> BTreeMap<String, String> {
    NEEDED.iter().map(|need| (need.permission.to_owned(), need.access.to_string())).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
