//! Where the server listens, what it keeps where, what it logs.

use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use super::secrets::Surroundings;
use super::strict::Table;

/// The server's own affairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// The address to listen on; a proxy in front of it speaks TLS.
    pub listen: SocketAddr,
    /// The address under which GitHub reaches us, for links back.
    pub public_url: Option<Url>,
    /// Where the database is.
    pub database_url: DatabaseUrl,
    /// Where mirrors and checkouts are.
    pub data_dir: PathBuf,
    /// What is logged, in the form of `tracing_subscriber::EnvFilter`.
    pub log_filter: String,
    /// How it is written.
    pub log_format: LogFormat,
}

/// The address of a database. It may hold a password and so is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The address with the password.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.split_once("://").map_or(&self.0, |(scheme, _)| scheme))
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors: one JSON object a line.
    Json,
}

pub(super) fn read(root: &Table<'_>, around: &Surroundings<'_>) -> ServerConfig {
    let (server, database, data, log) =
        (root.table("server"), root.table("database"), root.table("data"), root.table("log"));
    let data_dir = around.path(data.text("dir").unwrap_or("data"));
    let listen = server.parsed("listen", |text| {
        text.parse().map_err(|_| "must be an address and a port, such as 127.0.0.1:8080".to_owned())
    });
    let database_url = database.text("url").map(str::to_owned).or_else(|| (around.env)("ASSENTRY_DATABASE_URL"));
    let config = ServerConfig {
        listen: listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
        public_url: server.parsed("public_url", http_url),
        database_url: DatabaseUrl(match database_url {
            Some(url) if url.contains(':') => url,
            Some(path) => around.path(&path).display().to_string(),
            None => data_dir.join("assentry.db").display().to_string(),
        }),
        data_dir,
        log_filter: log.parsed("filter", filter).unwrap_or_else(|| "info".to_owned()),
        log_format: log.parsed("format", format).unwrap_or(LogFormat::Text),
    };
    [server, database, data, log].into_iter().for_each(Table::finish);
    config
}

/// An address that starts with http:// or https:// and holds neither a password nor a query.
pub(crate) fn http_url(text: &str) -> Result<Url, String> {
    let wanted = || format!("{text:?} must be an address such as https://example.com, without user and password");
    let url: Url = text.parse().map_err(|_| wanted())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let http = matches!(url.scheme(), "http" | "https") && url.has_host();
    if plain && http && url.fragment().is_none() { Ok(url) } else { Err(wanted()) }
}

fn filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("must be a level such as info, or a filter such as info,sqlx=warn ({error})")),
    }
}

fn format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json".to_owned()),
    }
}
