//! A disk that is full.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use assentry::store::{Lease, Store, Worker};
use aws_lc_rs::hmac;

use super::server::Server;
use super::town::{SECRET, Town, in_time};

#[tokio::test(flavor = "multi_thread")]
async fn f19_a_full_disk_stores_or_refuses_and_with_room_again_the_server_goes_on() {
    in_time(async {
        let town = Town::new().await;
        let data = town.dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let server = Server::on_small_disk(&town.config, &data, &["--roles", "web"]).await;
        let disk = PathBuf::from(format!("/proc/{}/root{}", server.id(), data.display()));
        let mut taken = vec![];
        taken.extend(delivers(&town, "while there is room").await);
        assert_eq!((taken.len(), ready(&town).await), (1, 200));

        fills(&disk.join("filler"));
        // The log of the database has some room set aside.
        let mut n = 0;
        while let Some(id) = delivers(&town, &format!("full {n}")).await {
            taken.push(id);
            n += 1;
        }
        assert!(n < 100, "the disk is not full");
        assert_eq!(delivers(&town, "still full").await, None);
        while ready(&town).await == 200 {}

        std::fs::remove_file(disk.join("filler")).unwrap();
        while ready(&town).await != 200 {}
        for n in 0..3 {
            taken.extend(delivers(&town, &format!("again {n}")).await);
        }
        assert_eq!(taken.len(), n + 4, "{:#?}", server.log().lines());
        assert_eq!(stored(&disk).await, taken);
        assert!(server.stops().await.success());
    })
    .await;
}

/// Sends a delivery of 200 kB; its id, if it was acknowledged.
pub(super) async fn delivers(town: &Town, name: &str) -> Option<String> {
    let id = name.replace(' ', "-");
    let body = format!("{{\"padding\": \"{}\"}}", "x".repeat(200_000));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = format!("sha256={}", hex::encode(hmac::sign(&key, body.as_bytes())));
    let request = reqwest::Client::new().post(format!("http://{}/webhook", town.door)).body(body);
    let request = request.header("x-github-delivery", &id).header("x-github-event", "ping");
    let request = request.header("content-type", "application/json").header("x-hub-signature-256", signature);
    match request.send().await.unwrap().status().as_u16() {
        202 => Some(id),
        status => {
            assert_eq!(status, 503);
            None
        }
    }
}

async fn ready(town: &Town) -> u16 {
    reqwest::get(format!("http://{}/readyz", town.door)).await.unwrap().status().as_u16()
}

fn fills(filler: &Path) {
    let mut file = File::create(filler).unwrap();
    let full = loop {
        if let Err(error) = file.write_all(&[0; 4096]) {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::StorageFull);
}

/// The ids of all deliveries in a database at rest, in the order of their coming.
async fn stored(disk: &Path) -> Vec<String> {
    // SQLite does not follow the way into the disk of another process.
    let copy = tempfile::tempdir().unwrap();
    for name in ["assentry.db", "assentry.db-wal"] {
        std::fs::copy(disk.join(name), copy.path().join(name)).unwrap();
    }
    let store = Store::open(&copy.path().join("assentry.db").display().to_string()).await.unwrap();
    let now = store.clock().await.unwrap();
    let lease = Lease { now, length: std::time::Duration::from_secs(60) };
    let mut ids = vec![];
    while let Some(claimed) = store.claim_delivery(&Worker::new("test"), lease).await.unwrap() {
        ids.push(claimed.delivery.id.to_string());
    }
    store.close().await;
    ids
}
