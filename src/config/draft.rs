//! A configuration before there is an App: what an operator may have decided already, and what set-up adds.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, InlineTable, Item, Table as Written, value};
use url::Url;

use super::secrets::Surroundings;
use super::server::ServerConfig;
use super::strict::{Document, Mistake};
use super::{BadConfig, models, server};
use crate::ids::{Login, UserId};

/// A configuration as far as it goes without an App.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The server's own affairs.
    pub server: ServerConfig,
    /// Where GitHub's pages are, if it is said.
    pub web_url: Option<Url>,
    /// Where its API is, if it is said.
    pub api_url: Option<Url>,
    /// Whether it says how the models are reached.
    pub has_model: bool,
}

/// What set-up writes into a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Additions {
    /// The App's number.
    pub app_id: u64,
    /// Its key file, relative to the configuration's folder.
    pub private_key_file: PathBuf,
    /// The webhook secret's file.
    pub webhook_secret_file: PathBuf,
    /// Where GitHub is, if it is not github.com: the API and the pages.
    pub github: Option<(Url, Url)>,
    /// The address under which GitHub reaches the server.
    pub public_url: Option<Url>,
    /// What people sign in to the dashboard with, if GitHub told it.
    pub sign_in: Option<SignInAdditions>,
    /// How the models are reached, if that was asked.
    pub model: Option<ModelAdditions>,
}

/// What people sign in to the dashboard with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInAdditions {
    /// The App's name for that.
    pub client_id: String,
    /// The secret's file, relative to the configuration's folder.
    pub client_secret_file: PathBuf,
    /// The person who owns the App, and so sees how the server does; nobody where an organization owns it.
    pub administrator: Option<(Login, UserId)>,
}

/// How the models are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelAdditions {
    /// `anthropic` or `openai`.
    pub provider: &'static str,
    /// The address, if it is not the vendor's own.
    pub base_url: Option<Url>,
    /// The model's id, if it is not the usual one.
    pub model: Option<String>,
    /// The key's file, if there is a key.
    pub api_key_file: Option<PathBuf>,
}

/// What may be missing in a draft.
const LEFT_OPEN: [&str; 4] =
    ["github.app_id", "github.private_key_file", "github.webhook_secret_file", "model.api_key_file"];

impl Draft {
    /// Reads a file that names no App, or that is not there. `None` when it names one, by its number or its key.
    ///
    /// # Errors
    /// When something else is wrong with it than what set-up adds; all mistakes are told.
    pub fn load(file: &Path) -> Result<Option<Draft>, BadConfig> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            // Whoever loads it says what is wrong.
            Err(_) => return Ok(None),
        };
        let folder = file.parent().unwrap_or(Path::new("."));
        Draft::parse(&text, &Surroundings::of_this_process(folder))
            .map_err(|mistakes| BadConfig { file: file.to_owned(), mistakes })
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// As for [`Draft::load`].
    pub fn parse(text: &str, around: &Surroundings<'_>) -> Result<Option<Draft>, Vec<Mistake>> {
        let document = Document::parse(text);
        let root = document.root();
        let github = root.table("github");
        if github.has("app_id") || github.has("private_key_file") || (around.env)("ASSENTRY_PRIVATE_KEY").is_some() {
            return Ok(None);
        }
        let draft = Draft {
            server: server::read(&root, around),
            web_url: github.parsed("web_url", server::http_url),
            api_url: github.parsed("api_url", server::http_url),
            has_model: models::read(&root, around).is_some(),
        };
        let Err(mut mistakes) = super::Config::parse(text, around) else { return Ok(None) };
        mistakes.retain(|mistake| mistake.line.is_some() || !LEFT_OPEN.contains(&mistake.key.as_str()));
        if mistakes.is_empty() { Ok(Some(draft)) } else { Err(mistakes) }
    }
}

