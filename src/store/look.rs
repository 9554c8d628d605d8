//! Looks at a database without changing anything in it, for who wants to know whether a server could use it.

use std::path::Path;

use sqlx::{AnyConnection, Connection as _, Executor as _};

use super::Store;
use super::connect::{MIGRATIONS, is_postgres, newest_migration, sqlite_path, sqlite_url, without_password};
use super::errors::StoreError;

/// How a database looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// There is no file yet.
    Absent,
    /// It takes writes.
    Found {
        /// How many migrations it has not had.
        behind: usize,
    },
}

const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success";

impl Store {
    /// Looks at the database behind `address`. Nothing is made, and no migration is run; that it takes writes is tried by
    /// a transaction that is given up.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub async fn look(address: &str) -> Result<Look, StoreError> {
        sqlx::any::install_default_drivers();
        let bad = |why: String| StoreError::Address { address: without_password(address), why };
        let (url, begin) = if is_postgres(address) {
            (address.to_owned(), "BEGIN")
        } else {
            let path = sqlite_path(address).map_err(&bad)?;
            if !path.exists() {
                return absent(&path).map_err(&bad);
            }
            (sqlite_url(&path), "BEGIN IMMEDIATE")
        };
        let mut conn = AnyConnection::connect(&url).await.map_err(|error| bad(error.to_string()))?;
        // A database without this table has had no migration.
        let applied: Vec<i64> = sqlx::query_scalar(APPLIED).fetch_all(&mut conn).await.or_else(|error| {
            let is_empty = error.to_string().contains("_sqlx_migrations");
            if is_empty { Ok(vec![]) } else { Err(bad(error.to_string())) }
        })?;
        let known = newest_migration();
        if let Some(found) = applied.iter().copied().find(|version| *version > known) {
            return Err(StoreError::Newer { found, known });
        }
        conn.execute(begin).await?;
        let tried = match applied.is_empty() {
            true => Ok(()),
            false => conn.execute("UPDATE heads SET one = 1 WHERE one = 1").await.map(drop),
        };
        conn.execute("ROLLBACK").await?;
        tried?;
        conn.close().await?;
        Ok(Look::Found { behind: MIGRATIONS.iter().filter(|known| !applied.contains(&known.version)).count() })
    }
}

/// A file that is not there can be made where it will be, or not.
fn absent(path: &Path) -> Result<Look, String> {
    let there = path.ancestors().skip(1).find(|place| place.exists()).unwrap_or(Path::new("/"));
    if !there.is_dir() {
        return Err(format!("{} is no folder", there.display()));
    }
    match nix::unistd::access(there, nix::unistd::AccessFlags::W_OK) {
        Ok(()) => Ok(Look::Absent),
        Err(error) => Err(format!("{} cannot be written to: {error}", there.display())),
    }
}
