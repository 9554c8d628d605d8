//! Clears away what ended runs left on this machine's disk.

use super::{Core, Trouble};
use crate::ids::RunId;

impl Core {
    /// Removes the checkouts of runs that have ended, such as a crash leaves behind. Returns of how many runs.
    ///
    /// # Errors
    /// When the store or the disk does not answer; the next time goes on.
    pub async fn clear_leftovers(&self) -> Result<u32, Trouble> {
        let disk = |source| Trouble::Disk { what: "looking for leftovers", source };
        let work = self.settings.data_dir.join("work");
        let entries = match std::fs::read_dir(&work) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            entries => entries.map_err(disk)?,
        };
        let mut cleared = 0;
        for entry in entries {
            let path = entry.map_err(disk)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(run) = name.and_then(|name| name.strip_prefix("run-")?.parse().ok()) else { continue };
            if self.store.run(RunId(run)).await?.is_some_and(|row| !row.open) {
                crate::sandbox::checkout::remove_all(&path).map_err(disk)?;
                cleared += 1;
            }
        }
        Ok(cleared)
    }
}
