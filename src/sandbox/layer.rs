//! What a repository's set-up commands make of a commit: made once, kept, and copied into every checkout of that commit.
//!
//! Promises: the commands run once for the same commit, commands and sandbox on this host; what is kept is never shown to
//! any process again, only copies of it are. In a layer, files of the commit are as the commit has them, whatever the
//! commands did to them, and older than what was built from them. What the commands add stays, in the checkout and in the
//! home directory; files that git would not ignore are remembered, so that they are no changes of whoever works there later.
//! Refuses to keep what no checkout could be taken from, such as a new link that no `.gitignore` names.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use nix::sys::stat::futimens;
use nix::sys::time::TimeSpec;
use tokio_util::sync::CancellationToken;

use super::checkout::{BaseFile, BaseMode, ChangeKind, Checkout, Refused};
use super::job::{Access, Ended, Exit, Job, Limits, SandboxError, command_line};
use super::mirror::{FetchFrom, Mirror, MirrorError};
use super::proxy::Proxy;
use super::spec::Walls;
use super::{Sandbox, changes, copy, layout, tree};
use crate::ids::{CommitSha, RepoId};

/// How many layers of one repository are kept: those that were used last.
const KEPT: usize = 4;

/// What a layer is made of.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    /// Whose mirror it is.
    pub repository: RepoId,
    /// The commit it begins with.
    pub commit: &'a CommitSha,
    /// The set-up commands, each run by `sh`.
    pub commands: &'a [String],
    /// The hosts they may reach, by `GET` and through the core.
    pub hosts: &'a [String],
    /// What each of them may use.
    pub limits: Limits,
}

/// Why there is no checkout on which the set-up commands have run.
#[derive(Debug, thiserror::Error)]
pub enum NoLayer {
    /// A command did not end with 0.
    #[error("a set-up command failed: {command}")]
    Failed {
        /// The command.
        command: String,
        /// How it ended, and what it printed.
        ended: Box<Ended>,
        /// What it asked of the outside and was refused, a line each.
        refused: Vec<String>,
    },
    /// The walls on this host could not watch a way out.
    #[error("hosts can be reached only where the sandbox has namespaces of its own")]
    NoNetwork,
    /// What the commands left behind cannot be kept.
    #[error("the set-up commands left what no checkout may hold: {0}")]
    Left(Refused),
    /// The caller gave up.
    #[error("cancelled")]
    Cancelled,
    /// The commit cannot be had.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// The sandbox did not do its part.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The disk did not do its part.
    #[error("{0}")]
    Disk(#[from] io::Error),
}

impl Sandbox {
    /// Makes a checkout at `dir` on which the set-up commands have run, from the kept layer where there is one. Others who
    /// want a layer of the same repository wait meanwhile.
    ///
    /// # Errors
    /// [`NoLayer`]; then nothing is kept, and the next one tries again.
    pub async fn prepared(
        &self,
        (mirror, from): (&Mirror, &FetchFrom),
        recipe: &Recipe<'_>,
        dir: &Path,
        cancel: &CancellationToken,
    ) -> Result<Checkout, NoLayer> {
        if !recipe.hosts.is_empty() && self.walls == Walls::Landlock {
            return Err(NoLayer::NoNetwork);
        }
        let root = self.config.data_dir.join("layers").join(recipe.repository.to_string());
        std::fs::create_dir_all(&root)?;
        let _lock = lock(&root).await?;
        let at = root.join(self.key(recipe));
        if Checkout::open(&at.join("work")).is_err() {
            let half = root.join("half");
            tree::remove(&half)?;
            tree::remove(&at)?;
            std::fs::create_dir(&half)?;
            self.make((mirror, from), recipe, &half, cancel).await?;
            std::fs::rename(&half, &at)?;
        }
        futimens(File::open(&at)?, &TimeSpec::UTIME_NOW, &TimeSpec::UTIME_NOW).map_err(io::Error::from)?;
        let (dir, most) = (dir.to_owned(), recipe.limits.disk_bytes);
        let copied = blocking(move || {
            forget_old(&root)?;
            Checkout::open(&at.join("work"))?.copy_to(&dir, most)
        });
        Ok(copied.await?)
    }

    /// Runs the commands in a checkout of their own and puts what they add beside the commit's own files.
    async fn make(
        &self,
        (mirror, from): (&Mirror, &FetchFrom),
        recipe: &Recipe<'_>,
        half: &Path,
        cancel: &CancellationToken,
    ) -> Result<(), NoLayer> {
        let used = mirror.checkout(from, recipe.commit, &half.join("set-up")).await?;
        let home = used.make_home()?;
        let mut proxy = None;
        if !recipe.hosts.is_empty() {
            proxy = Some(Proxy::open(&layout::scratch_root(&self.config), recipe.hosts, &self.config.mirrors)?);
            // Where cargo keeps what it fetches; the host's own registry cannot be written to.
            std::fs::create_dir(home.join(".cargo"))?;
            layout::give_away(&home.join(".cargo"))?;
        }
        for command in recipe.commands {
            let job = Job {
                argv: command_line(command),
                cwd: None,
                stdin: Vec::new(),
                checkout: &used,
                access: Access::Writable,
                limits: recipe.limits,
            };
            let ended = self.run_beside(proxy.as_ref(), job, cancel).await?;
            match ended.exit {
                Exit::Code(0) => {}
                Exit::Cancelled => return Err(NoLayer::Cancelled),
                Exit::Code(_) | Exit::Signal(_) | Exit::TimedOut | Exit::OutputFlood | Exit::ResourceLimit(_) => {
                    let refused = proxy.as_ref().map(Proxy::refused).unwrap_or_default();
                    return Err(NoLayer::Failed { command: command.clone(), ended: Box::new(ended), refused });
                }
            }
        }
        let fresh = mirror.checkout(from, recipe.commit, &half.join("work")).await?;
        let most = recipe.limits.disk_bytes;
        let put = blocking(move || Ok(put_together(&used, fresh, &home, most)));
        put.await?
    }

