//! The two files that pages load. Their names hold their hash, so that a browser may keep them for ever.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A file of ours.
pub(super) struct Asset {
    /// Its address.
    pub(super) path: String,
    text: &'static str,
    kind: &'static str,
}

/// How everything looks.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(include_str!("style.css"), "css", "text/css; charset=utf-8"));

/// Keeps a live log going.
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(include_str!("live.js"), "js", "text/javascript; charset=utf-8"));

/// What is shown in a browser's tab.
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(include_str!("icon.svg"), "svg", "image/svg+xml; charset=utf-8"));

impl Asset {
    fn new(text: &'static str, extension: &str, kind: &'static str) -> Asset {
        let hash = hex::encode(digest(&SHA256, text.as_bytes()).as_ref());
        let short = hash.get(..16).unwrap_or_default();
        Asset { path: format!("/assets/{short}.{extension}"), text, kind }
    }
}

/// Answers with a file of ours.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let path = format!("/assets/{name}");
    let found = [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.path == path);
    match found {
        Some(asset) => {
            let headers =
                [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, asset.text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
