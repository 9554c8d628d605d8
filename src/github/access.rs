//! How the App asks: as itself with a signed token, or for one repository with a minted one.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::tokens::{Minted, Reach};
use super::wire::{Answer, Ask, JSON, Kind};
use super::{App, GithubError, RepoRef, Step};
use crate::ids::Timestamp;

impl App {
    /// The read or write token for git to fetch with. It goes to git by its environment and nowhere else.
    ///
    /// # Errors
    /// As for any request; [`GithubError::Gone`] and [`GithubError::Refused`] mean that it is not ours to read (T04).
    pub async fn git_credential(&self, at: &RepoRef, step: Step, now: Timestamp) -> Result<SecretString, GithubError> {
        Ok(self.token(at, step, now).await?.token)
    }

    /// Ends a token before its time, when its step is done (T43): `DELETE /installation/token`. Without one, asks nothing.
    ///
    /// # Errors
    /// When GitHub gives no clear answer; the token is forgotten all the same.
    pub async fn revoke(&self, at: &RepoRef, step: Step, now: Timestamp) -> Result<(), GithubError> {
        let Some(minted) = self.tokens.slot(at.reach(step), now).take().await else { return Ok(()) };
        let ask = Ask {
            kind: Kind::Set,
            method: Method::DELETE,
            path: "/installation/token".to_owned(),
            body: None,
            what: "revoke a token".to_owned(),
            accept: JSON,
            points: false,
        };
        let answer = self.wire.exchange(Some(&minted.token), &ask).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Ok(()); // It has ended by itself.
        }
        answer.judge(&ask, now).map(|_| ())
    }

    /// Asks as the App itself. A refusal may come from a wrong clock, so it is tried once more by GitHub's (F25).
    pub(super) async fn ask_as_app(&self, ask: &Ask, now: Timestamp) -> Result<Answer, GithubError> {
        let mut answer = self.wire.exchange(Some(&self.app_token(ask, now)?), ask).await?;
        if answer.status == StatusCode::UNAUTHORIZED
            && let Some(date) = answer.date()
            && self.key.learn(now, date)
        {
            tracing::warn!(
                ahead_ms = date.0 - now.0,
                "this machine's clock differs from GitHub's, using GitHub's to sign"
            );
            answer = self.wire.exchange(Some(&self.app_token(ask, now)?), ask).await?;
        }
        answer.judge(ask, now)
    }

    /// Asks for one repository. A token that GitHub no longer takes is replaced once (F32), and a repository that was
    /// renamed is followed once (F41); neither answer can have done anything, so asking again is safe.
    pub(super) async fn ask(&self, at: &RepoRef, step: Step, ask: &Ask, now: Timestamp) -> Result<Answer, GithubError> {
        let admitted = match ask.kind {
            Kind::Read => self.pace.admit_read(at.installation, now),
            Kind::Set | Kind::Create => self.pace.admit_write(at.installation, now),
        };
        admitted.map_err(|until| GithubError::Limited { what: ask.what.clone(), until })?;

        let minted = self.token(at, step, now).await?;
        let mut answer = self.wire.exchange(Some(&minted.token), ask).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.tokens.slot(at.reach(step), now).drop_refused(&minted).await;
            let minted = self.token(at, step, now).await?;
            answer = self.wire.exchange(Some(&minted.token), ask).await?;
        }
        if let Some(path) = answer.moved_to().filter(|_| !ask.is_answered_by(answer.status)) {
            let minted = self.token(at, step, now).await?;
            answer = self.wire.exchange(Some(&minted.token), &Ask { path, ..ask.clone() }).await?;
        }
        self.quotas.note(at.installation, &answer.headers);
        self.heed(at, answer.judge(ask, now))
    }

    async fn token(&self, at: &RepoRef, step: Step, now: Timestamp) -> Result<Minted, GithubError> {
        let slot = self.tokens.slot(at.reach(step), now);
        let held = slot.hold(now).await;
        if let Some(minted) = held.token() {
            return Ok(minted);
        }
        let minted = self.heed(at, self.mint(at.reach(step), now).await)?;
        held.put(&minted);
        Ok(minted)
    }

    /// `POST /app/installations/{id}/access_tokens`, for one repository and the step's permissions (T30, T37).
    async fn mint(&self, reach: Reach, now: Timestamp) -> Result<Minted, GithubError> {
        let permissions: BTreeMap<_, _> = reach.step.permissions().iter().copied().collect();
        let ask = Ask::set(
            Method::POST,
            format!("/app/installations/{}/access_tokens", reach.installation),
            json!({ "repository_ids": [reach.repository], "permissions": permissions }),
            format!("get access to repository {} of installation {}", reach.repository, reach.installation),
        );
        let answer = self.ask_as_app(&ask, now).await.map_err(|error| match error {
            // GitHub answers 422 both for a repository outside the installation and for a permission not granted.
            GithubError::Invalid { what, why } => GithubError::Refused { what, why },
            GithubError::Gone { .. }
            | GithubError::Refused { .. }
            | GithubError::Parked { .. }
            | GithubError::Locked { .. }
            | GithubError::Conflict { .. }
            | GithubError::Limited { .. }
            | GithubError::Unknown { .. }
            | GithubError::Flaky { .. } => error,
        })?;
        let minted: MintedWire = answer.read(&ask)?;
        Ok(Minted { token: minted.token, at: now })
    }

    /// Keeps the whole installation still when GitHub says so.
    fn heed<T>(&self, at: &RepoRef, result: Result<T, GithubError>) -> Result<T, GithubError> {
        if let Err(GithubError::Limited { until, .. }) = &result {
            self.pace.close(at.installation, *until);
        }
        result
    }

    pub(super) fn app_token(&self, ask: &Ask, now: Timestamp) -> Result<SecretString, GithubError> {
        self.key.sign(now).map_err(|error| GithubError::Refused { what: ask.what.clone(), why: error.to_string() })
    }
}

