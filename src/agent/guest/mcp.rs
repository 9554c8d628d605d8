//! The house's tools as an MCP server over HTTP, without sessions and streams: one question, one answer.
//!
//! Follows modelcontextprotocol.io, "Streamable HTTP" (2025-06-18): a `POST` each, answered as JSON; a `GET` for a stream is
//! answered 405, which the specification has for servers that send nothing by themselves.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::ToolSpec;

/// What is said where the client names no version of the protocol that is known here.
const VERSION: &str = "2025-06-18";
const VERSIONS: [&str; 3] = ["2025-03-26", VERSION, "2025-11-25"];

/// A message as it came.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    id: Option<Value>,
    #[serde(default)]
    method: String,
    #[serde(default)]
    params: Value,
}

/// What is to be done with a message.
#[derive(Debug, PartialEq)]
pub(super) enum Wanted {
    /// Nothing: it only tells something.
    Nothing,
    /// This is the answer.
    Answer(Value),
    /// A tool is called.
    Call { id: Value, name: String, arguments: Value },
}

/// Reads a message to a server with these tools.
pub(super) fn read(message: Message, tools: &[ToolSpec]) -> Wanted {
    let Message { id: Some(id), method, params } = message else { return Wanted::Nothing };
    let result = match method.as_str() {
        "initialize" => {
            let asked = params["protocolVersion"].as_str().filter(|version| VERSIONS.contains(version));
            json!({
                "protocolVersion": asked.unwrap_or(VERSION),
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "assentry", "version": env!("CARGO_PKG_VERSION")},
            })
        }
        "ping" => json!({}),
        "tools/list" => {
            let tool = |tool: &ToolSpec| json!({"name": tool.name, "description": tool.description, "inputSchema": tool.schema});
            json!({"tools": tools.iter().map(tool).collect::<Vec<_>>()})
        }
        "tools/call" => {
            let name = params["name"].as_str().unwrap_or_default().to_owned();
            let arguments = params.get("arguments").cloned().unwrap_or_else(|| json!({}));
            return Wanted::Call { id, name, arguments };
        }
        _ => {
            let error = json!({"code": -32601, "message": "there is no such method"});
            return Wanted::Answer(json!({"jsonrpc": "2.0", "id": id, "error": error}));
        }
    };
    Wanted::Answer(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// The answer to a call.
pub(super) fn called(id: &Value, text: &str, failed: bool) -> Value {
    let result = json!({"content": [{"type": "text", "text": text}], "isError": failed});
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(message: Value) -> Wanted {
        let tick =
            ToolSpec { name: "tick".to_owned(), description: "Done.".to_owned(), schema: json!({"type": "object"}) };
        serde_json::from_value(message).map_or(Wanted::Nothing, |message| read(message, &[tick]))
    }

    #[test]
    fn the_tools_are_listed_and_called_and_there_is_nothing_else() {
        let answer = |message: Value| match wanted(message) {
            Wanted::Answer(answer) => answer,
            Wanted::Nothing | Wanted::Call { .. } => Value::Null,
        };
        let begun = answer(json!({"id": 0, "method": "initialize", "params": {"protocolVersion": "2099-01-01"}}));
        assert_eq!(begun["result"]["protocolVersion"], VERSION);
        let listed = answer(json!({"id": "a", "method": "tools/list"}));
        assert_eq!((&listed["id"], &listed["result"]["tools"][0]["name"]), (&json!("a"), &json!("tick")));
        assert_eq!(answer(json!({"id": 1, "method": "resources/list"}))["error"]["code"], -32601);
        assert_eq!(wanted(json!({"method": "notifications/initialized"})), Wanted::Nothing);
        let call = json!({"id": 2, "method": "tools/call", "params": {"name": "tick", "arguments": {"step": "s1"}}});
        let (name, arguments) = ("tick".to_owned(), json!({"step": "s1"}));
        assert_eq!(wanted(call), Wanted::Call { id: json!(2), name, arguments });
    }
}
