//! Where a history is played: the rules, who may what at first, and the names of things.

use std::time::Duration;

use super::history::Chance;
use crate::ids::*;
use crate::workflow::approval::*;
use crate::workflow::run::{Origin, ReviewBounds};

/// What is so when a history begins.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// The rules that versions are published under.
    pub(super) rules: Rules,
    /// What each person may; `None` is unknown.
    pub(super) levels: [Option<Level>; 4],
    /// Who is in the team.
    pub(super) members: [Membership; 4],
    /// Which of [`owners`] own the planned paths.
    pub(super) owners: u8,
    /// How many things the product has done when people come.
    pub(super) head_start: u8,
}

impl Setting {
    /// Two persons, and everyone may write.
    pub(super) fn plain() -> Setting {
        let rules = Rules {
            required: 1,
            separation: Separation::TwoPerson,
            require_digest: false,
            approvers: None,
            denied: vec![],
            expires: EXPIRES,
        };
        let (levels, members) = ([Some(Level::Write); 4], [Membership::Active; 4]);
        Setting { rules, levels, members, owners: 0, head_start: 9 }
    }

    /// A random setting.
    pub(super) fn random(chance: &mut Chance) -> Setting {
        let mut setting = Setting { rules: random_rules(chance), ..Setting::plain() };
        for level in &mut setting.levels {
            let some = [
                Some(Level::Write),
                Some(Level::Write),
                Some(Level::Write),
                Some(Level::Admin),
                Some(Level::Read),
                None,
            ];
            *level = chance.of(&some);
        }
        for member in &mut setting.members {
            *member = chance.of(&[
                Membership::Active,
                Membership::Active,
                Membership::No,
                Membership::Pending,
                Membership::Unknown,
            ]);
        }
        setting.owners = chance.of(&[0, 1, 2, 3, 4, 5]);
        setting.head_start = chance.of(&[9, 9, 9, 3, 4, 5]);
        setting
    }

    /// Other rules, as a changed policy asks for.
    pub(super) fn other(&self, which: u8) -> Rules {
        let rules = self.rules.clone();
        match which {
            0 => Rules { required: rules.required + 1, ..rules },
            1 => Rules { approvers: list(&[2, 3], false, None), ..rules },
            2 => Rules { denied: vec![UserId(2)], require_digest: true, ..rules },
            _ => Rules { separation: Separation::Open, required: 1, approvers: None, ..rules },
        }
    }
}

fn random_rules(chance: &mut Chance) -> Rules {
    let lists =
        [None, None, list(&[1, 2, 3], false, None), list(&[3], true, None), list(&[2], false, Some(Level::Admin))];
    let which = usize::try_from(chance.below(5)).unwrap_or(0);
    let several =
        [Separation::TwoPerson, Separation::TwoPerson, Separation::Open, Separation::Auto, Separation::Owners];
    Rules {
        required: u32::try_from(chance.of(&[1, 1, 1, 2, 0])).unwrap_or(1),
        separation: chance.of(&several),
        require_digest: chance.below(2) == 0,
        approvers: lists[which].clone(),
        denied: chance.of(&[None, None, None, Some(3)]).map(UserId).into_iter().collect(),
        expires: chance.of(&[EXPIRES, EXPIRES, Duration::from_secs(5)]),
    }
}

fn list(users: &[i64], with_team: bool, level: Option<Level>) -> Option<Approvers> {
    let users = users.iter().map(|id| Listed { login: person(*id).login, id: UserId(*id) }).collect();
    Some(Approvers { users, teams: if with_team { vec![team()] } else { vec![] }, level })
}

/// Some ways of owning the planned paths.
pub(super) fn owners(which: u8) -> Vec<OwnersFact> {
    let path = |path: &str, owners: Vec<Owner>| OwnedPath { path: path.to_owned(), owners };
    match which {
        0 => vec![OwnersFact::Known(vec![])],
        1 => vec![OwnersFact::Known(vec![
            path("src/a", vec![Owner::Person(person(2))]),
            path("src/b", vec![Owner::Nobody("mail@example.com".to_owned()), Owner::Person(person(3))]),
        ])],
        2 => vec![
            OwnersFact::Known(vec![path("src/a", vec![Owner::Team(team())])]),
            OwnersFact::Known(vec![path("src/a", vec![Owner::Person(person(4)), Owner::Person(person(2))])]),
        ],
        3 => vec![OwnersFact::Known(vec![path("src/a", vec![Owner::Nobody("@gone".to_owned())])]), OwnersFact::Unknown],
        4 => vec![OwnersFact::Known(vec![path(
            "src/a",
            vec![Owner::Unsaid("@who".to_owned()), Owner::Person(person(3))],
        )])],
        _ => vec![OwnersFact::TooLarge],
    }
}

pub(super) fn person(id: i64) -> Person {
    Person { id: UserId(id), login: parsed(&format!("p{id}")), kind: AccountKind::User }
}

pub(super) fn sha(n: u32) -> CommitSha {
    parsed(&format!("{n:040x}"))
}

pub(super) fn base() -> CommitSha {
    sha(77)
}

pub(super) fn digest(version: u32) -> Digest {
    parsed(&format!("{version:x}{:063x}", 7).chars().take(64).collect::<String>())
}

pub(super) fn team() -> TeamName {
    parsed("acme/gate")
}

pub(super) fn origin() -> Origin {
    Origin {
        installation: InstallationId(1),
        repo: RepoId(2),
        repo_name: parsed("acme/tool"),
        issue: IssueId(3),
        number: IssueNumber(42),
        title: "t".into(),
        body: "b".into(),
        author: None,
        comments: 0,
        requester: person(1),
        label: Some("assentry".into()),
        asked_at: Timestamp(0),
        base_branch: parsed("main"),
        plan_branch: parsed("assentry/42-plan-t-abcdef"),
        work_branch: parsed("assentry/42-t-abcdef"),
        private: false,
        retry_of: None,
        retry_from: None,
        review: ReviewBounds::default(),
        rounds: 2,
    }
}

fn parsed<T: std::str::FromStr<Err = BadName>>(text: &str) -> T {
    text.parse().unwrap()
}
