//! One visit of a guest, from the start of its process to the end: the conversation, the house's tools and the lending of
//! the model go on side by side, and whichever ends the work ends the others.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::door::{self, Door};
use super::lending::Lending;
use super::talk::{Conversation, Stray, Turn, one_line, quiet};
use super::{Guest, Introduced, PATIENCE};
use crate::agent::budget::Spent;
use crate::agent::desk::{Desk, exit};
use crate::agent::dialogue::Said;
use crate::agent::ending::Ending;
use crate::agent::transcript::Journal;
use crate::model::{Arguments, ToolCall, ToolSpec};
use crate::sandbox::{Access, Bridge, Checkout, Ended, Exit, Job, Limits, Sandbox, SandboxError, Talk};

/// Who answers a guest's calls of the house's tools, and says what becomes of it at the end of a turn.
pub(in crate::agent) trait Host: Send {
    /// Carries out a call; says whether the work is over by it.
    fn call(&mut self, call: &ToolCall) -> impl Future<Output = Result<(Said, bool), Ending>> + Send;

    /// What comes after a turn.
    fn turn_ended(&mut self, turn: &Turn) -> impl Future<Output = Result<Next, Ending>> + Send;
}

/// What comes after a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::agent) enum Next {
    /// The end: the work is done.
    Over,
    /// Another turn, with this prompt.
    Prompt(String),
}

/// What the host is asked.
#[derive(Debug)]
pub(super) enum Ask {
    Call { call: ToolCall, out: oneshot::Sender<(String, bool)> },
    Ended { turn: Turn, next: oneshot::Sender<String> },
    Gone,
}

impl Ask {
    pub(super) fn call(name: String, arguments: Value, out: oneshot::Sender<(String, bool)>) -> Ask {
        Ask::Call { call: ToolCall { id: String::new(), name, arguments: Arguments::Json(arguments) }, out }
    }
}

/// A guest at a desk, with the house's tools and its first prompt.
pub(in crate::agent) struct Visit<'a, J> {
    pub(in crate::agent) desk: &'a Desk<'a, J>,
    pub(in crate::agent) guest: &'a Guest,
    pub(in crate::agent) access: Access,
    pub(in crate::agent) tools: Vec<ToolSpec>,
    pub(in crate::agent) prompt: String,
}

