//! The gate, proved: a second evaluator, written from the text of the rules and not from [`super::approval`], agrees with
//! the product on every history that is tried.
//!
//! The product is driven as a worker drives it: events through [`super::step`], each judgement with GitHub's answers of
//! that moment. The evaluator in [`naive`] sees the whole history each time, and keeps nothing.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it breaks")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a proof names what it is about; the rest is noise")]

mod case;
mod commands;
mod entry;
mod events;
mod exhaustive;
mod history;
mod naive;
mod play;
mod properties;
mod rank;
mod reasons;
mod setting;

use history::{Chance, Next, random};
use play::{Tally, play};
use setting::Setting;

/// How many random histories are tried, unless the environment says otherwise.
const HISTORIES: u64 = 100_000;

/// Reads a number from the environment, for `tests/run --long`.
fn number(name: &str, or: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
}

/// Plays a history, and on a difference a shorter one that differs too.
fn agree(setting: &Setting, deeds: &[Next], name: &dyn Fn() -> String) -> Tally {
    let mut difference = match play(setting, deeds) {
        Ok(tally) => return tally,
        Err(difference) => difference,
    };
    let mut deeds = deeds.to_vec();
    let mut at = 0;
    while at < deeds.len() {
        let mut fewer = deeds.clone();
        fewer.remove(at);
        match play(setting, &fewer) {
            Ok(_) => at += 1,
            Err(other) => (deeds, difference, at) = (fewer, other, 0),
        }
    }
    let deeds: String = deeds.iter().map(|next| format!("  {next:?}\n")).collect();
    panic!("{}:\n{setting:?}\n{deeds}{difference}", name());
}

#[test]
fn two_evaluators_agree_on_random_histories() {
    let (seed, count) = (number("GATE_SEED", 1), number("GATE_HISTORIES", HISTORIES));
    let first = number("GATE_FIRST", 0);
    let sum = rank::all(count, |n| {
        let n = first + n;
        let mut chance = Chance::new(seed.wrapping_mul(1_000_000_007).wrapping_add(n));
        let setting = Setting::random(&mut chance);
        let deeds = random(&mut chance);
        agree(&setting, &deeds, &|| format!("GATE_SEED={seed} GATE_FIRST={n} GATE_HISTORIES=1"))
    });
    // The histories lead somewhere: none of the answers is rare.
    let some = [sum.approved, sum.waiting, sum.hold, sum.void, sum.pushed];
    assert!(some.into_iter().all(|n| n >= count / 50), "{sum:?}");
}