#[derive(Deserialize)]
struct MintedWire {
    token: SecretString,
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use serde_json::Value;

    use super::*;
    use crate::github::Calls;
    use crate::github::testing::{Fake, NOW, Reply, Seen, TestError};
    use crate::ids::{IssueNumber, Timestamp};

    fn issue() -> Reply {
        Reply::new(
            200,
            &json!({
                "id": 1, "number": 42, "title": "T", "body": null, "state": "open", "html_url": "https://github.test/42",
                "created_at": "2026-11-22T14:41:00Z", "updated_at": "2026-11-22T14:41:00Z", "user": null, "odd": [1],
            }),
        )
    }

    fn minutes(minutes: i64) -> Timestamp {
        Timestamp(NOW.0 + minutes * 60_000)
    }

    #[tokio::test]
    async fn t37_a_token_is_minted_for_one_repository_and_exactly_the_steps_permissions() -> Result<(), TestError> {
        let fake = Fake::start(|_| None).await?;
        let app = fake.app()?;
        for step in [Step::Read, Step::Write, Step::Read] {
            app.git_credential(&fake.at, step, NOW).await?;
        }

        let read = json!({ "contents": "read", "issues": "write", "metadata": "read", "pull_requests": "read" });
        let write = json!({
            "checks": "write", "contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write",
        });
        let asked: Vec<_> = fake.mints().into_iter().map(|mint| mint.body).collect();
        assert_eq!(
            asked,
            [
                json!({ "repository_ids": [77], "permissions": read }),
                json!({ "repository_ids": [77], "permissions": write }),
            ]
        );
        Ok(())
    }

    #[tokio::test]
    async fn f32_five_at_once_wait_for_one_token_and_it_is_replaced_after_45_minutes() -> Result<(), TestError> {
        let fake = Fake::start(|seen| seen.line.contains("/issues/42").then(issue)).await?;
        let app = fake.app()?;
        let repository = app.repository(&fake.at, Step::Read, NOW);
        let asked = futures::future::join_all((0..5).map(|_| repository.issue(IssueNumber(42)))).await;
        assert!(asked.iter().all(Result::is_ok), "{asked:?}");
        assert_eq!(fake.mints().len(), 1);

        app.repository(&fake.at, Step::Read, minutes(44)).issue(IssueNumber(42)).await?;
        assert_eq!(fake.mints().len(), 1);
        app.repository(&fake.at, Step::Read, minutes(45)).issue(IssueNumber(42)).await?;
        assert_eq!(fake.mints().len(), 2);
        assert_eq!(app.calls(), Calls { reads: 7, writes: 2 });
        Ok(())
    }

