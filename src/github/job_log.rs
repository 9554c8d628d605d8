//! The log of a job of GitHub Actions: GitHub is asked where it lies, and it is fetched from there.
//!
//! Promises: what is fetched goes with no token and is bounded, whatever is there; only its end is kept, without colours
//! and times. Refuses, whoever says so, an address without TLS, a bare address, a port, a name that leads inside (T44), and
//! to be pointed elsewhere once more. Only what stands beside the API, as on an Enterprise Server, may be inside.

use std::error::Error;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::LOCATION;
use reqwest::{Client, redirect};
use url::{Host, Url};

use super::wire::{Ask, WHOLE_CALL, is_loopback};
use super::{GithubError, Repository, Step};
use crate::ids::Timestamp;
use crate::outside::PublicOnly;

/// The longest log that is read to its end, in bytes.
const LONGEST: usize = 64 << 20;
/// How much of the end is looked at, in bytes.
const END: usize = 256 << 10;
/// How much of it is kept, in characters.
const MOST_KEPT: usize = 8_000;
/// How the line begins by which a step says that it failed. What comes behind the last one puts away.
const FAILED: &str = "##[error]";

type Failed = Box<dyn Error + Send + Sync>;

impl Repository<'_> {
    /// Reads the end of a job's log: `GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs`, which points for a minute to
    /// where it lies. `None` where that was never granted, where it is gone, or where it cannot be fetched.
    ///
    /// # Errors
    /// As for any read of GitHub's API.
    pub async fn job_log(&self, job: i64) -> Result<Option<String>, GithubError> {
        let path = self.path(&format!("/actions/jobs/{job}/logs"));
        let ask = Ask::get(path, self.what(format!("read the log of job {job}"))).pointing();
        let answer = match self.with(Step::Logs).ask(&ask).await {
            Err(GithubError::Gone { .. } | GithubError::Refused { .. }) => return Ok(None),
            answer => answer?,
        };
        let place: Option<Url> =
            answer.headers.get(LOCATION).and_then(|place| place.to_str().ok()).and_then(|to| to.parse().ok());
        let Some(place) = place else { return Ok(None) };
        match fetch(&self.app.wire.api_url, &place).await {
            Ok(bytes) => Ok(Some(end_of(&String::from_utf8_lossy(&bytes)))),
            Err(why) => {
                let host = place.host_str().unwrap_or_default();
                tracing::warn!(job, host, error = &*why, "the log of job {job} could not be fetched; going on without");
                Ok(None)
            }
        }
    }
}

/// Fetches the last bytes of what lies there.
async fn fetch(api: &Url, place: &Url) -> Result<Vec<u8>, Failed> {
    let client = client(api, place)?;
    // What goes wrong is logged, and whoever has the address has the log.
    let mut answer = client.get(place.clone()).send().await.map_err(reqwest::Error::without_url)?;
    if !answer.status().is_success() {
        return Err(format!("answered {}", answer.status()).into());
    }
    let (mut end, mut read) = (Vec::new(), 0_usize);
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        read = read.saturating_add(chunk.len());
        if read > LONGEST {
            return Err("it is too long".into());
        }
        end.extend_from_slice(&chunk);
        if end.len() > 2 * END {
            end.drain(..end.len() - END);
        }
    }
    Ok(end)
}

/// The way to where a log is said to lie, if that is a place to look at.
fn client(api: &Url, place: &Url) -> Result<Client, Failed> {
    let client = Client::builder().redirect(redirect::Policy::none()).timeout(WHOLE_CALL).user_agent("assentry");
    if is_loopback(api) && place.origin() == api.origin() {
        return Ok(client.tls_certs_only([]).no_proxy().build()?);
    }
    let named = matches!(place.host(), Some(Host::Domain(_)));
    let plain = place.username().is_empty() && place.password().is_none() && place.port().is_none();
    if place.scheme() != "https" || !named || !plain {
        return Err("it is said to lie where nothing is fetched from".into());
    }
    let client = client.https_only(true);
    if place.host() == api.host() {
        return Ok(client.build()?);
    }
    let guarded = Guarded { host: place.host_str().unwrap_or_default().to_owned() };
    Ok(client.dns_resolver(Arc::new(guarded)).build()?)
}

