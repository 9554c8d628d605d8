//! The pages of set-up: plain HTML that works without scripts.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::answers::Typed;
use super::installed::Dashboard;
use crate::github::{EVENTS, NEEDED, OPTIONAL};

const STYLE: &str = include_str!("style.css");

/// Nothing is loaded at all, and nobody may frame us. The style stands in the page, and is known by its hash: the page that
/// says that everything is done is the last that this server sends, and nothing could be loaded after it.
pub(super) static CONTENT_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// What is asked before GitHub is.
pub(super) struct Questions<'a> {
    /// What stands in the fields.
    pub(super) typed: &'a Typed,
    /// What is wrong with it: the field's name, and a sentence.
    pub(super) wrong: &'a [(&'static str, String)],
    /// Whether the model is asked for.
    pub(super) ask_model: bool,
    /// Proves that the form came from our page.
    pub(super) proof: &'a str,
}

impl Questions<'_> {
    pub(super) fn page(&self) -> Markup {
        let Questions { typed, wrong, ask_model, proof } = self;
        let main = html! {
            h1 { "Set up Assentry" }
            p {
                "Two steps: answer these questions, then let GitHub create the App. Nothing is created before you confirm "
                "it there."
            }
            @if !wrong.is_empty() {
                div.wrong role="alert" {
                    p { "Please look again:" }
                    ul { @for (name, why) in *wrong { li { a href=(format!("#{name}")) { (label(name)) } " " (why) } } }
                }
            }
            form method="post" action="/setup" {
                input type="hidden" name="proof" value=(proof);
                h2 { "GitHub" }
                (self.field("github", &typed.github, "https://github.com, or your Enterprise Server."))
                (self.field("organization", &typed.organization, "Who owns the App. Empty: your own account."))
                (self.field("name", &typed.name,
                    "People will see it as NAME[bot]. It must be unique on GitHub; you can change it there."))
                (self.field("public_url", &typed.public_url,
                    "As GitHub reaches it, such as https://assentry.example.com: a proxy that speaks TLS, or a tunnel. \
                     Webhooks go to /webhook below it."))
                @if *ask_model { (self.model()) }
                button { "Continue" }
            }
        };
        whole("Set up Assentry", &main)
    }

    fn model(&self) -> Markup {
        let Typed { provider, base_url, model, .. } = self.typed;
        let openai = provider == "openai";
        html! {
            h2 { "Model" }
            fieldset {
                legend { "Who plans and executes" }
                label.choice { input type="radio" name="provider" value="anthropic" checked[!openai]; " Anthropic" }
                label.choice {
                    input type="radio" name="provider" value="openai" checked[openai];
                    " OpenAI, or whatever speaks its format: Ollama, vLLM, most gateways"
                }
            }
            label for="key" { (label("key")) }
            input #key name="key" type="password" autocomplete="off" aria-describedby="key-hint"
                aria-invalid=[self.is_wrong("key")];
            p.hint #key-hint { "From the provider. It is kept in a file that only this server's account may read." }
            (self.field("base_url", base_url, "Empty: the provider's own."))
            (self.field("model", model,
                "Its id as the provider spells it. Empty, with Anthropic: a strong one plans, a cheaper one executes."))
        }
    }

    fn field(&self, name: &str, value: &str, hint: &str) -> Markup {
        html! {
            label for=(name) { (label(name)) }
            input id=(name) name=(name) value=(value) aria-describedby=(format!("{name}-hint"))
                aria-invalid=[self.is_wrong(name)] autocomplete="off" spellcheck="false";
            p.hint id=(format!("{name}-hint")) { (hint) }
        }
    }

    fn is_wrong(&self, name: &str) -> Option<&'static str> {
        self.wrong.iter().any(|(field, _)| *field == name).then_some("true")
    }
}

/// What a field is called.
fn label(name: &str) -> &str {
    match name {
        "github" => "GitHub's address",
        "organization" => "Organization",
        "name" => "Name of the App",
        "public_url" => "Address of this server",
        "key" => "Key of the model",
        "base_url" => "Address of the model",
        "model" => "Model",
        other => other,
    }
}

