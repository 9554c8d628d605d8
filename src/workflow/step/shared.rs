//! What several states answer alike.

use super::Step;
use super::acts::objections;
use crate::ids::CommitSha;
use crate::ids::{Person, Timestamp};
use crate::words::Words;
use crate::words::plan::ParseFault;
use crate::workflow::act::{Act, ActId, Place};
use crate::workflow::approval::{Facts, Gate, Reason, Subject};
use crate::workflow::change::{Around, Stale};
use crate::workflow::effect::Effect;
use crate::workflow::event::Event;
use crate::workflow::hold::{Hold, Next};
use crate::workflow::run::{Approved, Ask, CancelledBy, Ended, Note, Offer, Outcome, Planning, Shown, State, Thread};

/// How many versions a run may have before a person must begin anew.
pub(super) const MAX_VERSIONS: u32 = 20;

/// Ends the run because a person wished so; the plan pull request goes with it.
pub(super) fn cancel(by: Option<&Person>, why: CancelledBy, shown: Option<&Shown>) -> Step {
    let mut then = Vec::new();
    if let Some(shown) = shown
        && why != CancelledBy::PlanPullClosed
    {
        then.push(Effect::ClosePlanPull { plan_pull: shown.pull, pull: None });
    }
    end(Outcome::Cancelled { by: by.cloned(), why }, shown, then)
}

/// Ends the run, and says so in the status comment.
pub(super) fn end(outcome: Outcome, shown: Option<&Shown>, mut then: Vec<Effect>) -> Step {
    then.push(Effect::ShowStatus);
    let ended = Ended { outcome, shown: shown.cloned(), acts: vec![], void: None, unpublished: None };
    Step::Move { to: State::Ended(ended), then }
}

/// Has what was under way looked for, if the run ends by this: GitHub may have done it, and nobody was told.
pub(super) fn tidying(step: Step) -> Step {
    match step {
        Step::Move { to: to @ State::Ended(_), mut then } => {
            then.push(Effect::TidyUp);
            Step::Move { to, then }
        }
        other @ (Step::Move { .. } | Step::Stay { .. } | Step::Ignore) => other,
    }
}

/// Gives an answer that changes nothing.
pub(super) fn answer(words: &Words, place: Place, key: &str) -> Step {
    Step::Stay { then: vec![Effect::Say { words: words.clone(), place, key: key.to_owned() }] }
}

/// Has an issue made of each step that has none yet, and all of them listed. Nothing else of the run changes by it.
pub(super) fn split(event: &Event) -> Step {
    let Event::SplitAsked { version, steps, place, key, by: _ } = event else { return Step::Ignore };
    let open = steps.iter().map(|step| Effect::OpenSubIssue { version: *version, step: step.clone() });
    let tell = Effect::TellSplit { version: *version, place: *place, key: key.clone() };
    Step::Stay { then: open.chain([tell]).collect() }
}

/// Records a note once.
pub(super) fn with_note(notes: &[Note], note: &Note) -> Option<Vec<Note>> {
    if notes.iter().any(|known| known.id == note.id) {
        return None;
    }
    let mut notes = notes.to_vec();
    notes.push(note.clone());
    Some(notes)
}

/// Guidance that came while a version was being made is a note for the next one.
pub(super) fn guidance_as_note(by: &Person, guidance: &str, place: Place, serial: usize) -> Note {
    Note {
        id: format!("guidance-{serial}"),
        by: by.clone(),
        at: Timestamp(0),
        text: guidance.to_owned(),
        on: None,
        review: None,
        thread: Thread::Summary(place),
    }
}

/// Whether a note is such guidance: its author asked for the version that takes it up (rule C).
pub(super) fn is_guidance(note: &Note) -> bool {
    note.id.starts_with("guidance-")
}

/// Publishes the version shown once more, under the next number, because its branch was moved by someone else (D2, D6).
pub(super) fn republish(shown: &Shown, acts: &[Act], notes: &[Note]) -> Step {
    next_version(shown, Ask::Republish, acts, notes, shown.requesters.clone())
}

/// Publishes what a person wrote as the next version; its author is one of those who asked for it (rule C).
pub(super) fn adopt(shown: &Shown, offer: &Offer, acts: &[Act], notes: &[Note]) -> Step {
    let requesters = with_person(&shown.requesters, &offer.by);
    next_version(shown, Ask::Adopt(Box::new(offer.clone())), acts, notes, requesters)
}

/// What follows, with one more thing to be done.
pub(super) fn and_then(step: Step, effect: Effect) -> Step {
    match step {
        Step::Move { to, mut then } => {
            then.push(effect);
            Step::Move { to, then }
        }
        Step::Stay { mut then } => {
            then.push(effect);
            Step::Stay { then }
        }
        Step::Ignore => Step::Stay { then: vec![effect] },
    }
}

