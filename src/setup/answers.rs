//! What a person typed, and what it means.

use std::collections::BTreeMap;

use secrecy::SecretString;
use url::{Host, Url};

use crate::config::{Draft, http_url};
use crate::ids::Login;

/// The longest name that GitHub takes for an App.
const LONGEST_NAME: usize = 34;

/// The fields of the form as they were typed, so that they can be shown again. The model's key is not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// GitHub's address.
    pub github: String,
    /// The organization that owns the App; empty for the person's own account.
    pub organization: String,
    /// The App's name.
    pub name: String,
    /// The address under which GitHub reaches this server.
    pub public_url: String,
    /// Whose wire format the model speaks.
    pub provider: String,
    /// The model's address; empty for the vendor's own.
    pub base_url: String,
    /// The model's id; empty for the usual one.
    pub model: String,
}

/// The answers, understood.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    pub(super) web: Url,
    pub(super) api: Url,
    pub(super) organization: Option<Login>,
    pub(super) name: String,
    pub(super) public_url: Url,
    pub(super) model: Option<ModelAnswer>,
}

/// How the models are reached.
#[derive(Debug, Clone)]
pub(super) struct ModelAnswer {
    pub(super) provider: &'static str,
    pub(super) base_url: Option<Url>,
    pub(super) model: Option<String>,
    pub(super) key: Option<SecretString>,
}

