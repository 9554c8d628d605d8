//! Reads a workflow for what would run an agent's code with secrets as soon as it is pushed (T65).
//!
//! Assentry pushes to branches below `assentry/` and opens pull requests from them, in the repository itself; so GitHub runs
//! `push` and `pull_request` workflows on that code with the repository's secrets. `pull_request_target` and `workflow_run`
//! run the base's workflow, which is harmless until it checks out the head.

use std::fmt;

use serde_json::Value;

/// A branch as a run names it.
const BRANCHES: [&str; 2] = ["assentry/1-some-work-0a1b2c", "assentry/1-plan-some-work-0a1b2c"];

/// Something in a workflow that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Danger {
    /// A push to our branches runs it with `what`.
    Push { line: usize, what: String },
    /// A pull request from our branches runs it with `what`.
    Pull { line: usize, what: String },
    /// It runs with the base's rights and checks out the head.
    Head { line: usize, event: &'static str },
}

impl Danger {
    /// Where, counted from 1.
    pub(super) fn line(&self) -> usize {
        match self {
            Danger::Push { line, .. } | Danger::Pull { line, .. } | Danger::Head { line, .. } => *line,
        }
    }
}

impl fmt::Display for Danger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Danger::Push { what, .. } => write!(f, "a push to assentry/** runs an agent's code with {what}"),
            Danger::Pull { what, .. } => write!(f, "a pull request from assentry/** runs an agent's code with {what}"),
            Danger::Head { event, .. } => write!(f, "{event} checks out the head of whoever asks"),
        }
    }
}

/// What is dangerous in the text of a workflow.
///
/// # Errors
/// When it is not YAML, or no workflow.
pub(super) fn dangers(text: &str) -> Result<Vec<Danger>, String> {
    let options = serde_saphyr::options! { strict_booleans: true };
    // Behind the first line stands an excerpt of the file.
    let why = |error: serde_saphyr::Error| error.to_string().lines().next().unwrap_or_default().to_owned();
    let workflow: Value = serde_saphyr::from_str_with_options(text, options).map_err(why)?;
    // YAML before 1.2 reads `on` as yes.
    let on = workflow.get("on").or_else(|| workflow.get("true")).ok_or("it has no `on`")?;
    let mut dangers = vec![];
    for event in ["pull_request_target", "workflow_run"] {
        if event_of(on, event).is_some()
            && let Some(line) = head_checkout(text, &workflow)
        {
            dangers.push(Danger::Head { line, event });
        }
    }
    let on_push = event_of(on, "push").is_some_and(|push| reaches_ours(&push));
    let on_pull = event_of(on, "pull_request").is_some();
    if on_push || on_pull {
        for what in rights(&workflow) {
            let line = line_of(text, what.trim_start_matches("the secret "));
            // One warning a right: a push is what comes first.
            dangers.push(if on_push { Danger::Push { line, what } } else { Danger::Pull { line, what } });
        }
    }
    Ok(dangers)
}

