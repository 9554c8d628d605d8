//! Power that goes away: whatever was not synced is lost, in part, or in another order than it was written.
//!
//! The real server runs with a shim before libc that writes down what it writes to its database, and when it syncs it.
//! From that, disks are made as they may be after a loss of power at any moment, and each is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use assentry::store::Store;
use sqlx::{AnyConnection, Connection as _};

use super::disk::delivers;
use super::server::Server;
use super::town::{Town, in_time};

/// What a disk tears: of each of these a write leaves the old bytes or the new ones.
const SECTOR: usize = 512;
/// Enough of 200 kB each that the database is brought up to date meanwhile.
const DELIVERIES: usize = 36;

/// What the server did to a file, and where in the log that was written down.
struct Deed {
    end: usize,
    name: String,
    what: What,
}

enum What {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { to: usize },
    Sync,
}

/// Numbers without a pattern, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % most as u64).unwrap()
    }
}

type Disk = BTreeMap<String, Vec<u8>>;

/// What becomes of writes that were not synced.
#[derive(Debug, Clone, Copy)]
enum Unsynced {
    /// They are gone.
    Lost,
    /// Each sector of each is there or not.
    Torn,
    /// They are there, but the last one is torn.
    Kept,
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_what_was_acknowledged_survives_a_loss_of_power_at_any_moment() {
    let Life { deeds, begin, acknowledged } = in_time(life()).await;
    let synced = |name: &str| deeds.iter().any(|deed| deed.name == name && matches!(deed.what, What::Sync));
    // The log of the database was copied into the database meanwhile, and begun anew.
    assert!(synced("assentry.db") && synced("assentry.db-wal"));

    let cuts = std::env::var("POWER_CUTS").map_or(150, |cuts| cuts.parse().unwrap());
    let end = deeds.last().unwrap().end;
    let mut most = 0;
    for seed in 0..cuts {
        let mut dice = Dice(seed);
        // Right after an acknowledgement, or anywhere.
        let cut = match seed % 3 {
            0 => acknowledged[dice.below(DELIVERIES)].0,
            _ => begin + dice.below(end - begin + 1),
        };
        let unsynced = [Unsynced::Lost, Unsynced::Torn, Unsynced::Kept][dice.below(3)];
        let disk = disk(&deeds, cut, unsynced, &mut dice);
        let there = stored(&disk, seed < 5).await;
        let must: Vec<&String> = acknowledged.iter().filter(|(at, _)| *at <= cut).map(|(_, id)| id).collect();
        let lost: Vec<_> = must.iter().filter(|id| !there.contains(id)).collect();
        assert!(lost.is_empty(), "seed {seed}, cut at {cut}, {unsynced:?}: {lost:?} were acknowledged and lost");
        most = most.max(must.len());
    }
    assert!(most > DELIVERIES / 2, "{most}");

    // A disk that only says that it has synced loses what it acknowledged: this is what the test would find.
    let only_sync = |from: usize, to: usize| {
        let mut syncs = deeds.iter().enumerate().filter(|(_, deed)| deed.end > from && deed.end <= to);
        let mut syncs = syncs.by_ref().filter(|(_, deed)| matches!(deed.what, What::Sync)).map(|(n, _)| n);
        syncs.next().filter(|_| syncs.next().is_none())
    };
    let mut commits = acknowledged.windows(2).filter_map(|two| Some((only_sync(two[0].0, two[1].0)?, &two[1].1)));
    let (sync, id) = commits.next_back().expect("a delivery whose commit was synced once");
    let without = disk(&deeds, deeds[sync - 1].end, Unsynced::Lost, &mut Dice(0));
    assert!(!stored(&without, false).await.contains(id));
}

/// What a server did, from when it listened, and what it acknowledged when its log had which length.
struct Life {
    deeds: Vec<Deed>,
    begin: usize,
    acknowledged: Vec<(usize, String)>,
}

/// Starts a server, sends it deliveries, and kills it.
async fn life() -> Life {
    let town = Town::new().await;
    let (data, log) = (town.dir.path().join("data"), town.dir.path().join("power"));
    std::fs::create_dir(&data).unwrap();
    let data = data.canonicalize().unwrap();
    let shim = shim(town.dir.path());
    let variables = [("LD_PRELOAD", shim.as_path()), ("POWER_DIR", data.as_path()), ("POWER_LOG", log.as_path())];
    let server = Server::with_variables(&town.config, &["--roles", "web"], &variables).await;
    let written = || usize::try_from(std::fs::metadata(&log).unwrap().len()).unwrap();
    let begin = written();
    let mut acknowledged = vec![];
    for n in 0..DELIVERIES {
        let id = delivers(&town, &format!("d {n}")).await.expect("it is taken");
        acknowledged.push((written(), id));
    }
    server.ends_by_force().await;
    Life { deeds: read(&std::fs::read(&log).unwrap()), begin, acknowledged }
}

/// Builds what is put before libc.
fn shim(dir: &Path) -> PathBuf {
    let (source, shim) = (concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/crash/power.c"), dir.join("power.so"));
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).args([source, "-ldl"]).output();
    let built = built.unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    shim
}

fn read(log: &[u8]) -> Vec<Deed> {
    let (mut deeds, mut at) = (vec![], 0);
    while at < log.len() {
        let line = log[at..].iter().position(|byte| *byte == b'\n').unwrap() + at;
        let words: Vec<&str> = std::str::from_utf8(&log[at..line]).unwrap().split(' ').collect();
        let [what, name, place, length] = words[..] else { panic!("{words:?}") };
        let (place, length): (usize, usize) = (place.parse().unwrap(), length.parse().unwrap());
        let end = line + 1 + length;
        let what = match what {
            "write" => What::Write { at: place, bytes: log[line + 1..end].to_vec() },
            "truncate" => What::Truncate { to: place },
            _ => What::Sync,
        };
        // What the processes of the database share is made anew from the rest.
        if name == "assentry.db" || name == "assentry.db-wal" {
            deeds.push(Deed { end, name: name.to_owned(), what });
        }
        at = end;
    }
    deeds
}

/// A disk after the power went away when the log had this length.
fn disk(deeds: &[Deed], cut: usize, unsynced: Unsynced, dice: &mut Dice) -> Disk {
    let done = deeds.partition_point(|deed| deed.end <= cut);
    let last_sync = |name: &str| {
        deeds[..done].iter().rposition(|deed| deed.name == name && matches!(deed.what, What::Sync)).unwrap_or(0)
    };
    let synced: BTreeMap<&str, usize> =
        ["assentry.db", "assentry.db-wal"].into_iter().map(|name| (name, last_sync(name))).collect();
    let last = deeds[..done].iter().rposition(|deed| matches!(deed.what, What::Write { .. }));
    let mut disk = Disk::new();
    for (n, deed) in deeds[..done].iter().enumerate() {
        let file = disk.entry(deed.name.clone()).or_default();
        let is_sure = n < synced[deed.name.as_str()];
        let torn = match unsynced {
            _ if is_sure => false,
            Unsynced::Lost => continue,
            Unsynced::Torn => true,
            Unsynced::Kept => Some(n) == last,
        };
        match &deed.what {
            What::Write { at, bytes } => {
                for (m, sector) in bytes.chunks(SECTOR).enumerate() {
                    if torn && dice.below(2) == 0 {
                        continue;
                    }
                    let place = at + m * SECTOR;
                    if file.len() < place + sector.len() {
                        file.resize(place + sector.len(), 0);
                    }
                    file[place..place + sector.len()].copy_from_slice(sector);
                }
            }
            What::Truncate { to } if !torn || dice.below(2) == 0 => file.resize(*to, 0),
            What::Truncate { .. } | What::Sync => {}
        }
    }
    disk
}

/// The ids of the deliveries that a server finds on a disk; the database must be whole.
async fn stored(disk: &Disk, by_the_server: bool) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in disk {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    let file = dir.path().join("assentry.db").display().to_string();
    if by_the_server {
        Store::open(&file).await.unwrap().close().await;
    }
    sqlx::any::install_default_drivers();
    let mut database = AnyConnection::connect(&format!("sqlite://{file}")).await.unwrap();
    let whole: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut database).await.unwrap();
    assert_eq!(whole, "ok");
    let ids = sqlx::query_scalar("SELECT id FROM deliveries").fetch_all(&mut database).await.unwrap();
    database.close().await.unwrap();
    ids
}
