//! The host's git, as mirrors will find it.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::process::Git;

/// What git says of itself, such as `git version 2.39.5`.
///
/// # Errors
/// When it cannot be started, does not end in time or ends badly.
pub async fn git_version() -> io::Result<String> {
    let output = Git::new(Path::new("/")).args(&["--version"]).wall(Duration::from_secs(10)).run().await?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
