//! A browser without a screen: it keeps cookies, and follows nothing by itself.

use std::collections::BTreeMap;

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};

use crate::world::World;

pub(crate) struct Browser {
    client: Client,
    base: String,
    cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The token of the page's forms.
    pub(crate) fn token(&self) -> String {
        let (_, rest) = self.body.split_once("name=\"token\" value=\"").expect("a form");
        rest.split('"').next().unwrap().to_owned()
    }

    /// The page without its tags, white space run together.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for part in self.body.split('<') {
            text.push(' ');
            text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Browser {
    pub(crate) fn new(world: &World) -> Browser {
        let client = Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([]).build().unwrap();
        Browser { client, base: format!("http://{}", world.door), cookies: BTreeMap::new() }
    }

    /// A browser in which somebody has signed in.
    pub(crate) async fn of(world: &World, login: &str) -> Browser {
        let mut browser = Browser::new(world);
        let page = browser.signs_in(login).await;
        assert_eq!((page.status, page.header("location")), (303, "/runs"), "{}", page.body);
        browser
    }

    /// Goes to GitHub as this person, agrees, and comes back.
    pub(crate) async fn signs_in(&mut self, login: &str) -> Page {
        let back = self.goes_to_github(login).await;
        self.get(&back).await
    }

    /// Goes to GitHub as this person; gives the address that GitHub sends them back to.
    pub(crate) async fn goes_to_github(&mut self, login: &str) -> String {
        let page = self.get("/login?to=/runs").await;
        assert_eq!(page.status, 303);
        let github = format!("{}&login={login}", page.header("location"));
        let answer = self.client.get(github).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        let back = answer.headers()["location"].to_str().unwrap().to_owned();
        back.strip_prefix(&self.base).expect("the server's own address").to_owned()
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.sends(self.client.request(Method::GET, format!("{}{path}", self.base))).await
    }

    pub(crate) async fn posts(&mut self, path: &str, form: &str, origin: Option<&str>) -> Page {
        let request = self.client.request(Method::POST, format!("{}{path}", self.base));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        let request = match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        self.sends(request).await
    }

    async fn sends(&mut self, request: RequestBuilder) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        let headers =
            answer.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let (status, headers) = (answer.status().as_u16(), headers.collect());
        Page { status, headers, body: answer.text().await.unwrap() }
    }
}
