//! The JSON schemas of what people write: for editors, and for whoever generates it.
//!
//! The readers are written by hand, so that all mistakes are told at once and each with its line; a test holds the
//! schemas against them, key by key. A schema knows less than its reader: what the operator grants, for one.

mod policy;
mod server;

#[cfg(test)]
mod tests;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use crate::workflow::conformance::Conformance;
use crate::workflow::plan::Plan;

/// The schema of a repository's `.github/assentry.toml`.
#[must_use]
pub fn policy() -> Value {
    of::<policy::Policy>(Keys::MayBeLeftOut)
}

/// The schema of the operator's `assentry.toml`.
#[must_use]
pub fn server() -> Value {
    of::<server::Server>(Keys::MayBeLeftOut)
}

/// The schema of a plan as data.
#[must_use]
pub fn plan() -> Value {
    of::<Plan>(Keys::AsTheyAre)
}

/// The schema of how an execution stands to its plan.
#[must_use]
pub fn conformance() -> Value {
    of::<Conformance>(Keys::AsTheyAre)
}

/// Whether the keys of the type are required.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    AsTheyAre,
    MayBeLeftOut,
}

fn of<T: JsonSchema>(keys: Keys) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>().to_value();
    if keys == Keys::MayBeLeftOut {
        require_nothing(&mut schema);
    }
    schema
}

fn require_nothing(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            // A property may be called so too; then it is an object.
            if fields.get("required").is_some_and(Value::is_array) {
                fields.remove("required");
            }
            fields.values_mut().for_each(require_nothing);
        }
        Value::Array(items) => items.iter_mut().for_each(require_nothing),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