impl<J: Journal> Visit<'_, J> {
    /// Sees the visit through to its end, whoever brings it about; the process has ended by then. Also says what it used up.
    pub(in crate::agent) async fn run(&self, host: &mut impl Host) -> (Result<(), Ending>, Spent) {
        let lending = match Lending::open(self.desk).await {
            Ok(lending) => lending,
            Err(ending) => return (Err(ending), Spent::default()),
        };
        let stop = self.desk.leash.stop();
        let met = self.desk.leash.hold(&stop, Box::pin(self.meet(&lending, host, &stop))).await;
        let ended = match (met.flatten(), lending.failure()) {
            // What a guest does without its model is no fault of its own.
            (Err(Ending::Lost { .. }), Some(failure)) => Err(Ending::Model(failure)),
            (ended, _) => ended,
        };
        (ended, lending.spent())
    }

    async fn meet(
        &self,
        lending: &Lending<'_, J>,
        host: &mut impl Host,
        stop: &CancellationToken,
    ) -> Result<(), Ending> {
        let Desk { sandbox, checkout, limits, leash, model, .. } = *self.desk;
        let over = stop.child_token();
        // It ends with the budget's minutes, and a moment later where that is not noticed.
        let wall = leash.until.saturating_duration_since(Instant::now()) + Duration::from_secs(30);
        let started = Started::prepare(sandbox, self.tools.clone())?;
        let (bridge, knocks, _door) = started;
        let token = bridge.token().expose_secret().to_owned();
        let (argv, environment) = self.guest.filled(&token, &model.profile().model);
        let (pulse, (asks, asked)) = (Pulse::new(), mpsc::channel(WAITING));
        let (input, from_us) = mpsc::channel(WAITING);
        let (to_us, output) = mpsc::channel(WAITING);
        let job =
            Job { argv, cwd: None, stdin: vec![], checkout, access: self.access, limits: Limits { wall, ..limits } };
        let talk = Talk { read_only: &self.guest.read_only, environment: &environment };
        let mut process = pin!(sandbox.converse((&bridge, talk), job, (from_us, to_us), &over));
        let mut serve = pin!(lending.serve(knocks, asks.clone(), (&over, &pulse)));
        let mut attend = pin!(attend(host, asked, &pulse));
        let conversation = Conversation::new(input, output, &pulse);
        let mut conduct = pin!(self.conduct(conversation, &token, asks));
        let (mut exit, mut stray, mut served) = (None, None, None);
        let ended = loop {
            tokio::select! {
                biased;
                attended = &mut attend => break match attended {
                    Attended::Over => Some(Ok(())),
                    Attended::Ended(ending) => Some(Err(ending)),
                    Attended::Gone => None,
                },
                ending = &mut serve, if served.is_none() => {
                    served = Some(ending);
                    break None;
                }
                () = stop.cancelled() => break Some(Err(Ending::Cancelled)),
                why = &mut conduct, if stray.is_none() => stray = Some(why),
                ended = &mut process, if exit.is_none() => exit = Some(ended),
                () = quiet(&pulse, limits.wall) => {
                    let seconds = limits.wall.as_secs();
                    break Some(Err(self.lost(&format!("did nothing for {seconds} seconds"))));
                }
            }
        };
        let ended_by_itself = exit.is_some();
        over.cancel();
        // Whatever ran is gone, and every call is settled, before anybody goes on.
        let (exit, served) =
            tokio::join!(async { if let Some(ended) = exit { ended } else { process.await } }, async {
                if let Some(ending) = served { ending } else { serve.await }
            },);
        match (ended, served) {
            (Some(Ok(())), _) => Ok(()),
            (_, Some(ending)) | (Some(Err(ending)), None) => Err(ending),
            (None, None) => Err(self.why_gone(stray.unwrap_or(Stray::Gone), exit, ended_by_itself)),
        }
    }

    async fn conduct(&self, mut conversation: Conversation<'_>, token: &str, asks: mpsc::Sender<Ask>) -> Stray {
        let stray = self.converse(&mut conversation, token, &asks).await;
        // What was asked before is answered first: it may be what ends the work well.
        let _ = asks.send(Ask::Gone).await;
        stray
    }

    async fn converse(&self, conversation: &mut Conversation<'_>, token: &str, asks: &mpsc::Sender<Ask>) -> Stray {
        match conversation.introduce(self.guest, token).await {
            Ok(Introduced { name, mode }) => {
                tracing::info!(agent.name = name, agent.mode = mode, "an agent has opened a session")
            }
            Err(stray) => return stray,
        }
        let mut prompt = self.prompt.clone();
        loop {
            let turn = match conversation.turn(&prompt).await {
                Ok(turn) => turn,
                Err(stray) => return stray,
            };
            let (next, told) = oneshot::channel();
            if asks.send(Ask::Ended { turn, next }).await.is_err() {
                return Stray::Gone;
            }
            match told.await {
                Ok(text) => prompt = text,
                Err(_over) => return Stray::Gone,
            }
        }
    }

    fn why_gone(&self, stray: Stray, exit: Result<Ended, SandboxError>, by_itself: bool) -> Ending {
        match (stray, exit) {
            (Stray::Told(what), _) => self.lost(&what),
            (Stray::Gone, Err(error)) => Ending::Sandbox(error),
            (Stray::Gone, Ok(ended)) => self.lost(&last_moments(&ended, by_itself)),
        }
    }

    fn lost(&self, what: &str) -> Ending {
        Ending::Lost { text: format!("{} {what}", self.guest.name) }
    }
}

fn last_moments(ended: &Ended, by_itself: bool) -> String {
    if !by_itself && ended.exit == Exit::Cancelled {
        return "closed its input or output in the middle of the work".to_owned();
    }
    let words = ended.output.text();
    let skipped = words.chars().count().saturating_sub(300);
    let words = one_line(&words.chars().skip(skipped).collect::<String>(), 300);
    let words = if words.is_empty() { words } else { format!(": {words}") };
    format!("ended in the middle of the work ({}){words}", exit(&ended.exit))
}

/// What waits to be read or answered.
const WAITING: usize = 16;

struct Started;

