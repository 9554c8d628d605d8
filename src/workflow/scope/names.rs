//! What a path's name tells of it, wherever it lies.

use super::locks;
use crate::ids::RepoPath;

/// Files that run with a repository's secrets as soon as they are pushed, and git's own.
#[must_use]
pub fn is_never_written(path: &RepoPath) -> bool {
    let path = path.as_str().to_lowercase();
    let below = [
        "/.github/workflows/",
        "/.github/actions/",
        "/.circleci/",
        "/.buildkite/",
        "/.gitea/workflows/",
        "/.forgejo/workflows/",
    ];
    let named = [
        ".gitlab-ci.yml",
        ".gitlab-ci.yaml",
        "jenkinsfile",
        "azure-pipelines.yml",
        "azure-pipelines.yaml",
        ".travis.yml",
        "bitbucket-pipelines.yml",
        ".drone.yml",
        ".woodpecker.yml",
        "appveyor.yml",
        ".appveyor.yml",
        ".gitmodules",
    ];
    let rooted = format!("/{path}");
    below.iter().any(|dir| rooted.contains(dir))
        || path.split('/').any(is_git_name)
        || named.contains(&path.rsplit('/').next().unwrap_or_default())
}

/// `.git` and the names that some file systems take for it.
fn is_git_name(part: &str) -> bool {
    let plain: String = part.chars().filter(|c| !is_ignorable(*c)).collect();
    let plain = plain.trim_end_matches(['.', ' ']);
    plain == ".git" || plain == "git~1" || plain.starts_with(".git::") || plain.starts_with(".git:")
}

/// Code points that HFS+ leaves out when it compares names.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{200b}')
}

/// Files that steer people, agents or tools: owners, agent instructions, hooks, containers, top-level dot folders.
#[must_use]
pub fn is_protected(path: &RepoPath) -> bool {
    let path = path.as_str().to_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let named = [
        "codeowners",
        "agents.md",
        "claude.md",
        "gemini.md",
        ".cursorrules",
        ".mcp.json",
        ".envrc",
        "dockerfile",
        "containerfile",
        "docker-compose.yml",
        "docker-compose.yaml",
        "compose.yml",
        "compose.yaml",
        ".gitattributes",
        ".npmrc",
        ".yarnrc.yml",
        ".pre-commit-config.yaml",
        "lefthook.yml",
        "build.rs",
        "conftest.py",
    ];
    let dot_folder = path.starts_with('.') && path.contains('/');
    dot_folder
        || named.contains(&name)
        || name.starts_with("dockerfile.")
        || path.split('/').any(|part| part == ".cargo")
}

/// Manifests and lock files of the usual package managers.
#[must_use]
pub fn is_dependency_file(path: &RepoPath) -> bool {
    let name = path.as_str().rsplit('/').next().unwrap_or_default().to_lowercase();
    let named = [
        "setup.py",
        "setup.cfg",
        "pom.xml",
        "settings.gradle",
        "settings.gradle.kts",
        "packages.config",
        "rust-toolchain",
        "rust-toolchain.toml",
    ];
    locks::is_one(&name)
        || named.contains(&name.as_str())
        || (name.starts_with("requirements") && name.ends_with(".txt"))
}
