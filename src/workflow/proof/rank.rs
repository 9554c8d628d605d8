//! Many histories at a time: as many threads as there are cores.

use super::play::Tally;

/// Plays histories 0 to `count`, and counts what came of them.
pub(super) fn all(count: u64, play: impl Fn(u64) -> Tally + Sync) -> Tally {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let play = &play;
    let share = |first: u64| (first..count).step_by(threads).map(play).fold(Tally::default(), Tally::plus);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let shares: Vec<_> = (0..threads as u64).map(|first| scope.spawn(move || share(first))).collect();
        shares.into_iter().map(|share| share.join().expect("the histories agree")).collect()
    });
    tallies.into_iter().fold(Tally::default(), Tally::plus)
}