    fn key(&self, recipe: &Recipe<'_>) -> String {
        let mut hash = Context::new(&SHA256);
        let mut add = |text: &str| {
            hash.update(&(text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        add("assentry-layer-v1");
        add(recipe.commit.as_str());
        add(&recipe.commands.len().to_string());
        recipe.commands.iter().for_each(|command| add(command));
        add(&recipe.hosts.len().to_string());
        recipe.hosts.iter().for_each(|host| add(host));
        add(&self.walls.to_string());
        for path in self.config.path.iter().chain(&self.config.read_only) {
            add(&path.display().to_string());
        }
        // An unpacked image lies below its digest.
        if let Some(root) = &self.config.root {
            add(&root.display().to_string());
        }
        for (name, value) in self.config.toolchains.iter().chain(&self.config.environment) {
            add(name);
            add(value);
        }
        hex::encode(hash.finish())
    }
}

/// Adds what the commands left in `used` to `fresh`, which has the same commit and was touched by nobody.
fn put_together(used: &Checkout, fresh: Checkout, home: &Path, most: u64) -> Result<(), NoLayer> {
    let mut base = fresh.base().clone();
    for change in used.changes().map_err(NoLayer::Left)? {
        let (ChangeKind::Put { mode, bytes }, false) = (change.change, base.files.contains_key(&change.path)) else {
            continue;
        };
        let Some(like) = base.files.values().next().map(|file| file.blob.clone()) else { continue };
        if let Ok(blob) = changes::blob_id(&bytes, &like).parse() {
            let file = BaseFile { mode: BaseMode::File(mode), blob, size: bytes.len() as u64 };
            base.prepared.insert(change.path, file);
        }
    }
    copy::add(used.dir(), fresh.dir(), most)?;
    let dir = fresh.dir().to_owned();
    fresh.seal(base)?;
    std::fs::rename(home, layout::home_of(&dir))?;
    used.clone().remove()?;
    Ok(())
}

/// Removes the layers that were not used for the longest time.
fn forget_old(root: &Path) -> io::Result<()> {
    let mut layers = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            layers.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    layers.sort();
    let old = layers.len().saturating_sub(KEPT);
    layers.iter().take(old).try_for_each(|(_, layer)| tree::remove(layer))
}

/// Waits until nobody else, also no other process, makes or copies layers of this repository.
async fn lock(root: &Path) -> io::Result<File> {
    let path: PathBuf = root.with_extension("lock");
    blocking(move || {
        let file = File::options().create(true).append(true).open(path)?;
        file.lock()?;
        Ok(file)
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

    use std::os::unix::fs::symlink;

    use super::*;
    use crate::sandbox::checkout::{Change, FileMode};

    #[test]
    fn t48_nothing_is_removed_or_written_through_a_link_that_set_up_commands_have_left() {
        let dir = tempfile::tempdir().unwrap();
        let layer = dir.path().join("layers/7/key");
        std::fs::create_dir_all(&layer).unwrap();
        let outside = dir.path().join("layers/assentry.db");
        std::fs::write(&outside, "kept").unwrap();
        // Ignored as a link, and not once it is a directory.
        let used = Checkout::empty(&layer.join("set-up")).unwrap();
        std::fs::write(used.dir().join(".gitignore"), "build\n!build/\n").unwrap();
        symlink("../../..", used.dir().join("build")).unwrap();
        let home = used.make_home().unwrap();
        put_together(&used, Checkout::empty(&layer.join("work")).unwrap(), &home, 1 << 20).unwrap();
        let kept = Checkout::open(&layer.join("work")).unwrap();
        assert!(kept.dir().join("build").is_symlink());
        assert!(kept.dir().join("build/assentry.db").exists(), "it leads there");

        let put = ChangeKind::Put { mode: FileMode::Regular, bytes: b"theirs".to_vec() };
        for change in [ChangeKind::Delete, put] {
            let copy = kept.duplicate(&layer.join("proof"), 1 << 20).unwrap();
            let path = "build/assentry.db".parse().unwrap();
            let error = copy.restore(&[Change { path, change }]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotADirectory, "{error}");
            assert!(error.to_string().starts_with("build/assentry.db: "), "{error}");
            assert_eq!(std::fs::read_to_string(&outside).unwrap(), "kept");
        }
    }
}
