//! An empty plan in the form that a plan has, for a person to fill in and have adopted.

use serde::{Deserialize, Serialize};

use super::plan_body;
use crate::ids::RepoPath;
use crate::words::escape::{code, fence};
use crate::words::figures::and;
use crate::workflow::command::Prefix;
use crate::workflow::plan::{Check, Estimate, FileChange, Finding, Plan, PlanStep, PlannedFile, Scope};

/// How many names of a repository's folders are shown.
const MOST: usize = 12;

/// What is known of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints {
    /// The folders at its top.
    pub folders: Vec<String>,
    /// Commands that probably check it.
    pub checks: Vec<String>,
}

impl Hints {
    /// Reads the top of a repository: what is in it says how it is probably checked.
    #[must_use]
    pub fn of(folders: Vec<String>, files: &[String]) -> Hints {
        let known = [
            ("Cargo.toml", "cargo test --locked --offline"),
            ("package.json", "npm test"),
            ("go.mod", "go test ./..."),
            ("pyproject.toml", "python -m pytest"),
            ("Makefile", "make test"),
        ];
        let checks = known.iter().filter(|(file, _)| files.iter().any(|there| there == file));
        Hints { folders, checks: checks.map(|(_, command)| (*command).to_owned()).collect() }
    }
}

/// The template, with what to do with it.
pub(in crate::words) fn template(hints: &Hints, prefix: &Prefix) -> String {
    let folders: Vec<String> = hints.folders.iter().take(MOST).map(|name| code(&format!("{name}/**"))).collect();
    let scope = match folders.as_slice() {
        [] => String::new(),
        folders => format!(" The scope may name whole folders, here {}.", and(folders)),
    };
    let adopt = prefix.spell("plan adopt");
    let text = fence("markdown", &format!("{adopt}\n{}", plan_body(&empty(hints))));
    format!(
        "Copy this into a new comment, give the plan a title, replace what stands below the headings, and send it. It \
         becomes a version that people review and approve like any other.\n\n{text}\n\nOnly *Goal*, *Approach*, *Steps*, \
         *Scope* and *Estimate* are needed.{scope} Files below `.github/workflows` are never changed."
    )
}

/// A plan that says what belongs where. Without a title it is not sound, so that it cannot be adopted as it is.
fn empty(hints: &Hints) -> Plan {
    let text = str::to_owned;
    let file: Option<RepoPath> = "path/to/file".parse().ok();
    let finding = |path| Finding { text: text("What is so today, seen at this line."), path, line: 1 };
    let step = PlanStep {
        id: text("s1"),
        title: text("The step in one line, as the subject of its commit"),
        files: file.iter().map(|path| PlannedFile { path: path.clone(), change: FileChange::Change }).collect(),
        what: text("What to do, so precisely that nothing is left to decide."),
        verify: text("how one sees that it is done."),
    };
    let check = |command: &String| Check { command: command.clone() };
    let fallback = [text("the command that proves the result")];
    let checks = if hints.checks.is_empty() { &fallback[..] } else { &hints.checks[..] };
    Plan {
        title: String::new(),
        goal: text("What is to be so afterwards, in a sentence or two."),
        findings: file.into_iter().map(finding).collect(),
        approach: text("How, and why this way."),
        alternatives: vec![],
        steps: vec![step],
        checks: checks.iter().map(check).collect(),
        scope: Scope {
            paths: vec![text("path/to/file")],
            max_files: 1,
            max_bytes: 20_000,
            dependencies: false,
            protected: false,
        },
        out_of_scope: vec![text("What a reader might expect and will not get.")],
        risks: vec![text("What may go wrong.")],
        questions: vec![],
        estimate: Estimate { tokens: 200_000, minutes: 20 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::plan::parse_plan;
    use crate::workflow::command::parse;

    fn hints() -> Hints {
        Hints::of(vec!["src".to_owned(), "tests".to_owned()], &["Cargo.toml".to_owned(), "README.md".to_owned()])
    }

    #[test]
    fn the_template_is_a_plan_that_lacks_its_title() {
        let empty = empty(&hints());
        let faults: Vec<String> = empty.faults().into_iter().map(|fault| fault.at).collect();
        assert_eq!(faults, ["title"]);
        let read = parse_plan(&plan_body(&empty));
        assert_eq!(read.as_ref(), Ok(&empty));
        let filled = plan_body(&empty).replacen("## ", "## Trim the slug", 1);
        assert_eq!(parse_plan(&filled).map(|plan| plan.faults()), Ok(vec![]));
    }

    #[test]
    fn t16_the_template_says_what_to_do_with_it_and_is_no_command_itself() {
        let said = template(&hints(), &Prefix::default());
        assert_eq!(parse(&said), None);
        insta::assert_snapshot!(said, @r"
        Copy this into a new comment, give the plan a title, replace what stands below the headings, and send it. It becomes a version that people review and approve like any other.

        ```markdown
        /plan adopt
        ## 

        ### Goal

        What is to be so afterwards, in a sentence or two.

        ### Findings

        - `path/to/file:1`: What is so today, seen at this line.

        ### Approach

        How, and why this way.

        ### Steps

        #### `s1` · The step in one line, as the subject of its commit

        Files: change `path/to/file`

        What to do, so precisely that nothing is left to decide.

        > **Done when:** how one sees that it is done.

        ### Checks

        - `cargo test --locked --offline`

        ### Scope

        | What | Limit |
        | --- | --- |
        | May change | `path/to/file` |
        | Files | 1 |
        | Bytes | 20,000 |
        | Dependencies | must not change |
        | Protected files | must not change |

        ### Out of scope

        - What a reader might expect and will not get.

        ### Risks

        - What may go wrong.

        ### Estimate

        About 200,000 tokens and 20 minutes.
        ```

        Only *Goal*, *Approach*, *Steps*, *Scope* and *Estimate* are needed. The scope may name whole folders, here `src/**` and `tests/**`. Files below `.github/workflows` are never changed.
        ");
    }
}
