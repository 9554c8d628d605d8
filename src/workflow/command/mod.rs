//! What people type: the first line of a new comment, read by a fixed grammar.
//!
//! Promises: only the first line counts, it must begin with the prefix (`/`, where the operator chose no other) or with
//! a mention of the App in the first column, and every name is lower-case ASCII. Quotes, code, a leading space, a
//! full-width slash or an invisible character make it ordinary text (D24, D25). Nothing the bot itself writes begins a
//! comment so (T16).

mod spelling;

use serde::{Deserialize, Serialize};

use super::spending::micro_dollars;
use crate::ids::Login;

pub use spelling::{BadPrefix, Prefix, Spelling};

/// A command, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// `/plan [guidance]`: plan this issue, or plan it anew.
    Plan {
        /// What to mind, in the person's words.
        guidance: Option<String>,
    },
    /// `/plan adopt [path]`: make a version of the plan that stands below, or in a file on the default branch.
    Adopt {
        /// The file, if one is named.
        path: Option<String>,
        /// What stands below the first line.
        text: String,
    },
    /// `/diff [v1 [v3]]`: show the difference between two versions, the newest two if none are named.
    Diff {
        /// The one; 0 for what is no version.
        from: Option<u32>,
        /// The other.
        to: Option<u32>,
    },
    /// `/revise <text>`: a new version that answers this.
    Revise {
        /// What to change.
        text: String,
    },
    /// `/approve [digest]`.
    Approve {
        /// What stands behind the word, if anything.
        digest: Option<String>,
    },
    /// `/unapprove`: take one's own approval or objection back.
    Unapprove,
    /// `/reject <why>`: object.
    Reject {
        /// The reason.
        why: String,
    },
    /// `/cancel`: end the run.
    Cancel,
    /// `/stop`: stop the work and keep what is done.
    Stop,
    /// `/pause`: stop the work at the end of the step that is under way.
    Pause,
    /// `/resume`: go on with stopped work.
    Resume,
    /// `/continue [text]`: go on with stopped work, and mind this.
    Continue {
        /// What it is to mind, if anything stands there.
        text: Option<String>,
    },
    /// `/budget +2.50`: grant more to the work.
    Budget {
        /// How much more, in millionths of a dollar; not 0.
        more: u64,
    },
    /// `/fix [text]`: mend the work that is up for review.
    Fix {
        /// What is to be mended, if anything stands there.
        text: Option<String>,
    },
    /// `/retry [digest] [from step]`: run the approved version once more after a failure.
    Retry {
        /// What stands behind the word, if anything.
        digest: Option<String>,
        /// The step it begins with again, if one is named.
        from: Option<String>,
    },
    /// `/status`: say where the run stands.
    Status,
    /// `/help`: say what can be typed.
    Help,
    /// `/plan template`: show an empty plan to fill in.
    PlanTemplate,
    /// `/plan anyway`: plan without waiting for answers, on stated assumptions.
    PlanAnyway {
        /// What stands below the first line.
        guidance: Option<String>,
    },
    /// `/history`: list the versions, and what people decided about them.
    History,
    /// `/lift @login`: set that person's objection aside.
    Lift {
        /// Whose, without the `@`.
        login: String,
    },
    /// `/something` that is none of these, though close enough to one to ask.
    Unknown {
        /// What was typed, at most 40 characters.
        typed: String,
        /// The command it most resembles.
        nearest: String,
    },
}

impl Command {
    /// Whether it bears on approval: what is done by it can be taken back with its comment.
    #[must_use]
    pub fn is_act(&self) -> bool {
        match self {
            Command::Approve { .. }
            | Command::Unapprove
            | Command::Reject { .. }
            | Command::Retry { .. }
            | Command::Lift { .. } => true,
            Command::Plan { .. }
            | Command::Adopt { .. }
            | Command::Diff { .. }
            | Command::Revise { .. }
            | Command::Cancel
            | Command::Stop
            | Command::Pause
            | Command::Resume
            | Command::Continue { .. }
            | Command::Budget { .. }
            | Command::Fix { .. }
            | Command::Status
            | Command::Help
            | Command::PlanTemplate
            | Command::PlanAnyway { .. }
            | Command::History
            | Command::Unknown { .. } => false,
        }
    }
}

