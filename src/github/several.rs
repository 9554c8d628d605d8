//! Whether several people may write to a repository.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{GithubError, Repository};
use crate::ids::{AccountKind, InstallationId, RepoId, Timestamp};

/// How long it is remembered that several may write. That only one may is never remembered: it would let that person
/// approve alone after others came.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Where several people may write, and since when that is known.
#[derive(Debug, Default)]
pub(super) struct Several(Mutex<HashMap<(InstallationId, RepoId), Timestamp>>);

impl Repository<'_> {
    /// Whether more than one person may write here, by [`Repository::writers`]; a yes is believed for ten minutes.
    ///
    /// # Errors
    /// As for [`Repository::writers`]: any error means "unknown" (rule C).
    pub async fn several_write(&self) -> Result<bool, GithubError> {
        let key = (self.at.installation, self.at.id);
        let known = &self.app.several.0;
        let remembered = known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if remembered.is_some_and(|at| is_young(at, self.now)) {
            return Ok(true);
        }
        let people = self.writers().await?;
        let several = people.iter().filter(|person| person.kind == AccountKind::User).count() > 1;
        if several {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, at| is_young(*at, self.now));
            known.insert(key, self.now);
        }
        Ok(several)
    }
}

fn is_young(at: Timestamp, now: Timestamp) -> bool {
    now.since(at).max(at.since(now)) < REMEMBERED
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::github::Step;
    use crate::github::testing::{Fake, NOW, Reply, Seen, TestError};

    /// How often GitHub is asked, and what is answered, at two moments nine minutes apart.
    async fn asked_twice(people: Value) -> Result<(u64, [bool; 2]), TestError> {
        let line = "GET /repos/acme/tool/collaborators?permission=push";
        let script = move |seen: &Seen| seen.line.starts_with(line).then(|| Reply::new(200, &people));
        let fake = Fake::start(script).await?;
        let app = fake.app()?;
        let later = NOW.plus(Duration::from_secs(540));
        let first = app.repository(&fake.at, Step::Read, NOW).several_write().await?;
        let between = app.calls().reads;
        let second = app.repository(&fake.at, Step::Read, later).several_write().await?;
        Ok((app.calls().reads - between, [first, second]))
    }

    #[tokio::test]
    async fn rule_c_that_several_may_write_is_remembered_and_that_one_may_is_not() -> Result<(), TestError> {
        let person = |id: i64, kind: &str| json!({"id": id, "login": format!("p{id}"), "type": kind});
        let two = json!([person(1, "User"), person(2, "User")]);
        let one = json!([person(1, "User"), person(3, "Bot")]);
        assert_eq!(asked_twice(two).await?, (0, [true, true]));
        assert_eq!(asked_twice(one).await?, (1, [false, false]));
        Ok(())
    }
}