/// Resolves the host of a log to public addresses only. What else is resolved is the proxy of the environment, which may be
/// inside, and is the wall then.
struct Guarded {
    host: String,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        if name.as_str().eq_ignore_ascii_case(&self.host) {
            return PublicOnly.resolve(name);
        }
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str().to_owned(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// The end of a log as a person would read it: up to the failure, without colours and without the time on each line.
fn end_of(log: &str) -> String {
    let mut lines: Vec<String> = log.lines().map(|line| plain(line.trim_start_matches('\u{feff}'))).collect();
    if let Some(failed) = lines.iter().rposition(|line| line.starts_with(FAILED)) {
        lines.truncate(failed + 1);
    }
    let whole = lines.join("\n");
    let cut = whole.chars().count().saturating_sub(MOST_KEPT);
    let end: String = whole.chars().skip(cut).collect();
    match end.split_once('\n') {
        Some((_, lines)) if cut > 0 => lines.to_owned(),
        Some(_) | None => end,
    }
}

fn plain(line: &str) -> String {
    let said = match line.split_once(' ') {
        Some((time, said)) if Timestamp::from_rfc3339(time).is_ok() => said,
        Some(_) | None => line,
    };
    // What was written over by a carriage return, nobody sees.
    let said = said.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let mut parts = said.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // A sequence ends with the first byte that is no parameter ("ECMA-48: control sequences").
        plain.push_str(part.trim_start_matches(|c| (' '..='?').contains(&c)).get(1..).unwrap_or_default());
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::github::testing::{Fake, NOW, Reply, TestError};

    #[test]
    fn the_end_of_a_log_is_what_failed_without_times_colours_and_what_was_put_away() {
        let log = "\u{feff}2026-11-29T18:00:00.1234567Z ##[group]Run make\n\
                   2026-11-29T18:00:01.1234567Z 10%\r50%\r100%\r\n\
                   2026-11-29T18:00:02.1234567Z \u{1b}[31;1mtests/a.rs:3: \u{1b}[0mnot equal é\n\
                   2026-11-29T18:00:03.1234567Z ##[error]Process completed with exit code 1.\n\
                   2026-11-29T18:00:04.1234567Z Post job cleanup.\n";
        assert_eq!(
            end_of(log),
            "##[group]Run make\n100%\ntests/a.rs:3: not equal é\n##[error]Process completed with exit code 1."
        );
    }

    #[test]
    fn a_long_log_is_cut_at_its_beginning_between_lines() {
        let long: String = (0..10_000).map(|n| format!("line {n}\n")).collect();
        let end = end_of(&long);
        assert!(end.chars().count() <= MOST_KEPT && end.ends_with("line 9998\nline 9999"), "{end}");
        assert!(end.starts_with("line "), "{end}");
        assert_eq!(end_of(&"x".repeat(2 * MOST_KEPT)), "x".repeat(MOST_KEPT));
    }

    #[test]
    fn t44_a_log_is_fetched_from_nowhere_inside_and_never_without_tls() -> Result<(), TestError> {
        let api = "https://api.github.com/".parse()?;
        for refused in [
            "http://logs.example/1",
            "https://169.254.169.254/latest",
            "https://[::1]/1",
            "https://2852039166/1",
            "https://logs.example:8443/1",
            "https://ann@logs.example/1",
            "file:///etc/passwd",
            "http://127.0.0.1:80/1",
        ] {
            assert!(client(&api, &refused.parse()?).is_err(), "{refused}");
        }
        crate::github::install_crypto();
        assert!(client(&api, &"https://logs.example/1?sig=x".parse()?).is_ok());
        Ok(())
    }

    #[tokio::test]
    async fn t44_a_name_that_leads_inside_is_not_asked_for_a_log() -> Result<(), TestError> {
        crate::github::install_crypto();
        let guarded = Guarded { host: "localhost".to_owned() };
        assert!(guarded.resolve("localhost".parse::<Name>()?).await.is_err());
        assert!(guarded.resolve("LocalHost".parse::<Name>()?).await.is_err());
        let proxy = Guarded { host: "logs.example".to_owned() };
        assert!(proxy.resolve("localhost".parse::<Name>()?).await.is_ok());
        Ok(())
    }

    #[tokio::test]
    async fn t04_a_log_is_fetched_without_the_token_and_only_once_pointed_to() -> Result<(), TestError> {
        let elsewhere = Fake::start(|_| Some(Reply::new(200, &json!("secret")))).await?;
        let away = elsewhere.address.clone();
        let fake = Fake::start(move |seen| {
            let to = |status, place: &str| Some(Reply::new(status, &json!(null)).with("location", place));
            match seen.line.split_once(' ')? {
                ("GET", "/repos/acme/tool/actions/jobs/1/logs") => to(302, &format!("{away}/log")),
                ("GET", "/repos/acme/tool/actions/jobs/2/logs") => to(301, "/repositories/77/actions/jobs/2/logs"),
                ("GET", "/repos/acme/tool/actions/jobs/3/logs") => Some(Reply::new(410, &json!({}))),
                ("GET", "/repos/acme/tool/actions/jobs/4/logs") => Some(Reply::new(403, &json!({}))),
                _ => None,
            }
        })
        .await?;
        let app = fake.app()?;
        let here = app.repository(&fake.at, Step::Write, NOW);
        // Another port of this machine is another place, and not the API's own.
        assert_eq!(here.job_log(1).await?, None);
        assert_eq!(elsewhere.seen(), []);
        assert_eq!((here.job_log(3).await?, here.job_log(4).await?), (None, None));
        // A repository that was renamed is followed with the token, as everywhere.
        let renamed = here.job_log(2).await.map_err(|error| error.to_string());
        assert!(renamed.is_err_and(|why| why.contains("read the log of job 2")));
        let last = fake.seen().pop().map(|seen| (seen.line, seen.authorization));
        let line = "GET /repositories/77/actions/jobs/2/logs".to_owned();
        assert_eq!(last, Some((line, Some("Bearer ghs_canary1".to_owned()))));
        Ok(())
    }
}
