//! PostgreSQL goes away around a commit: whether it was done is looked up, not assumed (F22).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use assentry::demo::story;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;

use super::server::Server;
use super::town::{Town, in_time};
use crate::postgres::new_database;

const SOCKET: &str = ".s.PGSQL.5432";
/// Of so many commits one is cut.
const EVERY: usize = 9;
/// So many are cut in all: each costs a wait in real time.
const MOST: usize = 6;

/// Stands between a server and its database, and cuts connections around a commit, in turn before and after it.
#[derive(Clone)]
struct Between {
    database: PathBuf,
    armed: Arc<AtomicBool>,
    commits: Arc<AtomicUsize>,
    cuts: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Cut {
    Before,
    After,
}

impl Between {
    /// Listens in this folder, as PostgreSQL would.
    fn start(folder: &Path, database: &Path) -> Between {
        let between = Between {
            database: database.join(SOCKET),
            armed: Arc::default(),
            commits: Arc::default(),
            cuts: Arc::default(),
        };
        let listener = UnixListener::bind(folder.join(SOCKET)).unwrap();
        let serving = between.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(client).await });
            }
        });
        between
    }

    async fn serve(&self, client: UnixStream) {
        let Ok(server) = UnixStream::connect(&self.database).await else { return };
        let ((mut asks, answers), (answered, mut asked)) = (client.into_split(), server.into_split());
        let silent = Arc::new((AtomicBool::new(false), Notify::new()));
        let back = tokio::spawn(bring_back(answered, answers, Arc::clone(&silent)));
        let mut first = true;
        while let Some(message) = message(&mut asks, first).await {
            // Whether it may be encrypted is asked in the same form: eight bytes, and no more.
            first = first && message.len() == 8;
            match self.cut(&message) {
                Some(Cut::Before) => break,
                Some(Cut::After) => {
                    silent.0.store(true, Ordering::SeqCst);
                    let _ = asked.write_all(&message).await;
                    silent.1.notified().await;
                    break;
                }
                None if asked.write_all(&message).await.is_err() => break,
                None => {}
            }
        }
        back.abort();
    }

    /// Whether this is a commit that is to be cut.
    fn cut(&self, message: &[u8]) -> Option<Cut> {
        if !self.armed.load(Ordering::SeqCst)
            || message.first() != Some(&b'Q')
            || !message.windows(6).any(|part| part == b"COMMIT")
        {
            return None;
        }
        let nth = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        if !nth.is_multiple_of(EVERY) || self.cuts.load(Ordering::SeqCst) >= MOST {
            return None;
        }
        Some(if self.cuts.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) { Cut::After } else { Cut::Before })
    }
}

/// Brings the answers back until it is to be silent; then the next one is swallowed, and told.
async fn bring_back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, silent: Arc<(AtomicBool, Notify)>) {
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if silent.0.load(Ordering::SeqCst) {
            silent.1.notify_one();
        } else if to.write_all(bytes.get(..read).unwrap()).await.is_err() {
            return;
        }
    }
    silent.1.notify_one();
}

/// The next message, by "PostgreSQL: Message Formats"; the first one of a connection has no letter.
async fn message(from: &mut OwnedReadHalf, first: bool) -> Option<Vec<u8>> {
    let mut message = vec![];
    if !first {
        message.push(from.read_u8().await.ok()?);
    }
    let length = from.read_u32().await.ok()?;
    message.extend(length.to_be_bytes());
    let start = message.len();
    message.resize(start + usize::try_from(length).ok()?.checked_sub(4)?, 0);
    from.read_exact(message.get_mut(start..)?).await.ok()?;
    Some(message)
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_a_database_that_goes_away_before_or_after_commits_brings_about_the_same_world() {
    in_time(async {
        let url = new_database().await;
        let (name, sockets) = url.split_once("?host=").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let between = Between::start(folder.path(), Path::new(sockets));
        let mut town = Town::with(story::script(), &format!("[database]\nurl = '{url}'")).await;
        let config = std::fs::read_to_string(&town.config).unwrap();
        let through = town.dir.path().join("through.toml");
        let config = config.replace(&url, &format!("{name}?host={}", folder.path().display()));
        let soon = format!("look_ups = [{}]", "'100ms', ".repeat(20));
        std::fs::write(&through, config.replace("look_ups = []", &soon)).unwrap();
        town.database = url.clone();

        // What the door cannot store GitHub is told of, and sends again only when it is asked to; that is another test's.
        let web = Server::begin(&town.config, &["--roles", "web"]);
        assert!(web.log().shows("listening on").await, "{:#?}", web.log().lines());
        let worker = Server::begin(&through, &["--roles", "worker,runner"]);
        assert!(worker.log().shows("we are assentry[bot]").await, "{:#?}", worker.log().lines());
        between.armed.store(true, Ordering::SeqCst);
        let story = async {
            town.people_act().await;
            town.is_quiet_among([&web, &worker]).await;
        };
        let done = tokio::time::timeout(Duration::from_secs(120), story).await;
        assert!(done.is_ok(), "{}: {:#?}", town.status(), worker.log().lines());
        for server in [web, worker] {
            assert!(server.stops().await.success());
        }

        let cuts = between.cuts.load(Ordering::SeqCst);
        assert!(cuts == MOST, "{cuts} of {} commits were cut", between.commits.load(Ordering::SeqCst));
        assert_eq!(town.outcome().await, Town::undisturbed().await, "after {cuts} cuts");
        assert!(town.model.calls() <= 7 + cuts, "{} calls, {cuts} cuts", town.model.calls());
    })
    .await;
}
