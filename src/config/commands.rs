//! How people spell commands.

use super::strict::Table;
use crate::workflow::command::{BadPrefix, Prefix};

pub(super) fn prefix(table: Table<'_>) -> Prefix {
    let prefix = table.parsed("prefix", |text| text.parse().map_err(|bad: BadPrefix| bad.to_string()));
    table.finish();
    prefix.unwrap_or_default()
}
