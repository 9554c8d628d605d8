//! The real program: killed, stopped, started again, started wrongly.

mod curl;
mod gate;
mod kills;
mod server;
mod several;
mod start;
mod stop;
mod town;
