//! `assentry config check`: reads the server's configuration or a repository's policy, and says what holds.

use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::config::policy::{Bounds, POLICY_PATH, Policy, Profile, Visibility};
use crate::config::{BadConfig, Config, Mistake};
use crate::sandbox::{archive_of, is_image, unusable};
use crate::workflow::approval::{Approvers, Level};
use crate::workflow::owners::{LARGEST, Owners, PLACES};

/// Reads what people wrote before a server does.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Tells every mistake at once, and what holds where there is none. Exit code 2 for mistakes.
    Check(Check),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The server's configuration; a policy is held against its limits. Without it, a policy is held against the
    /// limits of a server that sets none of its own.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A repository's checkout, whose `.github/assentry.toml` is read.
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// The repository is public: then a server may ask for more.
    #[arg(long)]
    public: bool,
}

/// Files with mistakes, each with all of its own.
#[derive(Debug)]
pub struct BadFiles(Vec<BadConfig>);

impl std::error::Error for BadFiles {}

impl fmt::Display for BadFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(n, bad)| {
            let gap = if n == 0 { "" } else { "\n" };
            write!(f, "{gap}{bad}")
        })
    }
}

/// Checks.
///
/// # Errors
/// [`BadFiles`] when there is a mistake; otherwise when the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let What::Check(check) = &args.what;
    let mut out = anstream::stdout();
    let mut bad = vec![];
    let server = match (&check.config, &check.repo) {
        (None, Some(_)) => None,
        (file, _) => Some(file.clone().unwrap_or_else(|| "assentry.toml".into())),
    };
    let (mut bounds, mut images) = (Bounds::default(), None);
    if let Some(file) = server {
        match Config::load(&file) {
            Ok(config) => {
                bounds = Bounds::of(&config);
                images = config.sandbox.images;
                match images.as_deref().and_then(|folder| folder_of_images(folder, &file)) {
                    Some(wrong) => bad.push(wrong),
                    None => writeln!(out, "{} is sound.", file.display())?,
                }
            }
            Err(mistakes) => bad.push(mistakes),
        }
    }
    if let Some(dir) = &check.repo {
        let file = dir.join(POLICY_PATH);
        let visibility = if check.public { Visibility::Public } else { Visibility::Private };
        match load(&file, &bounds, visibility) {
            Ok(None) => writeln!(
                out,
                "{} is not there, which is fine: the policy of the organisation's `.github` repository holds, or else the \
                 server's own rules. deploy/assentry.repository.example.toml shows what one can say.",
                file.display()
            )?,
            Ok(Some(policy)) => {
                writeln!(out, "{} is sound. What holds:", file.display())?;
                bad.extend(image(&policy, images.as_deref(), &file));
                policy.profiles.iter().try_for_each(|profile| tell(&mut out, &policy, profile))?;
                if policy.profiles.iter().any(|profile| profile.approval.may_ask_owners()) {
                    bad.extend(owners(&mut out, dir)?);
                }
            }
            Err(mistakes) => bad.push(BadConfig { file, mistakes }),
        }
    }
    if bad.is_empty() { Ok(()) } else { Err(BadFiles(bad).into()) }
}

/// The folder of images must be there, with nothing in it that no policy can name. What the archives hold is for the doctor
/// to look at: they are large.
fn folder_of_images(folder: &Path, file: &Path) -> Option<BadConfig> {
    let what = match names(folder) {
        Ok(other) if other.is_empty() => return None,
        Ok(other) => format!(
            "has files that no policy can name: {}: call each DIGEST.tar or DIGEST.tar.gz by its SHA-256, or take it away",
            other.join(", ")
        ),
        Err(error) => format!("{} cannot be read ({error}): make that folder, or leave the key out", folder.display()),
    };
    Some(wrong_image("sandbox.images", what, file))
}

/// The names in a folder of images that are no image's.
fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut other = vec![];
    for entry in folder.read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !is_image(folder, &name) {
            other.push(name);
        }
    }
    other.sort();
    Ok(other)
}

/// The image that the policy names must be there, and be what its name says.
fn image(policy: &Policy, images: Option<&Path>, file: &Path) -> Option<BadConfig> {
    let (digest, folder) = (policy.execute.image.as_ref()?, images?);
    let what = match archive_of(folder, digest) {
        None => format!("is not in {}: put {digest}.tar or {digest}.tar.gz there", folder.display()),
        Some(archive) => {
            let wrong = unusable(&archive, digest)?;
            format!("cannot be used, for of {} {wrong}: put it there once more", archive.display())
        }
    };
    Some(wrong_image("execute.image", what, file))
}

