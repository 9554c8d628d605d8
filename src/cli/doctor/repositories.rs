//! The repositories that have the App: their policies, and workflows that would run an agent's code with secrets (T65).

use super::workflows::{self, Danger};
use super::{Report, now};
use crate::config::Config;
use crate::config::policy::{Bounds, ExecutePolicy, POLICY_PATH, Policy, Visibility};
use crate::github::{App, Covered, GithubError, Installed, Repository, Step};
use crate::ids::{Digest, RepoPath};
use crate::sandbox::archive_of;

/// How many repositories of one installation are looked at.
const MOST: usize = 100;
const WORKFLOWS: &str = ".github/workflows";

pub(super) async fn of_installation(
    report: &mut Report,
    (config, bounds): (&Config, &Bounds),
    app: &App,
    installed: &Installed,
) {
    let listed = match app.repositories(installed.id, now()).await {
        Ok(listed) => listed.items,
        Err(error) => return report.fail("repositories", error.to_string(), "Try again later."),
    };
    let served: Vec<&Covered> =
        listed.iter().filter(|repo| config.github.serves(&repo.at.name) && !repo.archived).collect();
    if served.is_empty() {
        let remedy = "Add one on the installation's page, or look at github.repositories.";
        report.warn("repositories", format!("{}: no repository that is served", installed.account), remedy);
    }
    if served.len() > MOST {
        let found =
            format!("{}: only the first {MOST} of {} repositories are looked at", installed.account, served.len());
        report.warn("repositories", found, "Check the policies of the others with `assentry config check --repo`.");
    }
    for repo in served.into_iter().take(MOST) {
        let here = app.repository(&repo.at, Step::Read, now());
        if let Err(error) = policy(report, (config, bounds), (repo, &here)).await {
            report.fail("policy", error.to_string(), "Try again later.");
        }
        if let Err(error) = dangers(report, (repo, &here)).await {
            report.fail("workflows", error.to_string(), "Try again later.");
        }
    }
}

async fn policy(
    report: &mut Report,
    (config, bounds): (&Config, &Bounds),
    at: (&Covered, &Repository<'_>),
) -> Result<(), GithubError> {
    let (repo, here) = at;
    let name = &repo.at.name;
    let remedy = format!("Mend {POLICY_PATH} on the default branch; until then nothing is begun or approved there.");
    let Ok(path) = POLICY_PATH.parse::<RepoPath>() else { return Ok(()) };
    let bytes = match here.file_now(&path).await {
        Ok(Some(file)) => file.bytes,
        Ok(None) => {
            report.ok("policy", format!("{name} has none of its own"));
            return Ok(());
        }
        Err(GithubError::Invalid { .. }) => {
            report.fail("policy", format!("{name}: {POLICY_PATH} is no file"), remedy);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let visibility = if repo.private { Visibility::Private } else { Visibility::Public };
    let text = String::from_utf8_lossy(&bytes);
    match Policy::parse(&text, bounds, visibility) {
        Ok(Policy { execute: ExecutePolicy { image: Some(digest), .. }, .. }) if lacks(config, &digest) => {
            let found =
                format!("{name}: {POLICY_PATH} names the image sha256:{digest}, which this server does not have");
            let remedy =
                format!("Put {digest}.tar or {digest}.tar.gz into sandbox.images, or let the policy name another.");
            report.fail("policy", found, remedy);
        }
        Ok(_) => report.ok("policy", format!("{name}: {POLICY_PATH} is sound")),
        Err(mistakes) => {
            let mistakes: Vec<String> = mistakes.iter().map(|mistake| format!("{name}: {mistake}")).collect();
            report.fail("policy", mistakes.join("\n"), remedy);
        }
    }
    Ok(())
}

fn lacks(config: &Config, digest: &Digest) -> bool {
    config.sandbox.images.as_deref().is_none_or(|folder| archive_of(folder, digest).is_none())
}

async fn dangers(report: &mut Report, at: (&Covered, &Repository<'_>)) -> Result<(), GithubError> {
    let (repo, here) = at;
    let name = &repo.at.name;
    let Ok(folder) = WORKFLOWS.parse::<RepoPath>() else { return Ok(()) };
    let mut harmless = 0;
    for path in here.files_in(&folder).await? {
        if !path.as_str().ends_with(".yml") && !path.as_str().ends_with(".yaml") {
            continue;
        }
        let Some(file) = here.file_now(&path).await? else { continue };
        let found = workflows::dangers(&String::from_utf8_lossy(&file.bytes));
        match found {
            Err(why) => {
                let remedy = "GitHub may read it otherwise: look at it by hand.";
                report.warn("workflows", format!("{name}: {path} cannot be read: {why}"), remedy);
            }
            Ok(found) if found.is_empty() => harmless += 1,
            Ok(found) => found.iter().for_each(|danger| tell(report, &format!("{name}: {path}"), danger)),
        }
    }
    if harmless > 0 {
        report.ok("workflows", format!("{name}: {harmless} run nothing of an agent's with secrets"));
    }
    Ok(())
}

fn tell(report: &mut Report, file: &str, danger: &Danger) {
    let found = format!("{file}:{}: {danger}", danger.line());
    match danger {
        Danger::Head { .. } => {
            let remedy = "Whoever opens a pull request runs code with this repository's secrets. Use pull_request instead, or \
                          do not check out its head.";
            report.fail("workflows", found, remedy);
        }
        Danger::Push { .. } => {
            let remedy = "Add branches-ignore: ['assentry/**'] below push, or put the job's secrets into an environment with \
                          required reviewers.";
            report.warn("workflows", found, remedy);
        }
        Danger::Pull { .. } => {
            let remedy = "Put the job's secrets into an environment with required reviewers, or leave such jobs out with \
                          if: ${{ !startsWith(github.head_ref, 'assentry/') }}.";
            report.warn("workflows", found, remedy);
        }
    }
}
