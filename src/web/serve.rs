//! Serves routes on a listener until told to stop.
//!
//! A stranger may hold a connection for as long as it takes to read one head and one body, and there are only so many
//! connections. On stop nothing new is accepted, and what is under way is finished, within ten seconds.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// No head of a request takes longer; a connection that idles so long is closed.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// How long requests under way may take when the server stops.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// How many connections there are at one time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 512;

/// The most that is read ahead on one connection.
const MAX_BUFFER: usize = 64 * 1024;

/// Serves until `stop` is set; returns when the last request is answered, or ten seconds later.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let next = tokio::select! {
            () = stop.cancelled() => break,
            next = accept(&listener, &places) => next,
        };
        match next {
            Some((stream, place)) => {
                tokio::spawn(connection(stream, router.clone(), graceful.watcher(), place));
            }
            // Out of file descriptors, most likely: others must end before there is one.
            None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    drop(listener);
    if tokio::time::timeout(STOP_DEADLINE, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests under way");
    }
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a connection was not accepted");
            None
        }
    }
}

async fn connection(stream: TcpStream, router: Router, watcher: Watcher, place: OwnedSemaphorePermit) {
    let _place = place;
    // A small answer must not wait for more to be sent with it. If that cannot be had, it is only slower.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE).max_buf_size(MAX_BUFFER);
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).into_owned();
    // Broken connections are the stranger's affair.
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(error = &*error, "a connection broke");
    }
}