/// What GitHub will be asked for.
pub(super) struct Confirm<'a> {
    pub(super) action: &'a str,
    pub(super) manifest: &'a str,
    pub(super) name: &'a str,
    pub(super) owner: Option<&'a str>,
    pub(super) hook: &'a str,
    pub(super) host: &'a str,
}

impl Confirm<'_> {
    pub(super) fn page(&self) -> Markup {
        let Confirm { action, manifest, name, owner, hook, host } = self;
        let main = html! {
            h1 { "Create the App on GitHub" }
            form method="post" action=(action) {
                input type="hidden" name="manifest" value=(manifest);
                p {
                    "GitHub will be asked for an App named " strong { (name) }
                    @if let Some(owner) = owner { " of " (owner) }
                    ", with webhooks to " code { (hook) } "."
                }
                button { "Create the App on " (host) }
            }
            h2 { "What it may do" }
            table {
                thead { tr { th scope="col" { "Permission" } th scope="col" { "Access" } th scope="col" { "In order to" } } }
                tbody { @for need in NEEDED { tr { td { code { (need.permission) } } td { (need.access) } td { (need.why) } } } }
            }
            @for need in OPTIONAL {
                p { "Grant " code { (need.permission) } " (" (need.access) ") later, only where it is used: to " (need.why) "." }
            }
            p { "It is told of: " @for event in EVENTS { code { (event) } " " } }
            p { a href="/setup" { "Change the answers" } }
        };
        whole("Create the App", &main)
    }
}

/// What to do next.
pub(super) struct Finished<'a> {
    pub(super) slug: &'a str,
    pub(super) install: &'a str,
    pub(super) label: &'a str,
    pub(super) config: &'a str,
    pub(super) secrets: &'a str,
    pub(super) dashboard: Option<&'a str>,
    /// Whether this process goes on as the server.
    pub(super) starts: bool,
}

impl Finished<'_> {
    pub(super) fn page(&self) -> Markup {
        let Finished { slug, install, label, config, secrets, dashboard, starts } = self;
        let main = html! {
            h1 { "The App " (slug) " is there" }
            p {
                "Its key and its secrets are in " code { (secrets) } ", readable for this server's account only. "
                "The configuration is " code { (config) } "."
            }
            @if *starts {
                p { "The server starts now; " a href="/readyz" { "is it ready?" } }
            } @else {
                p { "Start the server: " code { "assentry serve --config " (config) } }
            }
            ol {
                li { a.button href=(install) { "Install it on your repositories" } }
                li {
                    "Put the label " code { (label) } " on an issue. The plan comes as a comment and as a draft pull request."
                }
                @if let Some(dashboard) = dashboard {
                    li {
                        "See what goes on in the dashboard: " a href=(dashboard) { (dashboard) }
                        ". People sign in there with GitHub and see what GitHub lets them read."
                    }
                }
            }
            p {
                "If something does not work, " code { "assentry doctor --config " (config) } " says what and how to mend it."
            }
        };
        whole("The App is there", &main)
    }
}

/// The end of the road, and what to do.
pub(super) fn stopped(title: &str, lines: &[String]) -> Markup {
    whole(title, &html! { h1 { (title) } @for line in lines { p { (line) } } })
}

/// Where GitHub sends people who have installed the App.
pub(super) fn installed(dashboard: Dashboard) -> Markup {
    let main = html! {
        h1 { "Assentry is installed" }
        p {
            "Put its label on an issue of a repository that you have installed it on: " code { "assentry" }
            ", unless whoever runs this server or the repository's policy chose another."
        }
        p {
            "Within a second it reacts with eyes; then it posts a plan as a comment and as a draft pull request. Nothing is "
            "built before somebody with write access approves that plan."
        }
        @if dashboard == Dashboard::On { p { a.button href="/runs" { "To the dashboard" } } }
    };
    whole("Installed", &main)
}

fn whole(title: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Assentry" }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (main) } }
        }
    }
}