/// The commands' names, as [`Command::Unknown`] and the help text know them.
pub const NAMES: [&str; 18] = [
    "plan",
    "revise",
    "approve",
    "unapprove",
    "reject",
    "lift",
    "cancel",
    "stop",
    "pause",
    "resume",
    "continue",
    "budget",
    "fix",
    "retry",
    "status",
    "diff",
    "history",
    "help",
];

/// What may stand behind `/plan` alone in its line and is no guidance.
const PLANS: [&str; 3] = ["adopt", "template", "anyway"];

/// Reads the body of a comment where commands begin with `/`. `None` is ordinary text, also where it is a command of
/// some other bot.
///
/// ```
/// use assentry::workflow::command::{Command, parse};
/// assert_eq!(parse("/approve 3fa9c1d2e07b\nthanks!"), Some(Command::Approve { digest: Some("3fa9c1d2e07b".into()) }));
/// assert_eq!(parse("> /approve"), None);
/// ```
#[must_use]
pub fn parse(body: &str) -> Option<Command> {
    Spelling::default().parse(body)
}

impl Spelling {
    /// Reads the body of a comment. `None` is ordinary text, also where it is a command of some other bot. The App's name
    /// with nothing behind it asks for help.
    #[must_use]
    pub fn parse(&self, body: &str) -> Option<Command> {
        let (first, rest) = match body.split_once('\n') {
            Some((first, rest)) => (first.strip_suffix('\r').unwrap_or(first), rest),
            None => (body, ""),
        };
        let line = first.trim_end_matches(' ');
        match self.behind(line)? {
            "" if line.len() > 1 => Some(Command::Help),
            behind => command(behind, rest),
        }
    }
}

/// Reads what stands behind the prefix in the first line; `rest` is what stands below.
fn command(line: &str, rest: &str) -> Option<Command> {
    let (name, argument) = line.split_once(' ').unwrap_or((line, ""));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
        return None;
    }
    // Free text may go on below the command; what bears on approval stands in the first line alone.
    let free = || [argument.trim(), rest].join("\n").trim().to_owned();
    let text = || Some(free()).filter(|text| !text.is_empty());
    let word = || Some(argument.to_owned()).filter(|word| !word.is_empty());
    let bare = |command| if argument.is_empty() { Some(command) } else { unknown(line, name) };
    match name {
        "plan" => match argument {
            "template" => Some(Command::PlanTemplate),
            "anyway" => {
                Some(Command::PlanAnyway { guidance: Some(rest.trim().to_owned()).filter(|rest| !rest.is_empty()) })
            }
            _ => Some(
                adopt(argument, rest).or_else(|| slip(argument)).unwrap_or_else(|| Command::Plan { guidance: text() }),
            ),
        },
        "diff" => Some(diff(argument)),
        "revise" => Some(Command::Revise { text: free() }),
        "approve" => Some(Command::Approve { digest: word() }),
        "unapprove" => bare(Command::Unapprove),
        "reject" => Some(Command::Reject { why: free() }),
        "cancel" => Some(Command::Cancel),
        "stop" => bare(Command::Stop),
        "pause" => bare(Command::Pause),
        "resume" => bare(Command::Resume),
        "continue" => Some(Command::Continue { text: text() }),
        "budget" => match argument.strip_prefix('+').and_then(micro_dollars).filter(|more| *more > 0) {
            Some(more) => Some(Command::Budget { more }),
            None => asked(line, "budget +2.50"),
        },
        "fix" => Some(Command::Fix { text: text() }),
        "retry" => Some(retry(argument)),
        "status" => Some(Command::Status),
        "history" => Some(Command::History),
        "lift" => match argument.strip_prefix('@') {
            Some(login) if login.parse::<Login>().is_ok() => Some(Command::Lift { login: login.to_owned() }),
            Some(_) | None => asked(line, "lift @login"),
        },
        "help" => Some(Command::Help),
        _ => unknown(name, name),
    }
}

