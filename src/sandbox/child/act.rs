//! The helper's second life: inside, it locks itself in and does the one thing it was started for.

use std::io::{self, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Gid, Pid, Uid, setgroups, setresgid, setresuid};

use super::super::spec::{Account, Action, Found, Probe, Spec, Told, Walls};
use super::{Tool, control, files, forward, lock, outer, read_spec, tell};

/// How much is kept of what a process that is talked with complains of.
const LAST_WORDS: usize = 4096;

/// Reads what to do, puts up the walls and does it.
pub(super) fn inner(tool: Tool) -> Result<ExitCode, String> {
    let spec = read_spec()?;
    if spec.walls == Walls::Namespaces {
        if spec.proxy {
            forward::switch_loopback_on()?;
        }
        files::build(&spec)?;
    }
    let work = spec.view.work(spec.walls);
    std::env::set_current_dir(&work).map_err(|e| format!("cannot enter the checkout: {e}"))?;
    let counted_alone = become_account(&spec)?;
    // The first process of a pid namespace dies with the helper outside, and then all others die with it.
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(|e| e.to_string())?;
    lock::lock(&spec, counted_alone)?;
    std::fs::create_dir_all(spec.view.home(spec.walls)).map_err(|e| format!("cannot make a home: {e}"))?;
    if spec.walls != Walls::Landlock {
        std::thread::spawn(die_with_core);
    }
    if spec.proxy {
        forward::begin()?;
    }
    let code = match &spec.action {
        Action::Command { argv } => return command(&spec, &work, argv),
        Action::Tool => answer(tool),
        Action::Probe(tries) => probe(&spec, tries)?,
    };
    if spec.walls != Walls::Landlock {
        tell(&Told::Code(code.into()));
    }
    Ok(ExitCode::from(code))
}

/// Blocks until the core closes its end, which it does by dying as well.
fn die_with_core() {
    let mut byte = [0];
    while let Ok(mut socket) = control() {
        if !matches!(socket.read(&mut byte), Ok(1..)) {
            break;
        }
    }
    std::process::exit(0);
}

/// Gives up root, and enters a user namespace of its own, whose processes the kernel counts alone. Says whether it is
/// in one.
fn become_account(spec: &Spec) -> Result<bool, String> {
    let Account { uid, gid, change } = spec.account;
    if change {
        let drop = || {
            setgroups(&[])?;
            setresgid(Gid::from_raw(gid), Gid::from_raw(gid), Gid::from_raw(gid))?;
            setresuid(Uid::from_raw(uid), Uid::from_raw(uid), Uid::from_raw(uid))?;
            prctl::set_dumpable(true)
        };
        drop().map_err(|e: Errno| format!("cannot give up root: {e}"))?;
    }
    // Outside it is still root, if only in the namespace our helper has made, and must not stay it.
    let was_root = spec.walls == Walls::Namespaces && !change;
    if spec.walls == Walls::Bubblewrap && !change {
        return Ok(true);
    }
    match unshare(CloneFlags::CLONE_NEWUSER) {
        Err(e) if was_root => return Err(format!("the kernel refuses a second user namespace: {e}")),
        Err(_) => return Ok(false),
        Ok(()) => {}
    }
    let outside = if was_root { (0, 0) } else { (uid, gid) };
    outer::map_ids((uid, outside.0), (gid, outside.1)).map_err(|e| format!("the kernel refuses to map ids: {e}"))?;
    Ok(true)
}

