//! What an answer means: the table from GitHub's status codes, headers and messages to our errors.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::GithubError;
use super::wire::{Answer, Ask};
use crate::ids::Timestamp;

/// What GitHub asks for when it names no time: "wait for at least one minute before retrying".
const SECONDARY: Duration = Duration::from_secs(60);
/// Longer waits are asked for anew.
const LONGEST_WAIT: u64 = 2 * 3600;
/// How much of GitHub's own words an error keeps.
const WHY_CHARS: usize = 400;

#[derive(Deserialize, Default)]
struct Complaint {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Value,
    #[serde(default)]
    documentation_url: Option<String>,
}

impl Answer {
    /// Lets a success pass and sorts everything else.
    pub(super) fn judge(self, ask: &Ask, now: Timestamp) -> Result<Answer, GithubError> {
        if self.status.is_success() || ask.is_answered_by(self.status) {
            return Ok(self);
        }
        let complaint: Complaint = serde_json::from_slice(&self.body).unwrap_or_default();
        let what = ask.what.clone();
        Err(match self.status.as_u16() {
            404 | 410 => GithubError::Gone { what },
            403 | 429 if let Some(until) = self.wait(&complaint, now) => GithubError::Limited { what, until },
            403 if complaint.is_about_a_lock() => GithubError::Locked { what },
            403 if complaint.is_about_rest() => GithubError::Parked { what, why: complaint.why(self.status) },
            401 | 403 | 451 => GithubError::Refused { what, why: self.refusal(&complaint) },
            409 => GithubError::Conflict { what, why: complaint.why(self.status) },
            400 | 405..=407 | 411..=428 | 431 => GithubError::Invalid { what, why: complaint.why(self.status) },
            _ => ask.unclear(complaint.why(self.status)),
        })
    }

