//! Where a run stands, and who is waited for.

use maud::{Markup, html};

use super::prose;
use crate::ids::TeamName;
use crate::words;
use crate::workflow::approval::{Level, Reason, Separation};
use crate::workflow::command::Prefix;
use crate::workflow::run::{DeliverStage, Delivering, Fate, Outcome, Rest, State, Trouble, Waiting};
use crate::workflow::spending::Full;

/// A phase as a word for people, with a colour that says whether it waits, works or has ended.
pub(super) fn badge(phase: &str, state: Option<&State>) -> Markup {
    let (tone, name) = match state {
        Some(State::Ended(ended)) => (ended_in(&ended.outcome), words::ended_as(&ended.outcome)),
        Some(State::InReview(review)) if review.stage.follow_up().is_some() => ("works", "following up"),
        _ => (tone(phase), name(phase)),
    };
    html! { span.badge.(tone) { (name) } }
}

fn ended_in(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done { fate: Fate::Unknown | Fate::Merged { .. }, .. } => "good",
        Outcome::Done { fate: Fate::Closed { .. }, .. }
        | Outcome::Cancelled { .. }
        | Outcome::Failed { why: Trouble::NoChange { .. } } => "past",
        Outcome::Done { fate: Fate::Reverted { .. }, .. } | Outcome::NeedsNewPlan { .. } | Outcome::Failed { .. } => {
            "bad"
        }
    }
}

/// What a phase is called.
pub(super) fn name(phase: &str) -> &str {
    match phase {
        "awaiting_answer" => "waiting for answers",
        "awaiting_approval" => "waiting for approval",
        "publishing" => "posting the plan",
        "executing" => "at work",
        "in_review" => "in review",
        other => other,
    }
}

fn tone(phase: &str) -> &'static str {
    match phase {
        "awaiting_answer" | "awaiting_approval" | "resting" | "in_review" => "waits",
        "ended" => "past",
        _ => "works",
    }
}

/// Who or what is waited for, in a few words; nothing when the run has ended.
pub(super) fn awaited(state: &State) -> String {
    match state {
        State::Planning(planning) => format!("the planner, for v{}", planning.version),
        State::AwaitingAnswer(waiting) => {
            let who: Vec<&str> = waiting.requesters.iter().map(|person| person.login.as_str()).collect();
            let who = if who.is_empty() { "somebody with write access".to_owned() } else { or(&who) };
            match waiting.questions.len() {
                1 => format!("{who}, to answer 1 question"),
                many => format!("{who}, to answer {many} questions"),
            }
        }
        State::Publishing(publishing) => format!("GitHub, for v{}", publishing.version),
        State::AwaitingApproval(waiting) if waiting.hold.is_some() => "GitHub's word on the approval".to_owned(),
        State::AwaitingApproval(waiting) => approvers(waiting),
        State::Starting(_) => "the last look before the start".to_owned(),
        State::Executing(executing) if executing.parked => "the repository, which is read-only".to_owned(),
        State::Executing(executing) => match executing.ticked.len() {
            1 => "the executor, 1 step done".to_owned(),
            many => format!("the executor, {many} steps done"),
        },
        State::Resting(resting) => match &resting.why {
            Rest::Stopped { .. } => "somebody to let it go on",
            Rest::OutOfBudget { full: Full::Budget { .. } } => "somebody to grant more money",
            Rest::OutOfBudget { full: Full::Day { .. } } => "room within the limits of a day",
            Rest::Asks { .. } => "somebody to decide whether it may leave the plan",
        }
        .to_owned(),
        State::Delivering(_) => "the pull request".to_owned(),
        State::InReview(review) => match review.stage.follow_up() {
            Some(follow_up) => format!("the executor, for follow-up {} on #{}", follow_up.number, review.pull),
            None => format!("reviewers, to merge #{}", review.pull),
        },
        State::Ended(_) => String::new(),
    }
}

/// Whoever has objected, or whoever may approve.
fn approvers(waiting: &Waiting) -> String {
    let (rules, version) = (&waiting.shown.rules, waiting.shown.subject.version);
    for reason in &waiting.missing {
        if let Reason::Vetoed { by, .. } = reason {
            return format!("{}, who has objected to v{version}", by.login);
        }
    }
    let who = match &rules.approvers {
        Some(listed) => {
            let mut names: Vec<&str> = listed.users.iter().map(|one| one.login.as_str()).collect();
            names.extend(listed.teams.iter().map(TeamName::as_str));
            names.extend(listed.level.map(|level| match level {
                Level::Admin => "an administrator",
                Level::Maintain => "a maintainer",
                Level::None | Level::Read | Level::Triage | Level::Write => "somebody with write access",
            }));
            or(&names)
        }
        None if rules.separation == Separation::Owners => "code owners".to_owned(),
        None if rules.required > 1 => "people with write access".to_owned(),
        None => "somebody with write access".to_owned(),
    };
    match rules.required {
        0 | 1 => format!("{who}, to approve v{version}"),
        many => format!("{who}, {many} of them to approve v{version}"),
    }
}

/// A few names.
fn or(names: &[&str]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= 4 => format!("{} or {last}", first.join(", ")),
        [one, two, ..] => format!("{one}, {two} or {} more", names.len() - 2),
    }
}

/// What there is to say about where a run stands, as sentences.
pub(super) fn said(state: &State, prefix: &Prefix) -> Vec<Markup> {
    match state {
        State::AwaitingApproval(waiting) => missing(&waiting.missing, prefix),
        State::Delivering(Delivering { stage: DeliverStage::Judging { missing: reasons }, .. }) => {
            missing(reasons, prefix)
        }
        State::AwaitingAnswer(waiting) => waiting.questions.iter().map(|question| prose::inline(question)).collect(),
        State::Ended(ended) => {
            let digest = ended.shown.as_ref().map(|shown| shown.subject.digest.short());
            words::ending(&ended.outcome, digest, prefix).iter().map(|text| prose::ours(text)).collect()
        }
        State::Resting(resting) => words::resting(&resting.why, prefix).iter().map(|text| prose::ours(text)).collect(),
        State::Planning(_)
        | State::Publishing(_)
        | State::Starting(_)
        | State::Executing(_)
        | State::Delivering(_)
        | State::InReview(_) => vec![],
    }
}

fn missing(reasons: &[Reason], prefix: &Prefix) -> Vec<Markup> {
    reasons.iter().map(|reason| prose::ours(&words::because(reason, prefix))).collect()
}

#[cfg(test)]
mod tests {
    use super::or;

    #[test]
    fn a_few_names_are_named_and_of_many_only_some() {
        let said = |names: &[&str]| or(names);
        assert_eq!(said(&["ann"]), "ann");
        assert_eq!(said(&["ann", "bob"]), "ann or bob");
        assert_eq!(said(&["ann", "bob", "cara", "dora"]), "ann, bob, cara or dora");
        assert_eq!(said(&["ann", "bob", "cara", "dora", "eve"]), "ann, bob or 3 more");
    }
}
