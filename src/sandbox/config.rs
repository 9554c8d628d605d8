//! What an operator decides about the sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use url::Url;

use super::spec::Walls;

/// Which walls to use, the host's own paths that the sandbox may read, and what is added to its environment.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// A directory of the core; below it the sandbox keeps private temporary directories and its self-test a canary.
    pub data_dir: PathBuf,
    /// Our own program, which is started as the helper.
    pub helper: PathBuf,
    /// The operator's choice, `sandbox.walls`.
    pub walls: WallsChoice,
    /// Further paths of the host, shown read-only at the same place: toolchains.
    pub read_only: Vec<PathBuf>,
    /// Directories put before the system's in `PATH`.
    pub path: Vec<PathBuf>,
    /// Variables added to the fixed list.
    pub environment: Vec<(String, String)>,
    /// Variables by which the host's toolchains are found.
    pub toolchains: Vec<(String, String)>,
    /// Where the archives of root file systems are, each named by its digest.
    pub images: Option<PathBuf>,
    /// An unpacked root file system, shown in the place of the host's system and toolchains; [`super::Sandbox::with_image`] sets it.
    pub root: Option<PathBuf>,
    /// Where hosts are looked for that set-up commands may reach; those that are not named, at their public address.
    pub mirrors: BTreeMap<String, Url>,
}

impl SandboxConfig {
    /// The defaults: any walls, this program as the helper, no toolchains.
    ///
    /// # Errors
    /// When the system does not tell where this program is.
    pub fn new(data_dir: &Path) -> std::io::Result<SandboxConfig> {
        Ok(SandboxConfig {
            data_dir: std::path::absolute(data_dir)?,
            helper: std::env::current_exe()?,
            walls: WallsChoice::Auto,
            read_only: Vec::new(),
            path: Vec::new(),
            environment: Vec::new(),
            toolchains: Vec::new(),
            images: None,
            root: None,
            mirrors: BTreeMap::new(),
        })
    }

    /// Shows the Rust toolchain in `home` as rustup installs it, without cargo's credentials.
    #[must_use]
    pub fn with_rust_of(mut self, home: &Path) -> SandboxConfig {
        let (cargo, rustup) = (home.join(".cargo"), home.join(".rustup"));
        if !rustup.is_dir() {
            return self;
        }
        self.read_only.extend([rustup.clone(), cargo.join("bin"), cargo.join("registry")]);
        self.path.push(cargo.join("bin"));
        self.toolchains.extend([
            ("RUSTUP_HOME".to_owned(), rustup.display().to_string()),
            ("CARGO_HOME".to_owned(), cargo.display().to_string()),
            ("CARGO_NET_OFFLINE".to_owned(), "true".to_owned()),
        ]);
        self
    }
}

/// Which walls the operator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WallsChoice {
    /// The strongest that hold.
    #[default]
    Auto,
    /// `bwrap` and nothing else.
    Bubblewrap,
    /// Our own helper, in namespaces if the kernel lets it.
    Helper,
    /// Our own helper without namespaces, as where the host forbids them.
    Landlock,
}

impl WallsChoice {
    pub(crate) fn candidates(self) -> &'static [Walls] {
        match self {
            WallsChoice::Auto => &[Walls::Bubblewrap, Walls::Namespaces, Walls::Landlock],
            WallsChoice::Bubblewrap => &[Walls::Bubblewrap],
            WallsChoice::Helper => &[Walls::Namespaces, Walls::Landlock],
            WallsChoice::Landlock => &[Walls::Landlock],
        }
    }
}
