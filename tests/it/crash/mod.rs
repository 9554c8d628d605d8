//! The real program: killed, stopped, started again, started wrongly.

mod curl;
mod disk;
mod failover;
mod gate;
mod kills;
mod power;
pub(crate) mod server;
mod several;
mod start;
mod stop;
mod stories;
pub(crate) mod town;

pub(crate) use server::Server;
pub(crate) use town::{Town, in_time, own_address};
