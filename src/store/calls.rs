//! Calls of models: each is reserved before it is made and settled after it.
//!
//! A reservation holds the most that a call may use up, and counts against every limit until the call is settled. It is
//! made in one transaction with the sums that it is held against, so two workers never share what is left.
//!
//! A reservation whose owner lost its lease is lost: nobody knows whether the vendor has to be paid, so it counts as if
//! all of it were used up (F14). Whoever learns of the true usage later writes that down, with or without the lease.

use std::sync::Arc;

use sqlx::AnyConnection;

use super::Store;
use super::errors::StoreError;
use super::heads::Heads;
use super::lease::{Claim, Held, Row};
use super::transact::Ending;
use super::transcript::TurnUsage;
use crate::ids::{EffectId, Person, RunId, Timestamp};
use crate::workflow::limit::WINDOW;
use crate::workflow::plan::Budget;
use crate::workflow::spending::{CallEnd, DayLimits, DayReached, Full, Limit, Most, Whose};

const LOSE: &str = "UPDATE calls SET state = 'lost', settled_at = $1 WHERE state = 'reserved' AND NOT EXISTS \
    (SELECT 1 FROM effects e WHERE e.id = calls.effect_id AND e.fence = calls.fence AND e.state = 'due')";

const REPO: &str = "SELECT repo_id FROM runs WHERE id = $1";

// PostgreSQL's sum of BIGINT is NUMERIC, which the driver for both cannot read.
const IN_TASK: &str = "SELECT CAST(COALESCE(SUM(input_tokens + output_tokens), 0) AS BIGINT), \
    CAST(COALESCE(SUM(cost_micro_dollars), 0) AS BIGINT) FROM calls WHERE run_id = $1 AND task = $2";

const OF_TASK: &str = "SELECT CAST(COALESCE(SUM(CASE WHEN state = 'answered' THEN 1 ELSE 0 END), 0) AS BIGINT), \
    CAST(COALESCE(SUM(input_tokens + output_tokens), 0) AS BIGINT), \
    CAST(COALESCE(SUM(cost_micro_dollars), 0) AS BIGINT) FROM calls WHERE run_id = $1 AND task = $2";

/// For each of those whose calls are counted together: the sums, and when the newest call was made that has to become a day
/// old before there is room for so many tokens, so much money, and another call.
macro_rules! day_sql {
    ($whose:literal) => {
        DaySql {
            sums: concat!(
                "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(input_tokens + output_tokens), 0) AS BIGINT), \
                 CAST(COALESCE(SUM(cost_micro_dollars), 0) AS BIGINT) FROM calls WHERE at > $1 AND ",
                $whose,
                " = $2"
            ),
            tokens: day_sql!($whose, "input_tokens + output_tokens"),
            money: day_sql!($whose, "COALESCE(cost_micro_dollars, 0)"),
            calls: day_sql!($whose, "1"),
        }
    };
    ($whose:literal, $amount:literal) => {
        concat!(
            "SELECT at FROM (SELECT at, SUM(",
            $amount,
            ") OVER (ORDER BY at DESC, run_id DESC, number DESC) AS later FROM calls WHERE at > $1 AND ",
            $whose,
            " = $2) AS c WHERE later > CAST($3 AS BIGINT) ORDER BY at DESC LIMIT 1"
        )
    };
}

struct DaySql {
    sums: &'static str,
    tokens: &'static str,
    money: &'static str,
    calls: &'static str,
}

const OF_PERSON: DaySql = day_sql!("person_id");
const OF_REPOSITORY: DaySql = day_sql!("repo_id");
/// Of all calls; the comparison is one that holds for each of them.
const OF_SERVER: DaySql = day_sql!("run_id * 0");

const NUMBER: &str = "SELECT COALESCE(MAX(number), 0) + 1 FROM calls WHERE run_id = $1";

const INSERT: &str = "INSERT INTO calls (run_id, number, repo_id, person_id, person, phase, model, task, seq, attempt, \
    effect_id, fence, at, state, input_tokens, cached_tokens, cache_write_tokens, output_tokens, cost_micro_dollars) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'reserved', $14, $15, $16, $17, $18)";

// Each try of an effect has a fence of its own.
const FAILED_TRIES: &str = "SELECT CAST(COUNT(DISTINCT fence) AS BIGINT) FROM calls \
    WHERE run_id = $1 AND effect_id = $2 AND state = 'failed' AND number > (SELECT COALESCE(MAX(number), 0) FROM calls \
    WHERE run_id = $1 AND effect_id = $2 AND state = 'answered')";

const SETTLE: &str = "UPDATE calls SET state = $1, input_tokens = $2, cached_tokens = $3, cache_write_tokens = $4, \
    output_tokens = $5, cost_micro_dollars = $6, settled_at = $7 \
    WHERE run_id = $8 AND number = $9 AND state IN ('reserved', 'lost')";

const WORK: &str = "INSERT INTO efforts (run_id, task, worked_ms) VALUES ($1, $2, $3) ON CONFLICT (run_id, task) \
    DO UPDATE SET worked_ms = efforts.worked_ms + excluded.worked_ms";

