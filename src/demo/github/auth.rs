//! Who asks: App JWTs, installation tokens and personal tokens, and what each of them may do.
//!
//! An App signs RS256 ("Apps: Generating a JSON Web Token"); an installation token is scoped to repositories and
//! permissions and dies after an hour ("REST: Create an installation access token for an app"); a personal token may
//! what its person may.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::call::{Outcome, Refusal};
use super::state::{Level, Repo, Role, State};
use crate::ids::Timestamp;

/// How long an installation token lives.
pub(super) const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// Whoever sent a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Actor {
    Nobody,
    App,
    Installation(Grant),
    User { id: i64, via_app: bool },
}

/// What an installation token may do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grant {
    /// Tells two tokens with the same grant apart.
    pub(super) serial: i64,
    pub(super) installation: i64,
    pub(super) repos: Vec<i64>,
    pub(super) permissions: BTreeMap<String, Level>,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) actor: Actor,
    pub(super) expires: Option<Timestamp>,
}

/// What an endpoint asks of its caller.
#[derive(Debug, Clone, Copy)]
pub(super) enum Needs {
    Nothing,
    AppJwt,
    InstallationToken,
    AnyToken,
    /// One of the permissions for an App, or the role for a person.
    Access(&'static [(&'static str, Level)], Role),
    /// One of the permissions in the organization for an App; the endpoint looks whether it is the caller's own.
    Organization(&'static [(&'static str, Level)]),
}

impl Actor {
    pub(super) fn account(&self, state: &State) -> i64 {
        match self {
            Actor::Nobody => 0,
            Actor::App | Actor::Installation(_) => state.app.bot,
            Actor::User { id, .. } => *id,
        }
    }

    /// Whether what it writes carries `performed_via_github_app`.
    pub(super) fn is_app(&self) -> bool {
        match self {
            Actor::App | Actor::Installation(_) => true,
            Actor::User { via_app, .. } => *via_app,
            Actor::Nobody => false,
        }
    }

    pub(super) fn may_touch_workflows(&self) -> bool {
        match self {
            Actor::Installation(grant) => grant.permissions.get("workflows") == Some(&Level::Write),
            Actor::User { via_app, .. } => !via_app,
            Actor::Nobody | Actor::App => false,
        }
    }
}

/// Reads the header `Authorization`: `Bearer` and `token` for the API, `Basic` for git and curl.
pub(super) fn identify(state: &State, header: Option<&str>) -> Outcome<Actor> {
    let Some(header) = header else { return Ok(Actor::Nobody) };
    let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
    let secret = match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "token" => rest.trim().to_owned(),
        "basic" => STANDARD
            .decode(rest.trim())
            .ok()
            .and_then(|raw| String::from_utf8(raw).ok())
            .and_then(|pair| pair.split_once(':').map(|(_, password)| password.to_owned()))
            .ok_or_else(bad_credentials)?,
        _ => return Err(bad_credentials()),
    };
    if secret.matches('.').count() == 2 {
        return check_jwt(state, &secret).map(|()| Actor::App);
    }
    let token = state.tokens.get(&secret).ok_or_else(bad_credentials)?;
    if token.expires.is_some_and(|end| end <= state.now()) {
        return Err(bad_credentials());
    }
    if let Actor::Installation(grant) = &token.actor
        && state.installations.get(&grant.installation).is_none_or(|i| i.suspended.is_some())
    {
        return Err(Refusal::new(403, "This installation has been suspended"));
    }
    Ok(token.actor.clone())
}

