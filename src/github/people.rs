//! Who may do what in a repository.

use serde::Deserialize;

use super::wire::encode;
use super::{GithubError, Repository, fields};
use crate::ids::{AccountKind, Login, Person, UserId};

/// What somebody may do, as GitHub's four classic levels; finer roles are counted to the level they include.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    None,
    /// Also triage.
    Read,
    /// Also maintain.
    Write,
    Admin,
}

/// GitHub's answer to "what may this login do here".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Whose permission it is: to be compared with the id of the one who acted, because logins change hands.
    pub user: UserId,
    pub kind: AccountKind,
    pub level: Level,
    /// The finer role, for showing: `maintain`, `triage` or a custom one.
    pub role_name: Option<String>,
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
        let answer: PermissionWire = self.get(&path, what.clone()).await?;
        let Person { id, kind, .. } = answer
            .user
            .ok_or(GithubError::Flaky { what, why: "the answer does not say whose permission it is".to_owned() })?;
        Ok(Permission { user: id, kind, level: answer.permission, role_name: answer.role_name })
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
    permission: Level,
    #[serde(default)]
    role_name: Option<String>,
    #[serde(default, deserialize_with = "fields::person")]
    user: Option<Person>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, TestError};

    async fn asked(status: u16, answer: Value) -> Result<Result<Permission, GithubError>, TestError> {
        let fake = Fake::start(move |seen| {
            (seen.line == "GET /repos/acme/tool/collaborators/ann/permission").then(|| Reply::new(status, &answer))
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
                level: Level::Write,
                role_name: Some("maintain".into())
            })
        );
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
