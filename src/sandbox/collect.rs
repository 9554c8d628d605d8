//! Watches one helper to its end: gathers output, keeps the time and the size, and stops it when it must.
//!
//! Promises: never waits for ever, neither for a process nor for a pipe that somebody else still holds.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::job::{Exit, Limits, Output, Resource, SandboxError};
use super::launch::Streams;
use super::output::Ring;
use super::spec::Told;
use super::tree;

/// What stops a job from outside.
pub(super) struct Watch<'a> {
    pub(super) limits: Limits,
    /// A directory that the job may fill.
    pub(super) disk: Option<&'a Path>,
    /// Further ones.
    pub(super) private_tmp: Option<&'a Path>,
    pub(super) home: Option<&'a Path>,
    pub(super) cancel: &'a CancellationToken,
}

/// What was seen of a job.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) output: Output,
    stopped: Option<Exit>,
    said: Vec<u8>,
}

impl Seen {
    /// How it ended; `exceeded` is what the kernel says it had too much of.
    pub(super) fn exit(&self, exceeded: Option<Resource>) -> Result<Exit, SandboxError> {
        if let Some(exit) = self.stopped {
            return Ok(exit);
        }
        let said = String::from_utf8_lossy(&self.said);
        let end = |told: &Told| !matches!(told, Told::Words(_));
        let told = said.lines().filter_map(|line| serde_json::from_str::<Told>(line).ok()).find(end);
        match (told, exceeded) {
            (Some(Told::Code(0)), _) => Ok(Exit::Code(0)),
            (Some(Told::Failed(why)), _) => Err(SandboxError::Unavailable(why)),
            (_, Some(resource)) => Ok(Exit::ResourceLimit(resource)),
            (Some(Told::Signal(signal)), None) if signal == Signal::SIGXFSZ as i32 => {
                Ok(Exit::ResourceLimit(Resource::FileSize))
            }
            (Some(Told::Code(code)), None) => Ok(Exit::Code(code)),
            (Some(Told::Signal(signal)), None) => Ok(Exit::Signal(signal)),
            (Some(Told::Words(_)) | None, None) => Err(SandboxError::Unavailable(match said.trim() {
                "" => "the helper ended without a word".to_owned(),
                words => words.to_owned(),
            })),
        }
    }
}

/// Sees a job through.
pub(super) async fn collect(helper: &mut Child, socket: UnixStream, streams: Streams<'_>, watch: &Watch<'_>) -> Seen {
    let (input, live) = match streams {
        Streams::Whole(bytes) => (Input::Whole(bytes), None),
        Streams::Live { input, output } => (Input::Live(input), Some(output)),
    };
    let talks = live.is_some();
    let mut reader = Reader { pipe: helper.stdout.take(), ring: Ring::new(watch.limits.output_bytes), flood: 0, live };
    reader.flood = (watch.limits.output_bytes as u64).saturating_mul(Limits::FLOOD);
    let mut said = Vec::new();
    let stopped = {
        let feed = feed(helper.stdin.take(), input);
        let (mut feed, mut fed) = (pin!(feed), false);
        let mut end = pin!(listen(socket, &mut said));
        let mut disk = pin!(fills_disk(watch));
        let wall = Instant::now() + watch.limits.wall;
        loop {
            tokio::select! {
                () = &mut end => break None,
                () = &mut feed, if !fed => fed = true,
                flooded = reader.read(), if reader.pipe.is_some() => {
                    if flooded {
                        break Some(Exit::OutputFlood);
                    }
                }
                () = sleep_until(wall) => break Some(Exit::TimedOut),
                () = watch.cancel.cancelled() => break Some(Exit::Cancelled),
                () = &mut disk => break Some(Exit::ResourceLimit(Resource::Disk)),
            }
        }
        // Here the socket is closed, which tells the helper to kill everything.
    };
    let stopped = stopped.or(reader.rest().await);
    gone(helper).await;
    let stopped = match stopped {
        None if too_big(watch).await => Some(Exit::ResourceLimit(Resource::Disk)),
        stopped => stopped,
    };
    let output = if talks { words(&said) } else { reader.ring.finish() };
    Seen { output, stopped, said }
}

/// What a job reads.
enum Input<'a> {
    Whole(&'a [u8]),
    Live(mpsc::Receiver<Vec<u8>>),
}

