//! What a vendor's prompt cache would have held, from the requests that really came.

use std::collections::{HashMap, HashSet, VecDeque};

use aws_lc_rs::digest::{Context, SHA256};

/// Tokens as the vendors report them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// The whole prompt.
    pub(super) input: u64,
    /// Of it, read from the cache.
    pub(super) cached: u64,
    /// Of it, written to the cache.
    pub(super) written: u64,
}

/// Every prompt seen so far, as far as a cache needs it.
#[derive(Debug, Default)]
pub(super) struct Cache {
    marked: HashSet<Vec<u8>>,
    prompts: HashMap<String, VecDeque<String>>,
}

/// Anthropic: prefixes shorter than this are not cached ("Prompt caching", minimum of the newest models).
const ANTHROPIC_LEAST: u64 = 512;
/// Anthropic: how many blocks before a mark are compared.
const ANTHROPIC_LOOKBACK: usize = 20;
/// OpenAI: prefixes shorter than this are not cached, and hits come in steps ("Prompt caching").
const OPENAI_LEAST: u64 = 1_024;
const OPENAI_STEP: u64 = 128;
const OPENAI_KEPT: usize = 64;

/// Four bytes a token, and a started token is one.
pub(super) fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}

/// A block of an Anthropic prompt: its text without the mark, and whether it is marked.
#[derive(Debug)]
pub(super) struct Marked {
    pub(super) text: String,
    pub(super) mark: bool,
}

impl Cache {
    /// Counts a prompt whose prefixes are cached where it is marked.
    pub(super) fn count_marked(&mut self, model: &str, blocks: &[Marked]) -> Counts {
        let mut hash = Context::new(&SHA256);
        hash.update(model.as_bytes());
        let mut bytes = 0;
        let prefixes: Vec<(Vec<u8>, u64)> = blocks
            .iter()
            .map(|block| {
                bytes += block.text.len();
                // The length keeps two blocks from reading as one.
                hash.update(&block.text.len().to_le_bytes());
                hash.update(block.text.as_bytes());
                (hash.clone().finish().as_ref().to_vec(), tokens(bytes))
            })
            .collect();
        let marks: Vec<usize> = (0..blocks.len()).filter(|&at| blocks[at].mark).collect();
        let near = |mark: usize| &prefixes[mark.saturating_sub(ANTHROPIC_LOOKBACK - 1)..=mark];
        let hits = marks.iter().flat_map(|&mark| near(mark)).filter(|(hash, _)| self.marked.contains(hash));
        let cached = hits.map(|(_, tokens)| *tokens).max().unwrap_or(0);
        let writable = marks.iter().map(|&mark| &prefixes[mark]).filter(|(_, tokens)| *tokens >= ANTHROPIC_LEAST);
        let written: Vec<(Vec<u8>, u64)> = writable.cloned().collect();
        let longest = written.iter().map(|(_, tokens)| *tokens).max().unwrap_or(0);
        self.marked.extend(written.into_iter().map(|(hash, _)| hash));
        Counts { input: tokens(bytes), cached, written: longest.saturating_sub(cached) }
    }

    /// Counts a prompt that is cached by itself.
    pub(super) fn count_whole(&mut self, model: &str, prompt: String) -> Counts {
        let seen = self.prompts.entry(model.to_owned()).or_default();
        let shared = seen.iter().map(|other| common(other, &prompt)).max().unwrap_or(0);
        let hit = u64::try_from(shared / 4).unwrap_or(u64::MAX);
        let cached = if hit < OPENAI_LEAST { 0 } else { hit - hit % OPENAI_STEP };
        let input = tokens(prompt.len());
        if seen.len() == OPENAI_KEPT {
            seen.pop_front();
        }
        seen.push_back(prompt);
        Counts { input, cached, written: 0 }
    }
}

fn common(left: &str, right: &str) -> usize {
    left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(letter: &str, tokens: usize, mark: bool) -> Marked {
        Marked { text: letter.repeat(tokens * 4), mark }
    }

    #[test]
    fn only_what_was_marked_before_and_stands_unchanged_is_read_from_the_cache() {
        let mut cache = Cache::default();
        let first = [block("a", 600, true), block("b", 10, true)];
        assert_eq!(cache.count_marked("m", &first), Counts { input: 610, cached: 0, written: 610 });
        let grown = [block("a", 600, true), block("b", 10, false), block("c", 5, true)];
        assert_eq!(cache.count_marked("m", &grown), Counts { input: 615, cached: 610, written: 5 });
        let changed = [block("a", 600, true), block("x", 10, true)];
        assert_eq!(cache.count_marked("m", &changed), Counts { input: 610, cached: 600, written: 10 });
        assert_eq!(cache.count_marked("other", &first), Counts { input: 610, cached: 0, written: 610 });
        assert_eq!(cache.count_marked("m", &[block("a", 100, true)]), Counts { input: 100, cached: 0, written: 0 });
    }

    #[test]
    fn an_unmarked_cache_hits_in_steps_from_a_thousand_tokens_on() {
        let mut cache = Cache::default();
        let prompt = |tokens: usize, end: &str| "a".repeat(tokens * 4) + end;
        assert_eq!(cache.count_whole("m", prompt(1_200, "b")).cached, 0);
        assert_eq!(cache.count_whole("m", prompt(1_200, "c")).cached, 1_152);
        assert_eq!(cache.count_whole("m", prompt(1_000, "c")).cached, 0);
    }
}