fn wrong_image(key: &str, what: String, file: &Path) -> BadConfig {
    BadConfig { file: file.to_owned(), mistakes: vec![Mistake { key: key.to_owned(), line: None, what }] }
}

/// Reads the owners' file as GitHub would, and tells the lines that it would pass over: nobody is asked for those.
fn owners(out: &mut impl std::io::Write, dir: &Path) -> std::io::Result<Option<BadConfig>> {
    let Some(file) = PLACES.iter().map(|place| dir.join(place)).find(|file| file.is_file()) else {
        writeln!(out, "\nowners must approve, and there is no {}: nobody is asked as an owner.", PLACES.join(", "))?;
        return Ok(None);
    };
    let wrong = |line, what: String| Mistake { key: String::new(), line, what };
    let mistakes = match std::fs::read(&file) {
        Ok(bytes) if bytes.len() > LARGEST => {
            vec![wrong(None, format!("is larger than {LARGEST} bytes: GitHub ignores it"))]
        }
        Ok(bytes) => {
            let (owners, bad) = Owners::read(&String::from_utf8_lossy(&bytes));
            writeln!(out, "\nowners must approve, by {} lines of {}.", owners.len(), file.display())?;
            bad.into_iter().map(|line| wrong(Some(line.number), format!("is passed over: {}", line.why))).collect()
        }
        Err(error) => vec![wrong(None, format!("cannot be read ({error})"))],
    };
    Ok((!mistakes.is_empty()).then_some(BadConfig { file, mistakes }))
}

/// The policy, if there is one.
fn load(file: &Path, bounds: &Bounds, visibility: Visibility) -> Result<Option<Policy>, Vec<Mistake>> {
    let wrong = |what| vec![Mistake { key: String::new(), line: None, what }];
    match std::fs::read_to_string(file) {
        Ok(text) => Policy::parse(&text, bounds, visibility).map(Some),
        // A folder that is not there is a slip of whoever typed its name.
        Err(error) if error.kind() == ErrorKind::NotFound && checkout_of(file).is_some_and(Path::is_dir) => Ok(None),
        Err(error) => Err(wrong(format!("cannot be read ({error})"))),
    }
}

fn checkout_of(policy: &Path) -> Option<&Path> {
    policy.ancestors().nth(Path::new(POLICY_PATH).components().count())
}

fn tell(out: &mut impl std::io::Write, policy: &Policy, profile: &Profile) -> std::io::Result<()> {
    let approval = &profile.approval;
    let dollars = profile.budget.micro_dollars;
    writeln!(out, "\nlabel {:?}", profile.label)?;
    writeln!(out, "  may be put by   {}", everyone_or(policy.trigger.as_ref()))?;
    writeln!(out, "  approvals       {}, by {}", approval.required, everyone_or(approval.by.as_ref()))?;
    writeln!(out, "  separation      {}", approval.separation_name())?;
    writeln!(out, "  digest          {}", if approval.require_digest { "must be named" } else { "may be left out" })?;
    writeln!(out, "  expires after   {}", humantime::format_duration(approval.expires))?;
    writeln!(
        out,
        "  more is asked   {}",
        match approval.tiers.len() {
            0 => "of no plan".to_owned(),
            1 => "by 1 tier".to_owned(),
            tiers => format!("by {tiers} tiers"),
        }
    )?;
    let models = [("plan", &profile.plan_model), ("execute", &profile.execute_model)];
    for (phase, model) in models {
        writeln!(out, "  {:<15} {}", format!("model, {phase}"), model.as_deref().unwrap_or("the server's usual one"))?;
    }
    let budget = &profile.budget;
    writeln!(
        out,
        "  grants          ${}.{:02}, {} tokens, {} minutes, {} turns",
        dollars / 1_000_000,
        dollars % 1_000_000 / 10_000,
        budget.tokens,
        budget.minutes,
        budget.turns
    )
}

fn everyone_or(people: Option<&Approvers>) -> String {
    let Some(Approvers { users, teams, level }) = people else { return "everyone with write access".to_owned() };
    let users = users.iter().map(|user| format!("{} ({})", user.login, user.id));
    let teams = teams.iter().map(|team| format!("team {team}"));
    let level = level.map(|level| match level {
        Level::Admin => "role admin".to_owned(),
        Level::Maintain => "role maintain and above".to_owned(),
        Level::None | Level::Read | Level::Triage | Level::Write => "everyone with write access".to_owned(),
    });
    users.chain(teams).chain(level).collect::<Vec<_>>().join(", ")
}