/// `adopt` alone, with the plan below, or with one path behind it; a sentence that begins with the word is guidance.
fn adopt(argument: &str, rest: &str) -> Option<Command> {
    let mut words = argument.split_whitespace();
    let path = match (words.next(), words.next(), words.next()) {
        (Some("adopt"), path, None) => path.map(str::to_owned),
        _ => return None,
    };
    Some(Command::Adopt { path, text: rest.to_owned() })
}

/// A digest, `from` and a step, or both; anything else is passed on as it stands, and the gate says what is wrong with it.
fn retry(argument: &str) -> Command {
    let words: Vec<&str> = argument.split(' ').collect();
    let (digest, from) = match words[..] {
        ["from", step] if !step.is_empty() => ("", Some(step)),
        [digest, "from", step] if !step.is_empty() => (digest, Some(step)),
        _ => (argument, None),
    };
    Command::Retry { digest: Some(digest.to_owned()).filter(|word| !word.is_empty()), from: from.map(str::to_owned) }
}

/// Versions as `v1` or `1`.
fn diff(argument: &str) -> Command {
    let mut versions =
        argument.split_whitespace().map(|word| word.strip_prefix('v').unwrap_or(word).parse::<u32>().unwrap_or(0));
    let (from, to) = (versions.next(), versions.next());
    let from = if versions.next().is_some() { Some(0) } else { from };
    Command::Diff { from, to }
}

/// A single word behind `/plan` that is nearly one of ours: a model's work is not bought for a slip of the finger.
fn slip(argument: &str) -> Option<Command> {
    let near = PLANS.into_iter().find(|known| !argument.is_empty() && distance(argument, known) <= 2)?;
    asked(&format!("plan {argument}"), &format!("plan {near}"))
}

fn asked(typed: &str, nearest: &str) -> Option<Command> {
    Some(Command::Unknown { typed: typed.chars().take(40).collect(), nearest: nearest.to_owned() })
}

/// Asks back where a slip of the finger is likely, and keeps silent where another bot is probably meant.
fn unknown(typed: &str, name: &str) -> Option<Command> {
    let (distance, nearest) = NAMES.iter().map(|known| (distance(name, known), *known)).min()?;
    if distance <= 2 { asked(typed, nearest) } else { None }
}

