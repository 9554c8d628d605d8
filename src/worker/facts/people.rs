//! Who people are and what they may, at this moment and by GitHub's word.

use std::collections::BTreeMap;

use crate::github::{self, GithubError, Step};
use crate::ids::{AccountKind, Login, Person, Timestamp, UserId};
use crate::worker::YOUNG;
use crate::worker::effect::Deed;
use crate::workflow::act::{Act, ActKind};
use crate::workflow::approval::{Level, Rules, Separation, Standing};
use crate::workflow::run::Shown;

/// Everyone whose act could count, and when GitHub spoke about the last of them.
#[derive(Debug, Default)]
pub(super) struct People {
    all: BTreeMap<UserId, Known>,
    now: Option<Timestamp>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Known {
    /// By the name that the account has now.
    pub(super) person: Person,
    pub(super) standing: Standing,
}

impl People {
    /// Those who may write, as far as is known.
    pub(super) fn writers(&self) -> impl Iterator<Item = (&Person, Level)> {
        self.all.values().filter_map(|known| match known.standing {
            Standing::Known { kind: AccountKind::User, level } if level >= Level::Write => Some((&known.person, level)),
            Standing::Known { .. } | Standing::Unknown => None,
        })
    }

    /// What the gate hears of it: who may what, and what time it is.
    pub(super) fn told(self) -> (BTreeMap<UserId, Standing>, Option<Timestamp>) {
        (self.all.into_iter().map(|(id, known)| (id, known.standing)).collect(), self.now)
    }
}

impl Deed<'_> {
    /// What each person may whose act could count. GitHub's clock is read off these answers: only where a person's act
    /// could count does its age matter (Q15).
    pub(super) async fn people(&self) -> People {
        let mut latest: BTreeMap<UserId, &Act> = BTreeMap::new();
        for act in self.run.state.acts() {
            let counts = act.voided.is_none() && !act.via_app && act.by.kind == AccountKind::User;
            if counts && act.kind != ActKind::Withdraw && latest.get(&act.by.id).is_none_or(|other| other.at <= act.at)
            {
                latest.insert(act.by.id, act);
            }
        }
        let mut people = People::default();
        for (id, act) in latest {
            let (known, at) = self.standing(&act.by, act.at).await;
            people.all.insert(id, known);
            people.now = people.now.max(at);
        }
        people
    }

    /// One person alone.
    pub(super) async fn only(&self, person: &Person, acted: Timestamp) -> People {
        let (known, now) = self.standing(person, acted).await;
        People { all: BTreeMap::from([(person.id, known)]), now }
    }

    /// What one person may who acted at `acted` (E1, E3), by the number of the account: a login may have changed hands
    /// since (T12). An account or a grant that is not there gives nothing, unless GitHub may only lag (F11, F60).
    async fn standing(&self, person: &Person, acted: Timestamp) -> (Known, Option<Timestamp>) {
        let first = self.standing_by(person, &person.login).await;
        let renamed = match &first {
            Ok(answer) if answer.user != person.id => true,
            Ok(_) => false,
            Err(error) => matches!(error, GithubError::Gone { .. }),
        };
        let answer = if renamed {
            match self.repo(Step::Read).login_of(person.id).await {
                Ok(login) if login != person.login => self.standing_by(person, &login).await,
                Ok(_) => first,
                // There is no such account any more; whoever has its name now is somebody else.
                Err(GithubError::Gone { .. }) if first.is_ok() => first,
                Err(error) => Err(error),
            }
        } else {
            first
        };
        let whole = |login: Login, standing| Known { person: Person { login, ..person.clone() }, standing };
        match answer {
            Ok(Named { user, kind, level, at, login }) if user == person.id => {
                (whole(login, Standing::Known { kind, level }), at)
            }
            Ok(Named { at, login, .. }) => {
                tracing::warn!(run.id = %self.run.id, "{login} is not the account {} that acted", person.id);
                (whole(login, Standing::Known { kind: AccountKind::User, level: Level::None }), at)
            }
            Err(GithubError::Gone { .. })
                if self.moment.now().since(acted) > YOUNG && self.sees_the_repository().await =>
            {
                (whole(person.login.clone(), Standing::Known { kind: AccountKind::User, level: Level::None }), None)
            }
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown what {} may", person.login);
                (whole(person.login.clone(), Standing::Unknown), None)
            }
        }
    }

    /// Whether a 404 is about what was asked for, and not about the whole repository.
    async fn sees_the_repository(&self) -> bool {
        self.repo(Step::Read).about().await.is_ok()
    }

    async fn standing_by(&self, person: &Person, login: &Login) -> Result<Named, GithubError> {
        let github::Permission { user, kind, level, at } = self.repo(Step::Read).permission(login).await?;
        if user != person.id {
            tracing::debug!(run.id = %self.run.id, "{login} belongs to account {user} and not to {}", person.id);
        }
        Ok(Named { user, kind, level: self::level(level), at, login: login.clone() })
    }

    /// The rules with their separation settled for a version that is about to be published: whoever asked for it may approve
    /// it only where nobody else can, and what is unknown counts as somebody (rule C).
    pub(in crate::worker) async fn settled(&self, rules: Rules) -> Rules {
        if rules.separation != Separation::Auto {
            return rules;
        }
        let separation =
            if self.several_write().await == Some(false) { Separation::Open } else { Separation::TwoPerson };
        Rules { separation, ..rules }
    }

    /// Whether more than one person may write; asked only where someone who asked for the version approves it (rule C).
    pub(super) async fn several_writers(&self, shown: &Shown, rules: &[&Rules]) -> Option<bool> {
        let own = self
            .run
            .state
            .acts()
            .iter()
            .any(|act| act.kind.approves() && shown.subject.requesters.contains(&act.by.id));
        if !own || rules.iter().all(|rules| rules.separation != Separation::Auto) {
            return None;
        }
        self.several_write().await
    }

    /// Whether more than one person may write, as far as GitHub says.
    async fn several_write(&self) -> Option<bool> {
        match self.repo(Step::Read).several_write().await {
            Ok(several) => Some(several),
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown how many people may write");
                None
            }
        }
    }
}

/// What GitHub said about a login.
struct Named {
    user: UserId,
    kind: AccountKind,
    level: Level,
    at: Option<Timestamp>,
    login: Login,
}

/// The permission API's level as the gate knows it.
pub(in crate::worker) fn level(level: github::Level) -> Level {
    match level {
        github::Level::None => Level::None,
        github::Level::Read => Level::Read,
        github::Level::Triage => Level::Triage,
        github::Level::Write => Level::Write,
        github::Level::Maintain => Level::Maintain,
        github::Level::Admin => Level::Admin,
    }
}
