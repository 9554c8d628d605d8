//! A PostgreSQL cluster to throw away: one a test process, without a port, gone when the process is.

use std::io::Read as _;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use tokio::sync::Mutex;

/// Makes an empty database and says where it is.
pub(crate) async fn new_database() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // Two at once would both copy the template, which PostgreSQL refuses.
    static ONE_BY_ONE: Mutex<()> = Mutex::const_new(());

    let cluster = CLUSTER.get_or_init(Cluster::start);
    let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let _turn = ONE_BY_ONE.lock().await;
    sqlx::any::install_default_drivers();
    let mut conn = AnyConnection::connect(&cluster.url("postgres")).await.unwrap();
    conn.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    conn.close().await.unwrap();
    cluster.url(&name)
}

struct Cluster {
    sockets: PathBuf,
    // Its standard input is the life line: the shell ends the server when this process is gone.
    _life: Child,
}

// Arguments: initdb, postgres, the folder. The folder goes with the server.
const SERVE: &str = r#"
"$1" --pgdata="$3/data" --username=assentry --auth=trust --encoding=UTF8 --locale=C --no-sync >"$3/initdb.log" 2>&1 || {
    cat "$3/initdb.log"; exit 1; }
"$2" -D "$3/data" -k "$3" -c listen_addresses= -c max_connections=200 -c fsync=off >"$3/server.log" 2>&1 </dev/null &
server=$!
until grep -qs '^ready' "$3/data/postmaster.pid"; do kill -0 $server || { cat "$3/server.log"; exit 1; }; sleep 0.05; done
echo ready
exec >/dev/null 2>&1
cat
kill -QUIT $server
wait $server
rm -rf "$3"
"#;

impl Cluster {
    fn start() -> Cluster {
        let folder = tempfile::Builder::new().prefix("assentry-pg-").tempdir().unwrap().keep();
        let mut shell = Command::new("sh");
        shell.args(["-c", SERVE, "sh"]).args([&program("initdb"), &program("postgres"), &folder]);
        if nix::unistd::geteuid().is_root() {
            // PostgreSQL refuses to run as root.
            let user =
                ["postgres", "nobody"].iter().find_map(|name| nix::unistd::User::from_name(name).unwrap()).unwrap();
            chown(&folder, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
            shell.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        // A group of its own: Ctrl-C ends the tests, and their end ends the server in good order.
        let mut life =
            shell.current_dir("/").process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        life.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(said.ends_with("ready\n"), "PostgreSQL did not start: {said}");
        Cluster { sockets: folder, _life: life }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://assentry@localhost/{database}?host={}", self.sockets.display())
    }
}

fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<PathBuf> = Path::new("/usr/lib/postgresql")
        .read_dir()
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    places.extend(versions.into_iter().rev());
    let found = places.into_iter().map(|place| place.join(name)).find(|file| file.is_file());
    assert!(found.is_some(), "{name} is missing: install PostgreSQL, on Debian `apt-get install postgresql`");
    found.unwrap()
}
