//! Files that run with secrets or steer people and tools, also in plans whose scope is everything.

use super::*;

pub(super) fn scripts() -> Vec<Hostile> {
    let all = |name, path: &str, rule: &str| {
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let command = format!("mkdir -p '{folder}'; echo x > '{path}'");
        Hostile::calls(name, vec![create(path, "x"), run(&command)]).within(&["**"], 5).told(rule).told("not taken: ")
    };
    const NEVER: &str = "is a CI or git file that Assentry never writes";
    const STEERS: &str = "steers people or tools";
    const DEPENDS: &str = "declares dependencies";
    vec![
        all("workflow", ".github/workflows/x.yml", NEVER),
        all("workflow-in-capitals", ".GitHub/Workflows/x.yml", NEVER),
        all("action", ".github/actions/a/action.yml", NEVER),
        all("other-ci", ".gitlab-ci.yml", NEVER),
        all("jenkins", "Jenkinsfile", NEVER),
        all("submodule", ".gitmodules", NEVER),
        all("owners", "CODEOWNERS", STEERS),
        all("policy", ".github/assentry.toml", STEERS),
        all("agents", "docs/AGENTS.md", STEERS),
        all("attributes-with-a-filter", ".gitattributes", STEERS),
        all("commit-hook", ".husky/pre-commit", STEERS),
        all("container", "Dockerfile", STEERS),
        all("environment-file", ".envrc", STEERS),
        all("editor-task", ".vscode/tasks.json", STEERS),
        all("build-script", "crates/a/build.rs", STEERS),
        all("test-configuration", "tests/conftest.py", STEERS),
        all("manifest", "package.json", DEPENDS),
        all("lock-file", "Cargo.lock", DEPENDS),
        Hostile::runs("lock-file-of-another-manifest", &["echo '{}' > package-lock.json; echo x > go.sum"])
            .told("(outside the scope and not taken: go.sum, package-lock.json)"),
        Hostile::runs("renamed-into-a-workflow", &["mkdir -p .github/workflows; cp bin/slug .github/workflows/ci.yml"])
            .within(&["**"], 5)
            .told("(outside the scope and not taken: .github/workflows/ci.yml)"),
        Hostile::undone("linked-to-a-workflow", "mkdir .github; ln -s ../bin .github/workflows", "rm -r .github")
            .within(&["**"], 5),
    ]
}
