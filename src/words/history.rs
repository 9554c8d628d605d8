//! What happened to a run so far: its versions, and what people decided about them.

use serde::{Deserialize, Serialize};

use super::escape::{code, quoted};
use super::figures::and;
use super::place::Home;
use super::plan::version;
use super::trouble;
use crate::ids::{CommitSha, Digest, IssueNumber, Login, PullNumber, RepoPath, RunId, Timestamp};
use crate::workflow::act::{ActId, Place, Voided};
use crate::workflow::approval::Reason;
use crate::workflow::command::Prefix;

/// How many versions and how many acts are shown; of more, the newest.
const MOST: usize = 20;

/// A run's versions and acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The run.
    pub run: RunId,
    /// The plan file.
    pub file: RepoPath,
    /// The plan pull request, once there is one.
    pub plan_pull: Option<PullNumber>,
    /// The pull request with the work.
    pub work_pull: Option<PullNumber>,
    /// Its versions, oldest first.
    pub versions: Vec<PastVersion>,
    /// What people did, oldest first.
    pub acts: Vec<PastAct>,
}

impl Past {
    /// The pull request that a place is; `None` for the issue.
    #[must_use]
    pub fn pull_of(&self, place: Place) -> Option<PullNumber> {
        match place {
            Place::PlanPull => self.plan_pull,
            Place::WorkPull => self.work_pull,
            Place::Issue => None,
        }
    }
}

/// A version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastVersion {
    /// Its number.
    pub version: u32,
    /// Its digest.
    pub digest: Digest,
    /// When it was written.
    pub at: Timestamp,
    /// The commit that holds it, if that was made.
    pub commit: Option<CommitSha>,
    /// Who asked for it.
    pub asked: Vec<Login>,
    /// What is different from the one before, in a line of the planner's; may be empty.
    pub changes: String,
}

/// Something a person did about a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAct {
    /// The comment or review.
    pub id: ActId,
    /// Where it stands.
    pub place: Place,
    /// Who.
    pub by: Login,
    /// What.
    pub did: Did,
    /// When.
    pub at: Timestamp,
    /// What the gate made of it.
    pub verdict: Verdict,
}

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// Said yes.
    Approved,
    /// Said no.
    Objected,
    /// Took back what they had said.
    TookBack,
    /// Set another person's no aside.
    Lifted,
}

/// What the gate made of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was waiting for it, or it has not been judged yet.
    Open,
    /// It counted for this version.
    Counted {
        /// The version.
        version: u32,
        /// Whether whoever approved it had asked for it (D30).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        self_approved: bool,
    },
    /// It did not count.
    Refused {
        /// Why.
        reason: Reason,
    },
    /// It does not count any more.
    Voided {
        /// How.
        how: Voided,
    },
}

/// The history as one comment.
pub(super) fn history(past: &Past, home: &Home, issue: IssueNumber, prefix: &Prefix) -> String {
    let mut parts = vec![format!("**History** of run {} for #{issue}.", past.run)];
    if past.versions.is_empty() {
        parts.push("There is no version of the plan yet.".to_owned());
    }
    let lines = past.versions.iter().map(|one| version_line(one, past, home));
    parts.extend(listed("Versions:", &lines.collect::<Vec<_>>()));
    let lines = past.acts.iter().map(|act| act_line(act, past, home, issue, prefix));
    parts.extend(listed("Decisions:", &lines.collect::<Vec<_>>()));
    if past.versions.len() > 1 {
        parts.push(prefix.tell("`/diff v1 v2` shows what changed between two versions."));
    }
    parts.join("\n\n")
}

fn listed(heading: &str, lines: &[String]) -> Option<String> {
    let skipped = lines.len().saturating_sub(MOST);
    let more = (skipped > 0).then(|| format!("- {skipped} older ones are in the server's audit trail"));
    let shown: Vec<String> = more.into_iter().chain(lines[skipped..].iter().cloned()).collect();
    (!shown.is_empty()).then(|| format!("{heading}\n\n{}", shown.join("\n")))
}

fn version_line(one: &PastVersion, past: &Past, home: &Home) -> String {
    let name = version(one.version, &one.digest);
    let place =
        one.commit.as_ref().map_or_else(String::new, |commit| format!(" ([file]({}))", home.file(commit, &past.file)));
    let asked: Vec<String> = one.asked.iter().map(|login| code(login.as_str())).collect();
    let asked = if asked.is_empty() { String::new() } else { format!(", asked for by {}", and(&asked)) };
    let changes = if one.changes.trim().is_empty() { String::new() } else { format!(": {}", quoted(&one.changes)) };
    format!("- {name}{place}, {}{asked}{changes}", time(one.at))
}