impl Additions {
    /// The text of a configuration with what was added; everything else stays as it was written.
    ///
    /// # Errors
    /// When the text is not TOML, or a table of it is none.
    pub fn write_into(&self, text: &str) -> Result<String, String> {
        let mut document: DocumentMut = text.parse().map_err(|bad: toml_edit::TomlError| bad.to_string())?;
        let path = |path: &Path| value(path.display().to_string());
        let github = table(&mut document, "github")?;
        github.insert("app_id", value(i64::try_from(self.app_id).map_err(|bad| bad.to_string())?));
        github.insert("private_key_file", path(&self.private_key_file));
        github.insert("webhook_secret_file", path(&self.webhook_secret_file));
        if let Some((api, web)) = &self.github {
            github.insert("api_url", value(api.as_str()));
            github.insert("web_url", value(web.as_str()));
        }
        if let Some(sign_in) = &self.sign_in {
            let web = table(&mut document, "web")?;
            // Whoever has switched it off has meant it.
            if self.public_url.is_some() && !web.contains_key("dashboard") {
                web.insert("dashboard", value(true));
            }
            web.insert("client_id", value(&sign_in.client_id));
            web.insert("client_secret_file", path(&sign_in.client_secret_file));
            if let Some((login, id)) = sign_in.administrator.as_ref().filter(|_| !web.contains_key("administrators")) {
                let mut administrators = InlineTable::new();
                administrators.insert(login.as_str(), id.0.into());
                web.insert("administrators", value(administrators));
            }
        }
        if let Some(model) = &self.model {
            let written = table(&mut document, "model")?;
            written.insert("provider", value(model.provider));
            if let Some(address) = &model.base_url {
                written.insert("base_url", value(address.as_str()));
            }
            if let Some(id) = &model.model {
                written.insert("model", value(id));
            }
            if let Some(file) = &model.api_key_file {
                written.insert("api_key_file", path(file));
            }
        }
        if let Some(address) = &self.public_url {
            table(&mut document, "server")?.insert("public_url", value(address.as_str()));
        }
        Ok(document.to_string())
    }
}

fn table<'d>(document: &'d mut DocumentMut, name: &str) -> Result<&'d mut dyn toml_edit::TableLike, String> {
    let item = document.entry(name).or_insert_with(|| Item::Table(Written::new()));
    item.as_table_like_mut().ok_or_else(|| format!("{name} is no table"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
    use super::*;

    fn draft(text: &str, key: Option<&str>) -> Result<Option<Draft>, Vec<String>> {
        let nothing = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        let env = |name: &str| key.filter(|_| name == "ASSENTRY_PRIVATE_KEY").map(str::to_owned);
        let around = Surroundings { folder: "/etc".into(), env: &env, read: &nothing };
        Draft::parse(text, &around).map_err(|mistakes| mistakes.iter().map(Mistake::to_string).collect())
    }

    #[test]
    fn set_up_begins_where_no_app_is_named_and_nowhere_else() {
        let empty = draft("", None).unwrap().unwrap();
        assert_eq!((empty.has_model, empty.server.listen.port()), (false, 8080));
        let partly = draft("[model]\nprovider = 'openai'\nbase_url = 'http://127.0.0.1:1/v1'\nmodel = 'm'\n", None);
        assert!(partly.unwrap().unwrap().has_model);
        assert!(draft("[github]\napp_id = 1\n", None).unwrap().is_none());
        assert!(draft("[github]\nprivate_key_file = 'gone.pem'\n", None).unwrap().is_none());
        assert!(draft("", Some("key")).unwrap().is_none());
    }

    #[test]
    fn a_mistake_is_told_before_anything_is_set_up() {
        assert_eq!(
            draft("[githb]\n[model]\napi_key_file = 'gone'\n", None).unwrap_err(),
            [
                "line 1: githb: there is no such key: did you mean `github`?",
                "line 3: model.api_key_file: /etc/gone cannot be read: entity not found"
            ]
        );
    }

    #[test]
    fn what_is_added_leaves_the_rest_as_it_was_written() {
        let additions = Additions {
            app_id: 7,
            private_key_file: "secrets/private-key.pem".into(),
            webhook_secret_file: "secrets/webhook-secret".into(),
            github: None,
            public_url: Some("https://a.test/".parse().unwrap()),
            sign_in: Some(SignInAdditions {
                client_id: "Iv1".to_owned(),
                client_secret_file: "secrets/client".into(),
                administrator: Some(("ann".parse().unwrap(), UserId(7))),
            }),
            model: Some(ModelAdditions {
                provider: "anthropic",
                base_url: None,
                model: None,
                api_key_file: Some("secrets/model-key".into()),
            }),
        };
        let before =
            "# Ours.\n[server]\nlisten = \"0.0.0.0:80\" # all\n\n[github]\n# Only these.\nrepositories = [\"a/b\"]\n";
        let after = additions.write_into(before).unwrap();
        assert_eq!(
            after,
            "# Ours.\n[server]\nlisten = \"0.0.0.0:80\" # all\npublic_url = \"https://a.test/\"\n\n[github]\n# Only these.\n\
             repositories = [\"a/b\"]\napp_id = 7\nprivate_key_file = \"secrets/private-key.pem\"\n\
             webhook_secret_file = \"secrets/webhook-secret\"\n\n[web]\ndashboard = true\n\
             client_id = \"Iv1\"\nclient_secret_file = \"secrets/client\"\nadministrators = { ann = 7 }\n\n[model]\nprovider = \"anthropic\"\n\
             api_key_file = \"secrets/model-key\"\n"
        );
        let off = additions.write_into("[web]\ndashboard = false\n").unwrap();
        assert!(off.contains("dashboard = false") && !off.contains("dashboard = true"), "{off}");
        assert!(additions.write_into("github = 3").is_err());
    }
}
