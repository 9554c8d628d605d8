//! Takes answers to the planner's questions: plain comments that begin with a question's number.

use super::Trouble;
use super::command::Typed;
use super::delivery::Arrival;
use crate::github::Reaction;
use crate::workflow::approval::Level;
use crate::workflow::event::Event;
use crate::workflow::run::{AwaitingAnswer, Run, State};

/// How often the planner may have asked before only people who may write are heard: else the author, who may be
/// anybody, could keep a model at work for ever.
const ROUNDS: usize = 3;

impl Arrival<'_> {
    /// A comment that is no command. While questions are open it may answer them: people who may write are heard, and so
    /// is the author, whose words say from whom they are.
    pub(super) async fn perhaps_answer(&self, typed: &Typed<'_>) -> Result<(), Trouble> {
        let open = typed.run.as_ref().and_then(|run| Some((run, open_questions(&run.state)?)));
        let Some((run, awaiting)) = open.filter(|(_, open)| is_answer(&typed.comment.body, open.questions.len()))
        else {
            return self.done("no command").await;
        };
        if typed.comment.via_app {
            return self.done("by an App in a person's name").await;
        }
        let text = typed.comment.body.clone();
        let text = if self.may(typed.by).await? >= Level::Write {
            text
        } else if self.author_is_heard(typed, run).await? {
            format!("{}, who opened the issue and has no write access, says:\n{text}", typed.by.login)
        } else {
            return self.done("an answer by someone who may not").await;
        };
        self.seen(typed, Reaction::Eyes).await;
        let note = typed.note(format!("answer-{}-{}", awaiting.version, typed.comment.id), text);
        self.happens(run.id, &Event::Noted { note }).await
    }

    async fn author_is_heard(&self, typed: &Typed<'_>, run: &Run) -> Result<bool, Trouble> {
        if run.origin.author.as_ref().is_none_or(|author| author.id != typed.by.id) {
            return Ok(false);
        }
        let events = self.core.store.events(run.id).await?;
        Ok(events.iter().filter(|event| event.kind == "questions_asked").count() < ROUNDS)
    }
}

fn open_questions(state: &State) -> Option<&AwaitingAnswer> {
    if let State::AwaitingAnswer(awaiting) = state { Some(awaiting) } else { None }
}

/// Whether a text begins as answers do: with the number of a question and `.` or `)`.
fn is_answer(text: &str, questions: usize) -> bool {
    let digits: String = text.chars().take(3).take_while(char::is_ascii_digit).collect();
    let behind = text.get(digits.len()..).unwrap_or_default();
    let answered = behind.strip_prefix(['.', ')']).is_some_and(|behind| !behind.trim().is_empty());
    answered && digits.parse::<usize>().is_ok_and(|number| (1..=questions).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_begins_with_the_number_of_a_question() {
        for text in ["1. Trailing ones", "2) both", "1.both\n2. no"] {
            assert!(is_answer(text, 2), "{text}");
        }
        for text in
            ["", "1", "1.", "1. ", "3. none", "0. none", "10. none", "1: no", " 1. no", "> 1. Which?", "-1. no", "one"]
        {
            assert!(!is_answer(text, 2), "{text}");
        }
    }
}
