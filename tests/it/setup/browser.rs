//! As much of a browser as a person needs who fills in forms: cookies by host, redirects, forms that are sent as they stand.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Url, redirect};

/// A browser; it follows no redirect by itself to a host that does not answer.
pub(crate) struct Browser {
    http: Client,
    cookies: BTreeMap<String, String>,
}

/// What it shows.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) policy: String,
    pub(crate) html: String,
}

/// A form as it stands on a page.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) action: Url,
    pub(crate) fields: Vec<(String, String)>,
}

impl Browser {
    pub(crate) fn new() -> Browser {
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Browser { http, cookies: BTreeMap::new() }
    }

    pub(crate) async fn opens(&mut self, url: &str) -> Shown {
        self.goes(Method::GET, url.parse().unwrap(), None).await
    }

    pub(crate) async fn sends(&mut self, form: &Form) -> Shown {
        self.goes(Method::POST, form.action.clone(), Some(&form.fields)).await
    }

    async fn goes(&mut self, method: Method, url: Url, fields: Option<&[(String, String)]>) -> Shown {
        let (mut method, mut url, mut fields) = (method, url, fields);
        for _ in 0..10 {
            let mut request = self.http.request(method, url.clone());
            if let Some(cookie) = self.cookies.get(url.authority()) {
                request = request.header(COOKIE, cookie);
            }
            if let Some(fields) = fields {
                let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
            }
            let answer = request.send().await.unwrap();
            if let Some(cookie) = answer.headers().get(SET_COOKIE) {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
                self.cookies.insert(url.authority().to_owned(), pair);
            }
            match answer.headers().get(LOCATION).filter(|_| answer.status().is_redirection()) {
                Some(place) => {
                    url = url.join(place.to_str().unwrap()).unwrap();
                    (method, fields) = (Method::GET, None);
                }
                None => {
                    let status = answer.status().as_u16();
                    let policy = answer.headers().get("content-security-policy");
                    let policy = policy.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
                    return Shown { url, status, policy, html: answer.text().await.unwrap() };
                }
            }
        }
        panic!("{url} leads round and round");
    }
}

impl Shown {
    /// The form on the page, with what stands in it.
    pub(crate) fn form(&self) -> Form {
        let (_, form) = self.html.split_once("<form").unwrap_or_else(|| panic!("no form on {}", self.html));
        let (form, _) = form.split_once("</form>").unwrap();
        let (head, inputs) = form.split_once('>').unwrap();
        let action = attribute(head, "action").unwrap_or_default();
        let sent = |tag: &&str| !tag.contains("type=\"radio\"") || tag.contains(" checked");
        let inputs = inputs.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap()).filter(sent);
        let field = |tag: &str| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()));
        Form { action: self.url.join(&action).unwrap(), fields: inputs.filter_map(field).collect() }
    }

    /// Where the link with these words leads.
    pub(crate) fn link(&self, words: &str) -> String {
        let (before, _) = self.html.split_once(words).unwrap_or_else(|| panic!("no {words:?} on {}", self.html));
        attribute(before.rsplit_once("<a").unwrap().1, "href").unwrap()
    }
}

impl Form {
    /// Types something into a field.
    pub(crate) fn with(mut self, name: &str, text: &str) -> Form {
        let field = self.fields.iter_mut().find(|(has, _)| has == name);
        text.clone_into(&mut field.unwrap_or_else(|| panic!("no field {name}")).1);
        self
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        &self.fields.iter().find(|(has, _)| has == name).unwrap().1
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let text = rest.split('"').next()?;
    let entities = [("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    Some(entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}
