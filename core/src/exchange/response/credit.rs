//! How many messages a stream may have for its bytes.
//!
//! A message of a byte or two costs as much to begin and to end as one of a hundred, and a megabyte holds half a million
//! of them. No model answers that way. So a message is paid for with the bytes of payload that come, and a stream begins
//! with some credit: what has none left is read no further. It depends on the bytes alone, not on how they were cut.

use super::repeats::Framed;
use crate::frame::Frame;

/// The account of one stream.
#[derive(Debug)]
pub(super) struct Credit {
    /// In bytes: `0 ..= FIRST`.
    left: usize,
    spent: bool,
}

impl Credit {
    /// Earns or pays what a frame is worth; `false` from the first on that cannot be paid for.
    #[inline]
    pub(super) fn pay(&mut self, frame: Frame<'_>) -> bool {
        let cost = match frame {
            Frame::Data(data) => {
                self.left = self.left.saturating_add(data.len()).min(FIRST);
                0
            }
            Frame::Name(_) => PART,
            Frame::Line => LINE,
            Frame::Exception(_) | Frame::End | Frame::Done | Frame::Damaged { .. } => MESSAGE,
        };
        self.bear(cost)
    }

    /// The same for all frames of a message that is equal to the one before.
    #[inline]
    pub(super) fn repeat(&mut self, framed: Framed, burden: usize) -> bool {
        self.left = self.left.saturating_add(framed.data).min(FIRST);
        let name = if framed.named { PART } else { 0 };
        self.bear(MESSAGE.saturating_add(name)) && self.bear(burden)
    }

    /// Pays for what stands in a message that ends; `false` where that cannot be paid for.
    #[inline]
    pub(super) fn bear(&mut self, burden: usize) -> bool {
        match self.left.checked_sub(burden) {
            Some(left) => self.left = left,
            None => self.spent = true,
        }
        !self.spent
    }

    /// There was a frame that could not be paid for.
    pub(super) fn is_spent(&self) -> bool {
        self.spent
    }
}

impl Default for Credit {
    fn default() -> Self {
        Self { left: FIRST, spent: false }
    }
}

/// What there is at first, and at most: for 16,000 messages of nothing.
const FIRST: usize = 1 << 20;
/// What a message costs. The shortest in use, of a word each, have some 20 bytes.
pub(super) const MESSAGE: usize = 64;
/// What its name costs.
const PART: usize = 16;
/// What each further line costs.
const LINE: usize = 24;
/// What a choice in it costs. The shortest messages with one in use have some hundred bytes.
pub(super) const CHOICE: usize = 48;
/// What a tool call in it costs.
pub(super) const TOOL_CALL: usize = 64;
/// What a finish reason costs, of which a choice has one, mostly in its last message.
pub(super) const END: usize = 48;
/// What all of them may cost in one message: 1,365 choices.
pub(super) const MOST: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// How many messages of so many bytes are read.
    fn messages(bytes: usize) -> usize {
        let mut credit = Credit::default();
        let payload = vec![b' '; bytes];
        (0..100_000).take_while(|_| credit.pay(Frame::Data(&payload)) && credit.pay(Frame::End)).count()
    }

    #[test]
    fn messages_of_nothing_have_an_end() {
        assert_eq!(messages(0), 16_384);
        assert_eq!(messages(1), 16_644);
    }

    #[test]
    fn short_ones_are_read_for_as_long_as_any_model_answers() {
        assert_eq!(messages(20), 23_830);
        assert_eq!(messages(64), 100_000);
    }

    #[test]
    fn lines_and_choices_cost_more_than_their_shortest_bytes() {
        let mut credit = Credit::default();
        let lines =
            (0..100_000).take_while(|_| credit.pay(Frame::Line) && credit.pay(Frame::Data(b"\"a\":1")));
        assert_eq!(lines.count(), 55_187);
        let mut credit = Credit::default();
        let mut message =
            || credit.pay(Frame::Data(&[b' '; 46])) && credit.bear(CHOICE) && credit.pay(Frame::End);
        assert_eq!((0..100_000).take_while(|_| message()).count(), 15_886);
    }

    #[test]
    fn what_large_messages_bring_is_not_saved() {
        let mut credit = Credit::default();
        let large = vec![b' '; FIRST];
        for _ in 0..10 {
            assert!(credit.pay(Frame::Data(&large)));
        }
        assert!((0..16_384).all(|_| credit.pay(Frame::End)));
        assert!(!credit.pay(Frame::End));
        assert!(!credit.pay(Frame::Data(&large)), "it stays so");
        assert!(credit.is_spent());
    }
}
