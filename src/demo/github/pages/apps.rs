//! Registering an App from a manifest, and installing it.

use maud::{Markup, html};

use super::{Visit, go_to, page, refused};
use crate::demo::github::door::Answered;
use crate::demo::github::registration::{Manifest, new_key};
use crate::demo::github::state::State;
use crate::demo::github::{Hub, installations, shapes};

pub(super) fn answer(hub: &Hub, visit: &Visit<'_>) -> Option<Answered> {
    match (visit.method, visit.parts.as_slice()) {
        ("POST", ["settings", "apps", "new"]) => Some(confirm(visit, "operator")),
        ("POST", ["organizations", owner, "settings", "apps", "new"]) => Some(confirm(visit, owner)),
        ("POST", ["settings", "apps", "manifest"]) => Some(register(hub, visit)),
        ("GET", ["apps", slug]) if hub.lock().app.slug == *slug => Some(page(200, slug, &about(slug))),
        ("GET", ["apps", slug, "installations", "new"]) if hub.lock().app.slug == *slug => {
            let repos = repositories(&hub.lock());
            Some(page(200, "Install an App", &choose(slug, &repos)))
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
    let state = visit.query.get("state").map_or("", String::as_str);
    page(200, "Create a GitHub App", &proposed(&manifest, text, state, owner))
}

fn proposed(manifest: &Manifest, text: &str, state: &str, owner: &str) -> Markup {
    html! {
        p { "This manifest would register an App that may:" }
        ul { @for (name, level) in &manifest.permissions { li { code { (name) } ": " (level.name()) } } }
        p { "and is told of: " @for event in &manifest.events { code { (event) } " " } }
        p { "Webhooks go to " code { (manifest.hook.as_deref().unwrap_or("nowhere")) } "." }
        form method="post" action="/settings/apps/manifest" {
            label { "Name " input type="text" name="name" value=(manifest.name) required maxlength="34"; }
            input type="hidden" name="manifest" value=(text);
            input type="hidden" name="state" value=(state);
            button { "Create GitHub App for " (owner) }
        }
    }
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
        None => page(200, "Installed", &html! { p { (slug) " is installed. " a href="/" { "To the repositories" } } }),
    }
}

fn repositories(state: &State) -> Vec<(i64, String)> {
    state.repos.values().map(|repo| (repo.id, shapes::full_name(state, repo))).collect()
}

fn about(slug: &str) -> Markup {
    html! { p { a href=(format!("/apps/{slug}/installations/new")) { "Install it" } } }
}

fn choose(slug: &str, repos: &[(i64, String)]) -> Markup {
    html! {
        form method="post" action=(format!("/apps/{slug}/installations/new")) {
            p { "Install " strong { (slug) } " on these repositories:" }
            @for (id, name) in repos { label { input type="checkbox" name="repo" value=(id) checked; " " (name) } }
            button { "Install" }
        }
    }
}
