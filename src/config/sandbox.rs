//! Where strangers' commands run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use url::Url;

use super::secrets::Surroundings;
use super::strict::Table;

/// The sandbox, as the operator wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxSettings {
    /// Which walls to use.
    pub walls: WallsKind,
    /// Memory of all processes of a command together, in MiB.
    pub memory_mib: u64,
    /// Processes and threads at a time.
    pub processes: u64,
    /// Size of the checkout, and of the temporary folder, in MiB.
    pub disk_mib: u64,
    /// How much of a command's output is kept, in KiB.
    pub output_kib: u64,
    /// How long a command may take, in minutes.
    pub command_minutes: u64,
    /// Paths of the host that commands may read: toolchains.
    pub read_only: Vec<PathBuf>,
    /// Folders put before the system's in `PATH`.
    pub path: Vec<PathBuf>,
    /// Variables added to the fixed list; every command sees them, so no secrets.
    pub environment: Vec<(String, String)>,
    /// The folder of root file system archives that policies may name.
    pub images: Option<PathBuf>,
    /// Hosts that set-up commands of policies may be let fetch from, by `GET` and through the server.
    pub hosts: Vec<String>,
    /// Where some of these hosts are looked for instead: mirrors of the operator's, wherever they are.
    pub mirrors: BTreeMap<String, Url>,
    /// The home whose Rust toolchain (`.cargo`, `.rustup`) commands may use.
    pub rust_home: Option<PathBuf>,
}

/// Which walls to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WallsKind {
    /// The strongest that hold.
    Auto,
    /// `bwrap` and nothing else.
    Bubblewrap,
    /// Our own helper, in namespaces if the kernel lets it.
    Helper,
    /// Our own helper without namespaces.
    Landlock,
}

pub(super) fn read(table: Table<'_>, around: &Surroundings<'_>) -> SandboxSettings {
    let environment = table.texts("environment");
    for (name, _) in environment.iter().filter(|(name, _)| !is_variable(name)) {
        table.wrong("environment", format!("{name:?} must be a name of capital letters, digits and _"));
    }
    let hosts = table.list("hosts", host).unwrap_or_default();
    let mut mirrors = BTreeMap::new();
    for (name, address) in table.texts("mirrors") {
        match address.parse::<Url>() {
            _ if !hosts.contains(&name) => table.wrong("mirrors", format!("{name:?} is not among sandbox.hosts")),
            Ok(url)
                if matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none() =>
            {
                mirrors.insert(name, url);
            }
            Ok(_) | Err(_) => {
                table.wrong("mirrors", format!("{address:?} must be an address with http:// or https://"))
            }
        }
    }
    let settings = SandboxSettings {
        walls: table.parsed("walls", walls).unwrap_or(WallsKind::Auto),
        memory_mib: table.integer("memory_mib", 64..=1_048_576).unwrap_or(2048),
        processes: table.integer("processes", 8..=65_536).unwrap_or(512),
        disk_mib: table.integer("disk_mib", 64..=1_048_576).unwrap_or(4096),
        output_kib: table.integer("output_kib", 4..=4096).unwrap_or(1024),
        command_minutes: table.integer("command_minutes", 1..=1440).unwrap_or(10),
        read_only: table.list("read_only", shown).unwrap_or_default(),
        path: table.list("path", folder).unwrap_or_default(),
        images: table.parsed("images", folder),
        environment,
        hosts,
        mirrors,
        rust_home: table.parsed("rust_home", folder).or_else(|| rust_home(around)),
    };
    table.finish();
    settings
}

/// A path from the root on.
pub(super) fn folder(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err(format!("{text:?} must be a whole path, beginning with /")) }
}

/// A path that is shown in the sandbox where it is outside, and may not be where the sandbox shows something else.
pub(super) fn shown(text: &str) -> Result<PathBuf, String> {
    let path = folder(text)?;
    match ["/work", "/tmp/home", "/proc", "/dev"].into_iter().find(|own| path.starts_with(own)) {
        Some(own) => Err(format!("{text:?} would be hidden by the sandbox's own {own}: put it elsewhere")),
        None => Ok(path),
    }
}

/// The home of whoever starts the server, where rustup installs.
fn rust_home(around: &Surroundings<'_>) -> Option<PathBuf> {
    (around.env)("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

/// A host by its plain name: no address, no port, no capital letters, nothing to be decoded.
fn host(text: &str) -> Result<String, String> {
    let plain = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    let fits = text.len() <= 253 && text.contains('.') && text.split('.').all(plain);
    if fits && last.bytes().all(|b| b.is_ascii_lowercase()) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} must be the name of a host, such as registry.npmjs.org"))
    }
}

pub(super) fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn walls(text: &str) -> Result<WallsKind, String> {
    match text {
        "auto" => Ok(WallsKind::Auto),
        "bubblewrap" => Ok(WallsKind::Bubblewrap),
        "helper" => Ok(WallsKind::Helper),
        "landlock" => Ok(WallsKind::Landlock),
        _ => Err("must be auto, bubblewrap, helper or landlock".to_owned()),
    }
}