    /// Reads the body into the fields we care for.
    pub(super) fn read<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, GithubError> {
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(&self.body)).map_err(|error| {
            ask.unclear(format!("the answer was not understood at {}: {}", error.path(), error.inner()))
        })
    }

    /// GitHub's clock when it answered.
    pub(super) fn date(&self) -> Option<Timestamp> {
        let date = chrono::DateTime::parse_from_rfc2822(self.header("date")?).ok()?;
        Some(Timestamp(date.timestamp_millis()))
    }

    /// Until when to wait, if this is a rate limit: `retry-after`, else the reset of a used-up budget, else a minute
    /// for a secondary limit. A 403 without any of these is about permission.
    fn wait(&self, complaint: &Complaint, now: Timestamp) -> Option<Timestamp> {
        let after = |seconds: u64| now.plus(Duration::from_secs(seconds.clamp(1, LONGEST_WAIT)));
        if let Some(seconds) = self.number("retry-after") {
            return Some(after(seconds));
        }
        if self.number("x-ratelimit-remaining") == Some(0)
            && let Some(reset) = self.number("x-ratelimit-reset")
        {
            // By GitHub's clock, because the reset is by GitHub's clock too.
            let theirs = u64::try_from(self.date().unwrap_or(now).0 / 1000).unwrap_or(0);
            return Some(after(reset.saturating_sub(theirs)));
        }
        let limited = self.status == StatusCode::TOO_MANY_REQUESTS || complaint.is_about_a_rate();
        limited.then(|| now.plus(SECONDARY))
    }

    fn refusal(&self, complaint: &Complaint) -> String {
        let why = complaint.why(self.status);
        match self.header("x-accepted-github-permissions") {
            Some(accepted) if !accepted.is_empty() => {
                format!("{why} (needs {})", accepted.chars().take(WHY_CHARS).collect::<String>())
            }
            Some(_) | None => why,
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Complaint {
    fn why(&self, status: StatusCode) -> String {
        let details: Vec<String> = match &self.errors {
            Value::Array(errors) => errors.iter().map(detail).collect(),
            Value::Null => Vec::new(),
            other @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => vec![detail(other)],
        };
        let said = if self.message.is_empty() { "no reason given" } else { &self.message };
        let text = format!("{} {said}", status.as_u16());
        let text = if details.is_empty() { text } else { format!("{text}: {}", details.join("; ")) };
        text.chars().take(WHY_CHARS).collect()
    }

    /// GitHub writes "You have exceeded a secondary rate limit"; older servers speak of abuse detection.
    fn is_about_a_rate(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        message.contains("rate limit")
            || message.contains("abuse detection")
            || self.documentation_url.as_ref().is_some_and(|url| url.contains("secondary-rate-limits"))
    }

    /// GitHub writes "This installation has been suspended" and "Repository was archived so is read-only.".
    fn is_about_rest(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        message.contains("installation has been suspended") || message.contains("archived so is read-only")
    }

    /// GitHub writes "Unable to create comment because issue is locked.".
    fn is_about_a_lock(&self) -> bool {
        self.message.to_ascii_lowercase().contains("is locked")
    }
}

/// One entry of `errors`: either a text or an object with the resource, the field and a code.
fn detail(error: &Value) -> String {
    if let Some(text) = error.as_str().or_else(|| error.get("message").and_then(Value::as_str)) {
        return text.to_owned();
    }
    let part = |name| error.get(name).and_then(Value::as_str).unwrap_or("?");
    format!("{} {} {}", part("resource"), part("field"), part("code"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, TestError};
    use crate::ids::IssueNumber;

    /// Asks for issue 42 and gets this reply.
    async fn read_answered(reply: Reply) -> Result<Option<GithubError>, TestError> {
        let fake = Fake::start(move |seen| seen.line.contains("/issues/42").then(|| reply.clone())).await?;
        let app = fake.app()?;
        Ok(app.repository(&fake.at, Step::Read, NOW).issue(IssueNumber(42)).await.err())
    }

    /// Comments on issue 42 and gets this reply.
    async fn write_answered(reply: Reply) -> Result<Option<GithubError>, TestError> {
        let fake = Fake::start(move |seen| seen.line.contains("/issues/42").then(|| reply.clone())).await?;
        let app = fake.app()?;
        let mark = app.marker(crate::ids::RunId(1), "plan-v1");
        let posted = app.repository(&fake.at, Step::Read, NOW).create_comment(IssueNumber(42), "Plan.", &mark).await;
        assert_eq!(fake.lines(), ["POST /repos/acme/tool/issues/42/comments"], "sent once");
        Ok(posted.err())
    }

    fn saying(status: u16, message: &str) -> Reply {
        Reply::new(status, &json!({ "message": message }))
    }

    const WHAT: &str = "comment on #42 in acme/tool";

    fn limited(seconds: i64) -> Option<GithubError> {
        Some(GithubError::Limited { what: WHAT.into(), until: Timestamp(NOW.0 + seconds * 1000) })
    }

    fn refused(why: &str) -> Option<GithubError> {
        Some(GithubError::Refused { what: WHAT.into(), why: why.into() })
    }

    #[tokio::test]
    async fn f29_a_limit_is_told_from_a_missing_permission_and_names_its_end() -> Result<(), TestError> {
        let secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
        let date = "Fri, 15 Jan 2027 08:00:00 GMT";
        let not_accessible = saying(403, "Resource not accessible by integration");

        assert_eq!(write_answered(saying(403, secondary)).await?, limited(60));
        assert_eq!(write_answered(saying(403, secondary).with("retry-after", "17")).await?, limited(17));
        assert_eq!(write_answered(saying(429, "slow down")).await?, limited(60));
        let used_up = saying(403, "API rate limit exceeded").with("x-ratelimit-remaining", "0").with("date", date);
        assert_eq!(write_answered(used_up.with("x-ratelimit-reset", "1800003000")).await?, limited(3000));
        assert_eq!(
            write_answered(not_accessible.with("x-accepted-github-permissions", "issues=write")).await?,
            refused("403 Resource not accessible by integration (needs issues=write)")
        );
        Ok(())
    }

    #[tokio::test]
    async fn f40_a_locked_conversation_is_told_from_a_missing_permission() -> Result<(), TestError> {
        let locked = saying(403, "Unable to create comment because issue is locked.");

        assert_eq!(write_answered(locked).await?, Some(GithubError::Locked { what: WHAT.into() }));
        Ok(())
    }

    #[tokio::test]
    async fn f42_a_suspended_installation_and_an_archived_repository_are_at_rest() -> Result<(), TestError> {
        for said in ["This installation has been suspended", "Repository was archived so is read-only."] {
            let parked = GithubError::Parked { what: WHAT.into(), why: format!("403 {said}") };
            assert_eq!(write_answered(saying(403, said)).await?, Some(parked));
        }
        Ok(())
    }

    #[tokio::test]
    async fn f27_a_write_without_a_clear_answer_is_unknown_and_a_read_is_flaky() -> Result<(), TestError> {
        let (what, why) = (WHAT.to_owned(), "502 Server Error".to_owned());
        let read = "read issue #42 in acme/tool".to_owned();

        assert_eq!(
            write_answered(saying(502, "Server Error")).await?,
            Some(GithubError::Unknown { what: what.clone(), why: why.clone() })
        );
        assert_eq!(read_answered(saying(502, "Server Error")).await?, Some(GithubError::Flaky { what: read, why }));
        let garbled = write_answered(Reply::new(201, &json!({ "id": "?" }))).await?;
        assert!(matches!(garbled, Some(GithubError::Unknown { .. })), "{garbled:?}");
        Ok(())
    }

    #[tokio::test]
    async fn what_can_never_succeed_says_why() -> Result<(), TestError> {
        let errors = json!([{ "resource": "Issue", "field": "body", "code": "missing" }, "too odd"]);
        let invalid = Reply::new(422, &json!({ "message": "Validation Failed", "errors": errors }));

        assert_eq!(
            write_answered(invalid).await?,
            Some(GithubError::Invalid {
                what: WHAT.into(),
                why: "422 Validation Failed: Issue body missing; too odd".into()
            })
        );
        assert_eq!(write_answered(saying(404, "Not Found")).await?, Some(GithubError::Gone { what: WHAT.into() }));
        assert_eq!(write_answered(saying(410, "Gone")).await?, Some(GithubError::Gone { what: WHAT.into() }));
        Ok(())
    }

    #[tokio::test]
    async fn f27_what_never_reached_github_cannot_have_happened() -> Result<(), TestError> {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0")?;
        let api_url = format!("http://{}", nobody.local_addr()?).parse()?;
        drop(nobody);
        let web_url = "https://github.test".parse()?;
        let key_pem = crate::github::testing::key_pem()?;
        let app = crate::github::App::new(&crate::github::GithubConfig { api_url, web_url, app_id: 7, key_pem })?;

        let error = app.redeliver(crate::github::HookDeliveryId(1), NOW).await.err();
        assert!(matches!(error, Some(GithubError::Flaky { .. })), "{error:?}");
        Ok(())
    }
}
