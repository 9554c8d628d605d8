//! What agents need to work in a local checkout. What only a server needs is not looked at.

use std::path::Path;

use super::policy::Bounds;
use super::strict::Document;
use super::{BadConfig, LimitsConfig, Mistake, ModelsConfig, SandboxSettings, Surroundings, limits, models, sandbox};

/// The parts of a configuration that agents work by.
#[derive(Debug, Clone)]
pub struct LocalConfig {
    /// Which model does what.
    pub models: ModelsConfig,
    /// What a piece of work may use.
    pub limits: LimitsConfig,
    /// Where strangers' commands run.
    pub sandbox: SandboxSettings,
}

impl LocalConfig {
    /// Reads a server's configuration file, or, without one, takes what holds where nothing is said.
    ///
    /// # Errors
    /// When it cannot be used; all mistakes are told.
    pub fn load(file: Option<&Path>) -> Result<LocalConfig, BadConfig> {
        let name = file.unwrap_or(Path::new("the built-in configuration"));
        let bad = |mistakes| BadConfig { file: name.to_owned(), mistakes };
        let text = match file {
            None => String::new(),
            Some(file) => std::fs::read_to_string(file).map_err(|error| {
                bad(vec![Mistake { key: String::new(), line: None, what: format!("cannot be read: {error}") }])
            })?,
        };
        let folder = file.and_then(Path::parent).unwrap_or(Path::new("."));
        LocalConfig::parse(&text, &Surroundings::of_this_process(folder)).map_err(bad)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// All mistakes, when there are any.
    pub fn parse(text: &str, around: &Surroundings<'_>) -> Result<LocalConfig, Vec<Mistake>> {
        let document = Document::parse(text);
        let root = document.root();
        let models = models::read(&root, around);
        let limits = limits::read(root.table("limits"));
        let sandbox = sandbox::read(root.table("sandbox"), around);
        drop(root);
        let mistakes = document.into_mistakes();
        match models {
            Some(models) if mistakes.is_empty() => Ok(LocalConfig { models, limits, sandbox }),
            _ => Err(mistakes),
        }
    }

    /// What a repository's policy may not loosen.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds::default().with(&self.models, &self.sandbox)
    }
}