const WORKED: &str = "SELECT worked_ms FROM efforts WHERE run_id = $1 AND task = $2";

/// No endpoint is believed to have used more in one call, so that no sum runs over.
const MOST: i64 = 1_000_000_000_000_000;

/// A call that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// The run it is for.
    pub run: RunId,
    /// Who asked for that.
    pub person: Person,
    /// What for: `plan`, `revise`, `execute`, `review`.
    pub phase: String,
    /// Provider and model.
    pub model: String,
    /// The conversation.
    pub task: String,
    /// The turn of the conversation.
    pub seq: i64,
    /// Which try it is, from 1.
    pub attempt: i64,
    /// The most it may use up.
    pub worst: TurnUsage,
    /// What that would cost, in millionths of a dollar, if the price is known.
    pub worst_micro_dollars: Option<i64>,
    /// What the whole task may use up.
    pub budget: Budget,
    /// What may be used up within a day.
    pub day: DayLimits,
    /// How long the task was worked at since that was last written down, in milliseconds.
    pub worked_ms: i64,
    /// The time by [`Store::clock`].
    pub at: Timestamp,
}

/// Names a call within its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallNumber(pub i64);

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a call that is not reserved must not be made"]
pub enum Reserved {
    /// It may, and what it may use up is reserved.
    Yes(CallNumber),
    /// There is no room for it.
    Full(Full),
    /// The work belongs to another worker now: stop.
    LostLease,
}

/// What a call has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedCall {
    /// The tokens.
    pub usage: TurnUsage,
    /// Their price in millionths of a dollar, if it is known.
    pub micro_dollars: Option<i64>,
    /// How it ended.
    pub end: CallEnd,
    /// As in [`NewCall`].
    pub worked_ms: i64,
}

/// What the calls of one conversation have used, with what is reserved for those under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsedByTask {
    /// Calls that brought an answer.
    pub answers: i64,
    /// Tokens, in and out together.
    pub tokens: i64,
    /// What those calls cost whose price is known, in millionths of a dollar.
    pub micro_dollars: i64,
}

impl Store {
    /// What one conversation of a run has used.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn used(&self, run: RunId, task: &str) -> Result<UsedByTask, StoreError> {
        let (answers, tokens, micro_dollars) =
            sqlx::query_as(OF_TASK).bind(run.0).bind(task).fetch_one(&self.db.pool).await?;
        Ok(UsedByTask { answers, tokens, micro_dollars })
    }

    /// Reserves what a call may use up at most, if every limit leaves room for it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reserve_call(&self, claim: &Claim, call: NewCall) -> Result<Reserved, StoreError> {
        let both = Arc::new((claim.clone(), call));
        self.db
            .transact(move |conn| {
                let both = Arc::clone(&both);
                Box::pin(async move { reserve(conn, &both.0, &both.1).await })
            })
            .await
    }

    /// Writes down what a call has used. Needs no lease: what was used was used.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settle_call(
        &self,
        (run, task, call): (RunId, &str, CallNumber),
        used: UsedCall,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let task = task.to_owned();
        self.db
            .transact(move |conn| {
                let task = task.clone();
                Box::pin(async move {
                    let state = match used.end {
                        CallEnd::Answered => "answered",
                        CallEnd::Failed => "failed",
                        CallEnd::CalledOff => "called_off",
                    };
                    let [input, cached, cache_write, output] = bounded(used.usage);
                    sqlx::query(SETTLE)
                        .bind(state)
                        .bind(input)
                        .bind(cached)
                        .bind(cache_write)
                        .bind(output)
                        .bind(used.micro_dollars.map(|amount| amount.clamp(0, MOST)))
                        .bind(at.0)
                        .bind(run.0)
                        .bind(call.0)
                        .execute(&mut *conn)
                        .await?;
                    work(conn, run, &task, used.worked_ms).await?;
                    Ok(Ending::Commit(()))
                })
            })
            .await
    }

    /// In how many tries of an effect its model has failed since it answered last. What else made an effect be tried again,
    /// such as a restart, is not counted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn failed_tries(&self, run: RunId, effect: EffectId) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(FAILED_TRIES).bind(run.0).bind(effect.0).fetch_one(&self.db.pool).await?)
    }

    /// How long a task was worked at, over all its starts, in milliseconds.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn worked(&self, run: RunId, task: &str) -> Result<i64, StoreError> {
        let worked: Option<i64> =
            sqlx::query_scalar(WORKED).bind(run.0).bind(task).fetch_optional(&self.db.pool).await?;
        Ok(worked.unwrap_or(0))
    }

    /// Adds to how long a task was worked at.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_work(&self, run: RunId, task: &str, worked_ms: i64) -> Result<(), StoreError> {
        let query = sqlx::query(WORK).bind(run.0).bind(task.to_owned()).bind(worked_ms.clamp(0, MOST));
        self.db.write(query).await.map(|_| ())
    }
}

