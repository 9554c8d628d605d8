//! Where traces go.

use url::Url;

use super::server::http_url;
use super::strict::Table;

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// A collector's address for traces by OTLP over HTTP; without it there are none.
    pub otlp_url: Option<Url>,
}

pub(super) fn read(table: Table<'_>) -> TelemetryConfig {
    let config = TelemetryConfig { otlp_url: table.parsed("otlp_url", http_url) };
    table.finish();
    config
}
