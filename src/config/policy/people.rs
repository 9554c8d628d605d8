//! Lists of people: by account, by team, by role.
//!
//! An account is bound by its number, because logins change hands (D35); the login beside it is for the reader. Bots are
//! refused where they can be told by their name (rule N); the gate asks GitHub for the kind of every account once more.

use crate::config::strict::Table;
use crate::ids::{TeamName, UserId};
use crate::workflow::approval::{Approvers, Level, Listed};

/// Reads a list; `None` where nobody is listed. Everybody on it must have write access all the same.
pub(super) fn read(table: Table<'_>) -> Option<Approvers> {
    let users = table.numbers("users", person);
    let teams = table.list("teams", team);
    let level = table.parsed("role", role);
    let listed = users.is_some() || teams.is_some() || table.has("role");
    let people = Approvers { users: users.unwrap_or_default(), teams: teams.unwrap_or_default(), level };
    // Wrong entries are told of already.
    if listed && people == Approvers::default() && !table.has_mistakes() {
        table.wrong_here("names nobody: name users, teams or a role; without any, everyone with write access counts");
    }
    table.finish();
    listed.then_some(people)
}

fn person(name: &str, id: Option<i64>) -> Result<Listed, String> {
    let account = account(name, id)?;
    if name.to_ascii_lowercase().ends_with("[bot]") {
        return Err(format!("{name} is a bot, and a bot is nobody's approver: remove it"));
    }
    Ok(account)
}

/// An account of whatever kind.
pub(in crate::config) fn account(name: &str, id: Option<i64>) -> Result<Listed, String> {
    let login = name.parse().map_err(|_| format!("{name:?} must be a login"))?;
    match id {
        Some(id) if id > 0 => Ok(Listed { login, id: UserId(id) }),
        Some(_) | None => Err(format!(
            "{name} needs its numeric id, as in {name} = 583231: the field `id` of https://api.github.com/users/{name}"
        )),
    }
}

fn team(text: &str) -> Result<TeamName, String> {
    let name = text.trim_start_matches('@').to_ascii_lowercase();
    name.parse().map_err(|_| format!("{text:?} must be a team as organisation/team, the way its address spells it"))
}

fn role(text: &str) -> Result<Level, String> {
    match text {
        "write" => Ok(Level::Write),
        "maintain" => Ok(Level::Maintain),
        "admin" => Ok(Level::Admin),
        _ => Err(format!("{text:?} must be write, maintain or admin: the least that is enough")),
    }
}
