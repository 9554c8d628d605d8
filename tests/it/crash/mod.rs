//! The real program: killed, stopped, started again, started wrongly.

mod curl;
mod gate;
mod kills;
pub(crate) mod server;
mod several;
mod start;
mod stop;
pub(crate) mod town;
