//! This machine: git, database, disk, walls.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::{Report, whole};
use crate::cli::wiring::walls;
use crate::config::Config;
use crate::config::policy::{Bounds, Images};
use crate::sandbox::{self, Sandbox, Unusable, stock};
use crate::store::{Look, Store, StoreError};

/// What git must know: configuration by the environment, and lists of references on its input.
const OLDEST_GIT: (u32, u32) = (2, 31);
/// So many files that cannot be used are told one by one.
const MOST_BAD_IMAGES: usize = 20;
/// Below that much, mirrors and databases cannot be kept.
const LEAST_MIB: u64 = 1024;

pub(super) async fn git(report: &mut Report) {
    let remedy = "Install git 2.31 or newer and put it into PATH.";
    match sandbox::git_version().await {
        Ok(text) => match version(&text) {
            Some(found) if found >= OLDEST_GIT => report.ok("git", text),
            Some(_) | None => report.fail("git", format!("{text} is too old"), remedy),
        },
        Err(error) => report.fail("git", format!("git does not start: {error}"), remedy),
    }
}

/// The first two numbers of `git version 2.39.5 (...)`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("git version ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

pub(super) async fn database(report: &mut Report, config: &Config) {
    match Store::look(config.server.database_url.expose()).await {
        Ok(Look::Absent) => report.ok("database", "not there yet; the server makes it at its first start"),
        Ok(Look::Found { behind: 0 }) => report.ok("database", "it takes writes, and its tables are up to date"),
        Ok(Look::Found { behind }) => {
            report.ok("database", format!("it takes writes; the server brings it forward by {behind} migrations"));
        }
        Err(error @ StoreError::Newer { .. }) => {
            report.fail("database", error.to_string(), "Install the newer version again, or restore the backup.");
        }
        Err(error) => {
            let remedy = "Look at database.url: is it reached, does this account own it, is the disk full?";
            report.fail("database", whole(&error), remedy);
        }
    }
}

pub(super) fn disk(report: &mut Report, config: &Config) {
    let dir = &config.server.data_dir;
    // The folder may not be there yet: then what counts is where it will be.
    let there = dir.ancestors().find(|place| place.exists()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let free_mib = match statvfs(there) {
        Ok(found) => found.blocks_available().saturating_mul(found.fragment_size()) >> 20,
        Err(error) => {
            report.fail("disk", format!("{} cannot be looked at: {error}", there.display()), "Name another data.dir.");
            return;
        }
    };
    let wanted =
        config.sandbox.disk_mib.saturating_mul(u64::from(config.limits.concurrent_runs)).saturating_add(LEAST_MIB);
    judge_disk(report, format!("{free_mib} MiB are free at {}", there.display()), (free_mib, wanted));
}

fn judge_disk(report: &mut Report, found: String, (free_mib, wanted_mib): (u64, u64)) {
    if free_mib < LEAST_MIB {
        report.fail("disk", found, format!("Make room: at least {LEAST_MIB} MiB."));
    } else if free_mib < wanted_mib {
        let remedy = format!("{wanted_mib} MiB may be needed: sandbox.disk_mib for each of limits.concurrent_runs.");
        report.warn("disk", found, remedy);
    } else {
        report.ok("disk", found);
    }
}

/// Puts the walls up and tries to get out. Whether they are only those of landlock.
pub(super) async fn sandbox(report: &mut Report, config: &Config) -> bool {
    let remedy = "Nothing is run without a sandbox; until then the server does not start.";
    match probe(config).await {
        Ok((sandbox, _)) => {
            report.ok("sandbox", format!("the walls hold: {}", sandbox.walls()));
            sandbox.has_only_landlock()
        }
        Err(error) => {
            report.fail("sandbox", format!("{error:#}"), remedy);
            false
        }
    }
}

/// Looks at the root file systems that policies may name: whether each is what its name says.
pub(super) async fn images(report: &mut Report, config: &Config, bounds: &Bounds) {
    let Some(folder) = config.sandbox.images.clone() else { return };
    let remedy = "Make sandbox.images a folder of archives, each as DIGEST.tar or DIGEST.tar.gz by its SHA-256.";
    let looked_at = folder.clone();
    let looked = tokio::task::spawn_blocking(move || stock(&looked_at)).await;
    let folder = folder.display();
    let (good, bad) = match looked.map_err(std::io::Error::other).flatten() {
        Ok(found) => found,
        Err(error) => return report.fail("images", format!("{folder}: {error}"), remedy),
    };
    for (name, wrong) in bad.iter().take(MOST_BAD_IMAGES) {
        let found = format!("{name} in {folder}: {wrong}");
        match wrong {
            Unusable::Name => report.warn("images", found, remedy),
            Unusable::Other(_) => report.fail("images", found, "Put it there once more, or under its own digest."),
            Unusable::Unreadable(_) => report.fail("images", found, "Let the server's account read it."),
        }
    }
    if bad.len() > MOST_BAD_IMAGES {
        let found = format!("{} more files in {folder} cannot be used", bad.len() - MOST_BAD_IMAGES);
        report.warn("images", found, remedy);
    }
    if bounds.images == Images::Walls {
        let remedy =
            "Let the server make namespaces, or leave sandbox.images out: policies that name an image are refused.";
        report.warn(
            "images",
            format!("the walls are landlock alone, so none of those in {folder} can be used"),
            remedy,
        );
    } else if bad.is_empty() {
        report.ok("images", format!("{good} in {folder}"));
    }
}

/// The walls, and where they keep things if the data folder is not there yet.
pub(super) async fn probe(config: &Config) -> anyhow::Result<(Sandbox, Option<tempfile::TempDir>)> {
    let program = std::env::current_exe()?;
    let mut walls = walls(&config.sandbox, &config.server.data_dir, &program)?;
    // Before the first start there is no data folder, and it is not for a look to make one.
    let elsewhere = if walls.data_dir.exists() { None } else { Some(tempfile::tempdir()?) };
    if let Some(dir) = &elsewhere {
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711))?;
        walls.data_dir = dir.path().to_owned();
    }
    Ok((Sandbox::probe(&walls).await?, elsewhere))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::State;

    #[test]
    fn a_full_disk_must_be_mended_and_a_narrow_one_looked_at() {
        let mut report = Report::default();
        for free in [LEAST_MIB - 1, LEAST_MIB, 5000] {
            judge_disk(&mut report, String::new(), (free, 5000));
        }
        let states: Vec<State> = report.checks.iter().map(|finding| finding.state).collect();
        assert_eq!(states, [State::Fail, State::Warn, State::Ok]);
    }

    #[test]
    fn a_version_is_read_whoever_built_it() {
        let read =
            ["git version 2.39.5", "git version 2.31.0.windows.1", "git version 2.9 (Apple)", "bash: git"].map(version);
        assert_eq!(read, [Some((2, 39)), Some((2, 31)), None, None]);
    }
}
