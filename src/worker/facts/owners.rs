//! Whose code a plan would change: the owners' file at the plan's base and, if it was changed since, today's (rule M).

use std::collections::{BTreeMap, BTreeSet};

use super::people::People;
use super::teams::Teams;
use crate::agent::executor::Work;
use crate::github::{GithubError, Step};
use crate::ids::{AccountKind, CommitSha, Login, Person, RepoPath, TeamName};
use crate::sandbox::mirror::{Mirror, MirrorError, Tree, TreeMode};
use crate::worker::Trouble;
use crate::worker::effect::Deed;
use crate::worker::execute::work_name;
use crate::workflow::approval::{Gate, Level, Membership, OwnedPath, Owner, OwnersFact, Rules, Separation};
use crate::workflow::owners::{LARGEST, NamedOwner, Owners, PLACES};
use crate::workflow::run::Shown;
use crate::workflow::scope::Wall;

/// How many lines times paths are compared; a file that needs more is not one that people keep.
const MOST_COMPARED: usize = 20_000_000;
/// How many different owners are asked about at one gate.
const MOST_ASKED: usize = 50;

/// What the question turns on.
pub(super) struct Ownership<'a> {
    pub(super) rules: &'a [&'a Rules],
    pub(super) people: &'a People,
    pub(super) base_head: Option<&'a CommitSha>,
    pub(super) gate: Gate,
}

/// An owners' file, or that there is none.
#[derive(PartialEq)]
enum File {
    None,
    /// By path and blob.
    At(RepoPath, CommitSha),
}

