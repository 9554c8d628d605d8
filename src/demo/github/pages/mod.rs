//! A few pages for people, so that everything from registering an App to approving a plan can be done in a browser.
//!
//! What GitHub shows in its own way is shown here in the plainest: forms that say as whom one acts, and texts as they were
//! written. There is no sign-in. Whatever the API knows is asked of the API; pages answer only what it does not.

mod apps;
mod talk;

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::door::{Answered, Asked};
use super::{Hub, routes};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}\
    pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;padding:.75rem;border-radius:.4rem}\
    label{display:block;margin:.5rem 0}textarea,input[type=text]{width:100%;font:inherit;box-sizing:border-box}\
    button{font:inherit;padding:.3rem .8rem}form{margin:1rem 0}\
    @media(prefers-color-scheme:dark){body{background:#111;color:#eee}pre{background:#222}a{color:#8bf}}";

/// What a page is asked for.
struct Visit<'a> {
    method: &'a str,
    /// The parts of the path.
    parts: Vec<&'a str>,
    query: BTreeMap<String, String>,
    form: BTreeMap<String, Vec<String>>,
}

impl Visit<'_> {
    fn field(&self, name: &str) -> &str {
        self.form.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }
}

/// Answers for the pages that there are.
pub(super) fn answer(hub: &Hub, asked: &Asked) -> Option<Answered> {
    if !matches!(asked.method.as_str(), "GET" | "POST") || routes::find(&asked.method, &asked.path).is_some() {
        return None;
    }
    let mut form: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(&asked.body).into_owned() {
        form.entry(name).or_default().push(value);
    }
    let visit = Visit {
        method: &asked.method,
        parts: asked.path.split('/').filter(|part| !part.is_empty()).collect(),
        query: url::form_urlencoded::parse(asked.query.as_bytes()).into_owned().collect(),
        form,
    };
    apps::answer(hub, &visit).or_else(|| talk::answer(hub, &visit))
}

fn page(status: u16, title: &str, body: &Markup) -> Answered {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · simulated GitHub" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { a href="/" { "Simulated GitHub" } }
                main { h1 { (title) } (body) }
            }
        }
    };
    let headers = vec![("content-type", "text/html; charset=utf-8".to_owned())];
    Answered { status, headers, body: page.into_string().into_bytes() }
}

fn refused(status: u16, message: &str) -> Answered {
    page(status, "That did not work", &html! { p { (message) } })
}

fn go_to(address: &str) -> Answered {
    Answered { status: 303, headers: vec![("location", address.to_owned())], body: Vec::new() }
}
