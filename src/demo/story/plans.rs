//! The story's plan, and what is different in its second version.

use serde_json::{Value, json};

use super::CHECK;

/// Shows what becomes of a title of nothing but punctuation.
pub(super) const LONE_DASH: &str = "echo '!!!' | bin/slug";

/// The first version.
pub(super) fn first() -> Value {
    json!({
        "title": "Trim dashes at both ends of a slug",
        "goal": "A slug neither begins nor ends with a dash. The slugs of titles that begin and end with a letter or digit stay as they are.",
        "findings": [
            {
                "text": "Each run of other characters becomes one dash, also at the beginning and at the end of the line.",
                "path": "bin/slug",
                "line": 3
            },
            {
                "text": "The two red checks are a title that ends in `!` and one that begins with `(`.",
                "path": "tests/run.sh",
                "line": 17
            }
        ],
        "approach": "Let `sed` remove one dash at each end after the replacement. There is never more than one, because runs are joined before.",
        "alternatives": [
            {
                "option": "Replace punctuation by nothing instead of a dash.",
                "reason": "Titles such as `a/b` would become one word, and existing links would change."
            }
        ],
        "steps": [step_one()],
        "checks": [{"command": CHECK}],
        "scope": {"paths": ["bin/slug"], "max_files": 1, "max_bytes": 2000},
        "out_of_scope": ["Letters beyond ASCII: they become dashes as before."],
        "risks": ["Pages that link to a slug with a dash at its end have to be changed."],
        "estimate": {"tokens": 30000, "minutes": 3}
    })
}

/// The step that the reviewer's remark asks for.
pub(super) fn step_two() -> Value {
    json!({
        "id": "s2",
        "title": "Tell the changelog about trimmed slugs",
        "files": [{"path": "CHANGELOG.md", "change": "change"}],
        "what": "Add one line below *Unreleased* that says that slugs no longer begin or end with a dash and that links to such slugs change.",
        "verify": "`CHANGELOG.md` has the line."
    })
}

/// The scope with that step.
pub(super) fn wider_scope() -> Value {
    json!({"paths": ["bin/slug", "CHANGELOG.md"], "max_files": 2, "max_bytes": 3000})
}

/// The first step, when it also has to be sure of what the reviewer demands.
pub(super) fn surer_step_one() -> Value {
    let mut step = step_one();
    step["verify"] = json!(format!("`sh tests/run.sh` exits with 0, and `{LONE_DASH}` prints an empty line."));
    step
}

fn step_one() -> Value {
    json!({
        "id": "s1",
        "title": "Trim dashes at both ends",
        "files": [{"path": "bin/slug", "change": "change"}],
        "what": "Give `sed` two more expressions, `s/^-//` and `s/-$//`, after the one that is there.",
        "verify": "`sh tests/run.sh` exits with 0."
    })
}
