//! The way from GitHub to us: where webhooks go, who answers there, how the last ones went.

use std::time::Duration;

use reqwest::{Client, redirect};

use super::{Report, now};
use crate::config::Config;
use crate::github::{App, GithubError, Hook};

/// How far back deliveries are looked at.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What our door says to a delivery without a signature.
const OURS: &str = "the signature is missing or wrong\n";

pub(super) async fn hook(report: &mut Report, config: &Config, app: &App) {
    let settings = "Change it below Webhook on the App's settings page.";
    let hook = match app.hook(now()).await {
        Ok(hook) => hook,
        Err(GithubError::Gone { .. }) => return report.fail("webhook", "the App has no webhook", settings),
        Err(error) => return report.fail("webhook", error.to_string(), "Try again later."),
    };
    let Some(address) = hook.url.clone().filter(|url| !url.is_empty()) else {
        return report.fail("webhook", "the App has no webhook address", settings);
    };
    let mut faults = faults(&hook, &address);
    let expected =
        config.server.public_url.as_ref().map(|url| format!("{}/webhook", url.as_str().trim_end_matches('/')));
    if let Some(expected) = expected.filter(|expected| *expected != address) {
        faults.push(format!("webhooks go to {address}, and by server.public_url they should go to {expected}"));
    }
    for fault in &faults {
        report.fail("webhook", fault, settings);
    }
    match knock(&address).await {
        Ok(()) if faults.is_empty() => report.ok("webhook", format!("this server answers at {address}")),
        Ok(()) => {}
        Err(Knock::Redirected(why)) => {
            let remedy = "Let the proxy answer POST /webhook itself at the address that GitHub has.";
            report.fail("webhook", format!("{address}: {why}"), remedy);
        }
        Err(Knock::Unanswered(why)) => {
            let remedy = "Start the server, and let the proxy pass POST /webhook through unchanged. If only this machine \
                          cannot reach its own public address, the deliveries tell whether GitHub can.";
            report.warn("webhook", format!("{address}: {why}"), remedy);
        }
    }
}

fn faults(hook: &Hook, address: &str) -> Vec<String> {
    let mut faults = vec![];
    if hook.content_type != "json" {
        faults.push(format!("webhooks are sent as {:?}, and must be sent as JSON", hook.content_type));
    }
    if hook.is_insecure() {
        faults.push("GitHub does not check this server's certificate".to_owned());
    }
    if !address.ends_with("/webhook") {
        faults.push(format!("webhooks go to {address}, and this server takes them at /webhook"));
    }
    faults
}

/// Why our door was not found.
enum Knock {
    /// GitHub will not find it either (F07).
    Redirected(String),
    /// GitHub may find it where we do not, or it is not open yet.
    Unanswered(String),
}

/// Delivers something without a signature, which our door refuses in its own words.
async fn knock(address: &str) -> Result<(), Knock> {
    let http = Client::builder().redirect(redirect::Policy::none()).timeout(Duration::from_secs(10));
    let http = if address.starts_with("http:") { http.tls_certs_only([]) } else { http };
    let http = http.build().map_err(|error| Knock::Unanswered(error.to_string()))?;
    let sent = http.post(address).header("content-type", "application/json").body("{}").send().await;
    let answer =
        sent.map_err(|error| Knock::Unanswered(format!("nobody answers ({})", super::whole(&error.without_url()))))?;
    let status = answer.status();
    if status.is_redirection() {
        let why = format!("redirects ({status}); GitHub does not follow, and counts the delivery as failed");
        return Err(Knock::Redirected(why));
    }
    let said = answer.text().await.unwrap_or_default();
    let ours = status.as_u16() == 401 && said == OURS;
    if ours { Ok(()) } else { Err(Knock::Unanswered(format!("somebody else answers ({status})"))) }
}

pub(super) async fn deliveries(report: &mut Report, app: &App) {
    let ours = now();
    let theirs = app.their_clock(ours).await.ok().flatten().unwrap_or(ours);
    let since = crate::ids::Timestamp(theirs.0.saturating_sub(i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX)));
    let listed = match app.hook_deliveries(since, ours).await {
        Ok(listed) => listed.items,
        Err(error) => return report.fail("deliveries", error.to_string(), "Try again later."),
    };
    let failed = listed.iter().filter(|delivery| !delivery.succeeded()).count();
    let all = listed.len();
    let remedy = "Look at Recent Deliveries on the App's settings page: it shows what was answered. The server asks for \
                  failed ones again by itself.";
    match listed.first() {
        None => {
            let remedy = "Do something in a repository that has the App, such as a comment, and look again.";
            report.warn("deliveries", "nothing was delivered within a day", remedy);
        }
        Some(newest) if !newest.succeeded() => {
            let status = newest.status_code;
            let found = format!("the newest delivery failed (status {status}), and {failed} of {all} within a day");
            report.fail("deliveries", found, remedy);
        }
        Some(_) if failed > 0 => report.warn("deliveries", format!("{failed} of {all} within a day failed"), remedy),
        Some(_) => report.ok("deliveries", format!("{all} within a day, none failed")),
    }
}
