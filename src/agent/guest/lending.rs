//! Lends the desk's model to a guest: each call is reserved before it is made, settled after, and recorded.
//!
//! The same promises as for the house's own conversations, with the difference that the guest has heard an answer before
//! it is stored: it cannot be held back without holding up the guest.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::door::Knock;
use super::visit::{Ask, Pulse};
use crate::agent::budget::Spent;
use crate::agent::desk::Desk;
use crate::agent::ending::Ending;
use crate::agent::transcript::{Journal, Try, end_of};
use crate::model::{Answer, Asked, Dialect, ModelError, Piece, Usage};
use crate::workflow::spending::Limit;

/// Calls at a time: guests have parts of theirs work side by side.
const MOST: usize = 6;

/// Calls without an answer in a row; the next one ends the work. Guests try again by themselves.
const MAX_FAILED: u32 = 20;

/// The model, and what was asked of it so far.
pub(super) struct Lending<'a, J> {
    desk: &'a Desk<'a, J>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    spent: Spent,
    /// Calls whose end is not entered yet: their answers may have been heard already.
    under_way: u32,
    /// Tries since the last answer.
    tries: u32,
    /// Why the last call brought no answer.
    failure: Option<ModelError>,
}

impl<'a, J: Journal> Lending<'a, J> {
    /// Begins; what earlier starts have used up counts.
    pub(super) async fn open(desk: &'a Desk<'a, J>) -> Result<Self, Ending> {
        let mut spent = Spent::default();
        for turn in desk.journal.turns().await.map_err(Ending::Journal)? {
            spent.turns += 1;
            spent.add(&turn.answer.usage, desk.model.profile().price.as_ref());
        }
        Ok(Lending { desk, book: Mutex::new(Book { spent, ..Book::default() }) })
    }

    /// What was used up.
    pub(super) fn spent(&self) -> Spent {
        self.book().spent
    }

    /// Why the last call brought no answer, if it did not.
    pub(super) fn failure(&self) -> Option<ModelError> {
        self.book().failure.clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves whoever knocks, until something ends the work or `over` says that it has ended; then what is under way is
    /// broken off and settled.
    pub(super) async fn serve(
        &self,
        mut knocks: mpsc::Receiver<Knock>,
        asks: mpsc::Sender<Ask>,
        (over, pulse): (&CancellationToken, &Pulse),
    ) -> Option<Ending> {
        let mut running = FuturesUnordered::new();
        let mut ended = None;
        loop {
            let closing = over.is_cancelled() || ended.is_some();
            if closing && running.is_empty() {
                return ended;
            }
            tokio::select! {
                () = over.cancelled(), if !closing => {}
                Some(done) = running.next(), if !running.is_empty() => {
                    pulse.beat();
                    if let Err(ending) = done {
                        over.cancel();
                        ended = ended.or(Some(ending));
                    }
                }
                Some(knock) = knocks.recv(), if !closing && running.len() < MOST => {
                    pulse.beat();
                    match knock {
                        Knock::Model { dialect, body, betas, out } => {
                            running.push(self.lend(dialect, body, betas, out, (over, pulse)));
                        }
                        Knock::Call { name, arguments, out } => {
                            if let Err(full) = asks.try_send(Ask::call(name, arguments, out))
                                && let Ask::Call { out, .. } = full.into_inner()
                            {
                                let _ = out.send(("too many calls at once".to_owned(), true));
                            }
                        }
                    }
                }
                else => over.cancelled().await,
            }
        }
    }

    async fn lend(
        &self,
        dialect: Dialect,
        body: Bytes,
        betas: Option<String>,
        out: mpsc::Sender<Piece>,
        (over, pulse): (&CancellationToken, &Pulse),
    ) -> Result<(), Ending> {
        let _busy = pulse.busy();
        let asked = match self.desk.model.take(dialect, &body, betas.as_deref()) {
            Ok(asked) => asked,
            Err(not_taken) => {
                let body = dialect.refusal("invalid_request_error", &not_taken.to_string());
                let status = StatusCode::BAD_REQUEST.as_u16();
                let _ = out.send(Piece::Head { status, kind: "application/json", retry_after: None }).await;
                let _ = out.send(Piece::Bytes(body.into())).await;
                return Ok(());
            }
        };
        let (journal, profile) = (self.desk.journal, self.desk.model.profile());
        let (seq, attempt) = {
            let mut book = self.book();
            if book.spent.turns.saturating_add(book.under_way) >= self.desk.leash.budget.turns {
                return Err(Ending::OverBudget(Limit::Turns));
            }
            book.tries += 1;
            match &book.failure {
                Some(failure) if book.tries > MAX_FAILED => return Err(Ending::Model(failure.clone())),
                Some(_) | None => {}
            }
            book.under_way += 1;
            (book.spent.turns, book.tries)
        };
        let worst = asked.worst();
        let call = journal.reserve(Try { seq, attempt, profile, worst }).await.map_err(Ending::Journal)??;
        let outcome = Box::pin(self.desk.model.lend(&asked, over, &out)).await;
        drop(out);
        // No vendor bills more words than were asked for, however long a broken stream was.
        let used = match &outcome {
            Ok(answer) => answer.usage,
            Err(error) => {
                let spent = error.spent();
                Usage { output_tokens: spent.output_tokens.min(worst.output_tokens), ..spent }
            }
        };
        journal.settle(call, profile, (used, end_of(&outcome))).await.map_err(Ending::Journal)?;
        self.enter(&asked, outcome, used).await
    }

    /// Enters what came of a call.
    async fn enter(&self, asked: &Asked, outcome: Result<Answer, ModelError>, used: Usage) -> Result<(), Ending> {
        let profile = self.desk.model.profile();
        let (seq, answer) = {
            let mut book = self.book();
            book.under_way -= 1;
            book.spent.add(&used, profile.price.as_ref());
            match outcome {
                Ok(answer) => {
                    (book.tries, book.failure) = (0, None);
                    book.spent.turns += 1;
                    (book.spent.turns - 1, answer)
                }
                // Nobody waits for it any more; that is no fault of the model's.
                Err(ModelError::Cancelled { .. }) => return Ok(()),
                Err(error) => {
                    tracing::info!("a call of an agent brought no answer: {error}");
                    book.failure = Some(error);
                    return Ok(());
                }
            }
        };
        self.desk.journal.answered(seq, (asked.hash(), profile), &answer).await.map_err(Ending::Journal)
    }
}