/// Starts the command. Without a pid namespace this process becomes it, for its parent watches over the tree.
fn command(spec: &Spec, work: &Path, argv: &[String]) -> Result<ExitCode, String> {
    let (program, arguments) = argv.split_first().ok_or("no command")?;
    let mut command = stranger(spec, program).map_err(|e| e.to_string())?;
    command.args(arguments).current_dir(work.join(&spec.cwd));
    if spec.walls == Walls::Landlock {
        return Ok(ExitCode::from(not_started(program, &command.exec())));
    }
    if spec.talks {
        command.stderr(Stdio::piped());
    }
    let told = match command.spawn() {
        Ok(mut child) => {
            let words = child.stderr.take().map(last_words);
            let told = reap(i32::try_from(child.id()).map(Pid::from_raw).map_err(|e| e.to_string())?)?;
            if let Some(words) = words {
                tell(&Told::Words(words()));
            }
            told
        }
        Err(e) => Told::Code(not_started(program, &e).into()),
    };
    tell(&told);
    // Ends the namespace, and with it whatever the command has left behind.
    Ok(ExitCode::SUCCESS)
}

/// Reads on until the last process has let go of the pipe; the function it gives tells the end of what came so far.
fn last_words(mut pipe: ChildStderr) -> impl FnOnce() -> String {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (read, ended) = (Arc::clone(&kept), mpsc::channel::<()>());
    let (sender, receiver) = ended;
    std::thread::spawn(move || {
        let _open = sender;
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = pipe.read(&mut bytes) {
            let mut kept = read.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&bytes[..n]);
            let more = kept.len().saturating_sub(LAST_WORDS);
            kept.drain(..more);
        }
    });
    move || {
        // What it has left behind may hold the pipe open for ever.
        let _ = receiver.recv_timeout(Duration::from_millis(200));
        String::from_utf8_lossy(&kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn stranger(spec: &Spec, program: &str) -> io::Result<Command> {
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    let mut command = Command::new(program);
    command.env_clear().envs(spec.environment.iter().cloned()).stderr(Stdio::from(output));
    Ok(command)
}

/// Says what a shell would say, and with the same status.
fn not_started(program: &str, why: &io::Error) -> u8 {
    let _ = writeln!(io::stdout(), "{program}: {why}");
    if why.kind() == io::ErrorKind::NotFound { 127 } else { 126 }
}

/// Waits for the command; as the first process of its namespace also for orphans.
fn reap(main: Pid) -> Result<Told, String> {
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == main => return Ok(Told::Code(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == main => return Ok(Told::Signal(signal as i32)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => return Err(format!("lost the command: {e}")),
        }
    }
}

/// Reads a request, calls the tool and writes its answer.
fn answer(tool: Tool) -> u8 {
    let mut request = Vec::new();
    if io::stdin().read_to_end(&mut request).is_err() {
        return 74;
    }
    // The message of a panic went to the core, which logs it.
    let Ok(answer) = catch_unwind(AssertUnwindSafe(|| tool(&request))) else { return 101 };
    let mut output = io::stdout();
    if output.write_all(&answer).and_then(|()| output.flush()).is_ok() { 0 } else { 74 }
}

/// Tries everything that must fail and prints what did not.
fn probe(spec: &Spec, tries: &Probe) -> Result<u8, String> {
    let mut breaches = Vec::new();
    for path in &tries.read {
        let up = PathBuf::from("/proc/1/root").join(path.strip_prefix("/").unwrap_or(path));
        for path in [path, &up] {
            if std::fs::read(path).is_ok() {
                breaches.push(format!("read {}", path.display()));
            }
        }
    }
    if TcpStream::connect_timeout(&tries.connect, Duration::from_secs(1)).is_ok() {
        breaches.push(format!("connected to {}", tries.connect));
    }
    if UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.send_to(b"out", tries.connect)).is_ok() {
        breaches.push(format!("sent a datagram to {}", tries.connect));
    }
    let env = stranger(spec, "env").and_then(|mut env| env.stderr(Stdio::null()).output());
    let env = env.map_err(|e| format!("env cannot be started: {e}"))?;
    let environment = String::from_utf8_lossy(&env.stdout).lines().map(str::to_owned).collect();
    let found = serde_json::to_vec(&Found { breaches, environment }).map_err(|e| e.to_string())?;
    Ok(if io::stdout().write_all(&found).is_ok() { 0 } else { 74 })
}