impl Started {
    fn prepare(sandbox: &Sandbox, tools: Vec<ToolSpec>) -> Result<(Bridge, mpsc::Receiver<door::Knock>, Door), Ending> {
        let unavailable = |error: io::Error| Ending::Sandbox(SandboxError::Unavailable(error.to_string()));
        let (bridge, listener) = sandbox.bridge().map_err(unavailable)?;
        let (door, knocks) = door::open(listener, bridge.token().clone(), tools);
        Ok((bridge, knocks, door))
    }
}

enum Attended {
    Over,
    Gone,
    Ended(Ending),
}

/// Answers what the host is asked, one thing after the other.
async fn attend(host: &mut impl Host, mut asks: mpsc::Receiver<Ask>, pulse: &Pulse) -> Attended {
    while let Some(ask) = asks.recv().await {
        let _busy = pulse.busy();
        match ask {
            Ask::Call { call, out } => match host.call(&call).await {
                Ok((said, over)) => {
                    let _ = out.send(said.spoken());
                    if over {
                        return Attended::Over;
                    }
                }
                Err(ending) => return Attended::Ended(ending),
            },
            Ask::Ended { turn, next } => match host.turn_ended(&turn).await {
                Ok(Next::Over) => return Attended::Over,
                Ok(Next::Prompt(prompt)) => drop(next.send(prompt)),
                Err(ending) => return Attended::Ended(ending),
            },
            Ask::Gone => return Attended::Gone,
        }
    }
    Attended::Gone
}

/// When something was heard last of a guest, and whether it waits for us.
pub(super) struct Pulse {
    last: Mutex<Instant>,
    busy: AtomicUsize,
}

pub(super) struct Busy<'a>(&'a Pulse);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
        self.0.beat();
    }
}

impl Pulse {
    fn new() -> Pulse {
        Pulse { last: Mutex::new(Instant::now()), busy: AtomicUsize::new(0) }
    }

    /// Something was heard.
    pub(super) fn beat(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// When it was; now, while the guest waits for us.
    pub(super) fn last(&self) -> Instant {
        if self.busy.load(Ordering::Relaxed) > 0 {
            return Instant::now();
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }
}

/// Starts a guest, lets it introduce itself, and ends it.
pub(super) async fn tried(
    guest: &Guest,
    sandbox: &Sandbox,
    (checkout, access): (&Checkout, Access),
    limits: Limits,
) -> Result<Introduced, Ending> {
    let (bridge, knocks, _door) = Started::prepare(sandbox, vec![])?;
    // Nobody answers a question to the model here.
    drop(knocks);
    let token = bridge.token().expose_secret().to_owned();
    let (argv, environment) = guest.filled(&token, "none");
    let (over, pulse) = (CancellationToken::new(), Pulse::new());
    let (input, from_us) = mpsc::channel(WAITING);
    let (to_us, output) = mpsc::channel(WAITING);
    let job = Job { argv, cwd: None, stdin: vec![], checkout, access, limits };
    let talk = Talk { read_only: &guest.read_only, environment: &environment };
    let mut process = pin!(sandbox.converse((&bridge, talk), job, (from_us, to_us), &over));
    let mut conversation = Conversation::new(input, output, &pulse);
    let (introduced, exit) = {
        let mut introduce = pin!(timeout(PATIENCE, conversation.introduce(guest, &token)));
        let mut exit = None;
        loop {
            tokio::select! {
                biased;
                introduced = &mut introduce => break (introduced, exit),
                ended = &mut process, if exit.is_none() => exit = Some(ended),
            }
        }
    };
    let by_itself = exit.is_some();
    over.cancel();
    let exit = match exit {
        Some(ended) => ended,
        None => process.await,
    };
    let lost = |what: &str| Ending::Lost { text: format!("{} {what}", guest.name) };
    match (introduced, exit) {
        (Ok(Ok(introduced)), _) => Ok(introduced),
        (Err(_late), _) => Err(lost("does not introduce itself in time")),
        (Ok(Err(Stray::Told(what))), _) => Err(lost(&what)),
        (Ok(Err(Stray::Gone)), Err(error)) => Err(Ending::Sandbox(error)),
        (Ok(Err(Stray::Gone)), Ok(ended)) => Err(lost(&last_moments(&ended, by_itself))),
    }
}
