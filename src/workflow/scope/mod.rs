//! What an approved plan may change, as a wall of rules over paths.
//!
//! Three tiers: some paths are never written (CI that would run with secrets, git's own files), some only when the plan
//! names them exactly and says so (files that steer people and tools), dependencies only when the plan says so. All
//! comparisons fold case, because the file systems of those who check the result out may.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use super::naming::PLANS;
use super::plan::Scope;
use crate::ids::RepoPath;

mod locks;
mod names;

pub use names::{is_dependency_file, is_never_written, is_protected};

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
    /// The lock files of manifests that `paths` name.
    locks: GlobSet,
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
        let paths = set(&scope.paths)?;
        let locks = if scope.dependencies { set(&locks::of(&scope.paths))? } else { GlobSet::empty() };
        Ok(Wall { scope: scope.clone(), paths, locks, guarded: GlobSet::empty() })
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
        if !self.covers(path) {
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

    /// Whether the plan's paths name `path`, or a manifest whose lock file it is, whatever else forbids it.
    #[must_use]
    pub fn covers(&self, path: &RepoPath) -> bool {
        self.paths.is_match(path.as_str()) || self.locks.is_match(path.as_str())
    }

    /// Whether a plan is out of date once `path` has changed on the base: it works there, or the path steers people or tools
    /// (rule G). Who owns code is asked of the old and of the new file (rule H), so that a new owner voids nothing; and a
    /// plan that somebody merged steers nobody.
    #[must_use]
    pub fn rests_on(&self, path: &RepoPath) -> bool {
        let apart = super::owners::PLACES.contains(&path.as_str()) || path.as_str().starts_with(PLANS);
        self.covers(path) || !apart && (is_protected(path) || self.is_guarded(path))
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
        for path in ["Cargo.lock", "web/package.json", "requirements-dev.txt", "App.CSPROJ", "a/.terraform.lock.hcl"] {
            let allowed = Scope { dependencies: true, ..scope(&["**"]) };
            assert_eq!((verdict(&scope(&["**"]), path), verdict(&allowed, path)), ("dependency", "ok"), "{path}");
        }
    }

    #[test]
    fn t66_a_lock_file_follows_its_manifest_where_dependencies_may_change() {
        let cases = [
            (&["Cargo.toml"][..], "Cargo.lock", "ok"),
            (&["crates/a/Cargo.toml"], "Cargo.lock", "ok"),
            (&["crates/a/Cargo.toml"], "crates/a/Cargo.lock", "ok"),
            (&["crates/*/Cargo.toml"], "crates/b/Cargo.lock", "ok"),
            (&["crates/a/Cargo.toml"], "crates/b/Cargo.lock", "outside"),
            (&["web/package.json"], "web/pnpm-lock.yaml", "ok"),
            (&["web/package.json"], "web/Cargo.lock", "outside"),
            (&["src/**"], "Cargo.lock", "outside"),
            (&["go.mod"], "go.sum", "ok"),
            (&["a/{Cargo.toml,b.rs}"], "Cargo.lock", "outside"),
            (&["gems.rb"], "gems.locked", "ok"),
            (&["gems.rb"], "Gemfile.lock", "outside"),
            (&["ios/Podfile"], "ios/Podfile.lock", "ok"),
            (&["MODULE.bazel"], "MODULE.bazel.lock", "ok"),
            (&["charts/web/Chart.yaml"], "charts/web/Chart.lock", "ok"),
            (&["stack.yaml"], "stack.yaml.lock", "ok"),
            (&["src/App/App.csproj"], "src/App/packages.lock.json", "ok"),
            (&["src/*/*.fsproj"], "src/b/packages.lock.json", "ok"),
            (&["src/App/.csproj"], "src/App/packages.lock.json", "outside"),
            (&["infra/main.tf"], "infra/.terraform.lock.hcl", "ok"),
            (&["infra/*.tf"], "app/.terraform.lock.hcl", "outside"),
        ];
        for (paths, lock, expected) in cases {
            let told = Scope { dependencies: true, ..scope(paths) };
            let silent = scope(paths);
            assert_eq!((verdict(&told, lock), verdict(&silent, lock)), (expected, "outside"), "{paths:?}, {lock}");
        }
    }

    #[test]
    fn terraform_code_is_not_a_dependency_by_itself() {
        assert_eq!(verdict(&scope(&["infra/**"]), "infra/main.tf"), "ok");
        assert_eq!(verdict(&scope(&["infra/**"]), "infra/.terraform.lock.hcl"), "dependency");
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
