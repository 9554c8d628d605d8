//! What an approved plan may change, as a wall of rules over paths.
//!
//! Three tiers: some paths are never written (CI that would run with secrets, git's own files), some only when the plan
//! names them exactly and says so (files that steer people and tools), dependencies only when the plan says so. All
//! comparisons fold case, because the file systems of those who check the result out may.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use super::plan::Scope;
use crate::ids::RepoPath;

/// Why a path may not be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum Forbidden {
    /// Never written, whatever the plan says (T57).
    #[error("{path} is a CI or git file that Assentry never writes")]
    Never {
        /// The path.
        path: String,
    },
    /// Protected, and not named exactly by a plan that may change protected files (T58).
    #[error("{path} steers people or tools; only a plan that names it exactly and sets `protected` may change it")]
    Protected {
        /// The path.
        path: String,
    },
    /// A manifest or lock file, and the plan may not change dependencies (T58, T66).
    #[error("{path} declares dependencies; only a plan that sets `dependencies` may change it")]
    Dependency {
        /// The path.
        path: String,
    },
    /// Outside the plan's paths (T66).
    #[error("{path} is outside the plan's scope")]
    Outside {
        /// The path.
        path: String,
    },
    /// More files than the plan allows (T66).
    #[error("{files} files changed, the plan allows {limit}")]
    TooManyFiles {
        /// How many.
        files: u64,
        /// How many may.
        limit: u32,
    },
    /// More bytes than the plan allows (T66).
    #[error("{bytes} bytes changed, the plan allows {limit}")]
    TooManyBytes {
        /// How many.
        bytes: u64,
        /// How many may.
        limit: u64,
    },
}

/// A scope whose globs have been read.
#[derive(Debug, Clone)]
pub struct Wall {
    scope: Scope,
    paths: GlobSet,
    /// Paths that the repository protects by its own policy.
    guarded: GlobSet,
}

/// Why a scope's glob cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{glob:?} is not a path pattern: {why}")]
pub struct BadGlob {
    /// The pattern as given.
    pub glob: String,
    /// The reader's complaint.
    pub why: String,
}

impl Wall {
    /// Reads the globs of `scope`. `*` and `?` do not match `/`; `**` does.
    ///
    /// # Errors
    /// When a glob cannot be read, is absolute or names `..`.
    pub fn new(scope: &Scope) -> Result<Wall, BadGlob> {
        Ok(Wall { scope: scope.clone(), paths: set(&scope.paths)?, guarded: GlobSet::empty() })
    }

    /// The same wall in a repository that protects more paths than are protected everywhere.
    ///
    /// # Errors
    /// As for [`Wall::new`].
    pub fn guarding(self, globs: &[String]) -> Result<Wall, BadGlob> {
        Ok(Wall { guarded: set(globs)?, ..self })
    }

    /// Whether the repository protects a path by its own policy.
    #[must_use]
    pub fn is_guarded(&self, path: &RepoPath) -> bool {
        self.guarded.is_match(path.as_str())
    }

    /// Whether `path` may be created, changed or deleted.
    ///
    /// # Errors
    /// The first rule that forbids it.
    pub fn may_change(&self, path: &RepoPath) -> Result<(), Forbidden> {
        let shown = path.as_str().to_owned();
        let exact = self.scope.paths.iter().any(|glob| glob == path.as_str());
        if is_never_written(path) {
            return Err(Forbidden::Never { path: shown });
        }
        if !self.paths.is_match(path.as_str()) {
            return Err(Forbidden::Outside { path: shown });
        }
        if is_dependency_file(path) && !self.scope.dependencies {
            return Err(Forbidden::Dependency { path: shown });
        }
        if (is_protected(path) || self.is_guarded(path)) && !(self.scope.protected && exact) {
            return Err(Forbidden::Protected { path: shown });
        }
        Ok(())
    }

    /// Whether the plan's paths name `path`, whatever else forbids it.
    #[must_use]
    pub fn covers(&self, path: &RepoPath) -> bool {
        self.paths.is_match(path.as_str())
    }

    /// Whether so many changed files with so many bytes in all are within the limits.
    ///
    /// # Errors
    /// The limit that is exceeded.
    pub fn may_amount_to(&self, files: u64, bytes: u64) -> Result<(), Forbidden> {
        if files > u64::from(self.scope.max_files) {
            return Err(Forbidden::TooManyFiles { files, limit: self.scope.max_files });
        }
        if bytes > self.scope.max_bytes {
            return Err(Forbidden::TooManyBytes { bytes, limit: self.scope.max_bytes });
        }
        Ok(())
    }
}

