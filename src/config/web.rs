//! What people and collectors see in a browser: the dashboard, and the numbers of `/metrics`.

use std::net::SocketAddr;

use secrecy::SecretString;
use url::Url;

use super::policy;
use super::secrets::{Source, Surroundings};
use super::server::ServerConfig;
use super::strict::Table;
use crate::ids::UserId;

/// What is shown to people and collectors.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// The dashboard, where it is on.
    pub dashboard: Option<DashboardConfig>,
    /// Where the numbers are.
    pub metrics: MetricsConfig,
}

/// The dashboard.
#[derive(Debug, Clone)]
pub struct DashboardConfig {
    /// The address people reach it under: GitHub sends them back there, and `https` makes cookies travel by TLS alone.
    pub public_url: Url,
    /// The App's client id, from its settings page.
    pub client_id: String,
    /// A client secret of the App.
    pub client_secret: SecretString,
    /// Who sees deliveries and health, and may have a delivery dealt with again.
    pub administrators: Vec<UserId>,
}

/// Where the numbers for Prometheus are.
#[derive(Debug, Clone)]
pub enum MetricsConfig {
    /// Nowhere.
    Off,
    /// At `/metrics` beside the webhook, for whoever has the token.
    Token(SecretString),
    /// At `/metrics` of an address of its own, for whoever reaches it.
    Address(SocketAddr),
}

const CLIENT: Source<'_> = Source { file_key: "client_secret_file", variable: "ASSENTRY_CLIENT_SECRET" };
const TOKEN: Source<'_> = Source { file_key: "metrics_token_file", variable: "ASSENTRY_METRICS_TOKEN" };

pub(super) fn read(table: Table<'_>, server: &ServerConfig, around: &Surroundings<'_>) -> WebConfig {
    let on = table.truth("dashboard").unwrap_or(false);
    let client_id = table.parsed("client_id", client_id);
    let client_secret = if on {
        CLIENT.require(&table, around, "a client secret of the App")
    } else {
        table.has("client_secret_file");
        None
    };
    let administrators = table.numbers("administrators", policy::account).into_iter().flatten();
    let administrators = administrators.map(|listed| listed.id).collect();
    if on && !table.has("client_id") {
        table.wrong("client_id", "is missing: write the Client ID from the App's settings page");
    }
    if on && server.public_url.is_none() {
        table.wrong("dashboard", "needs server.public_url: GitHub sends people back there after they sign in");
    }
    let dashboard = match (&server.public_url, client_id, client_secret) {
        (Some(public_url), Some(client_id), Some(client_secret)) if on => {
            Some(DashboardConfig { public_url: public_url.clone(), client_id, client_secret, administrators })
        }
        _ => None,
    };
    let metrics = metrics(&table, around);
    table.finish();
    WebConfig { dashboard, metrics }
}

fn metrics(table: &Table<'_>, around: &Surroundings<'_>) -> MetricsConfig {
    match table.text("metrics") {
        None | Some("off") => {
            table.has("metrics_token_file");
            MetricsConfig::Off
        }
        Some("token") => {
            let token = TOKEN.require(table, around, "the token for /metrics");
            token.map_or(MetricsConfig::Off, MetricsConfig::Token)
        }
        Some(text) => {
            table.has("metrics_token_file");
            match text.parse() {
                Ok(address) => MetricsConfig::Address(address),
                Err(_) => {
                    table.wrong("metrics", "must be off, token, or an address and a port such as 127.0.0.1:9464");
                    MetricsConfig::Off
                }
            }
        }
    }
}

fn client_id(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !text.is_empty() && text.len() <= 64 && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err("must be the Client ID from the App's settings page, such as Iv23liAbCdEf0123456".to_owned())
}
