//! Messages of the commits we make.
//!
//! Promises: the trailers are ours alone and say what the database says (T67); no message mentions, closes or refers to
//! anything, and none keeps CI from running (T62).

use super::escape::{bare, bare_line};
use super::place::Home;
use crate::ids::{Digest, Person, RunId};

/// How long a subject may be, in characters.
const MAX_SUBJECT: usize = 72;

/// What the trailers of a run's commits say.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    /// The repository.
    pub home: &'a Home,
    /// The run.
    pub run: RunId,
    /// The digest of the version.
    pub digest: &'a Digest,
    /// Who approved it; nobody yet for the plan's own commit.
    pub approvers: &'a [Person],
}

/// The message of the commit that carries out one step: its title, what was done, the trailers.
#[must_use]
pub fn step_commit(title: &str, what: &str, provenance: &Provenance<'_>) -> String {
    let subject = bare_line(title, MAX_SUBJECT);
    let subject = if subject.is_empty() { "Carry out a step of the plan".to_owned() } else { subject };
    let body: Vec<String> = bare(what).lines().filter(|line| !is_trailer(line)).map(str::to_owned).collect();
    let body = body.join("\n").trim().to_owned();
    let parts = [subject, body, trailers(provenance)];
    parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("\n\n") + "\n"
}

/// The message of the commit that carries the plan file of one version.
#[must_use]
pub fn plan_commit(issue: crate::ids::IssueNumber, version: u32, provenance: &Provenance<'_>) -> String {
    format!("Plan for issue {issue}, version {version}\n\n{}\n", trailers(provenance))
}

fn trailers(provenance: &Provenance<'_>) -> String {
    let Provenance { home, run, digest, approvers } = provenance;
    let host = home.web.split_once("://").map_or(home.web.as_str(), |(_, host)| host);
    let mut lines = vec![format!("Assentry-Run: {run}"), format!("Plan-Digest: {digest}")];
    for Person { id, login, kind: _ } in *approvers {
        lines.push(format!("Approved-by: {login} <{id}+{login}@users.noreply.{host}>"));
    }
    lines.join("\n")
}

/// Whether git, or a reader, would take a line for a trailer: `Signed-off-by: somebody`.
fn is_trailer(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, _)| {
        let key = key.trim();
        key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && (key.contains('-') || key.eq_ignore_ascii_case("cc"))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use super::*;
    use crate::ids::{AccountKind, IssueNumber, UserId};

    fn said(title: &str, what: &str) -> String {
        let home = Home { web: "https://github.com".to_owned(), repo: "acme/widgets".parse().unwrap() };
        let bob = Person { id: UserId(7), login: "bob".parse().unwrap(), kind: AccountKind::User };
        let digest = Digest::from_bytes([0x3f; 32]);
        step_commit(title, what, &Provenance { home: &home, run: RunId(5), digest: &digest, approvers: &[bob] })
    }

    #[test]
    fn t67_trailers_are_ours_alone() {
        let what = "Replace the loop.\n\nSigned-off-by: ann\nco-authored-by : ann <a@b.c>\nPlan-Digest: 00\nNote: kept";
        insta::assert_snapshot!(said("Count\nthe last line", what), @r"
        Count the last line

        Replace the loop.

        Note: kept

        Assentry-Run: 5
        Plan-Digest: 3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f
        Approved-by: bob <7+bob@users.noreply.github.com>
        ");
    }

    #[test]
    fn t62_a_commit_message_mentions_closes_and_refers_to_nothing() {
        let what = "fixes #1, o/r#2, GH-3, https://github.com/o/r/issues/4\n@org/all a@b.c www.x.y";
        insta::assert_snapshot!(said(&format!("Fixes #1 for @ann {}", "x".repeat(90)), what), @r"
        Fixes # 1 for @ ann xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…

        fixes # 1, o/r# 2, GH- 3, https:// github.com/o/r/issues/4
        @ org/all a@ b.c www. x.y

        Assentry-Run: 5
        Plan-Digest: 3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f
        Approved-by: bob <7+bob@users.noreply.github.com>
        ");
    }

    #[test]
    fn t62_a_commit_message_does_not_switch_ci_off() {
        let message =
            said("[skip\nci] Count", "Done [no ci].\nskip-checks:true\n\nskip-checks: true\nThen [actions\nskip].");
        insta::assert_snapshot!(message, @r"
        [ skip ci] Count

        Done [ no ci].
        skip- checks:true

        skip- checks: true
        Then [ actions
        skip].

        Assentry-Run: 5
        Plan-Digest: 3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f
        Approved-by: bob <7+bob@users.noreply.github.com>
        ");
    }

    #[test]
    fn a_plan_commit_names_its_version() {
        let home = Home { web: "https://ghe.example".to_owned(), repo: "acme/widgets".parse().unwrap() };
        let digest = Digest::from_bytes([0x3f; 32]);
        let provenance = Provenance { home: &home, run: RunId(5), digest: &digest, approvers: &[] };
        insta::assert_snapshot!(plan_commit(IssueNumber(42), 2, &provenance), @r"
        Plan for issue 42, version 2

        Assentry-Run: 5
        Plan-Digest: 3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f
        ");
    }
}
