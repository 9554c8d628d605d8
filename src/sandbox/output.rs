//! Keeps the first and the last part of an output of any length, in constant memory.

use std::collections::VecDeque;

use super::job::Output;

/// An output as it comes in.
#[derive(Debug)]
pub(crate) struct Ring {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    half: usize,
    seen: u64,
}

impl Ring {
    /// Keeps `bytes`, half at each end.
    pub(crate) fn new(bytes: usize) -> Ring {
        Ring { head: Vec::new(), tail: VecDeque::new(), half: bytes.div_ceil(2), seen: 0 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.seen += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(self.half - self.head.len()));
        self.head.extend(first);
        let rest = &rest[rest.len().saturating_sub(self.half)..];
        self.tail.extend(rest);
        self.tail.drain(..self.tail.len().saturating_sub(self.half));
    }

    /// How many bytes came in, kept or not.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    pub(crate) fn finish(self) -> Output {
        let kept = (self.head.len() + self.tail.len()) as u64;
        let dropped = self.seen - kept;
        let (mut head, tail) = (self.head, Vec::from(self.tail));
        if dropped > 0 {
            return Output { head, tail, dropped };
        }
        head.extend(tail);
        Output { head, tail: Vec::new(), dropped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(pieces: &[&str]) -> Output {
        let mut ring = Ring::new(8);
        pieces.iter().for_each(|piece| ring.push(piece.as_bytes()));
        ring.finish()
    }

    #[test]
    fn a_short_output_is_kept_whole() {
        assert_eq!(kept(&["abc", "defgh"]), Output { head: b"abcdefgh".to_vec(), tail: Vec::new(), dropped: 0 });
    }

    #[test]
    fn a_long_output_keeps_its_first_and_last_part_and_counts_the_rest() {
        let want = Output { head: b"abcd".to_vec(), tail: b"wxyz".to_vec(), dropped: 18 };
        assert_eq!(kept(&["abcdefghijklmnopqrstuvwxyz"]), want);
        assert_eq!(kept(&["ab", "cdefghijklmno", "p", "qrstuvwxy", "z"]), want);
    }
}
