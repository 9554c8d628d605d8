//! What the store promises, on both databases.

mod bell;
mod board;
mod calls;
mod chores;
mod file;
mod inbox;
mod limits;
mod log;
mod outbox;
mod place;
mod runs;
mod transcript;
mod upgrade;

/// Makes a test of each rule on SQLite, and one on PostgreSQL.
macro_rules! on_both {
    ($($rule:ident),+ $(,)?) => {
        mod sqlite {
            use crate::store::place::Place;
            $(#[tokio::test(flavor = "multi_thread")] async fn $rule() {
                super::$rule(&Place::sqlite().await).await;
            })+
        }
        mod postgres {
            use crate::store::place::Place;
            $(#[tokio::test(flavor = "multi_thread")] async fn $rule() {
                super::$rule(&Place::postgres().await).await;
            })+
        }
    };
}

pub(crate) use on_both;