impl Deed<'_> {
    /// Who owns what the plan may change; asked only where code owners must approve and somebody who may write has.
    pub(super) async fn owners(
        &self,
        shown: &Shown,
        asked: Ownership<'_>,
        teams: &mut Teams,
    ) -> Result<Vec<OwnersFact>, Trouble> {
        let wanted = asked.rules.iter().any(|rules| rules.separation == Separation::Owners);
        let approves = |person: &Person| {
            self.run
                .state
                .acts()
                .iter()
                .any(|act| act.by.id == person.id && act.kind.approves() && act.voided.is_none())
        };
        if !wanted || !asked.people.writers().any(|(person, _)| approves(person)) {
            return Ok(vec![]);
        }
        let Some(head) = asked.base_head else { return Ok(vec![OwnersFact::Unknown]) };
        let mirror = self.mirror().await?;
        let (then, now) = match (mirror.list(&shown.base).await, mirror.list(head).await) {
            (Ok(then), Ok(now)) => (then, now),
            (then, now) => {
                let error = then.err().or(now.err()).map(|error| error.to_string()).unwrap_or_default();
                tracing::warn!(run.id = %self.run.id, error, "the files of the base cannot be listed");
                return Ok(vec![OwnersFact::Unknown]);
            }
        };
        let paths = self.planned(shown, &then, asked.gate).await?;
        let mut files = vec![(shown.base.clone(), file(&then)), (head.clone(), file(&now))];
        files.dedup_by(|a, b| a.1 == b.1);
        let mut facts = vec![];
        for (commit, file) in files {
            facts.push(match file {
                File::None => OwnersFact::Known(vec![]),
                File::At(path, _) => self.owned(&mirror, (&commit, &path), &paths, asked.people, teams).await?,
            });
        }
        Ok(facts)
    }

    /// The paths that the plan names, those of the base that its scope covers, and before the push those it did change.
    async fn planned(&self, shown: &Shown, tree: &Tree, gate: Gate) -> Result<BTreeSet<RepoPath>, Trouble> {
        let version = shown.subject.version;
        let terms = self.terms(version).await?;
        let wall = Wall::new(&terms.plan.scope).map_err(|bad| Trouble::Corrupt(bad.to_string()))?;
        let mut paths: BTreeSet<RepoPath> =
            terms.plan.steps.iter().flat_map(|step| step.files.iter().map(|file| file.path.clone())).collect();
        let exact = terms.plan.scope.paths.iter().filter(|glob| !glob.contains(['*', '?', '[', '{', '!']));
        paths.extend(exact.filter_map(|path| path.parse().ok()));
        paths.extend(tree.entries.iter().filter(|entry| wall.covers(&entry.path)).map(|entry| entry.path.clone()));
        if gate == Gate::Push
            && let Some(work) = self.kept::<Work>(&work_name(version)).await?
        {
            paths.extend(work.steps.into_iter().flat_map(|step| step.own.into_keys()));
            paths.extend(work.repairs.into_keys());
        }
        Ok(paths)
    }

    /// Reads one owners' file, and who of the owners it names for the paths can approve.
    async fn owned(
        &self,
        mirror: &Mirror,
        (commit, path): (&CommitSha, &RepoPath),
        paths: &BTreeSet<RepoPath>,
        people: &People,
        teams: &mut Teams,
    ) -> Result<OwnersFact, Trouble> {
        let bytes = match mirror.read(&self.fetch_from().await?, commit, path).await {
            Ok(Some(bytes)) if bytes.len() < LARGEST => bytes,
            Ok(Some(_)) | Err(MirrorError::Bad(_)) => return Ok(OwnersFact::TooLarge),
            Ok(None) => return Ok(OwnersFact::Unknown),
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "{path} cannot be read at {}", commit.short());
                return Ok(OwnersFact::Unknown);
            }
        };
        let (owners, bad) = Owners::read(&String::from_utf8_lossy(&bytes));
        for line in bad.iter().take(5) {
            tracing::warn!(run.id = %self.run.id, repo = %self.run.origin.repo_name, "{path} at {}: {line}", commit.short());
        }
        if owners.len().saturating_mul(paths.len()) > MOST_COMPARED {
            return Ok(OwnersFact::TooLarge);
        }
        // One path stands for all that have the same owners.
        let mut groups: BTreeMap<&[NamedOwner], &RepoPath> = BTreeMap::new();
        for path in paths {
            groups.entry(owners.of(path)).or_insert(path);
        }
        groups.remove(&[][..]);
        let named: BTreeSet<&NamedOwner> = groups.keys().copied().flatten().collect();
        if named.len() > MOST_ASKED {
            return Ok(OwnersFact::TooLarge);
        }
        let mut known: BTreeMap<&NamedOwner, Owner> = BTreeMap::new();
        for named in named {
            let owner = match named {
                NamedOwner::Person(login) => self.person_who_owns(login, people).await,
                NamedOwner::Team(team) => self.team_that_owns(team, people, teams).await,
                NamedOwner::Email(text) => Owner::Nobody(text.clone()),
            };
            known.insert(named, owner);
        }
        let whole = |(named, path): (&[NamedOwner], &RepoPath)| OwnedPath {
            path: path.to_string(),
            owners: named.iter().filter_map(|named| known.get(named).cloned()).collect(),
        };
        Ok(OwnersFact::Known(groups.into_iter().map(whole).collect()))
    }

    /// The person a line names, if that person may write.
    async fn person_who_owns(&self, login: &Login, people: &People) -> Owner {
        let named = |person: &Person| person.login.as_str().eq_ignore_ascii_case(login.as_str());
        if let Some((person, _)) = people.writers().find(|(person, _)| named(person)) {
            return Owner::Person(person.clone());
        }
        match self.repo(Step::Read).permission(login).await {
            Ok(answer) if answer.kind == AccountKind::User && super::level(answer.level) >= Level::Write => {
                Owner::Person(Person { id: answer.user, login: login.clone(), kind: answer.kind })
            }
            Ok(_) | Err(GithubError::Gone { .. }) => Owner::Nobody(format!("@{login}")),
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, %error, "it is unknown whether {login} may write");
                Owner::Unsaid(format!("@{login}"))
            }
        }
    }

    /// The team a line names, if it may write and has members.
    async fn team_that_owns(&self, team: &TeamName, people: &People, teams: &mut Teams) -> Owner {
        let repo = self.repo(Step::Teams);
        let can = match repo.team_writes(team).await {
            Ok(true) => {
                let mut active = false;
                for (person, _) in people.writers() {
                    active |= self.membership(teams, team, person).await == Membership::Active;
                }
                if active { Ok(true) } else { repo.team_has_members(team).await }
            }
            no => no,
        };
        match can {
            Ok(true) => Owner::Team(team.clone()),
            Ok(false) => Owner::Nobody(format!("@{team}")),
            Err(error) => {
                self.warn_of_team(team, &error);
                Owner::Unsaid(format!("@{team}"))
            }
        }
    }
}

/// Where the owners' file is in a tree.
fn file(tree: &Tree) -> File {
    let at = |place: &str| {
        let is_file = |mode: TreeMode| matches!(mode, TreeMode::File(_));
        tree.entries.iter().find(|entry| entry.path.as_str() == place && is_file(entry.mode))
    };
    let found = PLACES.iter().find_map(|place| at(place));
    found.map_or(File::None, |entry| File::At(entry.path.clone(), entry.object.clone()))
}
