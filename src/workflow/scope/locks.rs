//! Lock files follow their manifest: whoever may change the one changes the other by running the package manager.

/// Each package manager's manifests, and the lock files it writes beside them or, in a workspace, in a folder above.
/// `*.csproj` stands for every name with that ending.
const FAMILIES: [(&[&str], &[&str]); 19] = [
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
    (&["gems.rb"], &["gems.locked"]),
    (&["composer.json"], &["composer.lock"]),
    (&["build.gradle", "build.gradle.kts"], &["gradle.lockfile"]),
    (&["mix.exs"], &["mix.lock"]),
    (&["flake.nix"], &["flake.lock"]),
    (&["Package.swift"], &["Package.resolved"]),
    (&["Podfile"], &["Podfile.lock"]),
    (&["pubspec.yaml"], &["pubspec.lock"]),
    (&["MODULE.bazel"], &["MODULE.bazel.lock"]),
    (&["Chart.yaml"], &["Chart.lock"]),
    (&["stack.yaml"], &["stack.yaml.lock"]),
    (&["*.csproj", "*.fsproj", "*.vbproj", "Directory.Packages.props"], &["packages.lock.json"]),
];

/// Terraform's files are code first: to change them is not to change dependencies, but their lock file follows them.
const CODE: (&[&str], &[&str]) = (&["*.tf", "*.tofu"], &[".terraform.lock.hcl"]);

/// Whether this is the name of a manifest or of a lock file.
pub(super) fn is_one(name: &str) -> bool {
    let locks = FAMILIES.iter().chain([&CODE]).flat_map(|(_, locks)| *locks);
    let manifests = FAMILIES.iter().flat_map(|(manifests, _)| *manifests);
    manifests.chain(locks).any(|pattern| fits(pattern, name))
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(ending) => {
            let at = name.len().saturating_sub(ending.len());
            at > 0 && name.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(ending))
        }
        None => pattern.eq_ignore_ascii_case(name),
    }
}

/// The lock files of the manifests that `globs` name, as globs: beside the manifest and in each folder above it. A glob
/// whose last part does not end like the name of a manifest names none.
pub(super) fn of(globs: &[String]) -> Vec<String> {
    let mut locks = vec![];
    for glob in globs {
        let (folder, name) = glob.rsplit_once('/').unwrap_or(("", glob));
        let families = FAMILIES.iter().chain([&CODE]);
        let locks_of = families.into_iter().find(|(manifests, _)| manifests.iter().any(|it| fits(it, name)));
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