/// Shows what is wrong with a pushed plan.
pub(super) fn mark(head: &CommitSha, by: &Person, faults: &[ParseFault]) -> Effect {
    Effect::MarkFaults { head: head.clone(), by: by.clone(), faults: faults.to_vec() }
}

/// Forgets a note that was deleted before it was taken up.
pub(super) fn without_note(notes: &[Note], id: &str) -> Option<Vec<Note>> {
    notes.iter().any(|note| note.id == id).then(|| notes.iter().filter(|note| note.id != id).cloned().collect())
}

/// Has the next version written.
pub(super) fn next_version(shown: &Shown, ask: Ask, acts: &[Act], notes: &[Note], requesters: Vec<Person>) -> Step {
    let version = shown.subject.version + 1;
    if version > MAX_VERSIONS {
        let text = format!("version {version} would be one too many for one run");
        let why = crate::workflow::run::Trouble::Lost { text };
        return end(Outcome::Failed { why }, Some(shown), vec![]);
    }
    let rounds = match &ask {
        Ask::Revise { .. } => shown.rounds + 1,
        Ask::Republish => shown.rounds,
        Ask::Fresh { .. } | Ask::Adopt(_) | Ask::Anew { .. } => 0,
    };
    // A revision may end with the plan as it was, and then the approvals that are there still hold.
    let acts = if matches!(ask, Ask::Revise { .. }) { acts.to_vec() } else { objections(acts) };
    let planning = Planning {
        version,
        around: around(shown, &ask),
        ask,
        shown: Some(shown.clone()),
        notes: notes.to_vec(),
        acts,
        requesters,
        rounds,
        branch_moved: false,
        unasked: false,
    };
    Step::Move { to: State::Planning(planning), then: vec![Effect::WritePlan { version }, Effect::ShowStatus] }
}

/// What the next version carries on: a person's word begins the count of unasked versions anew.
fn around(shown: &Shown, ask: &Ask) -> Around {
    let before = Around { base_moved: false, dropped: None, ..shown.around.clone() };
    match ask {
        Ask::Fresh { .. } => {
            let Around { base_branch, review, kept: dropped, .. } = before;
            Around { base_branch, review, dropped, ..Around::default() }
        }
        Ask::Revise { .. } | Ask::Adopt(_) => Around { automatic: 0, restored: false, ..before },
        Ask::Republish => before,
        Ask::Anew { why } => {
            let automatic = before.automatic + 1;
            match why {
                Stale::Input { .. } => Around { automatic, edits: vec![], ..before },
                Stale::BaseRenamed { to } => Around { automatic, base_branch: Some(to.clone()), ..before },
                Stale::Base { .. } | Stale::Outdated => Around { automatic, ..before },
            }
        }
    }
}

/// Plans anew where the work was held because of a changed issue; what was built is not used, which is told.
pub(super) fn start_over(approved: &Approved, by: &Person, guidance: Option<&str>) -> Step {
    let requesters = with_person(&approved.shown.requesters, by);
    let ask = Ask::Fresh { guidance: guidance.map(str::to_owned) };
    match next_version(&approved.shown, ask, &approved.acts, &[], requesters) {
        Step::Move { to: State::Planning(mut planning), then } => {
            planning.around.dropped = Some(approved.shown.subject.version);
            Step::Move { to: State::Planning(planning), then }
        }
        other @ (Step::Move { .. } | Step::Stay { .. } | Step::Ignore) => other,
    }
}

/// Everyone in `people` and `one` more, each once.
pub(super) fn with_person(people: &[Person], one: &Person) -> Vec<Person> {
    let mut people = people.to_vec();
    if !people.iter().any(|known| known.id == one.id) {
        people.push(one.clone());
    }
    people
}

/// What follows at a gate that does not know enough: it asks again, and after a day it asks people (rule P).
pub(super) fn holds(
    before: Option<Hold>,
    gate: Gate,
    subject: &Subject,
    facts: &Facts,
    missing: &[Reason],
) -> (Hold, Vec<Effect>) {
    match Hold::next(before, gate, facts.now) {
        Next::Ask(hold, ask) => (hold, vec![ask, Effect::ShowStatus]),
        Next::Tell(hold) => {
            let (reasons, digest) = (missing.to_vec(), subject.digest.clone());
            let words = Words::StillUnknown { reasons, digest, away: hold.is_away() };
            let key = format!("unknown-{}-{}", gate.name(), hold.asked());
            (hold, vec![Effect::Say { words, place: Place::Issue, key }, Effect::ShowStatus])
        }
    }
}