    #[tokio::test]
    async fn f32_a_refused_token_is_replaced_once_and_then_it_is_an_error() -> Result<(), TestError> {
        let dies = |seen: &Seen, alive: &str| {
            let takes = seen.authorization.as_deref() == Some(alive);
            seen.line.contains("/issues/42").then(|| match takes {
                true => issue(),
                false => Reply::new(401, &json!({ "message": "Bad credentials" })),
            })
        };

        let fake = Fake::start(move |seen| dies(seen, "Bearer ghs_canary2")).await?;
        let app = fake.app()?;
        assert!(app.repository(&fake.at, Step::Read, NOW).issue(IssueNumber(42)).await.is_ok());
        assert_eq!(fake.mints().len(), 2);

        let fake = Fake::start(move |seen| dies(seen, "nobody")).await?;
        let app = fake.app()?;
        assert_eq!(
            app.repository(&fake.at, Step::Read, NOW).issue(IssueNumber(42)).await,
            Err(GithubError::Refused { what: "read issue #42 in acme/tool".into(), why: "401 Bad credentials".into() })
        );
        assert_eq!(fake.mints().len(), 2);
        Ok(())
    }

    #[tokio::test]
    async fn t04_a_repository_that_is_not_ours_gets_no_token() -> Result<(), TestError> {
        for (status, message) in [(404, "Not Found"), (422, "There is at least one repository that does not exist")] {
            let reply = Reply::new(status, &json!({ "message": message }));
            let fake = Fake::start(move |seen| seen.line.contains("access_tokens").then(|| reply.clone())).await?;
            let error = fake.app()?.git_credential(&fake.at, Step::Read, NOW).await.err();

            let what = "get access to repository 77 of installation 5".to_owned();
            let expected = match status {
                404 => GithubError::Gone { what },
                _ => GithubError::Refused { what, why: format!("422 {message}") },
            };
            assert_eq!(error, Some(expected));
        }
        Ok(())
    }

    #[tokio::test]
    async fn f25_a_wrong_clock_is_corrected_by_githubs_date() -> Result<(), TestError> {
        let mut refused = false;
        let fake = Fake::start(move |seen| {
            let first = seen.line.contains("access_tokens") && !std::mem::replace(&mut refused, true);
            let reply =
                Reply::new(401, &json!({ "message": "'Expiration time' claim ('exp') is too far in the future" }));
            first.then(|| reply.with("date", "Thu, 14 Jan 2027 08:00:00 GMT"))
        })
        .await?;

        assert!(fake.app()?.git_credential(&fake.at, Step::Read, NOW).await.is_ok());
        let issued: Vec<_> = fake
            .mints()
            .iter()
            .filter_map(|mint| mint.authorization.as_ref()?.strip_prefix("Bearer "))
            .filter_map(|token| jsonwebtoken::dangerous::insecure_decode::<Value>(token).ok())
            .filter_map(|token| token.claims["iat"].as_i64())
            .collect();
        assert_eq!(issued, [1_799_999_940, 1_799_913_540]);
        Ok(())
    }

    #[tokio::test]
    async fn t43_a_token_is_revoked_when_its_step_is_done() -> Result<(), TestError> {
        let fake = Fake::start(|seen| seen.line.contains("DELETE").then(|| Reply::new(204, &json!(null)))).await?;
        let app = fake.app()?;
        app.revoke(&fake.at, Step::Write, NOW).await?;
        assert_eq!(fake.seen().len(), 0);

        app.git_credential(&fake.at, Step::Write, NOW).await?;
        app.revoke(&fake.at, Step::Write, NOW).await?;
        let last = fake.seen().pop().map(|seen| (seen.line, seen.authorization));
        assert_eq!(last, Some(("DELETE /installation/token".into(), Some("Bearer ghs_canary1".into()))));
        app.git_credential(&fake.at, Step::Write, NOW).await?;
        assert_eq!(fake.mints().len(), 2);
        Ok(())
    }

