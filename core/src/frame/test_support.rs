//! What tests of framers share.

use proptest::sample::Index;

use super::fuzz::{self, Owned};
use super::{FrameEnd, Framing};

/// Cuts bytes at these places, in any order.
pub(super) fn split<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut pieces = Vec::new();
    let mut start = 0;
    for cut in cuts {
        pieces.push(&bytes[start..cut]);
        start = cut;
    }
    pieces.push(&bytes[start..]);
    pieces
}

/// Reads a body whole and in two pieces cut at every place, and asserts that the results are equal.
pub(super) fn read_at_all_cuts(framing: Framing, body: &[u8]) -> (Vec<Owned>, FrameEnd) {
    let whole = fuzz::read(framing, &[body]);
    for at in 0..body.len() {
        let (left, right) = body.split_at(at);
        assert_eq!(fuzz::read(framing, &[left, right]), whole, "cut at {at}");
    }
    let by_byte: Vec<&[u8]> = body.chunks(1).collect();
    assert_eq!(fuzz::read(framing, &by_byte), whole, "byte by byte");
    whole
}
