//! What reads our output may end before we do: `assentry audit export | head`.

use std::io::{ErrorKind, stdout};
use std::os::fd::AsFd as _;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Whether this is only that nobody reads what is printed any more. A broken pipe may be another one, so standard output
/// itself is asked.
#[must_use]
pub fn is_no_longer_read(error: &anyhow::Error) -> bool {
    let is_pipe = |cause: &std::io::Error| cause.kind() == ErrorKind::BrokenPipe;
    let broken = error.chain().any(|cause| cause.downcast_ref().is_some_and(is_pipe));
    let out = stdout();
    let mut asked = [PollFd::new(out.as_fd(), PollFlags::empty())];
    let answered = broken && poll(&mut asked, PollTimeout::ZERO).is_ok();
    answered && asked[0].revents().is_some_and(|events| events.contains(PollFlags::POLLERR))
}
