//! "Registering a GitHub App from a manifest": a form is posted with a manifest, a person confirms it, the browser comes
//! back with a code, and the code is exchanged once, within an hour, for the App's secrets.
//!
//! This GitHub knows one App. A registered one takes the place of the one before, is installed nowhere, and is kept in the
//! data directory, so that a second start has it again.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::auth::Actor;
use super::call::{Answer, Call, Outcome, Refusal};
use super::oauth;
use super::roster::add_account;
use super::settings::{fresh_key, public_half};
use super::shapes;
use super::state::{AccountKind, App, Level, State};
use super::webhooks::Webhook;
use crate::ids::Timestamp;

/// How long a code is good for.
const CODE_LIFE: Duration = Duration::from_secs(3600);
/// The longest name that GitHub takes for an App.
const LONGEST_NAME: usize = 34;
/// Where the App that was registered is kept, in the data directory.
const KEPT: &str = ".app.json";

/// What came of manifests.
#[derive(Debug, Default)]
pub(super) struct Registered {
    /// Codes that were given out and not yet exchanged.
    codes: BTreeMap<String, Secrets>,
    /// Where people are sent after they have installed the App.
    pub(super) setup_url: Option<String>,
}

/// What a code is exchanged for.
#[derive(Debug)]
struct Secrets {
    pem: String,
    webhook_secret: String,
    client_secret: String,
    until: Timestamp,
}

/// A manifest that this GitHub would take ("GitHub App Manifest parameters").
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) hook: Option<String>,
    pub(super) redirect: String,
    setup_url: Option<String>,
    pub(super) permissions: BTreeMap<String, Level>,
    pub(super) events: Vec<String>,
}

/// A registered App as it is kept on disk.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: i64,
    slug: String,
    pem: String,
    permissions: BTreeMap<String, String>,
    events: Vec<String>,
    hook: Option<(String, String)>,
    setup_url: Option<String>,
}

