//! How fast the door is: deliveries that are signed, verified, on disk (SQLite, fully synced) and acknowledged.
//!
//! `cargo bench --bench door` sends them over 16 keep-alive connections on loopback; load and server share the machine.
//! `cargo bench --bench door -- 64 20000 10240` takes 64 connections, 20,000 deliveries of 10,240 bytes.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement stops where it breaks and prints what it found"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use assentry::ids::Timestamp;
use assentry::store::Store;
use assentry::web::{AppState, router, serve};
use assentry::webhook::WebhookSecrets;
use aws_lc_rs::hmac;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use tokio_util::sync::CancellationToken;

const SECRET: &str = "a secret of the benchmark";

fn main() {
    // Cargo adds --bench.
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let [connections, deliveries, bytes] =
        std::array::from_fn(|n| given.get(n).copied().unwrap_or([16, 20_000, 10_240][n]));
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stop = CancellationToken::new();
    let (address, server) = runtime.block_on(async {
        let store = Store::open(&folder.path().join("assentry.db").display().to_string()).await.unwrap();
        let secrets = WebhookSecrets::new(&[SECRET.into()]).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = AppState { store, secrets, clock: || Timestamp(0), stop: stop.clone() };
        (address, tokio::spawn(serve(listener, router(state), stop.clone())))
    });

    let body = format!("{{\"action\":\"created\",\"comment\":{{\"body\":\"{}\"}}}}", "x".repeat(bytes));
    send(address, 0, 1000, &body);
    let (cpu, began) = (cpu_seconds(UsageWho::RUSAGE_SELF), Instant::now());
    let each = deliveries / connections;
    let senders: Vec<_> = (1..=connections)
        .map(|sender| {
            let body = body.clone();
            std::thread::spawn(move || (send(address, sender, each, &body), cpu_seconds(UsageWho::RUSAGE_THREAD)))
        })
        .collect();
    let sent: Vec<(Vec<Duration>, f64)> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
    let (took, cpu) = (began.elapsed(), cpu_seconds(UsageWho::RUSAGE_SELF) - cpu);
    stop.cancel();
    runtime.block_on(server).unwrap();

    let cpu = cpu - sent.iter().map(|(_, cpu)| cpu).sum::<f64>();
    let mut waits: Vec<Duration> = sent.into_iter().flat_map(|(waits, _)| waits).collect();
    waits.sort();
    let count = waits.len();
    println!("{count} deliveries of {} bytes over {connections} connections", body.len());
    println!("rate  {:.0} a second", count as f64 / took.as_secs_f64());
    println!("p50   {:.1} ms", waits[count / 2].as_secs_f64() * 1e3);
    println!("p99   {:.1} ms", waits[count * 99 / 100].as_secs_f64() * 1e3);
    println!("cpu   {:.0} µs a delivery, in the server", cpu * 1e6 / count as f64);
}

/// Sends deliveries one after the other on one connection; returns how long each took to be acknowledged.
fn send(address: SocketAddr, sender: usize, count: usize, body: &str) -> Vec<Duration> {
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), body.as_bytes());
    let signature = hex::encode(signature);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    (0..count)
        .map(|n| {
            let request = format!(
                "POST /webhook HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\nx-github-event: issue_comment\r\n\
                 x-github-delivery: {sender}-{n}\r\nx-hub-signature-256: sha256={signature}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let began = Instant::now();
            stream.write_all(request.as_bytes()).unwrap();
            assert_eq!(read_answer(&mut answers), "HTTP/1.1 202 Accepted");
            began.elapsed()
        })
        .collect()
}

/// Reads one whole answer and returns its first line.
fn read_answer(answers: &mut BufReader<TcpStream>) -> String {
    let (mut first, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        let line = line.trim_end();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
        if first.is_empty() {
            line.clone_into(&mut first);
        }
    }
    answers.read_exact(&mut vec![0; length]).unwrap();
    first
}

fn cpu_seconds(who: UsageWho) -> f64 {
    let usage: Usage = getrusage(who).unwrap();
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}
