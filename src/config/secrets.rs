//! Where secrets come from: a file, or the environment. Never from the configuration itself, which gets copied around.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::strict::Table;

/// What a configuration may look at beside its own text.
pub struct Surroundings<'a> {
    /// The folder that relative paths begin in.
    pub folder: PathBuf,
    /// Looks up a variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a small file.
    pub read: &'a dyn Fn(&Path) -> std::io::Result<String>,
}

impl Surroundings<'static> {
    /// The environment and the files of this process.
    #[must_use]
    pub fn of_this_process(folder: &Path) -> Surroundings<'static> {
        Surroundings {
            folder: folder.to_owned(),
            env: &|name| std::env::var(name).ok(),
            read: &|path| std::fs::read_to_string(path),
        }
    }
}

impl Surroundings<'_> {
    /// A path of the configuration as seen from here.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }
}

/// A place where a secret may be.
pub(super) struct Source<'n> {
    /// The key that names a file.
    pub(super) file_key: &'static str,
    /// The variable of the environment.
    pub(super) variable: &'n str,
}

impl Source<'_> {
    /// The secret, from the file if one is named, else from the environment. An empty one is a mistake, an absent one
    /// is not.
    pub(super) fn read(&self, table: &Table<'_>, around: &Surroundings<'_>) -> Option<SecretString> {
        let (secret, place) = match table.text(self.file_key) {
            Some(file) => {
                let path = around.path(file);
                match (around.read)(&path) {
                    Ok(secret) => (secret, path.display().to_string()),
                    Err(error) => {
                        table.wrong(self.file_key, format!("{} cannot be read: {error}", path.display()));
                        return None;
                    }
                }
            }
            None => ((around.env)(self.variable)?, self.variable.to_owned()),
        };
        // Editors and `echo` end a file with a line break that is not part of the secret.
        let secret = secret.trim();
        if secret.is_empty() {
            table.wrong(self.file_key, format!("{place} is empty: put the secret there"));
            return None;
        }
        Some(SecretString::from(secret.to_owned()))
    }

    /// The secret from its file, or the mistake that none is named.
    pub(super) fn require_file(
        &self,
        table: &Table<'_>,
        around: &Surroundings<'_>,
        what: &str,
    ) -> Option<SecretString> {
        if !table.has(self.file_key) {
            table.wrong(self.file_key, format!("{what} is missing: name its file"));
            return None;
        }
        self.read(table, around)
    }

    /// The secret, or the mistake that there is none.
    pub(super) fn require(&self, table: &Table<'_>, around: &Surroundings<'_>, what: &str) -> Option<SecretString> {
        let secret = self.read(table, around);
        if secret.is_none() && !table.has(self.file_key) && (around.env)(self.variable).is_none() {
            table.wrong(self.file_key, format!("{what} is missing: name its file here, or set {}", self.variable));
        }
        secret
    }
}
