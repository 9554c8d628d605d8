//! `assentry costs`: what calls of models have cost, from the database alone; no server need run.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use crate::config::Config;
use crate::ids::{RunId, Timestamp};
use crate::model::MicroDollars;
use crate::store::{Costs, RunCosts, Store};
use crate::workflow::run::{Ended, Fate, Outcome, State};

/// Adds up what calls of models have cost. Calls under way are not counted.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is added up together.
    #[arg(long, value_enum, default_value_t = By::Repo)]
    by: By,
    /// Only what was used from this moment on: 2026-11-22, or 2026-11-22T14:41:00Z.
    #[arg(long, value_name = "DATE", value_parser = moment)]
    since: Option<Timestamp>,
    /// Prints one JSON object, with amounts in millionths of a dollar.
    #[arg(long)]
    json: bool,
    /// The server's configuration, which names the database.
    #[arg(long, default_value = "assentry.toml", value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum By {
    /// The repository.
    Repo,
    /// The person who asked.
    Person,
    /// The model.
    Model,
    /// The pull request with the work; all runs without one are one line.
    Pull,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    Timestamp::from_rfc3339(&whole).map_err(|_| "it takes a date such as 2026-11-22, or a time in RFC 3339".to_owned())
}

/// One line of the sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Line {
    name: String,
    calls: i64,
    failed_calls: i64,
    input_tokens: i64,
    cached_tokens: i64,
    cache_write_tokens: i64,
    output_tokens: i64,
    micro_dollars: i64,
    /// Calls whose price is not known; their tokens are counted.
    calls_without_price: i64,
}

#[derive(Serialize)]
struct Sum<'a> {
    by: By,
    since: Option<String>,
    lines: &'a [Line],
    total: &'a Line,
}

/// Adds up and prints.
///
/// # Errors
/// When the database cannot be read.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config)?;
    let store = Store::open(config.server.database_url.expose()).await.context("cannot open the database")?;
    let costs = store.costs_since(args.since.unwrap_or(Timestamp(0))).await?;
    let pulls = match args.by {
        By::Pull => pulls(&store, &costs).await?,
        By::Repo | By::Person | By::Model => BTreeMap::new(),
    };
    store.close().await;
    let lines = lines(&costs, args.by, &pulls);
    let mut total = Line { name: "in all".to_owned(), ..Line::default() };
    costs.iter().for_each(|one| total.add(&one.costs));
    let mut out = anstream::stdout();
    if args.json {
        let since = args.since.map(Timestamp::to_rfc3339);
        let sum = Sum { by: args.by, since, lines: &lines, total: &total };
        writeln!(out, "{}", serde_json::to_string(&sum)?)?;
        return Ok(());
    }
    write!(out, "{}", table(&lines, &total))?;
    Ok(())
}

/// The pull requests with the work, by run.
async fn pulls(store: &Store, costs: &[RunCosts]) -> anyhow::Result<BTreeMap<RunId, String>> {
    let mut pulls = BTreeMap::new();
    for RunCosts { run, repo, .. } in costs {
        if pulls.contains_key(run) {
            continue;
        }
        let row = store.run(*run).await?.with_context(|| format!("run {run} is not there"))?;
        let state: State = serde_json::from_str(&row.state).with_context(|| format!("run {run} cannot be read"))?;
        let merged =
            matches!(&state, State::Ended(Ended { outcome: Outcome::Done { fate: Fate::Merged { .. }, .. }, .. }));
        let name = match state.work_pull() {
            Some(pull) if merged => format!("{repo}#{pull} (merged)"),
            Some(pull) => format!("{repo}#{pull}"),
            None => "no pull request".to_owned(),
        };
        pulls.insert(*run, name);
    }
    Ok(pulls)
}

/// The lines, the dearest first.
fn lines(costs: &[RunCosts], by: By, pulls: &BTreeMap<RunId, String>) -> Vec<Line> {
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for RunCosts { run, repo, person, login, costs } in costs {
        let name = match by {
            By::Repo => repo.clone(),
            By::Person if login.is_empty() => format!("account {person}"),
            By::Person => login.clone(),
            By::Model => costs.model.clone(),
            By::Pull => pulls.get(run).cloned().unwrap_or_default(),
        };
        lines.entry(name.clone()).or_insert_with(|| Line { name, ..Line::default() }).add(costs);
    }
    let mut lines: Vec<Line> = lines.into_values().collect();
    lines.sort_by_key(|line| std::cmp::Reverse((line.micro_dollars, line.input_tokens)));
    lines
}

