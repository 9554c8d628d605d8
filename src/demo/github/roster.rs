//! Accounts, what they are granted, and their tokens: what an administrator of people does.

use super::auth::{Actor, Token};
use super::call::Refusal;
use super::state::{Account, AccountKind, Role, State};
use super::{GitHub, people};

impl GitHub {
    /// Makes a person's account; one that is there stays as it is.
    pub fn adds_person(&self, login: &str) -> people::Person {
        self.adds_account(login, AccountKind::User);
        self.person(login)
    }

    /// Makes an organization.
    pub fn adds_organization(&self, login: &str) {
        self.adds_account(login, AccountKind::Organization);
    }

    /// Makes a bot that is not ours, such as `dependabot[bot]`.
    pub fn adds_bot(&self, login: &str) -> people::Person {
        self.adds_account(login, AccountKind::Bot);
        self.person(login)
    }

    /// Makes a mannequin, which stands for the author of imported work ("About mannequins").
    pub fn adds_mannequin(&self, login: &str) -> people::Person {
        self.adds_account(login, AccountKind::Mannequin);
        self.person(login)
    }

    /// Gives an account another login; the old one is free for anybody ("Changing your username").
    ///
    /// # Errors
    /// When the account is not there, or another has that login.
    pub fn renames_account(&self, login: &str, to: &str) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let id = state.account_named(login).map(|account| account.id).ok_or_else(Refusal::not_found)?;
        if state.account_named(to).is_some_and(|other| other.id != id) {
            return Err(Refusal::failed("User", "login", "already_exists"));
        }
        if let Some(account) = state.accounts.get_mut(&id) {
            to.clone_into(&mut account.login);
        }
        Ok(())
    }

    /// Deletes an account; what it wrote belongs to nobody from now on ("Deleting your personal account").
    ///
    /// # Errors
    /// When the account is not there.
    pub fn deletes_account(&self, login: &str) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let id = state.account_named(login).map(|account| account.id).ok_or_else(Refusal::not_found)?;
        state.accounts.remove(&id);
        state.tokens.retain(|_, token| !matches!(token.actor, Actor::User { id: of, .. } if of == id));
        state.repos.values_mut().for_each(|repo| {
            repo.collaborators.remove(&id);
        });
        state.teams.values_mut().for_each(|team| {
            team.members.remove(&id);
        });
        Ok(())
    }

    /// The numeric id of an account, for those who bind to ids.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn account_id(&self, login: &str) -> Result<i64, Refusal> {
        self.hub.lock().account_named(login).map(|account| account.id).ok_or_else(Refusal::not_found)
    }

    /// Gives a person a role in a repository; [`Role::None`] takes it away.
    ///
    /// # Errors
    /// When the person or the repository is not there.
    pub fn grants(&self, login: &str, repo: &str, role: Role) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let person = state.account_named(login).map(|account| account.id).ok_or_else(Refusal::not_found)?;
        let id = state.repo_id(repo)?;
        let found = state.repo_mut(id)?;
        found.custom_roles.remove(&person);
        match role {
            Role::None => found.collaborators.remove(&person),
            Role::Read | Role::Triage | Role::Write | Role::Maintain | Role::Admin => {
                found.collaborators.insert(person, role)
            }
        };
        Ok(())
    }

    /// Gives a person a custom role ("Custom repository roles for an organization"), based on one of the usual ones.
    ///
    /// # Errors
    /// When the person or the repository is not there.
    pub fn grants_custom(&self, login: &str, repo: &str, role: (&str, Role)) -> Result<(), Refusal> {
        self.grants(login, repo, role.1)?;
        let mut state = self.hub.lock();
        let person = state.account_named(login).map(|account| account.id).ok_or_else(Refusal::not_found)?;
        let id = state.repo_id(repo)?;
        state.repo_mut(id)?.custom_roles.insert(person, role.0.to_owned());
        Ok(())
    }

    /// A personal access token of a person, for the wire; the same at each call.
    ///
    /// # Errors
    /// When the person is not there.
    pub fn token_of(&self, login: &str) -> Result<String, Refusal> {
        self.token(login, ("ghp_", false))
    }

    /// A token with which an App acts for a person; what it writes carries `performed_via_github_app`.
    ///
    /// # Errors
    /// When the person is not there.
    pub fn app_token_of(&self, login: &str) -> Result<String, Refusal> {
        self.token(login, ("ghu_", true))
    }

    pub(super) fn adds_account(&self, login: &str, kind: AccountKind) -> i64 {
        let mut state = self.hub.lock();
        match state.account_named(login).map(|account| account.id) {
            Some(id) => id,
            None => add_account(&mut state, login, kind),
        }
    }

    fn token(&self, login: &str, kind: (&str, bool)) -> Result<String, Refusal> {
        let (prefix, via_app) = kind;
        let mut state = self.hub.lock();
        let id = state.account_named(login).map(|account| account.id).ok_or_else(Refusal::not_found)?;
        let actor = Actor::User { id, via_app };
        if let Some((secret, _)) = state.tokens.iter().find(|(_, token)| token.actor == actor) {
            return Ok(secret.clone());
        }
        let secret = format!("{prefix}{}", state.next_secret());
        state.tokens.insert(secret.clone(), Token { actor, expires: None });
        Ok(secret)
    }
}

pub(super) fn add_account(state: &mut State, login: &str, kind: AccountKind) -> i64 {
    let id = state.next_id();
    state.accounts.insert(id, Account { id, login: login.to_owned(), kind });
    id
}
