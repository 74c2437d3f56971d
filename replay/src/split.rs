//! How bodies are cut into chunks. Any cut must give the same facts; this is how to see that it does.

use std::num::NonZeroUsize;
use std::str::FromStr;

use crate::random::{self, Random};

/// A way to cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Each body is one chunk.
    Whole,
    /// Chunks of so many bytes.
    Bytes(NonZeroUsize),
    /// Chunks of random sizes, most of them small; the same for the same seed and exchange.
    Random(u64),
}

impl Split {
    /// The chunks of a body. `id` is the exchange's, so that its chunks do not depend on its neighbours.
    pub fn chunks<'a>(self, body: &'a [u8], id: &str) -> Chunks<'a> {
        let seed = if let Self::Random(seed) = self { seed } else { 0 };
        let random = Random::seeded(random::hash(id) ^ seed.wrapping_mul(0xd129_0d3b_36a5_9f6b));
        Chunks { rest: body, split: self, random }
    }
}

impl FromStr for Split {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is none of `whole`, `bytes:N` (N > 0) and `random:SEED`, e.g. `random:1`");
        match text.split_once(':') {
            None if text == "whole" => Ok(Self::Whole),
            Some(("bytes", size)) => size.parse().map(Self::Bytes).map_err(|_| wrong()),
            Some(("random", seed)) => seed.parse().map(Self::Random).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

/// What is left of a body.
#[derive(Debug)]
pub struct Chunks<'a> {
    rest: &'a [u8],
    split: Split,
    random: Random,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let size = match self.split {
            Split::Whole => self.rest.len(),
            Split::Bytes(size) => size.get(),
            Split::Random(_) => {
                // Up to 2, 4 … 4096 bytes: every order of magnitude gets its share.
                let magnitude = 1 + self.random.next_number() % 12;
                1 + usize::try_from(self.random.next_number() % (1 << magnitude)).unwrap_or(0)
            }
        };
        let (chunk, rest) = self.rest.split_at(size.min(self.rest.len()));
        self.rest = rest;
        Some(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_split_gives_back_the_body() {
        let body: Vec<u8> = (0..10_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        for split in ["whole", "bytes:1", "bytes:7", "bytes:20000", "random:1", "random:2"] {
            let split: Split = split.parse().unwrap();
            let chunks: Vec<&[u8]> = split.chunks(&body, "id").collect();
            assert_eq!(chunks.concat(), body);
            assert!(chunks.iter().all(|chunk| !chunk.is_empty()));
        }
        assert_eq!(Split::Whole.chunks(b"", "id").count(), 0);
    }

    #[test]
    fn random_splits_depend_on_seed_and_exchange_alone() {
        let sizes =
            |seed, id| Split::Random(seed).chunks(&[0; 5000], id).map(<[u8]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(1, "a"), sizes(1, "a"));
        assert_ne!(sizes(1, "a"), sizes(2, "a"));
        assert_ne!(sizes(1, "a"), sizes(1, "b"));
    }

    #[test]
    fn what_is_no_split_is_refused() {
        for text in ["", "half", "bytes", "bytes:0", "bytes:-1", "random:", "random:x", "whole:1"] {
            assert!(text.parse::<Split>().is_err(), "{text}");
        }
    }
}