fn set(globs: &[String]) -> Result<GlobSet, BadGlob> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let bad = |why: String| BadGlob { glob: glob.clone(), why };
        if glob.starts_with('/') || glob.split('/').any(|part| part == "..") || glob.contains('\\') {
            return Err(bad("it must be relative, with '/' between its parts and without '..'".to_owned()));
        }
        let built = GlobBuilder::new(glob).literal_separator(true).case_insensitive(true).build();
        set.add(built.map_err(|e| bad(e.kind().to_string()))?);
    }
    set.build().map_err(|e| BadGlob { glob: globs.join(", "), why: e.kind().to_string() })
}

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
        "cargo.toml",
        "cargo.lock",
        "package.json",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lockb",
        "bun.lock",
        "deno.lock",
        "pyproject.toml",
        "poetry.lock",
        "uv.lock",
        "pipfile",
        "pipfile.lock",
        "setup.py",
        "setup.cfg",
        "go.mod",
        "go.sum",
        "gemfile",
        "gemfile.lock",
        "composer.json",
        "composer.lock",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "settings.gradle",
        "settings.gradle.kts",
        "gradle.lockfile",
        "packages.config",
        "mix.exs",
        "mix.lock",
        "rust-toolchain",
        "rust-toolchain.toml",
        "flake.nix",
        "flake.lock",
    ];
    named.contains(&name.as_str())
        || (name.starts_with("requirements") && name.ends_with(".txt"))
        || name.ends_with(".csproj")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(paths: &[&str]) -> Scope {
        let paths = paths.iter().map(|p| (*p).to_owned()).collect();
        Scope { paths, max_files: 3, max_bytes: 100, dependencies: false, protected: false }
    }

    fn verdict(scope: &Scope, path: &str) -> &'static str {
        let Ok(path) = path.parse() else { return "no path" };
        match Wall::new(scope).map(|wall| wall.may_change(&path)) {
            Ok(Ok(())) => "ok",
            Ok(Err(Forbidden::Never { .. })) => "never",
            Ok(Err(Forbidden::Protected { .. })) => "protected",
            Ok(Err(Forbidden::Dependency { .. })) => "dependency",
            Ok(Err(Forbidden::Outside { .. })) => "outside",
            Ok(Err(Forbidden::TooManyFiles { .. } | Forbidden::TooManyBytes { .. })) => "too much",
            Err(_) => "bad glob",
        }
    }

    #[test]
    fn t57_ci_files_are_never_written_in_any_spelling() {
        let all = Scope { dependencies: true, protected: true, ..scope(&["**"]) };
        for path in [
            ".github/workflows/ci.yml",
            ".GitHub/Workflows/ci.yml",
            "sub/.github/actions/a/action.yml",
            ".gitlab-ci.yml",
            "Jenkinsfile",
            ".git/config",
            "a/.GIT/hooks/x",
            ".g\u{200c}it/config",
            "GIT~1/config",
            ".git./x",
            ".gitmodules",
        ] {
            assert_eq!(verdict(&all, path), "never", "{path}");
        }
    }

    #[test]
    fn t58_files_that_steer_need_to_be_named_exactly_by_a_plan_that_says_so() {
        for path in ["CODEOWNERS", "docs/AGENTS.md", ".husky/pre-commit", "Dockerfile", ".vscode/tasks.json"] {
            let named = Scope { protected: true, ..scope(&[path]) };
            let by_glob = Scope { protected: true, ..scope(&["**"]) };
            let unsaid = scope(&[path]);
            assert_eq!(
                (verdict(&named, path), verdict(&by_glob, path), verdict(&unsaid, path)),
                ("ok", "protected", "protected"),
                "{path}"
            );
        }
    }

    #[test]
    fn t58_dependencies_need_a_plan_that_says_so() {
        for path in ["Cargo.lock", "web/package.json", "requirements-dev.txt"] {
            let allowed = Scope { dependencies: true, ..scope(&["**"]) };
            assert_eq!((verdict(&scope(&["**"]), path), verdict(&allowed, path)), ("dependency", "ok"), "{path}");
        }
    }

    #[test]
    fn t66_a_star_stays_within_one_folder() {
        let narrow = scope(&["src/*.rs"]);
        assert_eq!(verdict(&narrow, "src/a.rs"), "ok");
        assert_eq!(verdict(&narrow, "src/deep/a.rs"), "outside");
        assert_eq!(verdict(&narrow, "other.rs"), "outside");
    }

    #[test]
    fn t66_one_file_or_one_byte_more_than_the_limit_is_too_much() {
        let Ok(wall) = Wall::new(&scope(&["**"])) else { return };
        assert_eq!(wall.may_amount_to(3, 100), Ok(()));
        assert_eq!(wall.may_amount_to(4, 100), Err(Forbidden::TooManyFiles { files: 4, limit: 3 }));
        assert_eq!(wall.may_amount_to(3, 101), Err(Forbidden::TooManyBytes { bytes: 101, limit: 100 }));
    }

    #[test]
    fn a_glob_that_leaves_the_repository_is_not_a_scope() {
        for glob in ["/etc/**", "../x", "a/../../b", "a\\b", "[", "{a"] {
            assert!(Wall::new(&scope(&[glob])).is_err(), "{glob}");
        }
    }
}