/// The reply to an act that did not lead to an approval; `None` where silence is right.
///
/// Bots get no answer (D34). A person who may not approve gets one an hour, and so does who names no digest of this plan.
pub(super) fn refusal(subject: &Subject, acts: &[Act], because: Option<ActId>, missing: &[Reason]) -> Option<Effect> {
    let act = acts.iter().find(|act| Some(act.id) == because)?;
    if !act.kind.approves() {
        return objection_refused(act, missing);
    }
    let about_all = |reason: &Reason| {
        matches!(
            reason,
            Reason::Vetoed { .. } | Reason::TooFew { .. } | Reason::OwnerMissing { .. } | Reason::OwnerUnclear { .. }
        )
    };
    let about_it = |reason: &&Reason| reason.act() == because || about_all(reason);
    let mut reasons: Vec<Reason> = missing.iter().filter(about_it).cloned().collect();
    reasons.sort_by_key(about_all);
    if reasons.is_empty() || reasons.iter().any(|reason| matches!(reason, Reason::NotAPerson { .. })) {
        return None;
    }
    let key = if reasons.iter().any(is_about_rights) {
        hourly(act)
    } else if reasons.iter().any(|reason| matches!(reason, Reason::NotADigest { .. } | Reason::UnknownDigest { .. })) {
        format!("digest-{}-{}", act.by.id, hour(act))
    } else if act.voided.is_some() {
        // It may have been answered before it was taken back.
        format!("{}-voided", act_key(act.id))
    } else {
        act_key(act.id)
    };
    let words =
        Words::NotApproved { who: act.by.clone(), reasons, version: subject.version, digest: subject.digest.clone() };
    Some(Effect::Say { words, place: act.place, key })
}

/// The reply to an objection by someone who may not object: it blocks nothing (D15, D51).
fn objection_refused(act: &Act, missing: &[Reason]) -> Option<Effect> {
    let reason = missing.iter().find(|reason| is_about_rights(reason) && reason.act() == Some(act.id))?;
    let (who, place, key) = (act.by.clone(), act.place, hourly(act));
    let words = if matches!(reason, Reason::NoWriteAccess { .. }) {
        Words::NotAllowed { who, wanted: "reject".to_owned() }
    } else {
        Words::OnlyAdvice { who, reason: reason.clone() }
    };
    Some(Effect::Say { words, place, key })
}

/// Whether a reason is about what the person may, and not about what they did: such people are answered once an hour.
fn is_about_rights(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::NoWriteAccess { .. }
            | Reason::NotListed { .. }
            | Reason::AnotherAccount { .. }
            | Reason::PendingMember { .. }
            | Reason::Denied { .. }
    )
}

/// Names an answer that a person who may not gets at most once an hour.
fn hourly(act: &Act) -> String {
    format!("refused-{}-{}", act.by.id, hour(act))
}

/// The hour of an act, for answers that are given once in one.
pub(super) fn hour(act: &Act) -> i64 {
    act.at.0.div_euclid(3_600_000)
}

/// The reply to an approval that came when nothing waits for one; once an hour in each phase, for anyone may type it.
pub(super) fn nothing_to_approve(act: &Act, phase: &str) -> Step {
    if act.via_app || act.by.kind != crate::ids::AccountKind::User {
        return Step::Ignore;
    }
    let words = Words::NothingToApprove { who: act.by.clone(), wanted: "approve".to_owned(), phase: phase.to_owned() };
    answer(&words, act.place, &format!("nothing-{phase}-{}-{}", act.by.id, act.at.0.div_euclid(3_600_000)))
}

/// The name of the answer to an act.
pub(super) fn act_key(id: ActId) -> String {
    match id {
        ActId::Comment(id) => format!("comment-{id}"),
        ActId::Review(id) => format!("review-{id}"),
    }
}

/// The answer to a note that came when the plan is no longer up for discussion.
pub(super) fn too_late(note: &Note) -> Step {
    and_then(Step::Ignore, overtaken(note))
}

/// The answer to a note that an approval came before.
pub(super) fn overtaken(note: &Note) -> Effect {
    let place = match note.thread {
        Thread::Summary(place) => place,
        Thread::Line(_) => Place::PlanPull,
    };
    Effect::Say { words: Words::TooLate { who: note.by.clone() }, place, key: format!("late-{}", note.by.id) }
}

/// The answer to someone whose plan came when the work on the one before had begun.
pub(super) fn late(offer: &Offer) -> Effect {
    let words = Words::TooLate { who: offer.by.clone() };
    Effect::Say { words, place: offer.place(), key: format!("late-{}", offer.by.id) }
}

/// The answer to someone who wants the plan changed when the work on it has begun.
pub(super) fn too_late_for(who: &Person, place: Place) -> Step {
    answer(&Words::TooLate { who: who.clone() }, place, &format!("late-{}", who.id))
}
