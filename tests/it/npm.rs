//! What `tests/run` installs from npm into the target directory: GitHub's descriptions, a client, and what drives a browser.

use std::path::{Path, PathBuf};

/// Where `tests/run` puts what npm has.
pub(crate) fn node_modules() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("npm/node_modules")
}

/// Fails with a remedy where it is missing.
pub(crate) fn assert_installed() {
    assert!(
        installed(),
        "{} is missing, half installed or old: run tests/run once, with a network",
        node_modules().display()
    );
}

pub(crate) fn installed() -> bool {
    // The list of what to install is copied there last, when all of it has been installed.
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm/package-lock.json");
    std::fs::read(node_modules().join(".installed")).is_ok_and(|done| std::fs::read(list).is_ok_and(|all| all == done))
}