/// The number of letters to insert, remove or replace on the way from one word to the other (Levenshtein).
pub(crate) fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approve(digest: &str) -> Option<Command> {
        Some(Command::Approve { digest: Some(digest.to_owned()) })
    }

    #[test]
    fn d17_an_approval_names_its_digest_on_the_first_line() {
        assert_eq!(parse("/approve 3fa9c1d2e07b"), approve("3fa9c1d2e07b"));
        assert_eq!(parse("/approve 3fa9c1d2e07b  \r\nlooks good"), approve("3fa9c1d2e07b"));
        assert_eq!(parse("/approve"), Some(Command::Approve { digest: None }));
    }

    #[test]
    fn d19_what_is_no_digest_is_passed_on_as_typed_and_never_trimmed_into_one() {
        assert_eq!(parse("/approve  3fa9c1d2e07b"), approve(" 3fa9c1d2e07b"));
        assert_eq!(parse("/approve 3fa9 c1d2e07b"), approve("3fa9 c1d2e07b"));
    }

    #[test]
    fn d24_only_the_first_line_and_the_first_column_count() {
        for text in ["hello\n/approve", "> /approve", "```\n/approve\n```", " /approve", "\t/approve", "`/approve`", ""]
        {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn d25_look_alikes_are_ordinary_text() {
        for text in
            ["/Approve", "／approve", "/appr\u{200b}ove", "/approve\u{a0}3fa9c1d2e07b", "\u{feff}/approve", "//approve"]
        {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest_command_and_a_stranger_with_silence() {
        let asked = Command::Unknown { typed: "aprove".to_owned(), nearest: "approve".to_owned() };
        assert_eq!(parse("/aprove 3fa9c1d2e07b"), Some(asked));
        assert_eq!(parse("/lgtm"), None);
        assert_eq!(parse("/ok-to-test abc"), None);
    }

    #[test]
    fn what_takes_nothing_is_asked_for_by_its_name() {
        let all = [
            ("/stop", Command::Stop),
            ("/pause", Command::Pause),
            ("/resume", Command::Resume),
            ("/status", Command::Status),
            ("/history", Command::History),
            ("/help", Command::Help),
        ];
        for (text, command) in all {
            assert_eq!(parse(text), Some(command), "{text}");
        }
    }

    #[test]
    fn a_distance_counts_letters_that_are_missing_too_many_or_others() {
        let all = [("plan", "plan", 0), ("", "plan", 4), ("plan", "", 4), ("pln", "plan", 1), ("plna", "plan", 2)];
        for (from, to, expected) in all {
            assert_eq!(distance(from, to), expected, "{from}, {to}");
        }
    }

    #[test]
    fn a_word_of_ours_alone_behind_plan_is_a_command_and_a_sentence_is_guidance() {
        assert_eq!(parse("/plan template"), Some(Command::PlanTemplate));
        assert_eq!(parse("/plan anyway"), Some(Command::PlanAnyway { guidance: None }));
        let guidance = Some("in Rust".to_owned());
        assert_eq!(parse("/plan anyway \r\nin Rust\n"), Some(Command::PlanAnyway { guidance }));
        let guidance = Some("template engines, all of them".to_owned());
        assert_eq!(parse("/plan template engines, all of them"), Some(Command::Plan { guidance }));
        let asked = Command::Unknown { typed: "plan anway".to_owned(), nearest: "plan anyway".to_owned() };
        assert_eq!(parse("/plan anway"), Some(asked));
    }

    #[test]
    fn d14_an_objection_is_lifted_by_the_name_of_its_author() {
        assert_eq!(parse("/lift @cara"), Some(Command::Lift { login: "cara".to_owned() }));
        for text in ["lift cara", "lift", "lift @cara please", "lift  @cara", "lift @"] {
            let asked = Command::Unknown { typed: text.to_owned(), nearest: "lift @login".to_owned() };
            assert_eq!(parse(&format!("/{text}")), Some(asked));
        }
    }

    #[test]
    fn t56_more_is_granted_by_an_amount_and_by_nothing_else() {
        assert_eq!(parse("/budget +2.50"), Some(Command::Budget { more: 2_500_000 }));
        assert_eq!(parse("/budget +3\nplease"), Some(Command::Budget { more: 3_000_000 }));
        for text in ["budget", "budget 2.50", "budget -1", "budget +0", "budget + 2", "budget +1e3", "budget +$2"] {
            let asked = Command::Unknown { typed: text.to_owned(), nearest: "budget +2.50".to_owned() };
            assert_eq!(parse(&format!("/{text}")), Some(asked));
        }
    }

    #[test]
    fn what_stands_behind_a_command_that_takes_nothing_is_asked_back() {
        let asked = Command::Unknown { typed: "unapprove it".to_owned(), nearest: "unapprove".to_owned() };
        assert_eq!(parse("/unapprove it"), Some(asked));
    }

    #[test]
    fn a_mention_and_a_prefix_with_a_word_are_as_exact_as_the_slash() {
        let slug = Some("assentry".to_owned());
        let spelling = |prefix: &str| prefix.parse().map(|prefix| Spelling { prefix, slug: slug.clone() });
        for (prefix, begin) in [("/", "/"), ("/", "@assentry "), ("/assentry ", "/assentry "), ("!", "!")] {
            let read = |text: &str| spelling(prefix).map(|spelling| spelling.parse(&format!("{begin}{text}")));
            assert_eq!(read("approve 3fa9c1d2e07b \r\nfine"), Ok(approve("3fa9c1d2e07b")), "{begin}");
            assert_eq!(read("aprove").map(|read| read.is_some()), Ok(true), "{begin}");
            for text in [" approve", "Approve", "appr\u{200b}ove", "approve\u{a0}3fa9c1d2e07b", "lgtm", "/approve"] {
                assert_eq!(read(text), Ok(None), "{begin}{text:?}");
            }
        }
        let none = [
            "/approve",
            "/assentry-approve",
            "@assentry, approve",
            "@Assentry approve",
            "@assentryapprove",
            " /assentry approve",
        ];
        for text in none {
            assert_eq!(spelling("/assentry ").map(|spelling| spelling.parse(text)), Ok(None), "{text:?}");
        }
        for text in ["/assentry", "@assentry", "@assentry  \nhello"] {
            assert_eq!(
                spelling("/assentry ").map(|spelling| spelling.parse(text)),
                Ok(Some(Command::Help)),
                "{text:?}"
            );
        }
        assert_eq!(spelling("/").map(|spelling| spelling.parse("/")), Ok(None));
    }

    #[test]
    fn a_plan_is_adopted_from_below_or_from_a_file_and_a_sentence_is_guidance() {
        let adopt =
            |path: Option<&str>, text: &str| Command::Adopt { path: path.map(str::to_owned), text: text.to_owned() };
        assert_eq!(parse("/plan adopt\n## Title\n"), Some(adopt(None, "## Title\n")));
        assert_eq!(parse("/plan adopt docs/plan.md"), Some(adopt(Some("docs/plan.md"), "")));
        let guidance = Some("adopt the old parser".to_owned());
        assert_eq!(parse("/plan adopt the old parser"), Some(Command::Plan { guidance }));
    }

    #[test]
    fn versions_are_named_with_or_without_a_v() {
        let diff = |from, to| Some(Command::Diff { from, to });
        assert_eq!(parse("/diff"), diff(None, None));
        assert_eq!(parse("/diff v1 3"), diff(Some(1), Some(3)));
        assert_eq!(parse("/diff v2"), diff(Some(2), None));
        assert_eq!(parse("/diff v1 v2 v3"), diff(Some(0), Some(2)));
        assert_eq!(parse("/diff main"), diff(Some(0), None));
    }

    #[test]
    fn a_retry_takes_a_digest_and_a_step() {
        let retry = |digest: Option<&str>, from: Option<&str>| {
            Some(Command::Retry { digest: digest.map(str::to_owned), from: from.map(str::to_owned) })
        };
        assert_eq!(parse("/retry"), retry(None, None));
        assert_eq!(parse("/retry 3fa9c1d2e07b"), retry(Some("3fa9c1d2e07b"), None));
        assert_eq!(parse("/retry from s2"), retry(None, Some("s2")));
        assert_eq!(parse("/retry 3fa9c1d2e07b from s2"), retry(Some("3fa9c1d2e07b"), Some("s2")));
        assert_eq!(parse("/retry from here on"), retry(Some("from here on"), None));
    }

    #[test]
    fn a_fix_takes_words_or_none() {
        assert_eq!(parse("/continue"), Some(Command::Continue { text: None }));
        assert_eq!(
            parse("/continue by sed\nalone"),
            Some(Command::Continue { text: Some("by sed\nalone".to_owned()) })
        );
        assert_eq!(parse("/fix"), Some(Command::Fix { text: None }));
        assert_eq!(parse("/fix it\nall"), Some(Command::Fix { text: Some("it\nall".to_owned()) }));
    }

    #[test]
    fn free_text_goes_on_below_the_command() {
        assert_eq!(
            parse("/revise keep the flag\n\nand document it"),
            Some(Command::Revise { text: "keep the flag\n\nand document it".to_owned() })
        );
    }
}
