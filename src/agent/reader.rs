//! Reads finished work a second time: the plan, the difference, what the checks said.
//!
//! Promises: nothing can be changed by it, and it looks at nothing but what it is shown; what it shows comes from a repository
//! and from another model, and is data. What it says can only lower a verdict, see
//! [`Conformance::read_again`](crate::workflow::conformance::Conformance::read_again).

use serde::Deserialize;
use serde_json::Value;

use super::budget::{Leash, Spent};
use super::dialogue::{Dialogue, Said, arguments, unknown};
use super::ending::Ending;
use super::planner::one_text;
use super::prompt::{self, Phase, told};
use super::transcript::Journal;
use crate::model::{Conversation, Message, Model};
use crate::workflow::conformance::{Remark, SecondReading, Verdict};

/// Remarks at most.
const MOST_REMARKS: usize = 20;

/// What it says, as it is read from the call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    verdict: Verdict,
    #[serde(default)]
    remarks: Vec<OneRemark>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneRemark {
    #[serde(default)]
    place: String,
    text: String,
}

/// Has a model read what was done; `shown` is all that it sees. Says what that used up, whatever the end.
pub async fn read<J: Journal>(
    models: (&Model, Option<&Model>),
    journal: &J,
    leash: &Leash,
    shown: &Value,
) -> (Result<SecondReading, Ending>, Spent) {
    let conversation = Conversation {
        system: Phase::Review.instructions().to_owned(),
        tools: Phase::Review.tools(),
        messages: vec![Message::User { parts: vec![prompt::data(shown), told("Read the work.")] }],
    };
    let mut dialogue = match Dialogue::open(models, journal, leash, conversation).await {
        Ok(dialogue) => dialogue,
        Err(ending) => return (Err(ending), Spent::default()),
    };
    let read = heard_out(&mut dialogue, models.0).await;
    (read, dialogue.spent)
}

async fn heard_out<J: Journal>(dialogue: &mut Dialogue<'_, J>, model: &Model) -> Result<SecondReading, Ending> {
    loop {
        let heard = dialogue.next().await?;
        let (mut said, mut result) = (Vec::new(), None);
        for call in &heard.calls {
            said.push(match call.name.as_str() {
                "submit_reading" => match arguments::<Reading>(call) {
                    Ok(reading) => {
                        result.get_or_insert(reading);
                        Said::Done("taken".to_owned())
                    }
                    Err(said) => said,
                },
                _ => unknown(call),
            });
        }
        dialogue.reply(heard, said).await?;
        if let Some(Reading { verdict, remarks }) = result {
            let remark = |OneRemark { place, text }: OneRemark| Remark {
                place: one_text(&place, 200),
                text: one_text(&text, 1_000),
            };
            let remarks = remarks.into_iter().map(remark).filter(|remark| !remark.text.is_empty());
            let remarks = remarks.take(MOST_REMARKS).collect();
            return Ok(SecondReading { by: model.profile().name(), verdict, remarks });
        }
    }
}
