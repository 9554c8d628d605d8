//! The App itself: whether GitHub knows it, what it was granted, who has installed it, whose clock is right.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Report, now};
use crate::config::Config;
use crate::github::{
    Access, App, GithubError, Installed, Missing, NEEDED, OPTIONAL, check_granted, check_optional, check_permissions,
};

/// From here on a clock is worth a look, and from there it is wrong.
const ODD: Duration = Duration::from_secs(30);
const WRONG: Duration = Duration::from_secs(300);

pub(super) async fn clock(report: &mut Report, app: &App) {
    let asked = now();
    match app.their_clock(asked).await {
        Ok(Some(theirs)) => {
            let apart = theirs.since(now()).max(asked.since(theirs));
            let found = format!("this machine's clock and GitHub's are {} s apart", apart.as_secs());
            let remedy = "Let the machine keep time: timedatectl set-ntp true, or chrony.";
            match apart {
                apart if apart >= WRONG => report.fail("clock", found, remedy),
                apart if apart >= ODD => report.warn("clock", found, remedy),
                _ => report.ok("clock", found),
            }
        }
        Ok(None) => {
            report.warn("clock", "GitHub's answer has no date", "Look at the proxy between this machine and GitHub.")
        }
        // Why GitHub cannot be asked is said where the App is looked at.
        Err(_) => {}
    }
}

/// Whether GitHub knows the App by its key, and what the App has; its name in addresses.
pub(super) async fn identity(report: &mut Report, config: &Config, app: &App) -> Option<String> {
    let us = match app.identity(now()).await {
        Ok(us) => us,
        Err(error) => {
            let remedy = match error {
                GithubError::Gone { .. } | GithubError::Refused { .. } => {
                    "Compare github.app_id and the key with the App's settings page, and api_url with where the App is."
                }
                GithubError::Flaky { .. }
                | GithubError::Unknown { .. }
                | GithubError::Limited { .. }
                | GithubError::Invalid { .. }
                | GithubError::Conflict { .. }
                | GithubError::Locked { .. }
                | GithubError::Parked { .. } => {
                    "Look whether this machine reaches github.api_url: proxy, firewall, DNS, certificates."
                }
            };
            report.fail("app", error.to_string(), remedy);
            return None;
        }
    };
    report.ok("app", format!("GitHub knows App {} by this key as {}", us.app_id, us.bot_login));
    let settings = format!("{}/settings/apps/{}", config.github.web_url.as_str().trim_end_matches('/'), us.slug);
    let missing = check_permissions(us);
    for missing in &missing {
        let (check, remedy) = match missing {
            Missing::Permission { .. } => {
                ("permissions", format!("Change it at {settings}/permissions, then let each installation accept it."))
            }
            Missing::Event(_) => ("events", format!("Subscribe to it at {settings}/permissions.")),
        };
        lacks(report, check, (missing, missing.to_string()), remedy);
    }
    if missing.is_empty() {
        report.ok("permissions", "the App has every permission and event that it needs");
    }
    for name in surplus(&us.permissions) {
        let remedy = format!("Take it away at {settings}/permissions: nothing here uses it.");
        report.warn("permissions", format!("permission `{name}` is more than is needed"), remedy);
    }
    Some(us.slug.clone())
}

/// Something is not granted: bad where nothing works without it, else worth a word.
fn lacks(report: &mut Report, check: &'static str, (missing, found): (&Missing, String), remedy: String) {
    match missing.is_vital() {
        true => report.fail(check, found, remedy),
        false => report.warn(check, format!("{found}; all else goes on without"), remedy),
    }
}

/// What is granted beyond the list.
fn surplus(granted: &BTreeMap<String, String>) -> Vec<String> {
    let known = |name: &str, level: &str| {
        let need = NEEDED.iter().chain(OPTIONAL).find(|need| need.permission == name);
        need.is_some_and(|need| need.access == Access::Write || level == "read")
    };
    let more = granted.iter().filter(|(name, level)| !known(name, level));
    more.map(|(name, level)| format!("{name}: {level}")).collect()
}

/// Who has installed the App; those that work are given back.
pub(super) async fn installations(report: &mut Report, app: &App, about: (&Config, &str)) -> Vec<Installed> {
    let (config, slug) = about;
    let web = config.github.web_url.as_str().trim_end_matches('/');
    let listed = match app.installations(now()).await {
        Ok(listed) => listed.items,
        Err(error) => {
            report.fail("installations", error.to_string(), "Try again later.");
            return vec![];
        }
    };
    if listed.is_empty() {
        let remedy = format!("Install it: {web}/apps/{slug}/installations/new");
        report.warn("installations", "nobody has installed the App", remedy);
    }
    let mut working = vec![];
    for installed in listed {
        let (account, id) = (&installed.account, installed.id);
        if installed.suspended {
            let remedy = format!("{account} ends that at {web}/settings/installations/{id}.");
            report.warn("installations", format!("the installation of {account} is suspended"), remedy);
            continue;
        }
        let missing = check_granted(&installed.permissions);
        for missing in &missing {
            let remedy = format!("{account} accepts the App's new permissions at {web}/settings/installations/{id}.");
            lacks(report, "installations", (missing, format!("{account}: {missing}")), remedy);
        }
        if config.show.project
            && let Some(missing) = check_optional("organization_projects", &installed.permissions)
        {
            let remedy = format!(
                "Grant it to the App and let {account} accept it, or take `project` from [show]. GitHub has none for users."
            );
            report.warn("installations", format!("{account}: {missing}"), remedy);
        }
        if missing.is_empty() {
            report.ok("installations", format!("{account} has granted what is needed"));
        }
        if !missing.iter().any(Missing::is_vital) {
            working.push(installed);
        }
    }
    working
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_beyond_the_list_is_named() {
        let granted = [("contents", "write"), ("members", "read"), ("metadata", "write"), ("workflows", "write")];
        let granted = granted.map(|(name, level)| (name.to_owned(), level.to_owned())).into();
        assert_eq!(surplus(&granted), ["metadata: write", "workflows: write"]);
    }
}