/// What is said of one event: `on` is a name, a list of names, or a table.
fn event_of(on: &Value, name: &str) -> Option<Value> {
    match on {
        Value::String(text) => (text == name).then_some(Value::Null),
        Value::Array(names) => names.iter().any(|has| has == name).then_some(Value::Null),
        Value::Object(events) => events.get(name).cloned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Whether a push to one of our branches begins it ("Workflow syntax: on.push").
fn reaches_ours(push: &Value) -> bool {
    let list = |name: &str| match push.get(name) {
        Some(Value::String(one)) => Some(vec![one.as_str()]),
        Some(Value::Array(many)) => Some(many.iter().filter_map(Value::as_str).collect()),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => None,
    };
    match (list("branches"), list("branches-ignore")) {
        (Some(named), _) => BRANCHES.iter().any(|branch| chosen(&named, branch, true)),
        (None, Some(ignored)) => BRANCHES.iter().any(|branch| !chosen(&ignored, branch, false)),
        // With tags alone, branches are left out.
        (None, None) => list("tags").is_none() && list("tags-ignore").is_none(),
    }
}

/// "Filter pattern cheat sheet": the last pattern that fits decides, and `!` takes away.
fn chosen(patterns: &[&str], branch: &str, unsure: bool) -> bool {
    patterns.iter().fold(false, |so_far, pattern| match pattern.strip_prefix('!') {
        Some(pattern) => so_far && !fits(pattern, branch, !unsure),
        None => so_far || fits(pattern, branch, unsure),
    })
}

/// Whether a branch fits a pattern: `*` is any text within a name, `**` any text. What else there is (`?`, `+`, `[]`) is
/// rare; then the answer is `unsure`.
fn fits(pattern: &str, branch: &str, unsure: bool) -> bool {
    if pattern.contains(['?', '+', '[', '\\']) {
        return unsure;
    }
    let text = branch.as_bytes();
    // Which lengths of the text the pattern may have used up so far.
    let mut used: Vec<bool> = (0..=text.len()).map(|n| n == 0).collect();
    let mut rest = pattern;
    while let Some(c) = rest.bytes().next() {
        let any = rest.starts_with("**");
        rest = rest.get(if any { 2 } else { 1 }..).unwrap_or_default();
        if c == b'*' {
            for (n, byte) in text.iter().enumerate() {
                used[n + 1] |= used[n] && (any || *byte != b'/');
            }
        } else {
            used = (0..=text.len()).map(|n| n > 0 && used[n - 1] && text[n - 1] == c).collect();
        }
    }
    used[text.len()]
}

/// Secrets, and rights beyond reading, that run in jobs without an environment of their own.
fn rights(workflow: &Value) -> Vec<String> {
    let mut found = vec![];
    let common = Value::Array(["env", "permissions"].iter().filter_map(|key| workflow.get(key).cloned()).collect());
    secrets_in(&common.to_string(), &mut found);
    let jobs: Vec<&Value> =
        workflow.get("jobs").and_then(Value::as_object).into_iter().flat_map(|jobs| jobs.values()).collect();
    let open: Vec<&&Value> = jobs.iter().filter(|job| !is_kept(job)).collect();
    for job in &open {
        secrets_in(&job.to_string(), &mut found);
        if job.get("secrets").is_some_and(|secrets| secrets == "inherit") {
            found.push("secrets: inherit".to_owned());
        }
        if let Some(permissions) = job.get("permissions") {
            writes(permissions, &mut found);
        }
    }
    if let Some(permissions) =
        workflow.get("permissions").filter(|_| open.iter().any(|job| job.get("permissions").is_none()))
    {
        writes(permissions, &mut found);
    }
    let mut told = vec![];
    found.retain(|what| {
        let new = !told.contains(what);
        told.push(what.clone());
        new
    });
    found
}

/// Whether a job waits for an environment's rules, or leaves our branches out.
fn is_kept(job: &Value) -> bool {
    job.get("environment").is_some() || job.get("if").is_some_and(|when| when.to_string().contains("assentry/"))
}

/// Every `secrets.NAME` but the one that each workflow has.
fn secrets_in(text: &str, found: &mut Vec<String>) {
    for after in text.split("secrets.").skip(1) {
        let name: String = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !name.is_empty() && !name.eq_ignore_ascii_case("GITHUB_TOKEN") {
            found.push(format!("the secret secrets.{name}"));
        }
    }
    if text.contains("secrets[") || text.contains("toJSON(secrets)") {
        found.push("secrets".to_owned());
    }
}

fn writes(permissions: &Value, found: &mut Vec<String>) {
    if permissions == "write-all" {
        found.push("permissions: write-all".to_owned());
    }
    for (name, level) in permissions.as_object().into_iter().flatten() {
        // Reports on the code itself hurt nobody.
        let harmless = matches!(name.as_str(), "checks" | "statuses" | "security-events" | "pull-requests" | "issues");
        if level == "write" && !harmless {
            found.push(format!("{name}: write"));
        }
    }
}

/// The line on which the head is checked out.
fn head_checkout(text: &str, workflow: &Value) -> Option<usize> {
    const HEADS: [&str; 6] = [
        "github.event.pull_request.head",
        "github.head_ref",
        "refs/pull/",
        "gh pr checkout",
        "github.event.workflow_run.head_sha",
        "github.event.workflow_run.head_branch",
    ];
    let jobs = workflow.get("jobs").and_then(Value::as_object)?;
    let steps = jobs.values().filter_map(|job| job.get("steps")?.as_array()).flatten();
    for step in steps {
        let uses = step.get("uses").and_then(Value::as_str).unwrap_or_default();
        let run = step.get("run").and_then(Value::as_str).unwrap_or_default();
        let with = step.get("with").map(Value::to_string).unwrap_or_default();
        let fetched = if uses.contains("checkout") { with.as_str() } else { run };
        let fetches = uses.contains("checkout") || run.contains("git ") || run.contains("gh pr checkout");
        if let Some(head) = HEADS.iter().find(|head| fetches && fetched.contains(**head)) {
            return Some(line_of(text, head));
        }
    }
    None
}

/// The first line that is no comment and has this in it; 1 when none has.
fn line_of(text: &str, what: &str) -> usize {
    let found = text.lines().position(|line| !line.trim_start().starts_with('#') && line.contains(what));
    found.map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
    use super::*;

    const SECRET: &str = "jobs:\n  x:\n    runs-on: ubuntu-latest\n    steps:\n      # secrets.OLD\n      - run: deploy\n        env:\n          KEY: ${{ secrets.DEPLOY }}\n";
    const FREE: &str = "jobs:\n  x:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make test\n        env:\n          T: ${{ secrets.GITHUB_TOKEN }}\n";

    fn found(on: &str, rest: &str) -> Vec<String> {
        let text = format!("{on}\n{rest}");
        dangers(&text).unwrap().iter().map(|danger| format!("{}: {danger}", danger.line())).collect()
    }

    fn secret_on(on: &str) -> bool {
        !found(on, SECRET).is_empty()
    }

    #[test]
    fn t65_a_push_that_runs_our_branches_with_secrets_is_named_with_its_line() {
        assert_eq!(
            found("on: push", SECRET),
            ["9: a push to assentry/** runs an agent's code with the secret secrets.DEPLOY"]
        );
        assert_eq!(
            found("on: [pull_request]", SECRET),
            ["9: a pull request from assentry/** runs an agent's code with the secret secrets.DEPLOY"]
        );
        let inherit = "jobs:\n  x:\n    uses: ./.github/workflows/y.yml\n    secrets: inherit\n";
        assert_eq!(found("on: push", inherit), ["5: a push to assentry/** runs an agent's code with secrets: inherit"]);
        let write = format!("permissions:\n  contents: write\n  checks: write\n{FREE}");
        assert_eq!(found("on: push", &write), ["3: a push to assentry/** runs an agent's code with contents: write"]);
    }

    #[test]
    fn t65_a_workflow_that_leaves_our_branches_out_or_has_no_secrets_is_let_be() {
        for on in [
            "on: {push: {branches: [main]}}",
            "on: {push: {branches: ['**', '!assentry/**']}}",
            "on: {push: {branches: ['*']}}",
            "on: {push: {branches-ignore: ['assentry/**']}}",
            "on: {push: {tags: ['v*']}}",
            "on: {workflow_dispatch: {}}",
        ] {
            assert!(!secret_on(on), "{on}");
        }
        for on in [
            "on: {push: {}}",
            "on: {push: {branches: ['**']}}",
            "on: {push: {branches: ['assentry/**']}}",
            "on: {push: {branches: ['!main', '*/*']}}",
            "on: {push: {branches-ignore: [main, 'dependabot/**']}}",
            "on: {push: {branches-ignore: ['assentry/*-plan-*']}}",
        ] {
            assert!(secret_on(on), "{on}");
        }
        assert_eq!(found("on: [push, pull_request]", FREE), [""; 0]);
        let guarded = SECRET.replace("    runs-on", "    environment: live\n    runs-on");
        assert_eq!(found("on: push", &guarded), [""; 0]);
        let left_out =
            SECRET.replace("    runs-on", "    if: ${{ !startsWith(github.head_ref, 'assentry/') }}\n    runs-on");
        assert_eq!(found("on: pull_request", &left_out), [""; 0]);
    }

    #[test]
    fn t65_a_head_that_is_checked_out_with_the_bases_rights_is_an_error() {
        let checkout = |with: &str| {
            format!("jobs:\n  x:\n    steps:\n      - uses: actions/checkout@v4\n        with:\n          {with}\n")
        };
        let head = checkout("ref: ${{ github.event.pull_request.head.sha }}");
        assert_eq!(
            found("on: pull_request_target", &head),
            ["7: pull_request_target checks out the head of whoever asks"]
        );
        let run = "jobs:\n  x:\n    steps:\n      - run: gh pr checkout ${{ github.event.number }}\n";
        assert_eq!(found("on: {pull_request_target: {types: [opened]}}", run).len(), 1);
        let later = checkout("ref: ${{ github.event.workflow_run.head_sha }}");
        assert_eq!(found("on: {workflow_run: {workflows: [x]}}", &later).len(), 1);
        assert_eq!(found("on: pull_request_target", &checkout("fetch-depth: 0")), [""; 0]);
        assert_eq!(found("on: pull_request", &head), [""; 0]);
    }

    #[test]
    fn what_is_no_workflow_is_said_to_be_none() {
        assert!(dangers("- a\n- b\n").is_err());
        assert!(dangers("on: [push\n").is_err());
    }
}