impl Line {
    fn add(&mut self, costs: &Costs) {
        let Costs { calls, failed, usage, micro_dollars, unpriced, .. } = costs;
        for (sum, more) in [
            (&mut self.calls, *calls),
            (&mut self.failed_calls, *failed),
            (&mut self.input_tokens, usage.input),
            (&mut self.cached_tokens, usage.cached),
            (&mut self.cache_write_tokens, usage.cache_write),
            (&mut self.output_tokens, usage.output),
            (&mut self.micro_dollars, *micro_dollars),
            (&mut self.calls_without_price, *unpriced),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    fn cells(&self) -> [String; 7] {
        let price = MicroDollars(u64::try_from(self.micro_dollars).unwrap_or(0)).to_string();
        let price = match (self.micro_dollars, self.calls_without_price) {
            (_, 0) => price,
            (0, _) => "not known".to_owned(),
            (_, calls) => format!("{price} and {calls} calls without a price"),
        };
        let numbers = [self.calls, self.failed_calls, self.input_tokens, self.cached_tokens, self.output_tokens];
        let [calls, failed, input, cached, output] = numbers.map(|number| number.to_string());
        [self.name.clone(), calls, failed, input, cached, output, price]
    }
}

/// The lines below each other, as wide as they need to be.
fn table(lines: &[Line], total: &Line) -> String {
    let head = ["", "calls", "failed", "tokens in", "cached", "tokens out", "cost"].map(str::to_owned);
    let rows: Vec<[String; 7]> = std::iter::once(head).chain(lines.iter().chain([total]).map(Line::cells)).collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths.iter().copied()).enumerate().map(|(at, (cell, width))| match at {
            0 => format!("{cell:<width$}"),
            6 => cell.clone(),
            _ => format!("{cell:>width$}"),
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(run: i64, repo: &str, login: &str, micro_dollars: i64, unpriced: i64) -> RunCosts {
        let costs = Costs { model: "a/b".to_owned(), calls: 2, micro_dollars, unpriced, ..Costs::default() };
        RunCosts {
            run: RunId(run),
            repo: repo.to_owned(),
            person: crate::ids::UserId(7),
            login: login.to_owned(),
            costs,
        }
    }

    #[test]
    fn costs_are_added_up_and_the_dearest_comes_first() {
        let costs = [spent(1, "a/x", "ann", 5, 0), spent(2, "a/y", "", 30, 0), spent(3, "a/x", "ann", 2, 1)];
        let by = |by| -> Vec<(String, i64)> {
            lines(&costs, by, &BTreeMap::from([(RunId(2), "a/y#4".to_owned())]))
                .into_iter()
                .map(|line| (line.name, line.micro_dollars))
                .collect()
        };
        let both = |one: &str, other: &str| vec![(one.to_owned(), 30), (other.to_owned(), 7)];
        assert_eq!(by(By::Repo), both("a/y", "a/x"));
        assert_eq!(by(By::Person), both("account 7", "ann"));
        assert_eq!(by(By::Pull), both("a/y#4", ""));
        assert_eq!(by(By::Model), vec![("a/b".to_owned(), 37)]);
    }

    #[test]
    fn a_price_that_is_not_known_is_said_and_not_shown_as_nothing() {
        let lines =
            lines(&[spent(1, "a/x", "ann", 0, 2), spent(2, "a/y", "ann", 10_000, 1)], By::Repo, &BTreeMap::new());
        let mut total = Line { name: "in all".to_owned(), ..Line::default() };
        total.add(&spent(1, "", "", 10_000, 0).costs);
        insta::assert_snapshot!(table(&lines, &total), @r"
                calls  failed  tokens in  cached  tokens out  cost
        a/y         2       0          0       0           0  $0.01 and 1 calls without a price
        a/x         2       0          0       0           0  not known
        in all      2       0          0       0           0  $0.01
        ");
    }

    #[test]
    fn since_takes_a_day_or_a_moment() {
        assert_eq!(moment("1970-01-02"), Ok(Timestamp(86_400_000)));
        assert_eq!(moment("1970-01-01T00:00:01Z"), Ok(Timestamp(1_000)));
        assert!(moment("yesterday").is_err());
    }
}
