//! What is true after every hostile script: on GitHub, on the host, and in what was said.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use assentry::demo::story::{self, REPO};
use assentry::workflow::command::parse;
use tempfile::TempDir;

use super::{BROKEN, End, Hostile, MENDED};
use crate::world::{SECRET, World};

/// What lies outside the sandbox and must not be read, reached or written.
pub(super) struct Bait {
    /// Stands in the names of whatever the scripts start or leave behind.
    pub(super) mark: String,
    pub(super) tcp: TcpListener,
    pub(super) udp: UdpSocket,
    abstract_name: String,
    abstract_socket: UnixListener,
    unix: UnixListener,
    dir: TempDir,
    canaries: std::sync::Mutex<Vec<String>>,
}

impl Bait {
    pub(super) fn lay(group: &str) -> Bait {
        let mark = format!("hostile-{}-{group}", std::process::id());
        let dir = TempDir::new().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(dir.path().join("canary"), format!("canary of {mark}")).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        tcp.set_nonblocking(true).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.set_nonblocking(true).unwrap();
        let unix = UnixListener::bind(dir.path().join("socket")).unwrap();
        std::fs::set_permissions(dir.path().join("socket"), std::fs::Permissions::from_mode(0o777)).unwrap();
        unix.set_nonblocking(true).unwrap();
        let abstract_name = format!("{mark}-{}", tcp.local_addr().unwrap().port());
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let abstract_socket = UnixListener::bind_addr(&address).unwrap();
        abstract_socket.set_nonblocking(true).unwrap();
        let canaries = vec![format!("canary of {mark}")].into();
        Bait { mark, tcp, udp, abstract_name, abstract_socket, unix, dir, canaries }
    }

    /// A file that everybody may read.
    pub(super) fn file(&self) -> String {
        self.dir.path().join("canary").display().to_string()
    }

    /// A socket that everybody may connect to.
    pub(super) fn socket(&self) -> String {
        self.dir.path().join("socket").display().to_string()
    }

    pub(super) fn abstract_name(&self) -> &str {
        &self.abstract_name
    }

    /// Takes note of a world's secrets.
    pub(super) fn guards(&self, world: &World) {
        let key = world.github.private_key_pem().lines().nth(5).unwrap().to_owned();
        self.canaries.lock().unwrap().extend([key, SECRET.to_owned(), "sk-scripted".to_owned()]);
    }

    /// Nothing was reached, read, started for good or left behind, and the server is well.
    pub(super) async fn is_untouched(&self, world: &World) {
        assert!(self.tcp.accept().is_err(), "a connection arrived");
        assert!(self.udp.recv_from(&mut [0; 16]).is_err(), "a datagram arrived");
        assert!(self.unix.accept().is_err() && self.abstract_socket.accept().is_err(), "a unix connection arrived");
        assert_eq!(std::fs::read_to_string(self.file()).unwrap(), format!("canary of {}", self.mark));
        assert_eq!(processes_with(&self.mark), Vec::<String>::new(), "a process outlived its command");
        let home = std::env::home_dir().unwrap();
        for place in ["/tmp", "/var/tmp", "/dev/shm", "/", "/etc"].map(Path::new).into_iter().chain([home.as_path()]) {
            let names = std::fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.file_name());
            let left: Vec<_> = names.filter(|name| name.to_string_lossy().contains(&self.mark)).collect();
            assert!(left.is_empty(), "{}: {left:?}", place.display());
        }
        let mut heard: Vec<String> = world.model.requests().into_iter().map(|request| request.body).collect();
        for issue in world.github.pulls(REPO) {
            heard.extend([issue.body, issue.title]);
        }
        for canary in self.canaries.lock().unwrap().iter() {
            assert!(heard.iter().all(|text| !text.contains(canary)), "{canary} came out");
        }
        assert_eq!(world.github.unknown_requests(), Vec::<String>::new());
        let ready = reqwest::get(format!("http://{}/readyz", world.door)).await.unwrap();
        assert!(ready.status().is_success(), "{}", ready.status());
        world.core.sandbox.self_test().await.unwrap();
    }
}

/// The command lines of processes that have `mark` in theirs, but for tests themselves.
fn processes_with(mark: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).filter(|line| line.contains(mark)).collect()
}

/// Parts of what is told of a refusal, which must then be in the report as well.
const RULES: [&str; 8] = [
    "outside the plan's scope",
    "not taken",
    "never writes",
    "steers people",
    "declares dependencies",
    "there is no tool",
    "do not fit",
    "not the next step",
];

