//! Lock files follow their manifest: whoever may change the one changes the other by running the package manager.

/// Each package manager's manifests, and the lock files it writes beside them or, in a workspace, in a folder above.
const FAMILIES: [(&[&str], &[&str]); 13] = [
    (&["Cargo.toml"], &["Cargo.lock"]),
    (
        &["package.json"],
        &["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb", "bun.lock"],
    ),
    (&["deno.json", "deno.jsonc"], &["deno.lock"]),
    (&["pyproject.toml"], &["poetry.lock", "uv.lock", "pdm.lock"]),
    (&["Pipfile"], &["Pipfile.lock"]),
    (&["go.mod", "go.work"], &["go.sum", "go.work.sum"]),
    (&["Gemfile"], &["Gemfile.lock"]),
    (&["composer.json"], &["composer.lock"]),
    (&["build.gradle", "build.gradle.kts"], &["gradle.lockfile"]),
    (&["mix.exs"], &["mix.lock"]),
    (&["flake.nix"], &["flake.lock"]),
    (&["Package.swift"], &["Package.resolved"]),
    (&["pubspec.yaml"], &["pubspec.lock"]),
];

/// All names of manifests and lock files.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().flat_map(|(manifests, locks)| manifests.iter().chain(*locks)).copied()
}

/// The lock files of the manifests that `globs` name, as globs: beside the manifest and in each folder above it. A glob
/// whose last part is not the plain name of a manifest names none.
pub(super) fn of(globs: &[String]) -> Vec<String> {
    let mut locks = vec![];
    for glob in globs {
        let (folder, name) = glob.rsplit_once('/').unwrap_or(("", glob));
        let locks_of = FAMILIES.iter().find(|(manifests, _)| manifests.iter().any(|it| it.eq_ignore_ascii_case(name)));
        let Some((_, files)) = locks_of else { continue };
        let mut folder = Some(folder);
        while let Some(here) = folder {
            let at = if here.is_empty() { String::new() } else { format!("{here}/") };
            // Braces around several folders are not taken apart; beside the manifest they stand as they are.
            if here.matches('{').count() == here.matches('}').count() {
                locks.extend(files.iter().map(|file| format!("{at}{file}")));
            }
            folder = (!here.is_empty()).then(|| here.rsplit_once('/').map_or("", |(above, _)| above));
        }
    }
    locks
}
