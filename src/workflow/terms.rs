//! Everything an approver agrees to, and its digest.
//!
//! The digest is SHA-256 over a canonical encoding: fixed field order, every value with its length in front, text in
//! NFC, no floats. Two terms have one digest only if they are the same terms (Q11).

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::deviation::Responses;
use super::plan::{Budget, Plan, Scope};
use crate::ids::{BranchName, CommitSha, Digest, IssueId, RepoId, UserId};

/// Everything that an approval of one version covers. Immutable once stored; the executor reads this and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The host, such as `github.com`, so that no approval holds elsewhere.
    pub host: String,
    /// The repository.
    pub repository: RepoId,
    /// The issue.
    pub issue: IssueId,
    /// The version, from 1.
    pub version: u32,
    /// The plan as data.
    pub plan: Plan,
    /// The plan as shown, all of it.
    pub text: String,
    /// What the execution may use up.
    pub budget: Budget,
    /// Which hosts the set-up commands may fetch from; nothing else reaches any.
    pub network: Vec<String>,
    /// Which model plans and which executes, as provider and model id (F52).
    pub models: ModelIds,
    /// The version of prompts and tools.
    pub prompts: Digest,
    /// The branch the plan was written against.
    pub base_branch: BranchName,
    /// The commit the plan was written against.
    pub base: CommitSha,
    /// What the planner read of issue and comments.
    pub inputs: Digest,
    /// The approval rules in force.
    pub policy: Digest,
    /// Who asked for this version.
    pub requesters: Vec<UserId>,
    /// Commands that prepare the checkout of the execution, by the repository's policy.
    pub set_up: Vec<String>,
    /// Paths that the repository protects by its policy.
    pub protected: Vec<String>,
    /// What follows where the execution leaves the plan, by the repository's policy.
    #[serde(default)]
    pub responses: Responses,
    /// The root file system in which the commands of the execution run, by the repository's policy; without it, the host's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Digest>,
}

/// The models a version was made by and made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelIds {
    /// Provider and model that wrote the plan.
    pub plan: String,
    /// Provider and model that will execute it.
    pub execute: String,
}

impl Terms {
    /// The digest that an approval binds to.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let Terms {
            host,
            repository,
            issue,
            version,
            plan,
            text,
            budget,
            network,
            models,
            prompts,
            base_branch,
            base,
            inputs,
            policy,
            requesters,
            set_up,
            protected,
            responses,
            image,
        } = self;
        let mut canon = Canon::new("assentry-plan-v1");
        canon.text(host);
        canon.number(u64::try_from(repository.0).unwrap_or(0));
        canon.number(u64::try_from(issue.0).unwrap_or(0));
        canon.number(u64::from(*version));
        canon.plan(plan);
        canon.text(text);
        let Budget { turns, tokens, micro_dollars, minutes } = budget;
        for limit in [u64::from(*turns), *tokens, *micro_dollars, u64::from(*minutes)] {
            canon.number(limit);
        }
        canon.list(network, |canon, host| canon.text(host));
        canon.text(&models.plan);
        canon.text(&models.execute);
        canon.text(prompts.as_str());
        canon.text(base_branch.as_str());
        canon.text(base.as_str());
        canon.text(inputs.as_str());
        canon.text(policy.as_str());
        canon.list(requesters, |canon, id| canon.number(u64::try_from(id.0).unwrap_or(0)));
        canon.list(set_up, |canon, command| canon.text(command));
        canon.list(protected, |canon, glob| canon.text(glob));
        // Versions that were approved before there was a choice keep their digest.
        if !responses.are_usual() {
            canon.list(&responses.all(), |canon, response| canon.number(*response as u64));
        }
        if let Some(image) = image {
            canon.text("image");
            canon.text(image.as_str());
        }
        canon.finish()
    }
}

/// A canonical encoding on its way into SHA-256.
pub struct Canon(Context);

