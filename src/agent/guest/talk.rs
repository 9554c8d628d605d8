//! The conversation with a guest over its standard input and output: it introduces itself, opens a session, takes prompts.
//!
//! Promises: each line is bounded, and so is the noise between them; nobody waits for ever for a step of the introduction;
//! what a guest says of itself is cut and cleaned before it is told.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::visit::Pulse;
use super::wire::{self, Choice, Ended, Failure, Initialized, Line, Modes, Named, Opened};
use super::{Guest, Introduced, PATIENCE};
use crate::agent::text;
use crate::sandbox::{GATEWAY, WORK};

/// The longest line: a guest may show a file of the largest size that is taken.
const LONGEST_LINE: usize = 24 << 20;
/// Lines that are no messages.
const MOST_NOISE: u32 = 1_000;
/// How often a guest may leave the mode that was set.
const MOST_STRAYING: u32 = 5;
/// How much of a guest's last words is kept.
const LONGEST_WORDS: usize = 2_000;

/// Why there is no conversation any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stray {
    /// It has closed its output, mostly by ending.
    Gone,
    /// It did what it must not do, or did not do what it must; completes a sentence that begins with its name.
    Told(String),
}

/// A turn that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::agent) struct Turn {
    /// Why, by the protocol's word.
    pub(in crate::agent) reason: String,
    /// What it said last.
    pub(in crate::agent) words: String,
}

/// The core's side of the conversation.
pub(super) struct Conversation<'a> {
    input: mpsc::Sender<Vec<u8>>,
    output: mpsc::Receiver<Vec<u8>>,
    pulse: &'a Pulse,
    /// What came and was not read yet.
    rest: Vec<u8>,
    /// How much of it holds no end of a line.
    searched: usize,
    next_id: u64,
    noise: u32,
    session: String,
    /// The mode to be in, and how to say so.
    mode: Option<(String, ModeBy)>,
    /// The request that sets it again, if one is out.
    resetting: Option<u64>,
    strayed: u32,
    words: String,
}

/// How a guest's mode is set.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ModeBy {
    Mode,
    Option(String),
}

