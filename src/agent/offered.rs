//! The tools as the model is told of them. Terse on purpose: they are sent with every turn. That there are no further
//! arguments goes without saying; whoever makes some up is told when the call is read.
//!
//! There is none that could approve, trigger, label, push or read another repository.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::model::ToolSpec;
use crate::workflow::plan::Plan;

/// Tools of the planner for a first version.
pub(super) fn for_plan() -> Vec<ToolSpec> {
    let mut tools = looking();
    tools.push(spec("submit_plan", "Submit the plan; ends your work.", &["plan"], json!({"plan": plan_schema()})));
    tools.push(asking());
    let why = json!({"why": {"type": "string", "description": "What you found, with path and line."}});
    tools.push(spec("no_change", "Nothing needs to be done; ends your work.", &["why"], why));
    tools
}

/// Tools of the planner for a further version.
pub(super) fn for_revision() -> Vec<ToolSpec> {
    let rejects = json!({"type": "object", "description": "An option this note rules out.",
        "properties": {"option": text(), "reason": text()}, "required": ["option", "reason"]});
    let parts = json!({"type": "array", "items": text(), "description": "Parts this note changed: goal, scope, steps/s1, order ..."});
    let answer = json!({"type": "object", "properties": {"note": text(), "answer": text(), "done": {"type": "boolean"},
        "changed": parts, "rejects": rejects}, "required": ["note", "answer", "done", "changed"]});
    let submission = json!({
        "parts": patch_schema(),
        "answers": {"type": "array", "items": answer, "description": "One for each note, by its id."},
        "changes": {"type": "string", "description": "What is different, in one line; empty if nothing is."},
    });
    let mut tools = looking();
    let required = ["parts", "answers", "changes"];
    let does = "Submit the parts that change; all others stay. Ends your work.";
    tools.push(spec("submit_revision", does, &required, submission));
    tools.push(asking());
    tools
}

/// Tools of the executor.
pub(super) fn for_execution() -> Vec<ToolSpec> {
    let mut tools = changing();
    tools.push(spec("tick", "Declare a step done.", &["step"], json!({"step": text()})));
    tools.push(deviating());
    let finish = json!({"summary": {"type": "string", "description": "What was done, in one to three sentences."}});
    tools.push(spec("finish", "All steps are done; run the checks.", &["summary"], finish));
    tools
}

/// Tools of the executor when it follows up on what people say of the work.
pub(super) fn for_follow_up() -> Vec<ToolSpec> {
    let answer = json!({"type": "object", "properties": {"note": text(), "answer": text(), "done": {"type": "boolean"}},
        "required": ["note", "answer", "done"]});
    let finish = json!({
        "summary": {"type": "string", "description": "What was done, in one to three sentences."},
        "answers": {"type": "array", "items": answer, "description": "One for each note, by its id."},
    });
    let mut tools = changing();
    tools.push(deviating());
    tools.push(spec("finish", "Every note is answered; run the checks.", &["summary", "answers"], finish));
    tools
}

/// The one tool of the second reader.
pub(super) fn for_review() -> Vec<ToolSpec> {
    let remark = json!({"type": "object", "properties": {"place": text(), "text": text()}, "required": ["text"]});
    let reading = json!({
        "verdict": {"enum": ["as_planned", "differs", "falls_short"]},
        "remarks": {"type": "array", "items": remark},
    });
    vec![spec("submit_reading", "Submit your verdict and remarks; ends your work.", &["verdict", "remarks"], reading)]
}

fn changing() -> Vec<ToolSpec> {
    let mut tools = looking();
    let edit = json!({"path": text(), "old": {"type": "string", "description": "Exact text, without line numbers; stands there once."}, "new": text()});
    tools.push(spec("edit", "Replace text in a file.", &["path", "old", "new"], edit));
    let create = json!({"path": text(), "text": text()});
    tools.push(spec("create", "Write a new file.", &["path", "text"], create));
    tools.push(spec("delete", "Remove a file.", &["path"], json!({"path": text()})));
    let run = json!({"command": text(), "seconds": {"type": "integer", "description": "Time limit; 120 if absent."}});
    tools.push(spec("run", "Run a shell command in the checkout.", &["command"], run));
    let output = json!({"number": {"type": "integer"}, "from": {"type": "integer"}, "count": {"type": "integer"}});
    tools.push(spec("output", "Read lines of a long output that was shown in part.", &["number"], output));
    tools
}

fn deviating() -> ToolSpec {
    let kinds = ["minor", "extra_file", "not_needed", "not_possible", "plan_is_wrong"];
    let deviate = json!({"step": text(), "kind": {"enum": kinds}, "what": text(), "why": text()});
    let required = ["step", "kind", "what", "why"];
    spec("deviate", "Declare something done otherwise than planned.", &required, deviate)
}