    #[tokio::test]
    async fn f29_nothing_is_asked_before_the_moment_github_named() -> Result<(), TestError> {
        let fake = Fake::start(|seen| {
            let limit = Reply::new(403, &json!({ "message": "You have exceeded a secondary rate limit" }));
            seen.line.contains("/issues/42").then(|| limit.with("retry-after", "120"))
        })
        .await?;
        let app = fake.app()?;
        let what = "read issue #42 in acme/tool".to_owned();
        let limited = Err(GithubError::Limited { what, until: minutes(2) });

        assert_eq!(app.repository(&fake.at, Step::Read, NOW).issue(IssueNumber(42)).await, limited);
        assert_eq!(app.repository(&fake.at, Step::Read, minutes(1)).issue(IssueNumber(42)).await, limited);
        assert_eq!(fake.lines().len(), 1);
        Ok(())
    }

    /// What a subscriber that drops nothing was told.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn t41_no_log_line_of_any_library_shows_a_token() -> Result<(), TestError> {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        // While there is only one, tracing asks the thread that first comes to a line whether anybody listens, and
        // that may be another test's.
        let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
        let watched = tracing::subscriber::set_default(subscriber);
        let fake = Fake::start(|seen| seen.line.contains("/issues/42").then(|| Reply::new(401, &json!({})))).await?;
        let refused = fake.app()?.repository(&fake.at, Step::Read, NOW).issue(IssueNumber(42)).await;
        drop(watched);

        let said = String::from_utf8_lossy(&log.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
        let signed: Vec<_> = fake.mints().into_iter().filter_map(|mint| mint.authorization).collect();
        assert!(refused.is_err() && signed.len() == 2 && said.contains("/repos/acme/tool/issues/42"), "{said}");
        assert!(!said.contains("canary") && signed.iter().all(|token| !said.contains(token.as_str())), "{said}");
        Ok(())
    }

    #[tokio::test]
    async fn t41_neither_key_nor_token_can_be_printed() -> Result<(), TestError> {
        let fake = Fake::start(|_| None).await?;
        let app = fake.app()?;
        let repository = app.repository(&fake.at, Step::Read, NOW);
        let token = app.git_credential(&fake.at, Step::Read, NOW).await?;
        let error = repository.issue(IssueNumber(42)).await.err();

        let printed =
            format!("{app:?} {token:?} {error:?} {}", error.as_ref().map(ToString::to_string).unwrap_or_default());
        assert!(printed.contains("unexpected GET"), "{printed}");
        assert!(!printed.contains("canary") && !printed.contains("PRIVATE"), "{printed}");
        Ok(())
    }

    #[tokio::test]
    async fn f41_a_renamed_repository_is_followed_by_reads_and_by_writes() -> Result<(), TestError> {
        let fake = Fake::start(|seen| match seen.line.split_once(' ')? {
            ("GET", "/repos/acme/tool/issues/42") => Some(moved(301, "/repositories/77/issues/42")),
            ("GET", "/repositories/77/issues/42") => Some(issue()),
            ("POST", "/repos/acme/tool/issues/42/reactions") => {
                Some(moved(307, "/repositories/77/issues/42/reactions"))
            }
            ("POST", "/repositories/77/issues/42/reactions") => Some(Reply::new(201, &seen.body)),
            _ => None,
        })
        .await?;
        let app = fake.app()?;
        let here = app.repository(&fake.at, Step::Read, NOW);

        assert!(here.issue(IssueNumber(42)).await.is_ok());
        let target = crate::github::Target::Thread(IssueNumber(42).into());
        assert_eq!(here.react(target, crate::github::Reaction::Eyes).await, Ok(()));
        let last = fake.seen().pop().map(|seen| (seen.authorization, seen.body));
        assert_eq!(last, Some((Some("Bearer ghs_canary1".into()), json!({ "content": "eyes" }))));
        Ok(())
    }

    #[tokio::test]
    async fn t04_a_token_does_not_follow_a_redirect_to_another_host() -> Result<(), TestError> {
        let evil = Fake::start(|_| Some(issue())).await?;
        let away = format!("{}/issues/42", evil.address);
        let fake = Fake::start(move |seen| seen.line.contains("/issues/42").then(|| moved(301, &away))).await?;
        let app = fake.app()?;

        let _ = app.repository(&fake.at, Step::Read, NOW).issue(IssueNumber(42)).await;
        assert_eq!(evil.seen().into_iter().filter_map(|seen| seen.authorization).collect::<Vec<_>>(), [""; 0]);
        Ok(())
    }

    fn moved(status: u16, to: &str) -> Reply {
        Reply::new(status, &json!({ "message": "Moved" })).with("location", to)
    }
}
