//! What is wrong with a plan that someone submitted.

use std::collections::BTreeSet;

use super::{Fault, FileChange, Plan};
use crate::workflow::scope::{Wall, is_never_written};

/// How long one text of a plan may be, in characters.
const MAX_TEXT: usize = 4_000;
/// How long a one-line text may be, in characters.
const MAX_LINE: usize = 160;
/// How long all texts together may be, in bytes: what is approved must be readable whole in one comment.
const MAX_PLAN: usize = 40_000;
/// How many items a list may have.
const MAX_ITEMS: usize = 50;
/// How many files a scope may allow.
const MAX_FILES: u32 = 100;
/// How many bytes a scope may allow.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

impl Plan {
    /// Everything that is wrong with the plan, each with its place; empty if it may be published.
    ///
    /// A plan is refused if a text is empty, overlong or hides characters, if a path or pattern leads out of the
    /// repository or to a file that is never written, if a step touches what the scope does not allow, or if the scope's
    /// limits are beyond what a person can review.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        faults.line("title", &self.title, 100);
        faults.text("goal", &self.goal);
        faults.text("approach", &self.approach);
        for (i, finding) in self.findings.iter().enumerate() {
            faults.text(&format!("findings[{i}].text"), &finding.text);
        }
        for (i, other) in self.alternatives.iter().enumerate() {
            faults.text(&format!("alternatives[{i}].option"), &other.option);
            faults.text(&format!("alternatives[{i}].reason"), &other.reason);
        }
        for (name, texts) in
            [("out_of_scope", &self.out_of_scope), ("risks", &self.risks), ("questions", &self.questions)]
        {
            for (i, text) in texts.iter().enumerate() {
                faults.text(&format!("{name}[{i}]"), text);
            }
        }
        for (i, check) in self.checks.iter().enumerate() {
            faults.line(&format!("checks[{i}].command"), &check.command, 500);
        }
        faults.lengths(self);
        faults.steps(self);
        faults.scope(self);
        faults.0
    }
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, at: &str, what: impl Into<String>) {
        self.0.push(Fault { at: at.to_owned(), what: what.into() });
    }

    fn text(&mut self, at: &str, text: &str) {
        let length = text.chars().count();
        if text.trim().is_empty() {
            self.add(at, "is empty");
        } else if length > MAX_TEXT {
            self.add(at, format!("has {length} characters; at most {MAX_TEXT}"));
        }
        if let Some(hidden) = text.chars().find(|c| is_hidden(*c)) {
            self.add(at, format!("holds the invisible character U+{:04X}; leave it out", u32::from(hidden)));
        }
    }

    fn line(&mut self, at: &str, text: &str, most: usize) {
        self.text(at, text);
        let length = text.chars().count();
        if text.contains('\n') {
            self.add(at, "must be one line");
        } else if length > most {
            self.add(at, format!("has {length} characters; at most {most}"));
        }
    }

    fn lengths(&mut self, plan: &Plan) {
        let lists = [
            ("findings", plan.findings.len()),
            ("alternatives", plan.alternatives.len()),
            ("steps", plan.steps.len()),
            ("checks", plan.checks.len()),
            ("scope.paths", plan.scope.paths.len()),
            ("out_of_scope", plan.out_of_scope.len()),
            ("risks", plan.risks.len()),
            ("questions", plan.questions.len()),
        ];
        for (name, length) in lists {
            if length > MAX_ITEMS {
                self.add(name, format!("has {length} items; at most {MAX_ITEMS}"));
            }
        }
        let whole = serde_json::to_vec(plan).map_or(usize::MAX, |bytes| bytes.len());
        if whole > MAX_PLAN {
            self.add("plan", format!("has {whole} bytes in all; at most {MAX_PLAN}, so that it can be read whole"));
        }
    }

    fn steps(&mut self, plan: &Plan) {
        if plan.steps.is_empty() {
            self.add("steps", "is empty; a plan has at least one step");
        }
        let mut ids = BTreeSet::new();
        for (i, step) in plan.steps.iter().enumerate() {
            let at = format!("steps[{i}]");
            let id_chars = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if step.id.is_empty() || step.id.len() > 20 || !step.id.chars().all(id_chars) {
                self.add(&format!("{at}.id"), "must be 1 to 20 characters of a-z, 0-9 and '-'");
            }
            if !ids.insert(&step.id) {
                self.add(&format!("{at}.id"), format!("{:?} is used twice", step.id));
            }
            self.line(&format!("{at}.title"), &step.title, 100);
            self.text(&format!("{at}.what"), &step.what);
            self.text(&format!("{at}.verify"), &step.verify);
            if step.files.is_empty() {
                self.add(&format!("{at}.files"), "is empty; a step without files belongs into another step's `verify`");
            }
            if step.files.len() > MAX_ITEMS {
                self.add(&format!("{at}.files"), format!("has {} items; at most {MAX_ITEMS}", step.files.len()));
            }
        }
    }

    fn scope(&mut self, plan: &Plan) {
        let scope = &plan.scope;
        if scope.paths.is_empty() {
            self.add("scope.paths", "is empty; name what may change");
        }
        if !(1..=MAX_FILES).contains(&scope.max_files) {
            self.add("scope.max_files", format!("is {}; from 1 to {MAX_FILES}", scope.max_files));
        }
        if !(1..=MAX_BYTES).contains(&scope.max_bytes) {
            self.add("scope.max_bytes", format!("is {}; from 1 to {MAX_BYTES}", scope.max_bytes));
        }
        for (i, glob) in scope.paths.iter().enumerate() {
            self.line(&format!("scope.paths[{i}]"), glob, MAX_LINE);
            if glob.parse().is_ok_and(|path| is_never_written(&path)) {
                self.add(&format!("scope.paths[{i}]"), format!("{glob} is a CI or git file that is never written"));
            }
        }
        let wall = match Wall::new(scope) {
            Ok(wall) => wall,
            Err(bad) => return self.add("scope.paths", bad.to_string()),
        };
        let mut touched = BTreeSet::new();
        for (i, step) in plan.steps.iter().enumerate() {
            for (j, file) in step.files.iter().enumerate() {
                if let Err(forbidden) = wall.may_change(&file.path) {
                    self.add(&format!("steps[{i}].files[{j}].path"), forbidden.to_string());
                }
                if file.change != FileChange::Delete {
                    touched.insert(&file.path);
                }
            }
        }
        if touched.len() > scope.max_files as usize {
            self.add("scope.max_files", format!("is {}, but the steps touch {} files", scope.max_files, touched.len()));
        }
    }
}

/// Characters that are in the bytes and not on the screen: control, bidi, zero width, tags, variation selectors (T22).
pub(crate) fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}
