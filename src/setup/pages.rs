//! The pages of set-up: plain HTML that works without scripts.

use askama::Template;

use super::answers::Typed;
use crate::github::{EVENTS, NEEDED, OPTIONAL};

/// Nothing is loaded from elsewhere, and nobody may frame us.
pub(super) const CONTENT_POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) const STYLE: &str = include_str!("style.css");

#[derive(Template)]
#[template(
    source = r##"{% macro field(name, about, value, hint) %}
<label for="{{ name }}">{{ about }}</label>
<input id="{{ name }}" name="{{ name }}" value="{{ value }}" aria-describedby="{{ name }}-hint" autocomplete="off" spellcheck="false">
<p class="hint" id="{{ name }}-hint">{{ hint }}</p>
{% endmacro %}<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Set up Assentry</title>
<link rel="stylesheet" href="/setup/style.css">
<main>
<h1>Set up Assentry</h1>
<p>Two steps: answer these questions, then let GitHub create the App. Nothing is created before you confirm it there.</p>
{% if !wrong.is_empty() %}<div class="wrong" role="alert"><p>Please look again:</p>
<ul>{% for (name, why) in wrong %}<li><a href="#{{ name }}">{{ name.replace('_', " ") }}</a> {{ why }}</li>{% endfor %}</ul></div>{% endif %}
<form method="post" action="/setup">
<input type="hidden" name="proof" value="{{ proof }}">
<h2>GitHub</h2>
{% call field("github", "GitHub's address", typed.github, "https://github.com, or your Enterprise Server.") %}{% endcall %}
{% call field("organization", "Organization", typed.organization, "Who owns the App. Empty: your own account.") %}{% endcall %}
{% call field("name", "Name of the App", typed.name, "People will see it as NAME[bot]. It must be unique on GitHub; you can change it there.") %}{% endcall %}
{% call field("public_url", "Address of this server", typed.public_url, "As GitHub reaches it, such as https://assentry.example.com: a proxy that speaks TLS, or a tunnel. Webhooks go to /webhook below it.") %}{% endcall %}
{% if ask_model %}<h2>Model</h2>
<fieldset><legend>Who plans and executes</legend>
<label class="choice"><input type="radio" name="provider" value="anthropic"{% if typed.provider != "openai" %} checked{% endif %}> Anthropic</label>
<label class="choice"><input type="radio" name="provider" value="openai"{% if typed.provider == "openai" %} checked{% endif %}> OpenAI, or whatever speaks its format: Ollama, vLLM, most gateways</label>
</fieldset>
<label for="key">Key</label>
<input id="key" name="key" type="password" autocomplete="off" aria-describedby="key-hint">
<p class="hint" id="key-hint">From the provider. It is kept in a file that only this server's account may read.</p>
{% call field("base_url", "Address", typed.base_url, "Empty: the provider's own.") %}{% endcall %}
{% call field("model", "Model", typed.model, "Its id as the provider spells it. Empty, with Anthropic: a strong one plans, a cheaper one executes.") %}{% endcall %}
{% endif %}<button>Continue</button>
</form>
</main>
</html>
"##,
    ext = "html"
)]
pub(super) struct Questions<'a> {
    pub(super) typed: &'a Typed,
    pub(super) wrong: &'a [(&'static str, String)],
    pub(super) ask_model: bool,
    pub(super) proof: &'a str,
}

#[derive(Template)]
#[template(
    source = r##"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Create the App · Assentry</title>
<link rel="stylesheet" href="/setup/style.css">
<main>
<h1>Create the App on GitHub</h1>
<form method="post" action="{{ action }}">
<input type="hidden" name="manifest" value="{{ manifest }}">
<p>GitHub will be asked for an App named <strong>{{ name }}</strong>{% if let Some(owner) = owner %} of {{ owner }}{% endif %}, with webhooks to <code>{{ hook }}</code>.</p>
<button>Create the App on {{ host }}</button>
</form>
<h2>What it may do</h2>
<table><thead><tr><th>Permission</th><th>Access</th><th>In order to</th></tr></thead><tbody>
{% for need in NEEDED %}<tr><td><code>{{ need.permission }}</code></td><td>{{ need.access }}</td><td>{{ need.why }}</td></tr>
{% endfor %}</tbody></table>
{% for need in OPTIONAL %}<p>Grant <code>{{ need.permission }}</code> ({{ need.access }}) later, only where it is used: to {{ need.why }}.</p>
{% endfor %}<p>It is told of: {% for event in EVENTS %}<code>{{ event }}</code> {% endfor %}</p>
<p><a href="/setup">Change the answers</a></p>
</main>
</html>
"##,
    ext = "html"
)]
pub(super) struct Confirm<'a> {
    pub(super) action: &'a str,
    pub(super) manifest: &'a str,
    pub(super) name: &'a str,
    pub(super) owner: Option<&'a str>,
    pub(super) hook: &'a str,
    pub(super) host: &'a str,
}

#[derive(Template)]
#[template(
    source = r##"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The App is there · Assentry</title>
<link rel="stylesheet" href="/setup/style.css">
<main>
<h1>The App {{ slug }} is there</h1>
<p>Its key and its secrets are in <code>{{ secrets }}</code>, readable for this server's account only. The configuration is <code>{{ config }}</code>.</p>
<ol>
<li><a class="button" href="{{ install }}">Install it on your repositories</a></li>
<li>Put the label <code>{{ label }}</code> on an issue. The plan comes as a comment and as a draft pull request.</li>
</ol>
{% if starts %}<p>The server starts now. This page was its last before that; <a href="/readyz">is it ready?</a></p>
{% else %}<p>Start the server: <code>assentry serve --config {{ config }}</code></p>
{% endif %}<p>If something does not work, <code>assentry doctor --config {{ config }}</code> says what and how to mend it.</p>
</main>
</html>
"##,
    ext = "html"
)]
pub(super) struct Finished<'a> {
    pub(super) slug: &'a str,
    pub(super) install: &'a str,
    pub(super) label: &'a str,
    pub(super) config: &'a str,
    pub(super) secrets: &'a str,
    pub(super) starts: bool,
}

#[derive(Template)]
#[template(
    source = r##"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }} · Assentry</title>
<link rel="stylesheet" href="/setup/style.css">
<main><h1>{{ title }}</h1>
{% for line in lines %}<p>{{ line }}</p>
{% endfor %}</main>
</html>
"##,
    ext = "html"
)]
pub(super) struct Stopped<'a> {
    pub(super) title: &'a str,
    pub(super) lines: &'a [String],
}

#[derive(Template)]
#[template(
    source = r##"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Assentry is installed</title>
<link rel="stylesheet" href="/setup/style.css">
<main><h1>Assentry is installed</h1>
<p>Put its label on an issue of a repository that you have installed it on: <code>assentry</code>, unless whoever runs this server or the repository's policy chose another.</p>
<p>Within a second it reacts with eyes; then it posts a plan as a comment and as a draft pull request. Nothing is built before somebody with write access approves that plan.</p>
</main>
</html>
"##,
    ext = "html"
)]
pub(super) struct Installed;