async fn reserve(conn: &mut AnyConnection, claim: &Claim, call: &NewCall) -> Result<Ending<Reserved>, StoreError> {
    // Whoever has taken the heads is the only one who counts and writes.
    let _heads = Heads::take(conn).await?;
    if claim.hold(conn).await? == Held::Lost {
        return Ok(Ending::Undo(Reserved::LostLease));
    }
    let Row::Effect(effect) = &claim.of else { return Ok(Ending::Undo(Reserved::LostLease)) };
    sqlx::query(LOSE).bind(call.at.0).execute(&mut *conn).await?;
    work(conn, call.run, &call.task, call.worked_ms).await?;
    let repo: i64 = sqlx::query_scalar(REPO).bind(call.run.0).fetch_one(&mut *conn).await?;
    if let Some(full) = full(conn, repo, call).await? {
        return Ok(Ending::Commit(Reserved::Full(full)));
    }
    let number: i64 = sqlx::query_scalar(NUMBER).bind(call.run.0).fetch_one(&mut *conn).await?;
    let [input, cached, cache_write, output] = bounded(call.worst);
    sqlx::query(INSERT)
        .bind(call.run.0)
        .bind(number)
        .bind(repo)
        .bind(call.person.id.0)
        .bind(call.person.login.as_str())
        .bind(call.phase.as_str())
        .bind(call.model.as_str())
        .bind(call.task.as_str())
        .bind(call.seq)
        .bind(call.attempt)
        .bind(effect.0)
        .bind(claim.fence)
        .bind(call.at.0)
        .bind(input)
        .bind(cached)
        .bind(cache_write)
        .bind(output)
        .bind(call.worst_micro_dollars.map(|amount| amount.clamp(0, MOST)))
        .execute(&mut *conn)
        .await?;
    Ok(Ending::Commit(Reserved::Yes(CallNumber(number))))
}

async fn work(conn: &mut AnyConnection, run: RunId, task: &str, worked_ms: i64) -> Result<(), StoreError> {
    sqlx::query(WORK).bind(run.0).bind(task).bind(worked_ms.clamp(0, MOST)).execute(conn).await?;
    Ok(())
}

/// The limit that leaves no room for a call: the task's own budget first, then the day's that lasts longest.
async fn full(conn: &mut AnyConnection, repo: i64, call: &NewCall) -> Result<Option<Full>, StoreError> {
    let (tokens, money): (i64, i64) =
        sqlx::query_as(IN_TASK).bind(call.run.0).bind(call.task.as_str()).fetch_one(&mut *conn).await?;
    let [input, .., output] = bounded(call.worst);
    let (more_tokens, more_money) = (input + output, call.worst_micro_dollars.unwrap_or(0).clamp(0, MOST));
    if passes(tokens, more_tokens, call.budget.tokens) {
        return Ok(Some(Full::Budget { limit: Limit::Tokens }));
    }
    if call.worst_micro_dollars.is_some() && passes(money, more_money, call.budget.micro_dollars) {
        return Ok(Some(Full::Budget { limit: Limit::Money }));
    }
    let after = call.at.0.saturating_sub(i64::try_from(WINDOW.as_millis()).unwrap_or(i64::MAX));
    let days = [
        (Whose::Person, OF_PERSON, call.person.id.0, call.day.person),
        (Whose::Repository, OF_REPOSITORY, repo, call.day.repository),
        (Whose::Server, OF_SERVER, 0, call.day.server),
    ];
    let mut longest: Option<DayReached> = None;
    for (whose, sql, id, Most { micro_dollars, tokens: most_tokens, calls: most_calls }) in days {
        if (micro_dollars, most_tokens, most_calls) == (None, None, None) {
            continue;
        }
        let sums: (i64, i64, i64) = sqlx::query_as(sql.sums).bind(after).bind(id).fetch_one(&mut *conn).await?;
        let money = micro_dollars.filter(|_| call.worst_micro_dollars.is_some());
        let parts = [
            (Limit::Money, sql.money, sums.2, more_money, money),
            (Limit::Tokens, sql.tokens, sums.1, more_tokens, most_tokens),
            (Limit::Turns, sql.calls, sums.0, 1, most_calls),
        ];
        for (limit, newest, sum, more, most) in parts {
            let Some(most) = most.filter(|most| passes(sum, more, *most)) else { continue };
            let room = i64::try_from(most).unwrap_or(i64::MAX) - more;
            let made_at: Option<i64> =
                sqlx::query_scalar(newest).bind(after).bind(id).bind(room).fetch_optional(&mut *conn).await?;
            let until = made_at.filter(|_| room >= 0).map(|at| Timestamp(at).plus(WINDOW));
            let lasts = |until: Option<Timestamp>| until.map_or(i64::MAX, |until| until.0);
            if longest.is_none_or(|longest| lasts(until) > lasts(longest.until)) {
                longest = Some(DayReached { whose, limit, until });
            }
        }
    }
    Ok(longest.map(|reached| Full::Day { reached }))
}

fn passes(sum: i64, more: i64, most: u64) -> bool {
    u64::try_from(sum.saturating_add(more)).unwrap_or(0) > most
}

/// Tokens as they are believed: input, cached, cache_write, output.
fn bounded(usage: TurnUsage) -> [i64; 4] {
    [usage.input, usage.cached, usage.cache_write, usage.output].map(|tokens| tokens.clamp(0, MOST))
}
