//! Takes the sandbox's connections, one request each, and answers them.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::rules::{self, Asked, Head, LONGEST_HEAD};
use super::upstream::Upstream;

/// Connections at a time.
const MOST: usize = 32;
/// How long a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of paths that one set-up may send out in all.
const MOST_SENT: usize = 1 << 20;
/// Bytes that one set-up may fetch in all.
const MOST_FETCHED: u64 = 4 << 30;
/// Refusals that are remembered.
const MOST_REFUSED: usize = 20;

/// The headers of an answer that are passed on.
const PASSED_ON: [header::HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::ETAG,
    header::LAST_MODIFIED,
    header::LOCATION,
    header::CACHE_CONTROL,
];

/// What the connections of one set-up share.
pub(super) struct Door {
    pub(super) hosts: BTreeSet<String>,
    pub(super) speaker: TlsAcceptor,
    pub(super) upstream: Upstream,
    pub(super) asked: Mutex<Account>,
}

/// What was asked so far.
#[derive(Debug, Default)]
pub(super) struct Account {
    sent: usize,
    fetched: u64,
    refused: Vec<String>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// Takes connections until it is dropped.
pub(super) async fn serve(listener: UnixListener, door: Arc<Door>) {
    let slots = Arc::new(Semaphore::new(MOST));
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
        let door = Arc::clone(&door);
        tokio::spawn(async move {
            // Whoever asked may be gone; the next one is served all the same.
            let _ = door.answer(stream).await;
            drop(slot);
        });
    }
}

impl Door {
    pub(super) fn refused(&self) -> Vec<String> {
        self.account().refused.clone()
    }

    fn account(&self) -> std::sync::MutexGuard<'_, Account> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, mut stream: UnixStream) -> io::Result<()> {
        let head = timeout(PATIENCE, head(&mut stream)).await??;
        match rules::read(&head, &self.hosts, None) {
            Ok(Head::Get(asked)) => self.fetch(&mut stream, &asked).await,
            Ok(Head::Connect(host)) => {
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                let mut stream = timeout(PATIENCE, self.speaker.accept(stream)).await??;
                if stream.get_ref().1.server_name() != Some(host.as_str()) {
                    return self.refuse(&mut stream, &head, "the TLS handshake names another host").await;
                }
                let head = timeout(PATIENCE, self::head(&mut stream)).await??;
                match rules::read(&head, &self.hosts, Some(&host)) {
                    Ok(Head::Get(asked)) => self.fetch(&mut stream, &asked).await?,
                    Ok(Head::Connect(_)) => self.refuse(&mut stream, &head, "a tunnel has no tunnel").await?,
                    Err(refusal) => self.refuse(&mut stream, &head, &refusal.to_string()).await?,
                }
                stream.shutdown().await
            }
            Err(refusal) => self.refuse(&mut stream, &head, &refusal.to_string()).await,
        }
    }

    async fn fetch(&self, stream: &mut (impl AsyncWrite + Unpin), asked: &Asked) -> io::Result<()> {
        let too_much = {
            let mut account = self.account();
            account.sent += asked.target.len();
            account.sent > MOST_SENT || account.fetched > MOST_FETCHED
        };
        if too_much {
            return say(stream, "429 Too Many Requests", "this set-up has asked for too much").await;
        }
        let mut response = match self.upstream.get(asked).await {
            Ok(response) => response,
            Err(error) => return say(stream, "502 Bad Gateway", &error.to_string()).await,
        };
        let mut answer = format!("HTTP/1.1 {}\r\nconnection: close\r\n", response.status().as_u16()).into_bytes();
        for name in PASSED_ON {
            if let Some(value) = response.headers().get(&name) {
                answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
            }
        }
        answer.extend(b"\r\n");
        stream.write_all(&answer).await?;
        while let Some(piece) = response.chunk().await.map_err(io::Error::other)? {
            let fetched = {
                let mut account = self.account();
                account.fetched += piece.len() as u64;
                account.fetched
            };
            if fetched > MOST_FETCHED {
                return Err(io::Error::other("this set-up has fetched too much"));
            }
            stream.write_all(&piece).await?;
        }
        stream.flush().await
    }

    async fn refuse(&self, stream: &mut (impl AsyncWrite + Unpin), head: &[u8], why: &str) -> io::Result<()> {
        let first: Vec<u8> = head.iter().copied().take_while(|byte| !matches!(byte, b'\r' | b'\n')).take(200).collect();
        let line = format!("{} ({why})", String::from_utf8_lossy(&first).escape_debug());
        {
            let mut account = self.account();
            if account.refused.len() < MOST_REFUSED && !account.refused.contains(&line) {
                account.refused.push(line);
            }
        }
        say(stream, "403 Forbidden", why).await
    }
}

/// Reads up to the empty line; what comes behind it is not looked at, for a request here has no body.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LONGEST_HEAD {
            return Err(io::Error::other("the request's head is too long"));
        }
        // Byte by byte, so that nothing of the TLS behind a CONNECT is taken; heads are short and this is memory.
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), status: &str, text: &str) -> io::Result<()> {
    let text = format!("{text}\n");
    let length = text.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.flush().await
}