impl<'a> Conversation<'a> {
    pub(super) fn new(
        input: mpsc::Sender<Vec<u8>>,
        output: mpsc::Receiver<Vec<u8>>,
        pulse: &'a Pulse,
    ) -> Conversation<'a> {
        Conversation {
            input,
            output,
            pulse,
            rest: Vec::new(),
            searched: 0,
            next_id: 0,
            noise: 0,
            session: String::new(),
            mode: None,
            resetting: None,
            strayed: 0,
            words: String::new(),
        }
    }

    /// Has the guest introduce itself and open a session in the operator's mode.
    pub(super) async fn introduce(&mut self, guest: &Guest, token: &str) -> Result<Introduced, Stray> {
        let hello: Initialized = self.step("initialize", &wire::initialize()).await?;
        if hello.protocol_version != json!(wire::VERSION) {
            let version: String = hello.protocol_version.to_string().chars().take(20).collect();
            let ours = wire::VERSION;
            return Err(told(format!("speaks version {version} of the Agent Client Protocol; {ours} is known here")));
        }
        if hello.agent_capabilities["mcpCapabilities"]["http"] != json!(true) {
            return Err(told("takes no tools over HTTP (its mcpCapabilities), and has to for the house's".to_owned()));
        }
        let opened = self.open(guest, token, &hello.auth_methods).await?;
        opened.session_id.clone_into(&mut self.session);
        let mode = self.choose_mode(guest, opened.modes, opened.config_options.unwrap_or_default()).await?;
        let named = |field: &str| one_line(hello.agent_info[field].as_str().unwrap_or_default(), 60);
        let name = format!("{} {}", named("name"), named("version")).trim().to_owned();
        Ok(Introduced { name: if name.is_empty() { guest.name.clone() } else { name }, mode })
    }

    async fn open(&mut self, guest: &Guest, token: &str, ways: &[Named]) -> Result<Opened, Stray> {
        let params = wire::new_session(WORK, GATEWAY, token);
        let refused = match self.request("session/new", &params).await? {
            Ok(opened) => return parsed("session/new", opened),
            Err(failure) => failure,
        };
        if refused.code != wire::SIGN_IN_FIRST {
            return Err(failed("session/new", &refused));
        }
        let names = ways.iter().map(|way| one_line(&way.id, 60)).collect::<Vec<_>>().join(", ");
        match &guest.sign_in {
            Some(way) if ways.iter().any(|offered| offered.id == *way) => {
                let _: Value = self.step("authenticate", &json!({"methodId": way})).await?;
                self.step("session/new", &params).await
            }
            Some(way) => Err(told(format!("cannot be signed in by {way:?}; it offers {names}"))),
            None => Err(told(format!("wants to be signed in: give it its key, or set sign_in to one of {names}"))),
        }
    }

    /// Sets the operator's mode. A guest that begins in another one may ask a model of its own for leave.
    async fn choose_mode(
        &mut self,
        guest: &Guest,
        modes: Option<Modes>,
        choices: Vec<Choice>,
    ) -> Result<Option<String>, Stray> {
        let choice =
            choices.into_iter().find(|choice| choice.category.as_deref() == Some("mode") || choice.id == "mode");
        let (current, offered, by) = match (modes, choice) {
            (Some(modes), _) => {
                (modes.current_mode_id, modes.available_modes.into_iter().map(|mode| mode.id).collect(), ModeBy::Mode)
            }
            (None, Some(choice)) => {
                let current = choice.current_value.as_str().unwrap_or_default().to_owned();
                (current, values(&choice.options), ModeBy::Option(choice.id))
            }
            (None, None) => (String::new(), vec![], ModeBy::Mode),
        };
        let Some(wanted) = &guest.mode else { return Ok(Some(one_line(&current, 60)).filter(|mode| !mode.is_empty())) };
        if !offered.contains(wanted) {
            let names = offered.iter().map(|name| one_line(name, 60)).collect::<Vec<_>>().join(", ");
            let names = if names.is_empty() { "it has none".to_owned() } else { format!("it has {names}") };
            return Err(told(format!("has no mode {wanted:?}: {names}")));
        }
        self.mode = Some((wanted.clone(), by));
        if current != *wanted
            && let Some((method, params)) = self.set_mode()
        {
            let _: Value = self.step(method, &params).await?;
        }
        Ok(Some(wanted.clone()))
    }

    fn set_mode(&self) -> Option<(&'static str, Value)> {
        let (mode, by) = self.mode.as_ref()?;
        Some(match by {
            ModeBy::Mode => ("session/set_mode", json!({"sessionId": self.session, "modeId": mode})),
            ModeBy::Option(id) => {
                let params = json!({"sessionId": self.session, "configId": id, "value": mode});
                ("session/set_config_option", params)
            }
        })
    }

    /// Gives it a prompt and waits for the end of its turn.
    pub(super) async fn turn(&mut self, prompt: &str) -> Result<Turn, Stray> {
        self.words.clear();
        let params = wire::prompt(&self.session, prompt);
        let ended: Ended = match self.request("session/prompt", &params).await? {
            Ok(ended) => parsed("session/prompt", ended)?,
            Err(failure) => return Err(failed("session/prompt", &failure)),
        };
        Ok(Turn { reason: one_line(&ended.stop_reason, 60), words: text::visible(&self.words).text })
    }

    /// A request that must succeed before the first prompt, and soon.
    async fn step<T: DeserializeOwned>(&mut self, method: &str, params: &Value) -> Result<T, Stray> {
        match timeout(PATIENCE, self.request(method, params)).await {
            Ok(Ok(Ok(result))) => parsed(method, result),
            Ok(Ok(Err(failure))) => Err(failed(method, &failure)),
            Ok(Err(stray)) => Err(stray),
            Err(_late) => Err(told(format!("did not answer {method} within {} seconds", PATIENCE.as_secs()))),
        }
    }

    async fn request(&mut self, method: &str, params: &Value) -> Result<Result<Value, Failure>, Stray> {
        let id = self.send(method, params).await?;
        loop {
            match self.next().await? {
                Line::Answer { id: answered, outcome } if answered == id => return Ok(outcome),
                Line::Answer { id: answered, outcome } if self.resetting == Some(answered) => {
                    self.resetting = None;
                    if let Err(failure) = outcome {
                        return Err(failed("session/set_mode", &failure));
                    }
                }
                Line::Answer { .. } => {}
                Line::Request { id, method, params } => {
                    let answer = wire::answer(&id, &method, &params);
                    self.write(answer).await?;
                }
                Line::Notice { method, params } if method == "session/update" => self.hear(&params["update"]).await?,
                Line::Notice { .. } => {}
                Line::Noise => {
                    self.noise += 1;
                    if self.noise > MOST_NOISE {
                        return Err(told("printed too much that is no message of the protocol".to_owned()));
                    }
                }
            }
        }
    }

    async fn send(&mut self, method: &str, params: &Value) -> Result<u64, Stray> {
        let id = self.next_id;
        self.next_id += 1;
        self.write(wire::request(id, method, params)).await?;
        Ok(id)
    }

    async fn write(&self, line: Vec<u8>) -> Result<(), Stray> {
        match timeout(PATIENCE, self.input.send(line)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_closed)) => Err(Stray::Gone),
            Err(_late) => Err(told("does not read what it is told".to_owned())),
        }
    }

    /// Keeps its last words, and its mode.
    async fn hear(&mut self, update: &Value) -> Result<(), Stray> {
        let mode = match update["sessionUpdate"].as_str() {
            Some("agent_message_chunk") => {
                let said = update["content"]["text"].as_str().unwrap_or_default();
                let room = LONGEST_WORDS.saturating_sub(self.words.chars().count());
                self.words.extend(said.chars().take(room));
                return Ok(());
            }
            // The words before a call are not the last ones.
            Some("tool_call") => {
                self.words.clear();
                return Ok(());
            }
            Some("current_mode_update") => update["currentModeId"].as_str().map(str::to_owned),
            Some("config_option_update") => {
                let choices: Vec<Choice> = serde_json::from_value(update["configOptions"].clone()).unwrap_or_default();
                let ours = |choice: &&Choice| matches!(&self.mode, Some((_, ModeBy::Option(id))) if *id == choice.id);
                choices.iter().find(ours).and_then(|choice| choice.current_value.as_str().map(str::to_owned))
            }
            Some(_) | None => None,
        };
        let left = matches!((&self.mode, &mode), (Some((wanted, _)), Some(mode)) if wanted != mode);
        if !left || self.resetting.is_some() {
            return Ok(());
        }
        self.strayed += 1;
        if self.strayed > MOST_STRAYING {
            return Err(told("leaves its mode again and again".to_owned()));
        }
        if let Some((method, params)) = self.set_mode() {
            self.resetting = Some(self.send(method, &params).await?);
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Line, Stray> {
        loop {
            if let Some(end) = self.rest[self.searched..].iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=self.searched + end).collect();
                self.searched = 0;
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Ok(wire::read(&line));
            }
            self.searched = self.rest.len();
            if self.searched > LONGEST_LINE {
                return Err(told(format!("printed a line of more than {LONGEST_LINE} bytes")));
            }
            // A guest that has closed its output says nothing more, whether it has ended or not.
            let more = self.output.recv().await.ok_or(Stray::Gone)?;
            self.pulse.beat();
            self.rest.extend_from_slice(&more);
        }
    }
}

/// The values of a choice, also where they are in groups.
fn values(options: &[Value]) -> Vec<String> {
    let grouped = options.iter().filter_map(|option| option["options"].as_array()).flatten();
    options.iter().chain(grouped).filter_map(|option| option["value"].as_str()).map(str::to_owned).collect()
}

fn parsed<T: DeserializeOwned>(method: &str, result: Value) -> Result<T, Stray> {
    serde_json::from_value(result)
        .map_err(|error| told(format!("answers {method} otherwise than the protocol: {error}")))
}

fn failed(method: &str, failure: &Failure) -> Stray {
    told(format!("failed at {method}: {} ({})", one_line(&failure.message, 300), failure.code))
}

fn told(text: String) -> Stray {
    Stray::Told(text)
}

/// A guest's words on one line, cut and without what does not show.
pub(super) fn one_line(words: &str, most: usize) -> String {
    let words = text::visible(words).text;
    words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

/// Waits until a moment, or longer if something has happened since.
pub(super) async fn quiet(pulse: &Pulse, longest: std::time::Duration) {
    loop {
        let due = pulse.last() + longest;
        if Instant::now() >= due {
            return;
        }
        let _ = timeout_at(due, std::future::pending::<()>()).await;
    }
}
