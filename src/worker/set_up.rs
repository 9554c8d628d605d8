//! Prepares the checkout of an execution by the set-up commands of the policy that was approved.

use tokio_util::sync::CancellationToken;

use super::effect::{Deed, Done};
use super::{ModelChoice, Trouble};
use crate::agent::{ending_of, whole};
use crate::sandbox::{Checkout, NoImage, NoLayer, Recipe, Sandbox, SandboxError};
use crate::workflow::event::Event;
use crate::workflow::run::{Outcome, Trouble as Why};
use crate::workflow::terms::Terms;

/// Under which name the store keeps all that a failed set-up command printed.
const OUTPUT: &str = "set-up-output";

/// Characters of a failed command's output that are told.
const TOLD: usize = 300;

impl Deed<'_> {
    /// The sandbox with the system that was approved, after it has been tried; or how the run goes on without.
    pub(super) async fn sandbox_of(
        &self,
        terms: &Terms,
        choice: &ModelChoice,
    ) -> Result<Result<Sandbox, Done>, Trouble> {
        let stopped = |text: String| {
            let outcome = Outcome::Failed { why: Why::NoImage { text } };
            Ok(Err(Done::with(Event::Stopped { outcome })))
        };
        if terms.image.is_some() && choice.guest.is_some() {
            return stopped(format!("{} is a program of the host and cannot work in an image", choice.name));
        }
        let sandbox = match self.core.sandbox.with_image(terms.image.as_ref()).await {
            Ok(sandbox) => sandbox,
            Err(NoImage::Disk(source)) => return Err(Trouble::Disk { what: "unpacking an image", source }),
            Err(error) => return stopped(error.to_string()),
        };
        match sandbox.self_test().await {
            Err(SandboxError::Unavailable(why)) if terms.image.is_some() => {
                self.core.sandbox.self_test().await?;
                stopped(format!("nothing starts in it: {why}"))
            }
            tested => Ok(Ok(tested.map(|()| sandbox)?)),
        }
    }

    /// A checkout of the approved base on which the approved set-up commands have run; or how the run goes on without.
    pub(super) async fn prepared(
        &self,
        (sandbox, task): (&Sandbox, &str),
        terms: &Terms,
        stop: &CancellationToken,
    ) -> Result<Result<Checkout, Done>, Trouble> {
        if terms.set_up.is_empty() {
            return Ok(Ok(self.checkout(task, &terms.base).await?));
        }
        let (mirror, from, dir) = (self.mirror().await?, self.fetch_from().await?, self.place(task)?);
        let recipe = Recipe {
            repository: terms.repository,
            commit: &terms.base,
            commands: &terms.set_up,
            hosts: &terms.network,
            limits: self.limits(),
        };
        let (command, output) = match sandbox.prepared((&mirror, &from), &recipe, &dir, stop).await {
            Ok(checkout) => return Ok(Ok(checkout)),
            Err(NoLayer::Failed { command, ended, refused }) => {
                let kept = format!("{}\nrefused:\n{}\n", whole(&ended), refused.join("\n"));
                self.keep(OUTPUT, kept.into_bytes()).await?;
                let told = ending_of(&ended, TOLD);
                match refused.first() {
                    Some(first) => (command, format!("refused: {first}; {told}")),
                    None => (command, told),
                }
            }
            Err(error @ NoLayer::NoNetwork) => (terms.set_up.join(" && "), error.to_string()),
            Err(NoLayer::Left(refused)) => {
                let rule = format!("it left {refused}, and a .gitignore does not name that");
                (terms.set_up.join(" && "), rule)
            }
            Err(NoLayer::Cancelled) if self.cancel.is_cancelled() => return Err(Trouble::Interrupted),
            Err(NoLayer::Cancelled) => return Ok(Err(Done::with(Event::Rested))),
            Err(NoLayer::Mirror(error)) => return Err(error.into()),
            Err(NoLayer::Sandbox(error)) => return Err(error.into()),
            Err(NoLayer::Disk(source)) => return Err(Trouble::Disk { what: "preparing the checkout", source }),
        };
        let outcome = Outcome::Failed { why: Why::SetUpFailed { command, output } };
        Ok(Err(Done::with(Event::Stopped { outcome })))
    }
}
