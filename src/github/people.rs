//! Who may do what in a repository.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::wire::{Ask, encode};
use super::{GithubError, Repository, fields};
use crate::ids::{AccountKind, Login, Person, Timestamp, UserId};

/// What somebody may do. A custom role counts as the level it is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    None,
    Read,
    Triage,
    Write,
    Maintain,
    Admin,
}

/// GitHub's answer to "what may this login do here".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Whose permission it is: to be compared with the id of the one who acted, because logins change hands.
    pub user: UserId,
    pub kind: AccountKind,
    pub level: Level,
    /// GitHub's clock when it answered, by the `Date` of the answer; absent when it did not say.
    pub at: Option<Timestamp>,
}

impl Repository<'_> {
    /// Asks what a login may do here: `GET /repos/{owner}/{repo}/collaborators/{username}/permission`. The highest grant
    /// counts; somebody without any has [`Level::Read`] in a public repository and [`Level::None`] in a private one.
    ///
    /// # Errors
    /// Any error means "unknown", never "no": also [`GithubError::Gone`], which GitHub answers for an account or a
    /// repository it does not know, or not yet (F11, D37).
    pub async fn permission(&self, login: &Login) -> Result<Permission, GithubError> {
        let path = format!("/collaborators/{}/permission", encode(login.as_str()));
        let what = self.what(format!("ask what {login} may do"));
        let ask = Ask::get(self.path(&path), what.clone());
        let answer = self.ask(&ask).await?;
        let wire: PermissionWire = answer.read(&ask)?;
        let level = wire.level();
        let Person { id, kind, .. } = wire
            .user
            .person
            .ok_or(GithubError::Flaky { what, why: "the answer does not say whose permission it is".to_owned() })?;
        Ok(Permission { user: id, kind, level, at: answer.date() })
    }

    /// What the account of a number is called now: `GET /user/{account_id}`. Logins change hands, numbers do not (T12).
    ///
    /// # Errors
    /// As for any read; [`GithubError::Gone`] when there is no such account any more.
    pub async fn login_of(&self, id: UserId) -> Result<Login, GithubError> {
        let what = format!("look up account {id}");
        let ask = Ask::get(format!("/user/{id}"), what.clone());
        let person = self.ask(&ask).await?.read::<WriterWire>(&ask)?.0.filter(|person| person.id == id);
        let why = "the answer does not say whose account it is".to_owned();
        Ok(person.ok_or(GithubError::Flaky { what, why })?.login)
    }

    /// Lists who may write here: `GET /repos/{owner}/{repo}/collaborators?permission=push`.
    ///
    /// # Errors
    /// Any error means "unknown" (rule C); so does a list too long to read.
    pub async fn writers(&self) -> Result<Vec<Person>, GithubError> {
        let what = self.what("ask who may write");
        let listed = self.list::<WriterWire>("/collaborators?permission=push", what.clone()).await?;
        if !listed.complete {
            return Err(GithubError::Flaky { what, why: "there are too many to read".to_owned() });
        }
        Ok(listed.items.into_iter().filter_map(|WriterWire(person)| person).collect())
    }
}

#[derive(Deserialize)]
struct WriterWire(#[serde(deserialize_with = "fields::person")] Option<Person>);

#[derive(Deserialize)]
struct PermissionWire {
    permission: Classic,
    #[serde(default)]
    role_name: Option<String>,
    user: WhoseWire,
}

/// The four levels that `permission` tells; finer roles are told as the level they include.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Classic {
    None,
    /// Also triage.
    Read,
    /// Also maintain.
    Write,
    Admin,
}

struct WhoseWire {
    person: Option<Person>,
    /// `permissions` of the account, which also tells what a custom role is based on.
    maintain: bool,
    triage: bool,
}

impl<'de> Deserialize<'de> for WhoseWire {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<WhoseWire, D::Error> {
        let user = Value::deserialize(from)?;
        let may = |what: &str| user["permissions"][what].as_bool().unwrap_or(false);
        let (maintain, triage) = (may("maintain"), may("triage"));
        Ok(WhoseWire { person: fields::person(user).unwrap_or(None), maintain, triage })
    }
}

impl PermissionWire {
    /// The finer role raises a level within what `permission` says and never above it.
    fn level(&self) -> Level {
        let named = |role| self.role_name.as_deref() == Some(role);
        match self.permission {
            Classic::None => Level::None,
            Classic::Read if named("triage") || self.user.triage => Level::Triage,
            Classic::Read => Level::Read,
            Classic::Write if named("maintain") || self.user.maintain => Level::Maintain,
            Classic::Write => Level::Write,
            Classic::Admin => Level::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, TestError};

    async fn asked(status: u16, answer: Value) -> Result<Result<Permission, GithubError>, TestError> {
        let fake = Fake::start(move |seen| {
            let reply = Reply::new(status, &answer).with("date", "Thu, 14 Jan 2027 08:00:00 GMT");
            (seen.line == "GET /repos/acme/tool/collaborators/ann/permission").then_some(reply)
        })
        .await?;
        let app = fake.app()?;
        Ok(app.repository(&fake.at, Step::Read, NOW).permission(&"ann".parse()?).await)
    }

    #[tokio::test]
    async fn t08_a_permission_comes_with_the_id_of_whose_it_is() -> Result<(), TestError> {
        let user = json!({ "id": 3, "login": "Ann", "type": "User", "site_admin": false });

        assert_eq!(
            asked(200, json!({ "permission": "write", "role_name": "maintain", "user": user })).await?,
            Ok(Permission {
                user: UserId(3),
                kind: AccountKind::User,
                level: Level::Maintain,
                at: Some(Timestamp(1_799_913_600_000)),
            })
        );
        Ok(())
    }

    #[tokio::test]
    async fn e3_a_finer_role_is_told_apart_and_a_custom_one_counts_as_its_base() -> Result<(), TestError> {
        let may = |triage: bool, maintain: bool| json!({ "triage": triage, "maintain": maintain });
        for (permission, role, may, level) in [
            ("read", "triage", json!(null), Level::Triage),
            ("read", "helper", may(true, false), Level::Triage),
            ("read", "reader", may(false, false), Level::Read),
            ("write", "maintain", json!(null), Level::Maintain),
            ("write", "release manager", may(true, true), Level::Maintain),
            ("write", "admin", may(true, false), Level::Write),
            ("none", "maintain", may(true, true), Level::None),
            ("admin", "admin", json!({}), Level::Admin),
        ] {
            let user = json!({ "id": 3, "login": "Ann", "type": "User", "permissions": may });
            let answer = json!({ "permission": permission, "role_name": role, "user": user });
            assert_eq!(asked(200, answer).await?.map(|answer| answer.level), Ok(level), "{permission} {role}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn d37_an_answer_that_is_not_clear_is_an_error_and_never_a_level() -> Result<(), TestError> {
        let user = json!({ "id": 3, "login": "ann", "type": "User" });
        for (status, answer) in [
            (200, json!({ "permission": "admin", "user": null })),
            (200, json!({ "permission": "owner", "user": user })),
            (200, json!({ "user": user })),
            (404, json!({ "message": "Not Found" })),
            (500, json!({})),
        ] {
            let got = asked(status, answer.clone()).await?;
            assert!(got.is_err(), "{status} {answer}: {got:?}");
        }
        Ok(())
    }
}
