//! Lists of people: by account, by team, by role.
//!
//! An account is bound by its number, because logins change hands (D35); the login beside it is for the reader. Bots are
//! refused where they can be told by their name (rule N); the gate asks GitHub for the kind of every account once more.

use crate::config::strict::Table;
use crate::ids::{Login, UserId};

/// Who is on a list; one of the three is enough. Everybody on it must have write access all the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct People {
    /// Accounts.
    pub users: Vec<Account>,
    /// Teams, as `organisation/team`.
    pub teams: Vec<String>,
    /// Roles in the repository, such as `admin`.
    pub roles: Vec<String>,
}

/// One account on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What it is called, for readers.
    pub login: Login,
    /// What counts.
    pub id: UserId,
}

pub(super) fn read(table: Table<'_>) -> Option<People> {
    let there = table.is_there();
    let users = table.numbers("users", person);
    let teams = table.list("teams", team);
    let roles = table.list("roles", role);
    let listed = [users.is_some(), teams.is_some(), roles.is_some()].contains(&true);
    let people =
        People { users: users.unwrap_or_default(), teams: teams.unwrap_or_default(), roles: roles.unwrap_or_default() };
    // Wrong entries are told of already.
    if listed && people == People::default() && !table.has_mistakes() {
        table.wrong_here(
            "names nobody: name users, teams or roles, or remove the list and everyone with write access counts",
        );
    }
    table.finish();
    (there && listed).then_some(people)
}

fn person(name: &str, id: Option<i64>) -> Result<Account, String> {
    let account = account(name, id)?;
    if name.to_ascii_lowercase().ends_with("[bot]") {
        return Err(format!("{name} is a bot, and a bot is nobody's approver: remove it"));
    }
    Ok(account)
}

/// An account of whatever kind.
pub(super) fn account(name: &str, id: Option<i64>) -> Result<Account, String> {
    let login = name.parse().map_err(|_| format!("{name:?} must be a login"))?;
    match id {
        Some(id) if id > 0 => Ok(Account { login, id: UserId(id) }),
        Some(_) | None => Err(format!(
            "{name} needs its numeric id, as in {name} = 583231: the field `id` of https://api.github.com/users/{name}"
        )),
    }
}

fn team(text: &str) -> Result<String, String> {
    let fits = |part: &str| {
        let plain = part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        !part.is_empty() && part.len() <= 100 && plain && !part.starts_with('.')
    };
    match text.trim_start_matches('@').split_once('/') {
        Some((organisation, slug)) if fits(organisation) && fits(slug) => {
            Ok(format!("{organisation}/{slug}").to_ascii_lowercase())
        }
        Some(_) | None => Err(format!("{text:?} must be a team as organisation/team, the way its address spells it")),
    }
}

fn role(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    match text.to_ascii_lowercase().as_str() {
        "read" | "triage" | "none" => {
            Err(format!("{text:?} may not write, so nobody counts by it: write, maintain or admin"))
        }
        _ if !text.trim().is_empty() && text.len() <= 100 && text.chars().all(plain) => Ok(text.to_ascii_lowercase()),
        _ => Err(format!("{text:?} must be a role: write, maintain, admin, or the name of a role of your own")),
    }
}
