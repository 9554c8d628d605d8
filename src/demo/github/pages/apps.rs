//! Registering an App from a manifest, and installing it.

use askama::Template;

use super::{Visit, go_to, page, refused};
use crate::demo::github::door::Answered;
use crate::demo::github::registration::{Manifest, new_key};
use crate::demo::github::state::State;
use crate::demo::github::{Hub, installations, shapes};

#[derive(Template)]
#[template(
    source = r#"<p>This manifest would register an App that may:</p>
<ul>{% for (name, level) in permissions %}<li><code>{{ name }}</code>: {{ level }}</li>{% endfor %}</ul>
<p>and is told of: {% for event in events %}<code>{{ event }}</code> {% endfor %}</p>
<p>Webhooks go to <code>{{ hook }}</code>.</p>
<form method="post" action="/settings/apps/manifest">
<label>Name <input type="text" name="name" value="{{ name }}" required maxlength="34"></label>
<input type="hidden" name="manifest" value="{{ manifest }}">
<input type="hidden" name="state" value="{{ state }}">
<button>Create GitHub App for {{ owner }}</button>
</form>"#,
    ext = "html"
)]
struct Confirm<'a> {
    permissions: Vec<(String, &'static str)>,
    events: Vec<String>,
    hook: String,
    name: String,
    manifest: &'a str,
    state: &'a str,
    owner: &'a str,
}

#[derive(Template)]
#[template(
    source = r#"<form method="post" action="/apps/{{ slug }}/installations/new">
<p>Install <strong>{{ slug }}</strong> on these repositories:</p>
{% for (id, name) in repos %}<label><input type="checkbox" name="repo" value="{{ id }}" checked> {{ name }}</label>{% endfor %}
<button>Install</button>
</form>"#,
    ext = "html"
)]
struct Install<'a> {
    slug: &'a str,
    repos: Vec<(i64, String)>,
}

#[derive(Template)]
#[template(source = r#"<p><a href="/apps/{{ slug }}/installations/new">Install it</a></p>"#, ext = "html")]
struct About<'a> {
    slug: &'a str,
}

#[derive(Template)]
#[template(source = r#"<p>{{ slug }} is installed. <a href="/">To the repositories</a></p>"#, ext = "html")]
struct Installed<'a> {
    slug: &'a str,
}

pub(super) fn answer(hub: &Hub, visit: &Visit<'_>) -> Option<Answered> {
    match (visit.method, visit.parts.as_slice()) {
        ("POST", ["settings", "apps", "new"]) => Some(confirm(visit, "operator")),
        ("POST", ["organizations", owner, "settings", "apps", "new"]) => Some(confirm(visit, owner)),
        ("POST", ["settings", "apps", "manifest"]) => Some(register(hub, visit)),
        ("GET", ["apps", slug]) if hub.lock().app.slug == *slug => Some(page(200, slug, &About { slug })),
        ("GET", ["apps", slug, "installations", "new"]) if hub.lock().app.slug == *slug => {
            let repos = repositories(&hub.lock());
            Some(page(200, "Install an App", &Install { slug, repos }))
        }
        ("POST", ["apps", slug, "installations", "new"]) if hub.lock().app.slug == *slug => {
            Some(install(hub, visit, slug))
        }
        _ => None,
    }
}

fn confirm(visit: &Visit<'_>, owner: &str) -> Answered {
    let text = visit.field("manifest");
    let manifest = match Manifest::parse(text) {
        Ok(manifest) => manifest,
        Err(why) => return refused(422, &why),
    };
    let confirm = Confirm {
        permissions: manifest.permissions.into_iter().map(|(name, level)| (name, level.name())).collect(),
        events: manifest.events,
        hook: manifest.hook.unwrap_or_else(|| "nowhere".to_owned()),
        name: manifest.name,
        manifest: text,
        state: visit.query.get("state").map_or("", String::as_str),
        owner,
    };
    page(200, "Create a GitHub App", &confirm)
}

fn register(hub: &Hub, visit: &Visit<'_>) -> Answered {
    let manifest = match Manifest::parse(visit.field("manifest")) {
        Ok(manifest) => manifest,
        Err(why) => return refused(422, &why),
    };
    let made = new_key().and_then(|pem| hub.lock().register(&manifest, visit.field("name"), visit.field("state"), pem));
    match made {
        Ok(back) => go_to(&back),
        Err(refusal) => refused(refusal.status, &refusal.message),
    }
}

fn install(hub: &Hub, visit: &Visit<'_>, slug: &str) -> Answered {
    let mut state = hub.lock();
    let mut installation = 0;
    for repo in visit.form.get("repo").into_iter().flatten().filter_map(|id| id.parse().ok()) {
        let Ok(owner) = state.repo(repo).map(|found| found.owner) else { continue };
        if state.installation_of(repo).is_none() {
            installations::install(&mut state, owner, repo);
        }
        installation = state.installation_of(repo).map_or(0, |found| found.id);
    }
    match &state.registered.setup_url {
        // "About the setup URL": with the installation's number and what was done.
        Some(url) => go_to(&format!("{url}?installation_id={installation}&setup_action=install")),
        None => page(200, "Installed", &Installed { slug }),
    }
}

fn repositories(state: &State) -> Vec<(i64, String)> {
    state.repos.values().map(|repo| (repo.id, shapes::full_name(state, repo))).collect()
}
