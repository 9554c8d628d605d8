//! Why there is no page, and the page that says so.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::frame;
use crate::store::StoreError;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// There is nothing here, or nothing that this person may see: the two look the same.
    #[error("there is nothing here")]
    NotThere,
    /// A form that was not sent by a page of ours.
    #[error("this form did not come from a page of this server")]
    Forbidden,
    /// Too many read live logs.
    #[error("too many live logs are being read")]
    Busy,
    /// The system has no random bytes.
    #[error("the system has no random bytes")]
    NoRandom,
    /// The database does not answer.
    #[error("the database does not answer")]
    Store(#[from] StoreError),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, title, text) = match &self {
            Refused::NotThere => {
                (StatusCode::NOT_FOUND, "Not found", "There is nothing here, or nothing that GitHub lets you see.")
            }
            Refused::Forbidden => (
                StatusCode::FORBIDDEN,
                "Not accepted",
                "This did not come from a page of this server, or the page is too old. Go back, load it again and try once more.",
            ),
            Refused::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Busy",
                "Too many people are reading live logs. Try again in a minute.",
            ),
            Refused::NoRandom | Refused::Store(_) => {
                tracing::error!(error = &self as &dyn std::error::Error, "the dashboard could not answer");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Not available",
                    "The server cannot answer at the moment. Try again in a minute.",
                )
            }
        };
        (status, frame::bare(title, text)).into_response()
    }
}
