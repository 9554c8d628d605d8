//! What a script sees of a request, and what it may answer.

use std::time::Duration;

use serde_json::Value;

/// Decides each answer from the request alone, without any memory.
pub trait Script: Send + Sync + 'static {
    /// Says what the model answers to this request.
    fn answer(&self, request: &Seen) -> Reply;
}

/// A request, read from either vendor's shape.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The model's id.
    pub model: String,
    /// The standing instructions.
    pub system: String,
    /// The names of the tools that are offered, in order.
    pub tools: Vec<String>,
    /// How many answers the model has given in this conversation.
    pub turns: usize,
    /// What people and program have said in words, oldest first.
    pub user_texts: Vec<String>,
    /// The names of the tools that were called so far, oldest first.
    pub called: Vec<String>,
    /// The results of the newest answer's calls.
    pub last_results: Vec<SeenResult>,
}

impl Seen {
    /// Whether this tool is offered, which tells one phase of a run from another.
    #[must_use]
    pub fn offers(&self, tool: &str) -> bool {
        self.tools.iter().any(|name| name == tool)
    }

    /// Whether the instructions or anything said in words have this text in them.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        self.system.contains(text) || self.user_texts.iter().any(|said| said.contains(text))
    }

    /// Whether this tool has been called in this conversation.
    #[must_use]
    pub fn has_called(&self, tool: &str) -> bool {
        self.called.iter().any(|name| name == tool)
    }
}

/// The result of a call as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenResult {
    /// The call's id.
    pub call: String,
    /// The tool that was called.
    pub tool: String,
    /// What came of it.
    pub text: String,
    /// Whether it says that it failed; OpenAI's format cannot, so there it is always false.
    pub failed: bool,
}

/// What the model does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Answers; the end is a tool use if there are calls, else the end of the turn.
    Say(Said),
    /// Refuses in these words.
    Refuse(String),
    /// Answers, but is stopped by the longest length in the middle of it.
    TooLong(Said),
    /// Ends with a stop reason of its own.
    Stop {
        /// What is said before.
        said: Said,
        /// The vendor's word for the end.
        reason: String,
    },
    /// Answers with a status other than 200.
    HttpError {
        /// The status.
        status: u16,
        /// Headers beside the content type, such as `retry-after`.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Begins to answer and then reports an error of the vendor's in the stream.
    ErrorEvent {
        /// The vendor's word for it, such as `overloaded_error`.
        kind: String,
        /// The vendor's sentence.
        message: String,
    },
    /// Breaks the connection after so many bytes of the answer.
    CutAfter {
        /// How many bytes still arrive.
        bytes: usize,
        /// The answer.
        said: Said,
    },
    /// Takes the request and never says anything.
    Hang,
    /// Falls silent after so many bytes of the answer, with the connection open.
    HangAfter {
        /// How many bytes still arrive.
        bytes: usize,
        /// The answer.
        said: Said,
    },
    /// Sends the answer a byte at a time.
    Trickle {
        /// The time between two bytes.
        pause: Duration,
        /// The answer.
        said: Said,
    },
    /// Begins to answer and then only shows that it is alive, for ever.
    Pings {
        /// The time between two signs of life.
        pause: Duration,
    },
    /// Says words for ever.
    Endless,
    /// Sends these bytes as the stream.
    Raw(String),
}

/// The content of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// A thought before the words; only Anthropic's wire shows it.
    pub thought: Option<String>,
    /// The words.
    pub text: String,
    /// The calls.
    pub calls: Vec<Call>,
}

/// A call in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The tool's name; it need not exist.
    pub name: String,
    /// The arguments as they are written; they need not be JSON.
    pub arguments: String,
    /// The call's id; a fresh one that follows from the turn if absent.
    pub id: Option<String>,
}

impl Call {
    /// A call with arguments.
    #[must_use]
    pub fn new(name: &str, arguments: &Value) -> Call {
        Call::raw(name, &arguments.to_string())
    }

    /// A call whose arguments are any text.
    #[must_use]
    pub fn raw(name: &str, arguments: &str) -> Call {
        Call { name: name.to_owned(), arguments: arguments.to_owned(), id: None }
    }
}

impl Said {
    /// Words without calls.
    #[must_use]
    pub fn words(text: &str) -> Said {
        Said { text: text.to_owned(), ..Said::default() }
    }

    /// Words, and calls after them.
    #[must_use]
    pub fn with_calls(text: &str, calls: Vec<Call>) -> Said {
        Said { text: text.to_owned(), calls, thought: None }
    }
}

impl Reply {
    /// Words, and the end of the turn.
    #[must_use]
    pub fn say(text: &str) -> Reply {
        Reply::Say(Said::words(text))
    }

    /// One call without words.
    #[must_use]
    pub fn call(name: &str, arguments: &Value) -> Reply {
        Reply::calls("", vec![Call::new(name, arguments)])
    }

    /// Words and calls.
    #[must_use]
    pub fn calls(text: &str, calls: Vec<Call>) -> Reply {
        Reply::Say(Said::with_calls(text, calls))
    }

    /// A status with a vendor's error body.
    #[must_use]
    pub fn status(status: u16, body: &Value) -> Reply {
        Reply::HttpError { status, headers: Vec::new(), body: body.to_string() }
    }
}

/// The script of a single conversation: the nth answer is the nth reply, by the number of answers in the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turns(pub Vec<Reply>);

impl Script for Turns {
    /// Says that the script is over, in words, when it is.
    fn answer(&self, request: &Seen) -> Reply {
        self.0.get(request.turns).cloned().unwrap_or_else(|| Reply::say("The script is over."))
    }
}

impl<F: Fn(&Seen) -> Reply + Send + Sync + 'static> Script for F {
    fn answer(&self, request: &Seen) -> Reply {
        self(request)
    }
}
