//! A scripted model behind the vendors' real wire: what the demo and the tests ask instead of a vendor.
//!
//! Serves `POST /v1/messages` and `POST /v1/chat/completions`, streaming only, on any address. It is strict where the vendors
//! are: headers, fields, the pairing of calls and results, the number of cache marks, the signature of a thought; what a
//! vendor refuses is refused here with the vendor's status and body. It remembers every request and reports tokens as
//! four bytes each, those read from a cache only if an earlier request really began the same way.
//!
//! What it answers is decided by a [`Script`] from the request alone. So a run that is killed and started again is
//! answered as if nothing had happened.

mod anthropic;
mod cache;
mod openai;
mod play;
mod recorded;
mod script;
mod server;

pub use recorded::{BadRecording, Recordings};
pub use script::{Call, Reply, Said, Script, Seen, SeenResult, Turns};
pub use server::{Recorded, ScriptedModel};
