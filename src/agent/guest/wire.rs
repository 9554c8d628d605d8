//! The messages of the Agent Client Protocol that are used here, version 1: JSON-RPC 2.0, one message a line.
//!
//! Follows agentclientprotocol.com, "Protocol": initialization, authentication, session setup, session modes, session config
//! options, prompt turn, tool calls. Fields that are not needed are not read, so that a newer guest is not refused for them.
//! A module of our own because the protocol's crate brings a runtime and two majors a month for these few shapes.

use serde::Deserialize;
use serde_json::{Value, json};

/// The version of the protocol that is spoken.
pub(super) const VERSION: u64 = 1;

/// A line that a guest printed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    /// It answers a request of ours.
    Answer { id: u64, outcome: Result<Value, Failure> },
    /// It asks for something.
    Request { id: Value, method: String, params: Value },
    /// It tells something.
    Notice { method: String, params: Value },
    /// It is no message.
    Noise,
}

/// An error in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Failure {
    #[serde(default)]
    pub(super) code: i64,
    #[serde(default)]
    pub(super) message: String,
}

/// The guest wants somebody to sign in first.
pub(super) const SIGN_IN_FIRST: i64 = -32000;

/// What is answered to requests for what was not offered.
const NO_SUCH_METHOD: i64 = -32601;

#[derive(Deserialize)]
struct Raw {
    id: Option<Value>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    result: Option<Value>,
    error: Option<Failure>,
}

/// Reads a line. What is no message of the protocol is noise, such as a library's greeting.
pub(super) fn read(line: &[u8]) -> Line {
    let Ok(raw) = serde_json::from_slice::<Raw>(line) else { return Line::Noise };
    match raw {
        Raw { id: Some(id), method: Some(method), params, .. } => Line::Request { id, method, params },
        Raw { id: None, method: Some(method), params, .. } => Line::Notice { method, params },
        Raw { id: Some(id), method: None, result, error, .. } => match (id.as_u64(), error) {
            (Some(id), Some(failure)) => Line::Answer { id, outcome: Err(failure) },
            (Some(id), None) => Line::Answer { id, outcome: Ok(result.unwrap_or(Value::Null)) },
            (None, _) => Line::Noise,
        },
        Raw { id: None, method: None, .. } => Line::Noise,
    }
}

pub(super) fn request(id: u64, method: &str, params: &Value) -> Vec<u8> {
    line(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
}

/// Answers a request of the guest's: permission for what it does behind the walls, and nothing else.
pub(super) fn answer(id: &Value, method: &str, params: &Value) -> Vec<u8> {
    if method != "session/request_permission" {
        let error = json!({"code": NO_SUCH_METHOD, "message": format!("{method} was not offered")});
        return line(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
    }
    // Once, and not for ever: what it may do for ever is its mode, which is the operator's.
    let once = params["options"].as_array().into_iter().flatten().find(|option| option["kind"] == "allow_once");
    let outcome = match once {
        Some(option) => json!({"outcome": "selected", "optionId": option["optionId"]}),
        None => json!({"outcome": "cancelled"}),
    };
    line(&json!({"jsonrpc": "2.0", "id": id, "result": {"outcome": outcome}}))
}

fn line(message: &Value) -> Vec<u8> {
    let mut line = message.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// `initialize`: no files, no terminals; the guest has its own behind the walls.
pub(super) fn initialize() -> Value {
    json!({
        "protocolVersion": VERSION,
        "clientCapabilities": {"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false},
        "clientInfo": {"name": "assentry", "title": "Assentry", "version": env!("CARGO_PKG_VERSION")},
    })
}

/// `session/new` with the house's tools.
pub(super) fn new_session(cwd: &str, gateway: &str, token: &str) -> Value {
    let headers = json!([{"name": "Authorization", "value": format!("Bearer {token}")}]);
    let server = json!({"type": "http", "name": "assentry", "url": format!("{gateway}/mcp"), "headers": headers});
    json!({"cwd": cwd, "mcpServers": [server]})
}

pub(super) fn prompt(session: &str, text: &str) -> Value {
    json!({"sessionId": session, "prompt": [{"type": "text", "text": text}]})
}

/// The answer to `initialize`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Initialized {
    pub(super) protocol_version: Value,
    #[serde(default)]
    pub(super) agent_capabilities: Value,
    #[serde(default)]
    pub(super) agent_info: Value,
    #[serde(default)]
    pub(super) auth_methods: Vec<Named>,
}

/// The answer to `session/new`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Opened {
    pub(super) session_id: String,
    pub(super) modes: Option<Modes>,
    pub(super) config_options: Option<Vec<Choice>>,
}

/// The modes of a session.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Modes {
    pub(super) current_mode_id: String,
    #[serde(default)]
    pub(super) available_modes: Vec<Named>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
}

/// A choice that a session offers; newer guests have their modes among these.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) category: Option<String>,
    #[serde(default)]
    pub(super) current_value: Value,
    #[serde(default)]
    pub(super) options: Vec<Value>,
}

/// The end of a turn.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ended {
    #[serde(default)]
    pub(super) stop_reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_message_or_noise() {
        let failure = Failure { code: -32000, message: "sign in".to_owned() };
        for (line, read_as) in [
            (r#"{"jsonrpc":"2.0","id":3,"result":{}}"#, Line::Answer { id: 3, outcome: Ok(json!({})) }),
            (
                r#"{"id":3,"error":{"code":-32000,"message":"sign in","data":1}}"#,
                Line::Answer { id: 3, outcome: Err(failure) },
            ),
            (
                r#"{"id":"x","method":"fs/read_text_file","params":1}"#,
                Line::Request { id: json!("x"), method: "fs/read_text_file".to_owned(), params: json!(1) },
            ),
            (r#"{"method":"a"}"#, Line::Notice { method: "a".to_owned(), params: Value::Null }),
            (r#"{"id":"x","result":{}}"#, Line::Noise),
            ("{}", Line::Noise),
            ("Hello!", Line::Noise),
            ("[]", Line::Noise),
        ] {
            assert_eq!(read(line.as_bytes()), read_as, "{line}");
        }
    }

    #[test]
    fn permission_is_given_once_and_what_was_not_offered_is_refused() {
        let answered = |method: &str, params: Value| {
            serde_json::from_slice::<Value>(&answer(&json!(7), method, &params)).unwrap_or_default()
        };
        let options = json!([{"optionId": "a", "kind": "allow_always"}, {"optionId": "o", "kind": "allow_once"}]);
        let given = answered("session/request_permission", json!({"options": options}));
        assert_eq!(given["result"]["outcome"], json!({"outcome": "selected", "optionId": "o"}));
        let always = json!([{"optionId": "a", "kind": "allow_always"}]);
        let given = answered("session/request_permission", json!({"options": always}));
        assert_eq!(given["result"]["outcome"], json!({"outcome": "cancelled"}));
        assert_eq!(answered("fs/read_text_file", json!({"path": "/etc/passwd"}))["error"]["code"], NO_SUCH_METHOD);
    }
}
