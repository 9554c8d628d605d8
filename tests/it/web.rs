//! The server over a real socket: health, deadlines, a graceful stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use assentry::ids::Timestamp;
use assentry::store::Store;
use assentry::web::{AppState, router, serve};
use assentry::webhook::WebhookSecrets;
use aws_lc_rs::hmac;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_well_server_is_alive_and_ready() {
    let server = Server::start().await;
    assert_eq!(server.get("/healthz").await, "200 alive\n");
    assert_eq!(server.get("/readyz").await, "200 ready\n");
    assert_eq!(server.get("/other").await, "404 ");
}

#[tokio::test]
async fn f09_a_server_without_its_database_is_alive_but_not_ready() {
    let server = Server::start().await;
    server.store.close().await;
    assert_eq!(server.get("/healthz").await, "200 alive\n");
    assert_eq!(server.get("/readyz").await, "503 the database does not take writes\n");
}

#[tokio::test]
async fn f16_a_stopping_server_takes_nothing_new_and_finishes_what_has_begun() {
    let server = Server::start().await;
    let body = "{\"a\": 1}";
    let mut begun = server.connect().await;
    begun.write_all(head(body).as_bytes()).await.unwrap();
    begun.write_all(&body.as_bytes()[..3]).await.unwrap();
    // Answered on another connection: the first one has been accepted by then.
    assert_eq!(server.get("/healthz").await, "200 alive\n");

    server.stop.cancel();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    begun.write_all(&body.as_bytes()[3..]).await.unwrap();
    assert_eq!(answer(begun).await, "202 stored\n");
    server.serving.await.unwrap();
}

#[tokio::test]
async fn t03_a_head_that_does_not_come_is_given_up() {
    let server = Server::start().await;
    let mut slow = server.connect().await;
    slow.write_all(b"POST /webhook HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    assert_eq!(server.get("/healthz").await, "200 alive\n");

    tokio::time::pause();
    // A day of the paused clock: far beyond the deadline, and over at once. What was not read makes the end a reset.
    let mut rest = vec![];
    let closed = tokio::time::timeout(Duration::from_secs(86_400), slow.read_to_end(&mut rest)).await;
    assert!(closed.is_ok_and(|read| read.map_or_else(|e| e.kind() == ErrorKind::ConnectionReset, |_| true)));
}

struct Server {
    store: Store,
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Server {
    async fn start() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("assentry.db").display().to_string()).await.unwrap();
        let stop = CancellationToken::new();
        let state = AppState {
            store: store.clone(),
            secrets: WebhookSecrets::new(&["secret".into()]).unwrap(),
            clock: || Timestamp(1000),
            stop: stop.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, router(state), stop.clone()));
        Server { store, address, stop, serving, _folder: folder }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn get(&self, path: &str) -> String {
        let mut stream = self.connect().await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        answer(stream).await
    }
}

fn head(body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
    let signature = hex::encode(hmac::sign(&key, body.as_bytes()));
    format!(
        "POST /webhook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         x-github-delivery: d1\r\nx-github-event: issues\r\nx-hub-signature-256: sha256={signature}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    )
}

/// The status and the body of the answer.
async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    format!("{} {body}", head.split(' ').nth(1).unwrap())
}