impl Manifest {
    /// Reads a manifest; the error says what GitHub's page would.
    pub(super) fn parse(text: &str) -> Result<Manifest, String> {
        let manifest: Value = serde_json::from_str(text).map_err(|bad| format!("the manifest is not JSON: {bad}"))?;
        let text = |name: &str| manifest[name].as_str().map(str::to_owned);
        let hook = manifest["hook_attributes"].as_object().map(|hook| {
            let address = hook.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
            let active = hook.get("active").and_then(Value::as_bool).unwrap_or(true);
            (address, active)
        });
        if text("url").is_none() {
            return Err("url is missing".to_owned());
        }
        if hook.as_ref().is_some_and(|(address, _)| url::Url::parse(address).is_err()) {
            return Err("hook_attributes.url is not an address".to_owned());
        }
        let redirect = text("redirect_url").filter(|address| url::Url::parse(address).is_ok());
        let mut permissions = BTreeMap::new();
        for (name, level) in manifest["default_permissions"].as_object().into_iter().flatten() {
            let level = level.as_str().and_then(Level::parse);
            permissions
                .insert(name.clone(), level.ok_or(format!("default_permissions.{name} is neither read nor write"))?);
        }
        let events = manifest["default_events"].as_array().into_iter().flatten();
        Ok(Manifest {
            name: text("name").unwrap_or_default(),
            hook: hook.filter(|(_, active)| *active).map(|(address, _)| address),
            redirect: redirect.ok_or("redirect_url is missing or not an address")?,
            setup_url: text("setup_url"),
            permissions,
            events: events.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}

/// A name of an App as it stands in addresses; `None` for one that GitHub would not take.
fn slug_of(name: &str) -> Option<String> {
    let plain: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let slug = plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    (!slug.is_empty() && name.chars().count() <= LONGEST_NAME).then_some(slug)
}

impl State {
    /// Makes the App that a person has confirmed, under the name they gave, and says where the browser goes. `pem` is its
    /// new key.
    pub(super) fn register(&mut self, manifest: &Manifest, name: &str, state: &str, pem: String) -> Outcome<String> {
        let slug =
            slug_of(name).ok_or_else(|| Refusal::invalid("Name is too long (maximum is 34 characters) or empty"))?;
        let secret = self.next_secret();
        let kept = Kept {
            id: self.next_id(),
            slug,
            permissions: manifest
                .permissions
                .iter()
                .map(|(name, level)| (name.clone(), level.name().to_owned()))
                .collect(),
            events: manifest.events.clone(),
            hook: manifest.hook.clone().map(|address| (address, secret.clone())),
            setup_url: manifest.setup_url.clone(),
            pem: pem.clone(),
        };
        self.take(&kept)?;
        let file = self.data.join(KEPT);
        write_private(&file, &serde_json::to_string(&kept).unwrap_or_default())?;
        let code = self.next_secret();
        let secrets = Secrets {
            pem,
            webhook_secret: secret,
            client_secret: oauth::client_secret(self),
            until: self.now().plus(CODE_LIFE),
        };
        self.registered.codes.insert(code.clone(), secrets);
        let mut back = url::Url::parse(&manifest.redirect).map_err(|bad| Refusal::invalid(bad.to_string()))?;
        back.query_pairs_mut().append_pair("code", &code);
        if !state.is_empty() {
            back.query_pairs_mut().append_pair("state", state);
        }
        Ok(back.into())
    }

    /// Puts a registered App in the place of the one before; nobody has installed it yet.
    fn take(&mut self, kept: &Kept) -> Outcome<()> {
        let public_key = public_half(&kept.pem).map_err(|bad| Refusal::new(500, bad.to_string()))?;
        let bot = format!("{}[bot]", kept.slug);
        let bot = match self.account_named(&bot).map(|account| account.id) {
            Some(id) => id,
            None => add_account(self, &bot, AccountKind::Bot),
        };
        self.app = App {
            id: kept.id,
            slug: kept.slug.clone(),
            bot,
            owner: self.app.owner,
            public_key,
            permissions: kept
                .permissions
                .iter()
                .filter_map(|(name, level)| Some((name.clone(), Level::parse(level)?)))
                .collect(),
            // These come to every App.
            events: kept
                .events
                .iter()
                .cloned()
                .chain(["installation", "installation_repositories"].map(str::to_owned))
                .collect(),
            created: self.now(),
        };
        self.installations.clear();
        self.tokens.retain(|_, token| !matches!(token.actor, Actor::Installation(_)));
        self.hooks.target = kept.hook.clone().map(|(url, secret)| Webhook { url, secret });
        self.registered.setup_url.clone_from(&kept.setup_url);
        Ok(())
    }

    /// Takes the App again that an earlier start with the same data directory has registered.
    pub(super) fn take_kept(&mut self) -> Outcome<()> {
        let kept = fs::read_to_string(self.data.join(KEPT)).ok().and_then(|text| serde_json::from_str(&text).ok());
        let Some(kept) = kept else { return Ok(()) };
        self.take(&kept)
    }
}

/// "Create a GitHub App from a manifest": once for each code.
pub(super) fn convert(call: &mut Call<'_>) -> Outcome<Answer> {
    let code = call.param("code").to_owned();
    let secrets = call.state.registered.codes.remove(&code).ok_or_else(Refusal::not_found)?;
    if secrets.until <= call.state.now() {
        return Err(Refusal::not_found());
    }
    let mut shape = shapes::app(call.state);
    shape["client_id"] = json!(oauth::client_id(call.state));
    shape["client_secret"] = json!(secrets.client_secret);
    shape["webhook_secret"] = json!(secrets.webhook_secret);
    shape["pem"] = json!(secrets.pem);
    Ok(Answer::Json(201, shape))
}

/// A key for an App that is about to be registered; it takes a moment, so not under the lock.
pub(super) fn new_key() -> Outcome<String> {
    fresh_key().ok_or_else(|| Refusal::new(500, "no key could be made"))
}

/// Where a registered App is kept.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let path: PathBuf = path.to_owned();
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_an_address_or_is_refused() {
        let slugs =
            ["assentry", "Ann's Assentry!", "--", "a name of an App that is far too long for GitHub"].map(slug_of);
        assert_eq!(slugs, [Some("assentry".to_owned()), Some("ann-s-assentry".to_owned()), None, None]);
    }

    #[test]
    fn a_manifest_that_github_would_not_take_is_refused_with_the_reason() {
        let bad = |text: &str| Manifest::parse(text).err().unwrap_or_default();
        assert_eq!(bad(r#"{"name": "x"}"#), "url is missing");
        assert_eq!(bad(r#"{"url": "x"}"#), "redirect_url is missing or not an address");
        assert_eq!(
            bad(r#"{"url": "x", "redirect_url": "http://a.test/", "hook_attributes": {"url": "nowhere"}}"#),
            "hook_attributes.url is not an address"
        );
        assert_eq!(
            bad(r#"{"url": "x", "redirect_url": "http://a.test/", "default_permissions": {"issues": "all"}}"#),
            "default_permissions.issues is neither read nor write"
        );
    }
}