impl Canon {
    /// Begins an encoding for one purpose; two purposes never share a digest.
    #[must_use]
    pub fn new(purpose: &str) -> Canon {
        let mut canon = Canon(Context::new(&SHA256));
        canon.bytes(purpose.as_bytes());
        canon
    }

    /// Adds bytes, with their length in front.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    /// Adds text in NFC, with its length in front.
    pub fn text(&mut self, text: &str) {
        let normal: String = text.nfc().collect();
        self.bytes(normal.as_bytes());
    }

    /// Adds a number, as eight bytes.
    pub fn number(&mut self, number: u64) {
        self.0.update(&number.to_be_bytes());
    }

    /// Adds a list, with its length in front.
    pub fn list<T>(&mut self, items: &[T], mut add: impl FnMut(&mut Canon, &T)) {
        self.number(items.len() as u64);
        for item in items {
            add(self, item);
        }
    }

    /// The digest of all that was added.
    #[must_use]
    pub fn finish(self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        Digest::from_bytes(bytes)
    }

    fn plan(&mut self, plan: &Plan) {
        let Plan {
            title,
            goal,
            findings,
            approach,
            alternatives,
            steps,
            checks,
            scope,
            out_of_scope,
            risks,
            questions,
            estimate,
        } = plan;
        self.text(title);
        self.text(goal);
        self.list(findings, |canon, finding| {
            canon.text(&finding.text);
            canon.text(finding.path.as_str());
            canon.number(u64::from(finding.line));
        });
        self.text(approach);
        self.list(alternatives, |canon, other| {
            canon.text(&other.option);
            canon.text(&other.reason);
        });
        self.list(steps, |canon, step| {
            canon.text(&step.id);
            canon.text(&step.title);
            canon.list(&step.files, |canon, file| {
                canon.text(file.path.as_str());
                canon.number(file.change as u64);
            });
            canon.text(&step.what);
            canon.text(&step.verify);
        });
        self.list(checks, |canon, check| canon.text(&check.command));
        let Scope { paths, max_files, max_bytes, dependencies, protected } = scope;
        self.list(paths, |canon, glob| canon.text(glob));
        self.number(u64::from(*max_files));
        self.number(*max_bytes);
        self.number(u64::from(*dependencies));
        self.number(u64::from(*protected));
        for texts in [out_of_scope, risks, questions] {
            self.list(texts, |canon, text| canon.text(text));
        }
        self.number(estimate.tokens);
        self.number(u64::from(estimate.minutes));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
    use serde_json::{Value, json};

    use super::*;

    const SHA: &str = "1111111111111111111111111111111111111111";

    fn terms() -> Value {
        let digest = "ab".repeat(32);
        let plan = json!({
            "title": "Rename", "goal": "One name.", "approach": "By hand.",
            "findings": [{"text": "Here.", "path": "src/a.rs", "line": 3}],
            "alternatives": [{"option": "Leave it.", "reason": "Two names."}],
            "steps": [{"id": "s1", "title": "Do", "files": [{"path": "src/a.rs", "change": "change"}], "what": "It.",
                "verify": "Look."}],
            "checks": [{"command": "true"}],
            "scope": {"paths": ["src/a.rs"], "max_files": 2, "max_bytes": 900, "dependencies": false, "protected": false},
            "out_of_scope": ["That."], "risks": ["None."], "questions": ["Why?"],
            "estimate": {"tokens": 5, "minutes": 6},
        });
        json!({
            "host": "github.com", "repository": 7, "issue": 9, "version": 1, "plan": plan, "text": "# Rename",
            "budget": {"turns": 1, "tokens": 2, "micro_dollars": 3, "minutes": 4}, "network": ["a.test"],
            "models": {"plan": "a/b", "execute": "a/c"}, "prompts": digest, "base_branch": "main", "base": SHA,
            "inputs": digest, "policy": digest, "requesters": [1, 2], "set_up": ["make"], "protected": ["infra/**"],
        })
    }

    /// Each way to change one value: text, number, truth, a list's length or order.
    fn changed(value: &Value) -> Vec<Value> {
        match value {
            Value::Null => vec![],
            Value::Bool(is) => vec![json!(!is)],
            Value::Number(number) => vec![json!(number.as_u64().unwrap() + 1)],
            Value::String(text) if text == "change" => vec![json!("create"), json!("delete")],
            Value::String(text) => {
                let last = if text.ends_with('1') { "2" } else { "1" };
                vec![json!(format!("{}{last}", &text[..text.len() - 1]))]
            }
            Value::Array(items) => {
                let mut all = vec![Value::Array(items[1..].to_vec()), Value::Array([&items[..], &items[..1]].concat())];
                let reversed: Vec<Value> = items.iter().rev().cloned().collect();
                all.extend((reversed != *items).then_some(Value::Array(reversed)));
                for (at, item) in items.iter().enumerate() {
                    for other in changed(item) {
                        let mut items = items.clone();
                        items[at] = other;
                        all.push(Value::Array(items));
                    }
                }
                all
            }
            Value::Object(fields) => {
                let with = |(name, field): (&String, &Value)| {
                    let other =
                        |value| Value::Object(fields.clone().into_iter().chain([(name.clone(), value)]).collect());
                    changed(field).into_iter().map(other).collect::<Vec<_>>()
                };
                fields.iter().flat_map(with).collect()
            }
        }
    }

    #[test]
    fn q11_any_other_value_of_any_field_is_another_digest() {
        let digest = serde_json::from_value::<Terms>(terms()).unwrap().digest();
        let mut seen = vec![digest];
        for other in changed(&terms()) {
            let Ok(terms) = serde_json::from_value::<Terms>(other.clone()) else { continue };
            let digest = terms.digest();
            assert!(!seen.contains(&digest), "{other:#}");
            seen.push(digest);
        }
        assert!(seen.len() > 60, "{}", seen.len());
    }

    #[test]
    fn q11_what_follows_from_a_deviation_is_part_of_what_is_approved() {
        let usual = serde_json::from_value::<Terms>(terms()).unwrap();
        let mut seen = vec![usual.digest()];
        for (kind, response) in [
            ("minor", "ask"),
            ("minor", "stop"),
            ("extra_file", "ask"),
            ("not_needed", "stop"),
            ("not_possible", "record"),
        ] {
            let mut other = serde_json::to_value(&usual).unwrap();
            other["responses"][kind] = json!(response);
            let digest = serde_json::from_value::<Terms>(other).unwrap().digest();
            assert!(!seen.contains(&digest), "{kind} {response}");
            seen.push(digest);
        }
    }

    #[test]
    fn q11_the_system_that_commands_run_in_is_part_of_what_is_approved() {
        let with = |image: &Value| {
            let mut terms = terms();
            terms["image"] = image.clone();
            serde_json::from_value::<Terms>(terms).unwrap().digest()
        };
        let (one, other) = (with(&json!("ab".repeat(32))), with(&json!("cd".repeat(32))));
        assert_ne!(one, other);
        assert_ne!(one, with(&Value::Null));
        assert_eq!(with(&Value::Null), serde_json::from_value::<Terms>(terms()).unwrap().digest());
    }

    #[test]
    fn q11_text_in_another_normal_form_is_the_same_text() {
        let with = |title: &str| {
            let mut terms = terms();
            terms["plan"]["title"] = json!(title);
            serde_json::from_value::<Terms>(terms).unwrap().digest()
        };
        assert_eq!(with("caf\u{e9}"), with("cafe\u{301}"));
        assert_ne!(with("caf\u{e9}"), with("cafe"));
    }

    #[test]
    fn q11_what_moves_from_one_field_to_the_next_is_another_digest() {
        let with = |plan: &str, execute: &str| {
            let mut terms = terms();
            terms["models"] = json!({"plan": plan, "execute": execute});
            serde_json::from_value::<Terms>(terms).unwrap().digest()
        };
        assert_ne!(with("ab", "c"), with("a", "bc"));
    }
}
