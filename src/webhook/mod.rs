//! How GitHub tells us: the door takes a delivery in, [`translate()`] reads later what it hints at.
//!
//! On the way of the request there is nothing but: limit the size while reading, check the signature over the raw
//! bytes, insert one row, answer 202. What a delivery means is looked at by the worker, from the stored bytes.

mod door;
mod hint;
mod intake;
pub mod meaning;
mod payload;
mod signature;
mod translate;

pub use door::router;
pub use hint::{
    About, CommentFacts, Hint, InstallationAbout, InstallationHint, IssueFacts, PullFacts, RepoFacts, Reverts,
    ReviewCommentFacts, ReviewFacts, ReviewState, Side,
};
pub use signature::{BadSecrets, BadSignature, Verified, WebhookSecrets, verify};
pub use translate::{BadPayload, translate, translate_installation};
