//! What a GraphQL document selects: an answer has the fields that were asked for, under the names that were asked for.
//!
//! Fragments are read where they stand (`... on Issue { id }`) and taken to fit; named ones are not known here.

use serde_json::{Map, Value};

/// The fields of one pair of braces: the name in the answer, the name of the field, and what is selected below it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Selection(Vec<(String, String, Selection)>);

/// Leaves of an answer what the document's first operation selects.
pub(super) fn select(document: &str, answer: Value) -> Value {
    let words = words(document);
    let start = words.iter().position(|word| word == "{").map_or(words.len(), |place| place + 1);
    let (selection, _) = read(&words, start);
    selection.of(answer)
}

impl Selection {
    fn of(&self, value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.of(item)).collect(),
            Value::Object(fields) if !self.0.is_empty() => {
                let field = |(shown, name, below): &(String, String, Selection)| {
                    Some((shown.clone(), below.of(fields.get(name)?.clone())))
                };
                Value::Object(self.0.iter().filter_map(field).collect::<Map<_, _>>())
            }
            Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        }
    }
}

/// Reads on from a place behind an opening brace to behind the closing one.
fn read(words: &[String], mut at: usize) -> (Selection, usize) {
    let mut selection = Selection::default();
    while let Some(word) = words.get(at) {
        at += 1;
        match word.as_str() {
            "}" => return (selection, at),
            // What a fragment selects stands among the fields around it.
            "{" => {
                let (below, after) = read(words, at);
                selection.0.extend(below.0);
                at = after;
            }
            "..." => at += if words.get(at).is_some_and(|next| next == "on") { 2 } else { 0 },
            "@" => at = after_arguments(words, at + 1),
            first => {
                let named = words.get(at).is_some_and(|next| next == ":");
                let name = if named { words.get(at + 1).cloned().unwrap_or_default() } else { first.to_owned() };
                at = after_arguments(words, if named { at + 2 } else { at });
                let mut below = Selection::default();
                if words.get(at).is_some_and(|next| next == "{") {
                    (below, at) = read(words, at + 1);
                }
                selection.0.push((first.to_owned(), name, below));
            }
        }
    }
    (selection, at)
}

fn after_arguments(words: &[String], at: usize) -> usize {
    if words.get(at).is_none_or(|word| word != "(") {
        return at;
    }
    let close = words.iter().skip(at).position(|word| word == ")");
    close.map_or(words.len(), |place| at + place + 1)
}

/// Names, `...` and single signs; braces of arguments (`input: {…}`) stand within their parentheses and are passed over.
fn words(document: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut depth = 0_usize;
    let mut rest = document;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '.' => rest.len() - rest.trim_start_matches('.').len(),
            '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            c if c.is_alphanumeric() || c == '_' || c == '$' => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        rest = after;
        depth = match word {
            "(" => depth + 1,
            ")" => depth.saturating_sub(1),
            _ => depth,
        };
        let outside = depth == 0 || word == "(";
        if outside && !c.is_whitespace() && c != ',' {
            words.push(word.to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_has_what_was_asked_for_under_the_name_that_was_asked_for() {
        let document = "query($id: ID!) { node(id: $id) { __typename ... on Issue { id last: lastEditedAt @skip(if: false) \
                        edits: userContentEdits(first: 2) { nodes { editedAt } } } } }";
        let edits = json!({ "nodes": [{ "editedAt": "now", "diff": null }], "totalCount": 1 });
        let node = json!({ "id": "I_1", "__typename": "Issue", "lastEditedAt": null, "userContentEdits": edits });

        assert_eq!(
            select(document, json!({ "node": node, "more": 1 })),
            json!({ "node": { "__typename": "Issue", "id": "I_1", "last": null, "edits": { "nodes": [{ "editedAt": "now" }] } } })
        );
        let document = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { id } } }";
        assert_eq!(
            select(document, json!({ "resolveReviewThread": { "thread": { "id": "PRRT_1", "path": "a" } } })),
            json!({ "resolveReviewThread": { "thread": { "id": "PRRT_1" } } })
        );
    }
}