/// What is wrong with the answers: the field's name, and a sentence.
pub(super) type Wrong = Vec<(&'static str, String)>;

impl Typed {
    /// What stands in the form at first. `seen_at` is where the browser found us.
    pub(super) fn or_usual(self, draft: &Draft, seen_at: Option<&Url>) -> Typed {
        let or = |typed: String, usual: &str| if typed.is_empty() { usual.to_owned() } else { typed };
        let told = draft.server.public_url.as_ref();
        let reachable = seen_at.filter(|url| !is_here(url));
        Typed {
            github: or(self.github, draft.web_url.as_ref().map_or("https://github.com", Url::as_str)),
            name: or(self.name, "assentry"),
            public_url: or(self.public_url, told.or(reachable).map_or("", Url::as_str)),
            provider: or(self.provider, "anthropic"),
            ..self
        }
    }

    /// Takes a posted form.
    pub(super) fn of_form(form: &BTreeMap<String, String>) -> Typed {
        let field = |name: &str| form.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
        Typed {
            github: field("github"),
            organization: field("organization"),
            name: field("name"),
            public_url: field("public_url"),
            provider: field("provider"),
            base_url: field("base_url"),
            model: field("model"),
        }
    }

    /// Understands the answers, or says all that is wrong with them.
    pub(super) fn understand(&self, draft: &Draft, key: &str) -> Result<Answers, Wrong> {
        let mut wrong = Wrong::new();
        let web = http_url(&self.github).map_err(|why| wrong.push(("github", why))).ok();
        let api = draft.api_url.clone().or_else(|| api_of(web.as_ref()?));
        let organization = match self.organization.as_str() {
            "" => None,
            text => text.parse().map_err(|bad: crate::ids::BadName| wrong.push(("organization", bad.to_string()))).ok(),
        };
        if self.name.is_empty() || self.name.chars().count() > LONGEST_NAME {
            wrong.push(("name", format!("must have from 1 to {LONGEST_NAME} characters")));
        }
        let public_url = public(&self.public_url, web.as_ref()).map_err(|why| wrong.push(("public_url", why))).ok();
        let model = if draft.has_model { Ok(None) } else { self.model(key).map(Some) };
        let model = model.map_err(|more| wrong.extend(more)).ok();
        match (web, api, public_url, model) {
            (Some(web), Some(api), Some(public_url), Some(model)) if wrong.is_empty() => {
                Ok(Answers { web, api, organization, name: self.name.clone(), public_url, model })
            }
            _ => Err(wrong),
        }
    }

    fn model(&self, key: &str) -> Result<ModelAnswer, Wrong> {
        let mut wrong = Wrong::new();
        let provider = if self.provider == "openai" { "openai" } else { "anthropic" };
        let base_url = match self.base_url.as_str() {
            "" => None,
            text => http_url(text).map_err(|why| wrong.push(("base_url", why))).ok(),
        };
        if provider == "openai" && self.model.is_empty() {
            wrong.push(("model", "is missing: write the model's id as the provider spells it".to_owned()));
        }
        if !self.model.chars().all(|c| c.is_ascii_graphic()) || self.model.len() > 200 {
            wrong.push(("model", "must be the model's id, without spaces".to_owned()));
        }
        let key = key.trim();
        if !key.chars().all(|c| c.is_ascii_graphic()) {
            wrong.push(("key", "must be one line of printable characters".to_owned()));
        }
        if key.is_empty() && self.base_url.is_empty() {
            wrong.push(("key", "is missing: only a model at an address of your own may want none".to_owned()));
        }
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let answer =
            ModelAnswer { provider, base_url, model: some(&self.model), key: some(key).map(SecretString::from) };
        if wrong.is_empty() { Ok(answer) } else { Err(wrong) }
    }
}

/// Where the API of a GitHub is, by the address of its pages: "REST: Getting started" of github.com, of GHE.com and of Enterprise Server.
#[must_use]
pub fn api_of(web: &Url) -> Option<Url> {
    let host = web.host_str()?;
    if host == "github.com" {
        return "https://api.github.com/".parse().ok();
    }
    if host.ends_with(".ghe.com") {
        return format!("https://api.{host}/").parse().ok();
    }
    format!("{}/api/v3", web.as_str().trim_end_matches('/')).parse().ok()
}

/// The address for webhooks, if GitHub can have a way to it.
fn public(text: &str, github: Option<&Url>) -> Result<Url, String> {
    if text.is_empty() {
        return Err(
            "is missing: GitHub must be able to reach this server, through a proxy that speaks TLS, or a tunnel"
                .to_owned(),
        );
    }
    let url = http_url(text)?;
    if is_here(&url) && !github.is_none_or(is_here) {
        return Err(
            "is this machine's own address, which GitHub cannot reach: write the address of a proxy or a tunnel"
                .to_owned(),
        );
    }
    Ok(url)
}

/// Whether an address means the machine it is used on.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]
    use std::path::Path;

    use super::*;
    use crate::config::Surroundings;

    fn draft(text: &str) -> Draft {
        let nothing = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        let around = Surroundings { folder: "/".into(), env: &|_| None, read: &nothing };
        Draft::parse(text, &around).unwrap().unwrap()
    }

    fn typed(github: &str, public_url: &str) -> Typed {
        let typed = Typed { github: github.into(), public_url: public_url.into(), ..Typed::default() };
        typed.or_usual(&draft(""), None)
    }

    fn wrong(typed: &Typed, key: &str) -> Vec<&'static str> {
        typed.understand(&draft(""), key).unwrap_err().into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn the_api_is_found_from_the_pages() {
        let api = |github: &str| {
            let public = "https://assentry.test";
            typed(github, public).understand(&draft(""), "k").unwrap().api.to_string()
        };
        assert_eq!(api("https://github.com"), "https://api.github.com/");
        assert_eq!(api("https://acme.ghe.com"), "https://api.acme.ghe.com/");
        assert_eq!(api("https://git.acme.test/"), "https://git.acme.test/api/v3");
    }

    #[test]
    fn an_address_that_github_cannot_reach_is_refused_unless_github_is_here_too() {
        for here in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "http://0.0.0.0:1", ""] {
            assert_eq!(wrong(&typed("https://github.com", here), "k"), ["public_url"], "{here}");
        }
        assert!(typed("http://127.0.0.1:3000", "http://127.0.0.1:8080").understand(&draft(""), "k").is_ok());
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let bad = Typed {
            github: "github".into(),
            organization: "-a b".into(),
            name: "x".repeat(35),
            public_url: "https://u:p@a.test".into(),
            provider: "openai".into(),
            base_url: "ftp://x".into(),
            model: String::new(),
        };
        assert_eq!(
            wrong(&bad, "two words"),
            ["github", "organization", "name", "public_url", "base_url", "model", "key"]
        );
    }

    #[test]
    fn a_model_that_the_configuration_knows_is_not_asked_for() {
        let known = draft("[model]\nprovider = 'openai'\nbase_url = 'http://127.0.0.1:1/v1'\nmodel = 'm'\n");
        let answers = typed("https://github.com", "https://a.test").understand(&known, "").unwrap();
        assert!(answers.model.is_none());
        assert_eq!(wrong(&typed("https://github.com", "https://a.test"), ""), ["key"]);
    }
}