/// Gives a job what it is to read. It need not read it.
async fn feed(pipe: Option<ChildStdin>, input: Input<'_>) {
    let Some(mut pipe) = pipe else { return };
    match input {
        Input::Whole(bytes) => drop(pipe.write_all(bytes).await),
        Input::Live(mut input) => {
            while let Some(bytes) = input.recv().await {
                if pipe.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The last words of a job that was talked with: its output has gone elsewhere.
fn words(said: &[u8]) -> Output {
    let said = String::from_utf8_lossy(said);
    let words = said.lines().find_map(|line| match serde_json::from_str(line) {
        Ok(Told::Words(words)) => Some(words),
        Ok(Told::Code(_) | Told::Signal(_) | Told::Failed(_)) | Err(_) => None,
    });
    Output { head: words.unwrap_or_default().into_bytes(), ..Output::default() }
}

/// Takes down what the helper says until it has closed its end.
async fn listen(mut socket: UnixStream, said: &mut Vec<u8>) {
    let mut bytes = [0; 4096];
    while let Ok(n @ 1..) = socket.read(&mut bytes).await {
        if said.len() < 64 << 10 {
            said.extend(&bytes[..n]);
        }
    }
}

/// Waits for the helper, which by now has been told to go.
async fn gone(helper: &mut Child) {
    if timeout(Duration::from_secs(8), helper.wait()).await.is_ok() {
        return;
    }
    if let Some(group) = helper.id().and_then(|id| i32::try_from(id).ok()) {
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
    let _ = timeout(Duration::from_secs(2), helper.wait()).await;
}

/// Ends when the directories are larger than they may be; looks less often the longer a look takes.
async fn fills_disk(watch: &Watch<'_>) {
    let mut pause = Duration::from_millis(500);
    loop {
        sleep(pause).await;
        let began = Instant::now();
        if too_big(watch).await {
            return;
        }
        pause = pause.max(began.elapsed() * 10);
    }
}

async fn too_big(watch: &Watch<'_>) -> bool {
    let dirs: Vec<_> = [watch.disk, watch.private_tmp, watch.home].into_iter().flatten().map(Path::to_owned).collect();
    let most = watch.limits.disk_bytes;
    let look = move || dirs.iter().any(|dir| tree::is_larger(dir, most));
    tokio::task::spawn_blocking(look).await.unwrap_or(false)
}

/// The job's output as it comes.
struct Reader {
    pipe: Option<ChildStdout>,
    ring: Ring,
    flood: u64,
    /// Who hears it as it comes.
    live: Option<mpsc::Sender<Vec<u8>>>,
}

impl Reader {
    /// Reads once and says whether it was too much.
    async fn read(&mut self) -> bool {
        let mut bytes = [0; 16 << 10];
        let Some(pipe) = &mut self.pipe else { return false };
        // First the room for it, so that nothing is read that is lost when this is not waited for.
        let room = match &self.live {
            Some(live) => live.reserve().await.ok(),
            None => None,
        };
        match pipe.read(&mut bytes).await {
            Ok(n @ 1..) => {
                self.ring.push(&bytes[..n]);
                if let Some(room) = room {
                    room.send(bytes[..n].to_vec());
                }
            }
            Ok(_) | Err(_) => {
                drop(room);
                (self.pipe, self.live) = (None, None);
            }
        }
        self.ring.seen() > self.flood
    }

    /// Reads what is left after the end. A process that escaped the count may hold the pipe open for ever.
    async fn rest(&mut self) -> Option<Exit> {
        let drain = async {
            while self.pipe.is_some() {
                if self.read().await {
                    return Some(Exit::OutputFlood);
                }
            }
            None
        };
        timeout(Duration::from_secs(2), drain).await.unwrap_or(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(said: &str, stopped: Option<Exit>, exceeded: Option<Resource>) -> Result<Exit, String> {
        let seen = Seen { output: Output::default(), stopped, said: said.as_bytes().to_vec() };
        seen.exit(exceeded).map_err(|e| e.to_string())
    }

    #[test]
    fn what_stopped_a_job_counts_more_than_how_it_died() {
        let memory = Some(Resource::Memory);

        assert_eq!(exit("{\"Signal\":9}", Some(Exit::TimedOut), memory), Ok(Exit::TimedOut));
        assert_eq!(exit("{\"Signal\":9}", None, memory), Ok(Exit::ResourceLimit(Resource::Memory)));
        assert_eq!(exit("", None, memory), Ok(Exit::ResourceLimit(Resource::Memory)));
        assert_eq!(exit("{\"Signal\":25}", None, None), Ok(Exit::ResourceLimit(Resource::FileSize)));
        assert_eq!(exit("{\"Code\":0}", None, memory), Ok(Exit::Code(0)));
    }

    #[test]
    fn t54_walls_that_did_not_come_up_are_never_taken_for_an_ended_job() {
        let down = |why: &str| Err(format!("the sandbox does not start: {why}"));

        assert_eq!(exit("bwrap: no permission\n", None, None), down("bwrap: no permission"));
        assert_eq!(exit("{\"Failed\":\"seccomp\"}", None, None), down("seccomp"));
        assert_eq!(exit("", None, None), down("the helper ended without a word"));
    }
}