fn act_line(act: &PastAct, past: &Past, home: &Home, issue: IssueNumber, prefix: &Prefix) -> String {
    let did = match act.did {
        Did::Approved => "approved",
        Did::Objected => "objected",
        Did::TookBack => "took back what they had said",
        Did::Lifted => "set an objection aside",
    };
    let thread = past.pull_of(act.place).map_or_else(|| home.issue(issue), |pull| home.pull(pull));
    let place = match act.id {
        ActId::Comment(id) => format!("{thread}#issuecomment-{id}"),
        ActId::Review(id) => format!("{thread}#pullrequestreview-{id}"),
    };
    let verdict = match &act.verdict {
        Verdict::Open => String::new(),
        Verdict::Counted { version, self_approved: false } => format!(": it counts for v{version}."),
        Verdict::Counted { version, self_approved: true } => format!(": it counts for v{version}, self-approved."),
        Verdict::Refused { reason } => format!(": it did not count. {}", trouble::reason(reason, prefix)),
        Verdict::Voided { how } => format!(": it was {} and no longer counts.", trouble::voided(*how)),
    };
    format!("- {} [{did}]({place}), {}{verdict}", code(act.by.as_str()), time(act.at))
}

fn time(at: Timestamp) -> String {
    let text = at.to_rfc3339().replace('T', " ");
    // To the minute: who wants the second finds it behind the link.
    format!("{} UTC", text.get(..16).unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use super::*;
    use crate::ids::{AccountKind, Person, UserId};

    fn past(versions: u32, acts: Vec<PastAct>) -> Past {
        let one = |version| PastVersion {
            version,
            digest: Digest::from_bytes([u8::try_from(version).unwrap(); 32]),
            at: Timestamp(0),
            commit: (version == 1).then(|| "89".repeat(20).parse().unwrap()),
            asked: vec!["ann".parse().unwrap()],
            changes: if version == 2 { "Keep | the `flag`, @bob".to_owned() } else { String::new() },
        };
        let versions = (1..=versions).map(one).collect();
        Past {
            run: RunId(7),
            file: "plan.md".parse().unwrap(),
            plan_pull: Some(PullNumber(43)),
            work_pull: None,
            versions,
            acts,
        }
    }

    fn said(past: &Past) -> String {
        let home = Home { web: "https://github.com".to_owned(), repo: "acme/widgets".parse().unwrap() };
        history(past, &home, IssueNumber(42), &Prefix::default())
    }

    #[test]
    fn versions_and_decisions_stand_with_digest_reason_and_link() {
        let act = |id, by: &str, did, verdict| {
            let by = by.parse().unwrap();
            PastAct { id, place: Place::PlanPull, by, did, at: Timestamp(60_000), verdict }
        };
        let eve = Person { id: UserId(7), login: "eve".parse().unwrap(), kind: AccountKind::User };
        let reason = Reason::NoWriteAccess { act: ActId::Comment(5), by: eve };
        let acts = vec![
            act(ActId::Comment(5), "eve", Did::Approved, Verdict::Refused { reason }),
            act(ActId::Review(6), "cara", Did::Objected, Verdict::Voided { how: Voided::Dismissed }),
            act(ActId::Review(7), "bob", Did::Approved, Verdict::Counted { version: 2, self_approved: false }),
            act(ActId::Review(9), "ann", Did::Approved, Verdict::Counted { version: 2, self_approved: true }),
            act(ActId::Comment(8), "bob", Did::TookBack, Verdict::Open),
        ];
        insta::assert_snapshot!(said(&past(2, acts)), @r"
        **History** of run 7 for #42.

        Versions:

        - `v1 · 010101010101` ([file](https://github.com/acme/widgets/blob/8989898989898989898989898989898989898989/plan.md)), 1970-01-01 00:00 UTC, asked for by `ann`
        - `v2 · 020202020202`, 1970-01-01 00:00 UTC, asked for by `ann`: Keep \| the `flag`, `@bob`

        Decisions:

        - `eve` [approved](https://github.com/acme/widgets/pull/43#issuecomment-5), 1970-01-01 00:01 UTC: it did not count. `eve` has no write access to this repository; someone who has can approve.
        - `cara` [objected](https://github.com/acme/widgets/pull/43#pullrequestreview-6), 1970-01-01 00:01 UTC: it was dismissed and no longer counts.
        - `bob` [approved](https://github.com/acme/widgets/pull/43#pullrequestreview-7), 1970-01-01 00:01 UTC: it counts for v2.
        - `ann` [approved](https://github.com/acme/widgets/pull/43#pullrequestreview-9), 1970-01-01 00:01 UTC: it counts for v2, self-approved.
        - `bob` [took back what they had said](https://github.com/acme/widgets/pull/43#issuecomment-8), 1970-01-01 00:01 UTC

        `/diff v1 v2` shows what changed between two versions.
        ");
    }

    #[test]
    fn a_long_history_shows_its_end_and_says_so() {
        let said = said(&past(25, vec![]));
        assert!(said.contains("- 5 older ones are in the server's audit trail"), "{said}");
        assert!(said.contains("`v25 · ") && !said.contains("`v5 · "), "{said}");
    }
}
