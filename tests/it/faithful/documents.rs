//! Every GraphQL document in the source fits GitHub's schema.

use std::path::Path;

use serde_json::json;

use super::judge::judged;
use crate::npm::assert_installed;

#[test]
fn every_graphql_document_in_the_source_fits_the_schema() {
    assert_installed();
    let mut found = vec![];
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let faults: Vec<String> = found
        .iter()
        .flat_map(|document| {
            let faults = judged(&json!({ "kind": "document", "document": document }));
            faults.into_iter().map(move |fault| format!("{document}: {fault}"))
        })
        .collect();
    eprintln!("{} GraphQL documents", found.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(found.len() >= 8, "the search finds too few: {found:#?}");
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.extend(documents(&std::fs::read_to_string(path).unwrap()));
        }
    }
}

/// The string literals that begin as a query or a mutation and select something.
fn documents(source: &str) -> Vec<String> {
    let starts = ["\"query", "\"mutation"];
    let begins = starts.iter().flat_map(|start| source.match_indices(start).map(|(place, _)| place + 1));
    begins.filter_map(|begin| literal(&source[begin..])).filter(|text| text.contains(" { ")).collect()
}

/// Reads a string literal to its end; a line that ends with `\` goes on at the next word.
fn literal(rest: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                '\n' => {
                    let after = chars.as_str();
                    chars = after.trim_start().chars();
                }
                'n' => text.push('\n'),
                other => text.push(other),
            },
            c => text.push(c),
        }
    }
}
