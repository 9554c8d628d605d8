//! What every page has around it.

use maud::{DOCTYPE, Markup, html};
use url::form_urlencoded::byte_serialize;

use super::assets::{ICON, SCRIPT, STYLE};
use super::guard::Viewer;

/// Which part of the dashboard a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Runs,
    Repositories,
    Costs,
    Deliveries,
    Health,
}

/// A page for somebody who has signed in.
pub(super) fn page(viewer: &Viewer, part: Part, title: &str, main: &Markup) -> Markup {
    let link = |to: &str, name: &str, this: Part| {
        html! { li { a href=(to) aria-current=[(this == part).then_some("page")] { (name) } } }
    };
    let nav = html! {
        nav aria-label="Main" {
            ul {
                (link("/runs", "Runs", Part::Runs))
                (link("/repositories", "Repositories", Part::Repositories))
                (link("/costs", "Costs", Part::Costs))
                @if viewer.administers {
                    (link("/deliveries", "Deliveries", Part::Deliveries))
                    (link("/health", "Health", Part::Health))
                }
            }
        }
        form.who method="post" action="/logout" {
            input type="hidden" name="token" value=(viewer.token);
            span.login { (viewer.login) }
            button type="submit" { "Sign out" }
        }
    };
    whole(title, &nav, main)
}

/// A page for somebody who has not signed in, or that has nothing to show.
pub(super) fn bare(title: &str, text: &str) -> Markup {
    whole(title, &html! {}, &html! { h1 { (title) } p.lead { (text) } p { a href="/runs" { "To the runs" } } })
}

/// The page for whoever has not signed in; they come back to `to`.
pub(super) fn door(to: &str) -> Markup {
    let to: String = byte_serialize(to.as_bytes()).collect();
    let main = html! {
        div.door {
            h1 { "Sign in" }
            p.lead { "This server shows you the runs of the repositories that GitHub lets you read." }
            // No form: a policy that keeps forms at home would stop it on the way to GitHub.
            p { a.primary href=(format!("/login?to={to}")) { "Sign in with GitHub" } }
        }
    };
    whole("Sign in", &html! {}, &main)
}

/// The page after a sign-in that led to nothing.
pub(super) fn not_signed_in(why: &str) -> Markup {
    let main = html! {
        div.door {
            h1 { "Not signed in" }
            p.lead { (why) }
            p { a href="/" { "Try again" } }
        }
    };
    whole("Not signed in", &html! {}, &main)
}

fn whole(title: &str, nav: &Markup, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Assentry" }
                link rel="stylesheet" href=(STYLE.path);
                link rel="icon" type="image/svg+xml" href=(ICON.path);
                script src=(SCRIPT.path) defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top { a.brand href="/runs" { "Assentry" } (nav) }
                main #main tabindex="-1" { (main) }
            }
        }
    }
}
