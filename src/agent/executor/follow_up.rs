//! Follows up on what people say of the work: in a checkout of what was built, inside the plan, note by note.
//!
//! Promises: the notes are data, whoever wrote them; scope and limits are those of the plan, with what was changed before
//! counted in; the plan's checks are green at the end; a merge alone that needs nobody asks no model. Refuses to finish
//! before each note has its answer.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::site::Site;
use super::{Begun, Work, work_on};
use crate::agent::desk::Desk;
use crate::agent::dialogue::Said;
use crate::agent::ending::Ending;
use crate::agent::house::Ground;
use crate::agent::planner::one_text;
use crate::agent::prompt::{self, Phase, told};
use crate::agent::text;
use crate::agent::transcript::Journal;
use crate::ids::RepoPath;
use crate::model::{Conversation, Message};
use crate::sandbox::mirror::has_marks;
use crate::sandbox::{Change, ChangeKind};
use crate::workflow::plan::{Plan, PlanStep};
use crate::workflow::run::Note;

/// The id of the one step that a follow-up is.
const STEP: &str = "follow-up";

/// What there is to do.
#[derive(Debug)]
pub struct Task<'a> {
    /// The approved plan.
    pub plan: &'a Plan,
    /// The repository's own ground.
    pub ground: &'a Ground,
    /// What people said of the work.
    pub notes: &'a [Note],
    /// How the work differs from the plan's base.
    pub before: &'a [Change],
    /// What the merge of the base branch brought; the checkout stands on its newest commit then.
    pub merge: Option<&'a Merge>,
    /// Where the merge is all that is asked for: what is answered if nothing is in conflict and the checks are green on it.
    pub alone: Option<&'a str>,
    /// Steps of the plan that are not done yet, because they are in it since the work was.
    pub open: &'a [PlanStep],
}

/// A merge of the base branch that a follow-up begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// What the work differs by from the newest commit of the base branch, inside the scope.
    pub inside: Vec<Change>,
    /// What people have pushed there outside the scope; the checkout holds it, and it is nobody's to take.
    pub given: Vec<Change>,
    /// Paths in conflict, all of them inside the scope.
    pub conflicts: Vec<RepoPath>,
}

/// What became of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixAnswer {
    /// The note's id.
    pub note: String,
    /// What was done about it, or why nothing was.
    pub answer: String,
    /// Whether its wish is met.
    pub done: bool,
}

/// What came of a follow-up.
#[derive(Debug)]
pub enum FollowedUp {
    /// Every note is answered, and every check is green.
    Finished {
        /// What was done, as one step; its changes are those to what was checked out, and may be none.
        work: Work,
        /// One for each note.
        answers: Vec<FixAnswer>,
    },
    /// It ended before that.
    Stopped {
        /// Why.
        ending: Ending,
        /// What was done until then.
        work: Work,
    },
}

/// The call that ends a follow-up.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finish {
    summary: String,
    answers: Vec<FixAnswer>,
}

/// Lets the model follow up on notes in the desk's checkout, which must hold the work and be fresh or prepared by the
/// repository's set-up commands.
pub async fn follow_up<J: Journal>(desk: &Desk<'_, J>, task: &Task<'_>) -> FollowedUp {
    let step = PlanStep {
        id: STEP.to_owned(),
        title: "Follow up on the review".to_owned(),
        files: Vec::new(),
        what: String::new(),
        verify: String::new(),
    };
    // The steps of the plan are done; this is the one that is left.
    let plan = Plan { steps: vec![step], ..task.plan.clone() };
    let mut site = match Site::new(desk, &plan, task.ground) {
        Ok(site) => site,
        Err(ending) => return FollowedUp::Stopped { ending, work: Work::default() },
    };
    (site.before_it, site.notes) = (task.before, Some(task.notes));
    if let Some(merge) = task.merge {
        site.merge = Some(merge);
        site.begun = Begun { changes: merge.inside.clone(), ..Begun::default() };
    }
    let ended = match as_merged(&mut site, task).await {
        Ok(true) => Ok(()),
        Ok(false) => work_on(&mut site, conversation(task)).await,
        Err(ending) => Err(ending),
    };
    let Site { work, answers, .. } = site;
    match ended {
        Ok(()) => FollowedUp::Finished { work, answers },
        Err(ending) => FollowedUp::Stopped { ending, work },
    }
}

/// Takes a merge as it is, where that is all there is to do and nobody has to settle anything. Whatever is red on it is the
/// agent's to look at.
async fn as_merged<J: Journal>(site: &mut Site<'_, J>, task: &Task<'_>) -> Result<bool, Ending> {
    let clean = task.merge.is_some_and(|merge| merge.conflicts.is_empty() && !merge.inside.is_empty());
    let Some(answer) = task.alone.filter(|_| clean && task.open.is_empty()) else { return Ok(false) };
    site.prepare().await?;
    let ticked = matches!(site.tick(STEP).await?, Said::Done(_));
    if !ticked || !matches!(site.check().await?, Ok(red) if red.is_empty()) {
        return Ok(false);
    }
    let told = |note: &Note| FixAnswer { note: note.id.clone(), answer: answer.to_owned(), done: true };
    site.answers = task.notes.iter().map(told).collect();
    answer.clone_into(&mut site.work.summary);
    Ok(true)
}

