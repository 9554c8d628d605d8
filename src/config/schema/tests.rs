//! The schemas say what the readers read.
#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use std::collections::BTreeSet;

use super::*;
use crate::config::policy::{Bounds, Policy, Visibility};
use crate::config::{Config, Mistake, Surroundings};

/// Puts a key that nobody knows into the table under `header`, and takes from the complaint which keys there are.
fn known_below(header: &str, read: &dyn Fn(&str) -> Vec<Mistake>) -> BTreeSet<String> {
    let mistakes = read(&format!("{header}\nqqqqqqqqqqqq = 1\n"));
    let complaint = mistakes.iter().find(|mistake| mistake.key.ends_with("qqqqqqqqqqqq"));
    let what = &complaint.unwrap_or_else(|| panic!("nobody complains below {header:?}")).what;
    what.split_once("there are ").unwrap().1.split(", ").map(str::to_owned).collect()
}

/// Holds each table of a schema against the reader; `header` is the TOML before its keys.
fn agree(schema: &Value, header: &str, path: &str, read: &dyn Fn(&str) -> Vec<Mistake>) -> usize {
    let Some(properties) = schema["properties"].as_object() else { return 0 };
    assert_eq!(schema["additionalProperties"], false, "{path:?} is open");
    let keys: BTreeSet<String> = properties.keys().cloned().collect();
    assert_eq!(keys, known_below(header, read), "{path:?}");
    let mut tables = 1;
    for (key, below) in properties {
        assert!(below["description"].is_string() || path.ends_with("price"), "{path}.{key} has no description");
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        tables += match below["type"].as_str() {
            Some("array") => agree(&below["items"], &format!("{header}\n[[{path}]]"), &path, read),
            Some("object") if below["properties"].is_object() => {
                agree(below, &format!("{header}\n[{path}]"), &path, read)
            }
            Some("object") => {
                let path = format!("{path}.x");
                agree(&below["additionalProperties"], &format!("{header}\n[{path}]"), &path, read)
            }
            Some(_) | None => 0,
        };
    }
    tables
}

#[test]
fn the_schema_of_a_policy_has_the_keys_that_its_reader_knows() {
    let read = |text: &str| Policy::parse(text, &Bounds::default(), Visibility::Private).unwrap_err();
    assert_eq!(agree(&policy(), "", "", &read), 16);
}

#[test]
fn the_schema_of_the_configuration_has_the_keys_that_its_reader_knows() {
    let read = |text: &str| {
        let nothing = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        let around = Surroundings { folder: "/".into(), env: &|_| None, read: &nothing };
        Config::parse(text, &around).unwrap_err()
    };
    assert_eq!(agree(&server(), "", "", &read), 38);
}

#[test]
fn the_schema_of_a_policy_names_every_choice() {
    let schema = policy();
    let separation = &schema["properties"]["approval"]["properties"]["separation"];
    let choices: Vec<&str> =
        separation["oneOf"].as_array().unwrap().iter().map(|c| c["const"].as_str().unwrap()).collect();
    for choice in choices {
        let text = format!("[approval]\nseparation = '{choice}'\n");
        let bounds = Bounds { separation: crate::workflow::approval::Separation::Open, ..Bounds::default() };
        assert!(Policy::parse(&text, &bounds, Visibility::Private).is_ok(), "{choice}");
    }
}
