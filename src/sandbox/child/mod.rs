//! The helper: our own program, started again, which puts up the walls from the inside.
//!
//! Promises: it runs nothing before the core says that it is in its cgroup, locks itself in for good before it starts
//! anything, and dies with everything it started when the core closes the socket or is gone. Its standard error is
//! that socket; its standard output is the job's. Refuses to go on when a wall cannot be put up.

mod act;
mod files;
mod forward;
mod lock;
mod outer;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use super::spec::{COMMAND, Spec, Told};

/// What the helper does with a request once it is locked in: the agent's tools.
pub type Tool = fn(&[u8]) -> Vec<u8>;

/// Becomes the helper if the arguments say so. Must be called before any thread exists.
///
/// `None` means that this process is not the helper and should go on as usual.
#[must_use]
pub fn main(tool: Tool) -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    if args.next()? != COMMAND {
        return None;
    }
    let role = args.next().unwrap_or_default();
    let ended = match role.to_str() {
        Some("bubblewrap") => outer::bubblewrap(args),
        Some("namespaces") => outer::namespaces(),
        Some("landlock") => outer::landlock(),
        Some("inner") => act::inner(tool),
        _ => Err("this command is for the sandbox only".to_owned()),
    };
    Some(ended.unwrap_or_else(|why| {
        tell(&Told::Failed(why));
        ExitCode::from(70)
    }))
}

/// The arguments that start a helper in a role.
pub(crate) fn arguments(role: &str) -> [OsString; 2] {
    [COMMAND.into(), role.into()]
}

/// Tells the core; that it is gone is noticed elsewhere.
fn tell(told: &Told) {
    let Ok(mut line) = serde_json::to_string(told) else { return };
    line.push('\n');
    let _ = control().and_then(|mut socket| socket.write_all(line.as_bytes()));
}

/// Waits for the byte which says that this process is in its cgroup.
fn wait_for_go() -> Result<(), String> {
    let mut byte = [0];
    control().and_then(|mut socket| socket.read_exact(&mut byte)).map_err(|e| format!("the core is gone: {e}"))
}

/// Reads what is to be done: a length of four bytes, then JSON.
fn read_spec() -> Result<Spec, String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut socket = control()?;
        let mut length = [0; 4];
        socket.read_exact(&mut length)?;
        let mut json = vec![0; u32::from_be_bytes(length) as usize];
        socket.read_exact(&mut json)?;
        Ok(json)
    };
    let json = read().map_err(|e| format!("the core is gone: {e}"))?;
    serde_json::from_slice(&json).map_err(|e| format!("cannot read the job: {e}"))
}

/// The socket to the core, without a buffer: another process may read on.
fn control() -> io::Result<File> {
    io::stderr().as_fd().try_clone_to_owned().map(File::from)
}
