//! What can go wrong with the database, sorted by what the caller does next.

/// Why the store did not do as it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operator must correct `database.url`, or the place it points at.
    #[error("database {address}: {why}")]
    Address {
        /// The address, without password.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The operator must start the newer version again, or restore a backup.
    #[error(
        "the database was written by a newer version of assentry (it has migration {found}, this one knows up to \
         {known}): run that version, or restore the backup made before the upgrade"
    )]
    Newer {
        /// The number of the first migration that this version does not know.
        found: i64,
        /// The number of the last migration that this version knows.
        known: i64,
    },
    /// Try again later: it does not answer, is too busy, or has no space left. Nothing was written.
    #[error("the database does not answer")]
    Down(#[source] sqlx::Error),
    /// The connection broke during the commit: read again before repeating.
    #[error("the database did not say whether it committed")]
    Unknown(#[source] sqlx::Error),
    /// What was to be written contradicts what is there; repeating will not help.
    #[error("{what} is there already")]
    Conflict {
        /// The thing, as a noun.
        what: &'static str,
    },
    /// A bug or a damaged database; repeating will not help.
    #[error("the database refused a statement or answered with what cannot be read")]
    Broken(#[source] sqlx::Error),
    /// A column holds a text that is not the name it should be.
    #[error("the database holds an unreadable name")]
    Name(#[from] crate::ids::BadName),
}

impl StoreError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            StoreError::Down(_) | StoreError::Unknown(_) => true,
            StoreError::Address { .. }
            | StoreError::Newer { .. }
            | StoreError::Conflict { .. }
            | StoreError::Broken(_)
            | StoreError::Name(_) => false,
        }
    }
}

impl StoreError {
    /// Whether what is stored is not of the kind that was written.
    pub(super) fn is_unreadable(&self) -> bool {
        let StoreError::Broken(error) = self else { return matches!(self, StoreError::Name(_)) };
        matches!(
            error,
            sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::Decode(_)
                | sqlx::Error::AnyDriverError(_)
                | sqlx::Error::TypeNotFound { .. }
        )
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        if is_passing(&error) { StoreError::Down(error) } else { StoreError::Broken(error) }
    }
}

/// Whether another try of the whole transaction may succeed at once: PostgreSQL's serialization failure and
/// deadlock, SQLite's busy and locked.
pub(super) fn is_contention(error: &StoreError) -> bool {
    let (StoreError::Down(error) | StoreError::Broken(error)) = error else { return false };
    code(error).is_some_and(|c| matches!(c.as_str(), "40001" | "40P01") || matches!(sqlite_primary(&c), Some(5 | 6)))
}

fn is_passing(error: &sqlx::Error) -> bool {
    if let Some(code) = code(error) {
        // SQLite: busy, locked, out of memory, interrupted, i/o, full, cannot open. PostgreSQL: connection (08), rollback
        // (40), resources (53), operator intervention (57), system (58), read-only after a failover (25006).
        let postgres = ["08", "40", "53", "57", "58"].iter().any(|class| code.len() == 5 && code.starts_with(class));
        return postgres || code == "25006" || matches!(sqlite_primary(&code), Some(5 | 6 | 7 | 9 | 10 | 13 | 14));
    }
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_)
    )
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|e| e.code()).map(std::borrow::Cow::into_owned)
}

/// SQLite's primary result code within an extended one; PostgreSQL's codes have five characters.
fn sqlite_primary(code: &str) -> Option<u32> {
    if code.len() == 5 { None } else { code.parse::<u32>().ok().map(|n| n & 0xff) }
}