/// Ends the work if each note has its answer and the checks are green on what was changed; else says what is missing.
pub(super) async fn finish<J: Journal>(
    site: &mut Site<'_, J>,
    notes: &[Note],
    Finish { summary, answers }: Finish,
    known_red: bool,
) -> Result<Said, Ending> {
    let summary = one_text(&summary, 2_000);
    let answers: Vec<FixAnswer> =
        answers.into_iter().map(|answer| FixAnswer { answer: one_text(&answer.answer, 2_000), ..answer }).collect();
    if let Some(missing) = about(&answers, notes) {
        return Ok(Said::Rejected(missing));
    }
    if let Some(said) = left_in_conflict(site).await? {
        return Ok(said);
    }
    if site.work.steps.is_empty() {
        match site.tick(STEP).await? {
            Said::Done(_) => {}
            said @ (Said::Failed(_) | Said::Refused(_) | Said::Rejected(_)) => return Ok(said),
        }
    }
    site.answers = answers;
    if site.merge.is_none() && site.taken().is_empty() && site.red == 0 && !known_red {
        // An answer alone changes nothing, and so proves nothing either.
        site.work.summary = summary;
        site.finished = true;
        return Ok(Said::Done("finished".to_owned()));
    }
    site.finish(summary, known_red).await
}

/// Says which files still hold marks of a conflict.
async fn left_in_conflict<J: Journal>(site: &mut Site<'_, J>) -> Result<Option<Said>, Ending> {
    let Some(merge) = site.merge.filter(|merge| !merge.conflicts.is_empty()) else { return Ok(None) };
    let taken = match site.take().await? {
        Ok(taken) => taken,
        Err(said) => return Ok(Some(said)),
    };
    let marked = |change: &&Change| match &change.change {
        ChangeKind::Put { bytes, .. } => merge.conflicts.contains(&change.path) && has_marks(bytes),
        ChangeKind::Delete => false,
    };
    let left: Vec<&str> = taken.iter().filter(marked).map(|change| change.path.as_str()).collect();
    Ok((!left.is_empty()).then(|| Said::Failed(format!("marks of a conflict are left in {}", left.join(", ")))))
}

/// What is wrong with the answers.
fn about(answers: &[FixAnswer], notes: &[Note]) -> Option<String> {
    let of = |note: &&Note| answers.iter().filter(|answer| answer.note == note.id).count() != 1;
    if let Some(note) = notes.iter().find(of) {
        return Some(format!("answer {} once", note.id));
    }
    let strange = answers.iter().find(|answer| !notes.iter().any(|note| note.id == answer.note));
    if let Some(answer) = strange {
        return Some(format!("there is no note {:?}", one_text(&answer.note, 100)));
    }
    let empty = answers.iter().find(|answer| answer.answer.is_empty());
    empty.map(|answer| format!("the answer to {} is empty", answer.note))
}

/// The beginning of the conversation: the plan, and the notes as data.
fn conversation(task: &Task<'_>) -> Conversation {
    let Plan { title, goal, approach, steps, checks, scope, out_of_scope, .. } = task.plan;
    let plan = json!({
        "title": title, "goal": goal, "approach": approach, "steps": steps, "checks": checks, "scope": scope,
        "out_of_scope": out_of_scope,
    });
    let files: Vec<&str> = task.before.iter().map(|change| change.path.as_str()).collect();
    let done = format!("The approved plan, which was carried out in {}:\n{plan}", json!(files));
    let notes: Vec<Value> = task.notes.iter().map(read_note).collect();
    let open: Vec<&str> = task.open.iter().map(|step| step.id.as_str()).collect();
    let open =
        (!open.is_empty()).then(|| told(format!("These steps are new and not done; do them: {}.", open.join(", "))));
    let merged = task.merge.map(|merge| {
        let conflicts: Vec<&str> = merge.conflicts.iter().map(RepoPath::as_str).collect();
        let conflicts = if conflicts.is_empty() { "none".to_owned() } else { json!(conflicts).to_string() };
        told(format!(
            "The base branch has moved and was merged: the checkout stands on its newest commit and holds the work on top. \
             In conflict: {conflicts}. Settle that so that what both sides meant is kept, then finish; the checks run."
        ))
    });
    let last = [prompt::data(&json!({ "notes": notes })), told("Follow up on the notes.")];
    let parts = std::iter::once(told(done)).chain(open).chain(merged).chain(last).collect();
    Conversation {
        system: Phase::FollowUp.instructions().to_owned(),
        tools: Phase::FollowUp.tools(),
        messages: vec![Message::User { parts }],
    }
}

fn read_note(note: &Note) -> Value {
    let mut read = json!({ "id": note.id, "by": note.by.login, "text": text::clean(&note.text).text });
    if let Some(on) = &note.on {
        let path = on.path.as_ref().map(|path| path.as_str());
        read["on"] = json!({
            "path": path, "first": on.first, "last": on.last, "quoted": text::visible(&on.quoted).text,
        });
    }
    read
}
