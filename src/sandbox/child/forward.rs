//! Hands connections on from the sandbox's own network to the socket of the proxy.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;

use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, sendto, socket};

use super::super::proxy::{PORT, SOCKET};

/// Switches the loopback device of a new network on, as whoever made it may. `bwrap` does that by itself.
pub(super) fn switch_loopback_on() -> Result<(), String> {
    const NEW_LINK: u16 = 16;
    const REQUEST: u16 = 1;
    const UP: u32 = 1;
    // A header, then: no family, no type, the first device, these flags, and which of them are meant.
    let mut message = Vec::new();
    message.extend(32_u32.to_ne_bytes());
    message.extend([NEW_LINK, REQUEST].map(u16::to_ne_bytes).concat());
    message.extend([0, 0, 0, 1, UP, UP].map(u32::to_ne_bytes).concat());
    let route = SockProtocol::NetlinkRoute;
    let sent = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, route).and_then(|socket| {
        sendto(std::os::fd::AsRawFd::as_raw_fd(&socket), &message, &NetlinkAddr::new(0, 0), MsgFlags::empty())
    });
    sent.map(drop).map_err(|e| format!("cannot switch the loopback device on: {e}"))
}

/// Listens where the tools look for a proxy.
pub(super) fn begin() -> Result<(), String> {
    let listener = TcpListener::bind(("127.0.0.1", PORT)).map_err(|e| format!("cannot listen for the proxy: {e}"))?;
    thread::spawn(move || {
        for inside in listener.incoming().flatten() {
            // Whoever asks for too much at a time is told by a connection that closes.
            let _ = thread::Builder::new().spawn(move || join(inside));
        }
    });
    Ok(())
}

fn join(mut inside: TcpStream) -> io::Result<()> {
    let mut outside = UnixStream::connect(SOCKET)?;
    let (mut questions, mut to) = (inside.try_clone()?, outside.try_clone()?);
    let asking = thread::Builder::new().spawn(move || {
        let _ = io::copy(&mut questions, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    })?;
    let answered = io::copy(&mut outside, &mut inside);
    let _ = inside.shutdown(Shutdown::Both);
    let _ = asking.join();
    answered.map(drop)
}