/// What one script led to.
pub(super) async fn judge(world: &World, hostile: &Hostile, issue: i64) {
    let name = hostile.name;
    let said = world.said(issue);
    let phase = world.phase(issue).await;
    let main = world.github.tree(REPO, "main");
    let works: Vec<_> = world.work_pulls().into_iter().filter(|pull| is_of(&pull.head, issue)).collect();
    let refused = hostile.told.iter().any(|told| RULES.iter().any(|rule| told.contains(rule)));
    match hostile.end {
        End::Nothing => {
            let run = world.row(issue).await.unwrap().id;
            let kept = world.core.store.kept(run, "unfinished-1").await.unwrap().unwrap_or_default();
            let work: serde_json::Value = serde_json::from_slice(&kept).unwrap_or_default();
            assert!(!refused || work["refusals"]["all"].as_u64() > Some(0), "{name}: nothing is told in {work}");
            assert_eq!((phase.as_str(), works.len()), ("ended", 0), "{name}: {said:#?}");
        }
        End::Work(paths) => {
            assert_eq!(works.len(), 1, "{name}: {phase}: {said:#?}");
            assert!(!refused || works[0].body.contains("### Refused"), "{name}: nothing is told in {}", works[0].body);
            let paths: BTreeSet<&str> = paths.iter().copied().collect();
            let tree = world.github.tree(REPO, &works[0].head_sha);
            assert_eq!(differing(&main, &tree), paths, "{name}");
            for commit in world.github.pull_commits(REPO, works[0].number) {
                let tree = world.github.tree(REPO, &commit.sha);
                assert!(differing(&main, &tree).is_subset(&paths), "{name}: {}", commit.message);
                let trailers = commit.message.lines().filter(|line| line.starts_with("Approved-by:"));
                assert!(trailers.clone().all(|line| line.contains("bob")) && trailers.count() == 1, "{name}");
            }
            let slug = world.github.file(REPO, &works[0].head_sha, "bin/slug").unwrap();
            let old = world.github.file(REPO, "main", "bin/slug").unwrap();
            if paths.contains("bin/slug") {
                assert_eq!(slug, old.replace(BROKEN, MENDED), "{name}");
            }
        }
    }
    let pulls = world.github.pulls(REPO).into_iter().filter(|pull| is_of(&pull.head, issue));
    for text in said.iter().cloned().chain(pulls.map(|pull| pull.body)) {
        assert_eq!(parse(&text), None, "{name}: {text}");
    }
    let requests = world.model.requests();
    let case = format!("Case {name}.");
    let newest = requests.iter().rev().find(|it| it.body.contains(&case) && it.body.contains("Declare a step done"));
    let heard = newest.map(|request| request.body.as_str()).unwrap_or_default();
    let inside = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    for told in &hostile.told {
        assert!(heard.contains(&inside(told)), "{name}: nobody was told {told:?} in {heard}");
    }
    for never in &hostile.never {
        assert!(!heard.contains(&inside(never)), "{name}: {never:?} was told in {heard}");
    }
}

/// There is no reference but the default branch and ours, and no plan branch holds more than its plan.
pub(super) fn nothing_else(world: &World, issues: &[i64]) {
    let main = world.github.tree(REPO, "main");
    assert_eq!(main.len(), story::repository().files.len());
    for (reference, sha) in world.github.references(REPO) {
        let Some(branch) = reference.strip_prefix("refs/heads/").filter(|branch| *branch != "main") else {
            assert!(reference == "refs/heads/main" || reference.starts_with("refs/pull/"), "{reference}");
            continue;
        };
        let issue = issues.iter().find(|issue| is_of(branch, **issue));
        let issue = issue.unwrap_or_else(|| panic!("whose is {branch}?"));
        let tree = world.github.tree(REPO, &sha);
        if branch.contains("-plan-") {
            assert_eq!(differing(&main, &tree), BTreeSet::from([format!(".assentry/plans/{issue}.md").as_str()]));
        }
        for path in differing(&main, &tree) {
            let mode = tree.get(path).map(|(mode, _)| mode.as_str());
            assert!(matches!(mode, None | Some("100644" | "100755")), "{branch}: {path} is {mode:?}");
        }
    }
}

fn is_of(branch: &str, issue: i64) -> bool {
    branch.starts_with(&format!("assentry/{issue}-"))
}

type Tree = BTreeMap<String, (String, String)>;

fn differing<'a>(one: &'a Tree, other: &'a Tree) -> BTreeSet<&'a str> {
    let all: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    all.into_iter().filter(|path| one.get(*path) != other.get(*path)).map(String::as_str).collect()
}