fn looking() -> Vec<ToolSpec> {
    let number = || json!({"type": "integer"});
    vec![
        spec("list", "List files.", &[], json!({"path": text(), "depth": number()})),
        spec("read", "Read lines of a file.", &["path"], json!({"path": text(), "from": number(), "count": number()})),
        spec(
            "search",
            "Search files for a regex, line by line.",
            &["pattern"],
            json!({"pattern": text(), "path": text(), "glob": text()}),
        ),
        spec("outline", "List a source file's definitions.", &["path"], json!({"path": text()})),
    ]
}

fn asking() -> ToolSpec {
    let questions = json!({"questions": {"type": "array", "items": text()}});
    spec("ask_questions", "Ask people before planning; ends your work.", &["questions"], questions)
}

fn text() -> Value {
    json!({"type": "string"})
}

fn spec(name: &str, description: &str, required: &[&str], properties: Value) -> ToolSpec {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), properties);
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    ToolSpec { name: name.to_owned(), description: description.to_owned(), schema: Value::Object(schema) }
}

/// The schema of a plan, in one piece and without what a model has no use for.
fn plan_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<Plan>().to_value();
    compact(&mut schema, Within::Schema);
    schema
}

/// The schema of a patch: the fields of a plan, none of them required, and what only a patch can say.
fn patch_schema() -> Value {
    let mut schema = plan_schema();
    let list = |description: &str| json!({"type": "array", "items": text(), "description": description});
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("required");
        fields.insert("description".to_owned(), json!("Only the parts that change, each whole."));
    }
    let fields = &mut schema["properties"];
    fields["steps"]["description"] = json!("Only new and changed steps; a known id replaces that step.");
    fields["alternatives"]["description"] = json!("To add or reword; the others stay.");
    fields["order"] = list("Ids of all steps in order, to place new ones or to leave some out.");
    fields["taken"] = list("Options of alternatives that the plan now takes.");
    schema
}

/// Whether the keys of an object are a schema's own words, or names that a type gave to its fields.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Schema,
    Fields,
}

fn compact(value: &mut Value, within: Within) {
    match value {
        Value::Object(fields) => {
            if within == Within::Schema {
                for word in ["title", "format", "default", "minimum", "maximum", "additionalProperties"] {
                    fields.remove(word);
                }
            }
            for (key, value) in fields {
                let fields = within == Within::Schema && key == "properties";
                compact(value, if fields { Within::Fields } else { Within::Schema });
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| compact(item, Within::Schema)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::tools::Request;
    use crate::workflow::plan::revision::Patch;

    /// Arguments made from a schema: every field, or only those that are required.
    fn arguments(schema: &Value, all: bool) -> Value {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let fields = schema["properties"].as_object().into_iter().flatten();
        let chosen = fields.filter(|(name, _)| all || required.contains(&name.as_str()));
        chosen
            .map(|(name, field)| (name.clone(), if field["type"] == "integer" { json!(1) } else { json!("a") }))
            .collect()
    }

    #[test]
    fn every_tool_of_the_sandbox_is_told_as_it_is_read() {
        let ours = ["run", "output", "tick", "deviate", "finish"];
        for tool in for_execution().iter().filter(|tool| !ours.contains(&tool.name.as_str())) {
            for all in [true, false] {
                let call = json!({"name": tool.name, "arguments": arguments(&tool.schema, all)});
                assert!(serde_json::from_value::<Request>(call.clone()).is_ok(), "{call}");
            }
            let mut more = arguments(&tool.schema, true);
            more["other"] = json!(1);
            assert!(serde_json::from_value::<Request>(json!({"name": tool.name, "arguments": more})).is_err());
        }
    }

    #[test]
    fn the_schema_of_a_plan_is_compact_and_whole() {
        let schema = plan_schema();
        let text = schema.to_string();
        assert!(!text.contains("$ref") && !text.contains("$schema") && text.len() < 6_000, "{} {text}", text.len());
        assert_eq!(schema["properties"]["title"]["type"], "string");
        assert_eq!(
            schema["properties"]["steps"]["items"]["properties"]["files"]["items"]["properties"]["path"]["type"],
            "string"
        );
    }

    #[test]
    fn a_patch_is_read_as_it_is_told() {
        let schema = patch_schema();
        assert!(schema.get("required").is_none());
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let value = match field["type"].as_str() {
                Some("array") => json!([]),
                Some("string") => json!("a"),
                _ => json!(null),
            };
            let patch = json!({ name.as_str(): value });
            assert!(serde_json::from_value::<Patch>(patch.clone()).is_ok(), "{patch}");
        }
        let unknown = json!({"budget": 1});
        assert!(serde_json::from_value::<Patch>(unknown).is_err());
    }

    #[test]
    fn no_tool_could_approve_push_or_reach_out() {
        let names = |tools: Vec<ToolSpec>| tools.into_iter().map(|tool| tool.name).collect::<Vec<_>>().join(" ");
        assert_eq!(names(for_plan()), "list read search outline submit_plan ask_questions no_change");
        assert_eq!(names(for_review()), "submit_reading");
        assert_eq!(names(for_revision()), "list read search outline submit_revision ask_questions");
        assert_eq!(
            names(for_execution()),
            "list read search outline edit create delete run output tick deviate finish"
        );
    }
}
