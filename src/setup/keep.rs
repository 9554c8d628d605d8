//! Puts on disk what GitHub tells only once: secrets in files of their own, readable for their owner only, then the
//! configuration that names them.

use std::fs::{DirBuilder, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use tempfile::NamedTempFile;

use super::answers::Answers;
use crate::config::{Additions, BadConfig, Config, ModelAdditions, SignInAdditions};
use crate::github::Registration;

/// Where the secrets are, beside the configuration.
const FOLDER: &str = "secrets";

/// Why it was not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// A file cannot be written.
    #[error("{} cannot be written: {why}", path.display())]
    File { path: PathBuf, why: io::Error },
    /// The configuration's text is not TOML any more.
    #[error("the configuration cannot be added to: {0}")]
    Text(String),
    /// GitHub told no webhook secret.
    #[error("GitHub told no webhook secret: make one on the App's settings page")]
    NoSecret,
    /// What was written cannot be used.
    #[error(transparent)]
    Config(#[from] BadConfig),
}

/// Finds out whether everything can be written, before GitHub is asked for what it tells only once.
pub(super) fn try_place(config: &Path) -> Result<(), NotKept> {
    let folder = folder(config);
    let parent = folder.parent().unwrap_or(Path::new(".")).to_owned();
    for place in [&parent, &folder] {
        let tried =
            DirBuilder::new().recursive(true).mode(0o700).create(place).and_then(|()| NamedTempFile::new_in(place));
        tried.map_err(|why| NotKept::File { path: place.clone(), why })?;
    }
    Ok(())
}

/// Writes everything, and reads the configuration back.
pub(super) fn keep(config: &Path, answers: &Answers, app: &Registration) -> Result<(), NotKept> {
    let secret = |name: &str, text: &SecretString| -> Result<PathBuf, NotKept> {
        let path = folder(config).join(name);
        write_private(&path, text.expose_secret()).map_err(|why| NotKept::File { path, why })?;
        Ok(Path::new(FOLDER).join(name))
    };
    let id = app.id;
    // The key first: it is told only once.
    let private_key_file = secret(&format!("app-{id}.private-key.pem"), &app.pem)?;
    let client_secret_file = secret(&format!("app-{id}.client-secret"), &app.client_secret)?;
    let webhook = app.webhook_secret.as_ref().ok_or(NotKept::NoSecret)?;
    let webhook_secret_file = secret(&format!("app-{id}.webhook-secret"), webhook)?;
    let model = match &answers.model {
        Some(model) => Some(ModelAdditions {
            provider: model.provider,
            base_url: model.base_url.clone(),
            model: model.model.clone(),
            api_key_file: model.key.as_ref().map(|key| secret("model-key", key)).transpose()?,
        }),
        None => None,
    };
    let at_home = answers.web.host_str() == Some("github.com");
    let additions = Additions {
        app_id: id,
        private_key_file,
        webhook_secret_file,
        github: (!at_home).then(|| (answers.api.clone(), answers.web.clone())),
        public_url: Some(answers.public_url.clone()),
        sign_in: (!app.client_id.is_empty()).then(|| SignInAdditions {
            client_id: app.client_id.clone(),
            client_secret_file,
            administrator: app.person(),
        }),
        model,
    };
    add(config, &additions)
}

/// Adds to a configuration, which may not be there yet, and reads it back.
///
/// # Errors
/// When it cannot be written, or cannot be used as it is then.
pub fn add(config: &Path, additions: &Additions) -> Result<(), NotKept> {
    let failed = |why| NotKept::File { path: config.to_owned(), why };
    let (beginning, before, mode) = match std::fs::read_to_string(config) {
        Ok(text) => ("", text, std::fs::metadata(config).map_or(0o644, |found| found.permissions().mode())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (BEGINNING, String::new(), 0o644),
        Err(error) => return Err(failed(error)),
    };
    let after = additions.write_into(&before).map_err(NotKept::Text)?;
    write(config, &format!("{beginning}{after}"), mode).map_err(failed)?;
    Config::load(config)?;
    Ok(())
}

const BEGINNING: &str =
    "# Assentry's configuration, written by its set-up. All keys: deploy/assentry.example.toml.\n\n";

fn folder(config: &Path) -> PathBuf {
    let parent = config.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).join(FOLDER)
}

/// Writes a file that only its owner may read; the folder is made.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    write(path, text, 0o600)
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(parent)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}
