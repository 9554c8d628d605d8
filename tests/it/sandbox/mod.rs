//! Tries to get out of the sandbox, with every kind of walls, and to make it hang or leave something behind.
//!
//! A host that lacks one kind of walls fails these tests and says so; `tests/run` installs what they need.

mod escape;
mod hostile;
pub(crate) mod images;
mod layers;
mod limits;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use assentry::sandbox::{Access, Checkout, Ended, Exit, Job, Limits, Sandbox, SandboxConfig, Walls, WallsChoice};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const ALL: [(WallsChoice, Walls); 3] = [
    (WallsChoice::Bubblewrap, Walls::Bubblewrap),
    (WallsChoice::Helper, Walls::Namespaces),
    (WallsChoice::Landlock, Walls::Landlock),
];

/// One kind of walls with a checkout behind it.
struct Place {
    sandbox: Sandbox,
    checkout: Checkout,
    dir: TempDir,
}

impl Place {
    async fn new((choice, walls): (WallsChoice, Walls)) -> Place {
        let dir = TempDir::new().unwrap();
        // Without namespaces the account that root becomes must be able to come here.
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let sandbox = Sandbox::probe(&config(dir.path().join("data"), choice)).await.unwrap();
        assert_eq!(sandbox.walls(), walls, "this host cannot test {walls}");
        let checkout = Checkout::empty(&dir.path().join("checkout")).unwrap();
        Place { sandbox, checkout, dir }
    }

    async fn each() -> Vec<Place> {
        let mut places = Vec::new();
        for walls in ALL {
            places.push(Place::new(walls).await);
        }
        places
    }

    fn outside(&self) -> PathBuf {
        self.dir.path().join("outside")
    }

    /// Runs a script in the checkout.
    async fn sh(&self, script: &str) -> Ended {
        self.sh_within(script, limits()).await
    }

    async fn sh_within(&self, script: &str, limits: Limits) -> Ended {
        self.run(&["sh", "-c", script], Access::Writable, limits).await
    }

    async fn run(&self, argv: &[&str], access: Access, limits: Limits) -> Ended {
        self.sandbox.run(self.job(argv, access, limits), &CancellationToken::new()).await.unwrap()
    }

    fn job(&self, argv: &[&str], access: Access, limits: Limits) -> Job<'_> {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        Job { argv, cwd: None, stdin: Vec::new(), checkout: &self.checkout, access, limits }
    }

    fn name(&self) -> Walls {
        self.sandbox.walls()
    }
}

fn config(data_dir: PathBuf, walls: WallsChoice) -> SandboxConfig {
    SandboxConfig {
        helper: PathBuf::from(env!("CARGO_BIN_EXE_assentry")),
        walls,
        ..SandboxConfig::new(&data_dir).unwrap()
    }
}

fn limits() -> Limits {
    Limits { wall: Duration::from_secs(30), ..Limits::default() }
}