/// Lets a caller pass who has what the endpoint needs, in this repository if there is one.
pub(super) fn admit(state: &State, actor: &Actor, repo: Option<&Repo>, needs: Needs) -> Outcome<()> {
    match needs {
        Needs::Nothing => Ok(()),
        Needs::AppJwt if *actor == Actor::App => Ok(()),
        Needs::AppJwt => Err(Refusal::new(401, "A JSON web token could not be decoded")),
        Needs::InstallationToken if matches!(actor, Actor::Installation(_)) => Ok(()),
        Needs::InstallationToken => Err(Refusal::new(403, "You must authenticate with an installation access token")),
        Needs::AnyToken if matches!(actor, Actor::User { .. } | Actor::Installation(_)) => Ok(()),
        Needs::AnyToken => Err(Refusal::new(401, "Requires authentication")),
        Needs::Access(any_of, role) => match repo {
            Some(repo) => may(state, actor, repo, (any_of, role)),
            None => Ok(()),
        },
        Needs::Organization(any_of) => match actor {
            Actor::Installation(grant) if granted(grant, any_of) => Ok(()),
            Actor::Installation(_) => Err(Refusal::not_accessible()),
            Actor::User { .. } => Ok(()),
            Actor::Nobody | Actor::App => Err(Refusal::new(401, "Requires authentication")),
        },
    }
}

fn may(state: &State, actor: &Actor, repo: &Repo, needs: (&[(&str, Level)], Role)) -> Outcome<()> {
    let (any_of, role) = needs;
    match actor {
        Actor::App => Err(Refusal::new(401, "Bad credentials")),
        Actor::Nobody if !repo.private && role <= Role::Read && any_of.iter().all(|(_, l)| *l == Level::Read) => Ok(()),
        Actor::Nobody if repo.private => Err(Refusal::not_found()),
        Actor::Nobody => Err(Refusal::new(401, "Requires authentication")),
        Actor::Installation(grant) => {
            let installed = state.installation_of(repo.id).is_some_and(|i| i.id == grant.installation);
            let seen = installed && grant.repos.contains(&repo.id);
            match (seen, granted(grant, any_of)) {
                (true, true) => Ok(()),
                (false, _) if repo.private => Err(Refusal::not_found()),
                (true | false, _) => Err(Refusal::not_accessible()),
            }
        }
        Actor::User { id, .. } => match state.role(repo, *id) {
            Role::None => Err(Refusal::not_found()),
            Role::Read | Role::Triage | Role::Write | Role::Maintain | Role::Admin if state.role(repo, *id) >= role => {
                Ok(())
            }
            Role::Read | Role::Triage | Role::Write | Role::Maintain | Role::Admin => {
                Err(Refusal::new(403, "Must have write access to Repository."))
            }
        },
    }
}

fn granted(grant: &Grant, any_of: &[(&str, Level)]) -> bool {
    any_of.iter().any(|(name, level)| grant.permissions.get(*name).is_some_and(|has| has >= level))
}

fn bad_credentials() -> Refusal {
    Refusal::new(401, "Bad credentials")
}

/// "Apps: Generating a JSON Web Token": RS256, `iss` the App's id, `iat` in the past, `exp` at most ten minutes ahead.
fn check_jwt(state: &State, jwt: &str) -> Outcome<()> {
    let undecodable = || Refusal::new(401, "A JSON web token could not be decoded");
    let (signed, signature) = jwt.rsplit_once('.').ok_or_else(undecodable)?;
    let (head, claims) = signed.split_once('.').ok_or_else(undecodable)?;
    let json = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let head = json(head).ok_or_else(undecodable)?;
    let claims = json(claims).ok_or_else(undecodable)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| undecodable())?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &state.app.public_key);
    if head["alg"] != "RS256" || key.verify(signed.as_bytes(), &signature).is_err() {
        return Err(undecodable());
    }
    let issuer = claims["iss"].as_i64().or_else(|| claims["iss"].as_str().and_then(|iss| iss.parse().ok()));
    if issuer != Some(state.app.id) {
        return Err(Refusal::new(404, "Integration not found"));
    }
    let now = state.now().0 / 1000;
    let expires = claims["exp"].as_i64().filter(|exp| *exp > now).ok_or_else(|| {
        Refusal::new(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        )
    })?;
    // GitHub counts the ten minutes from its own clock.
    if expires > now + 600 {
        return Err(Refusal::new(401, "'Expiration time' claim ('exp') is too far in the future"));
    }
    // Leeway: clocks of whole seconds may differ by one.
    if claims["iat"].as_i64().is_none_or(|iat| iat > now + 1) {
        return Err(Refusal::new(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    Ok(())
}
