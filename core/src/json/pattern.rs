//! A document that comes again and again, but for a few texts and numbers: the messages of a stream.
//!
//! In: documents. Out: whether one is equal to the last one that was learnt, outside of its gaps. A *gap* is a text or a
//! number that nothing is wanted of, or a text of which only matters that it is not empty. What is equal outside of them
//! says the same, and needs no scanner. Invariant: a document that matches is one that the scanner would have read to
//! its end with the same visits; what does not match says nothing. At most [`MAX_BYTES`] are held.

use super::escape;
use super::number::{MAX_NUMBER, Number, may_hold};
use crate::find::quote_or_backslash;

/// The last document that was learnt.
#[derive(Debug, Default)]
pub(crate) struct Pattern {
    /// Empty where none was. The document stands in it as it was framed, if that was learnt.
    bytes: Vec<u8>,
    /// Where in them it begins, and how long it is.
    start: u16,
    length: u16,
    /// Places in `bytes`.
    gaps: Gaps,
}

/// The gaps of a document, in order.
#[derive(Clone, Copy, Debug, Default)]
struct Gaps {
    gaps: [Gap; MAX_GAPS],
    /// So many are set: `0 ..= MAX_GAPS`.
    count: u8,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    /// Of its value: a text's first byte after the quote, a number's first.
    start: u16,
    /// Where the text's quote stands, or the first byte after the number.
    end: u16,
    kind: GapKind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum GapKind {
    /// A text.
    #[default]
    Text,
    /// A text that is not empty.
    Presence,
    /// A number.
    Number,
}

/// What is noted of a document while it is read.
#[derive(Debug)]
pub(crate) struct Learner<'d> {
    document: &'d [u8],
    gaps: Gaps,
    /// It cannot be learnt.
    spoilt: bool,
}

impl Pattern {
    /// What follows a document that equals the one that was learnt; `None` where these bytes do not begin with one.
    #[inline]
    pub(crate) fn after<'d>(&self, data: &'d [u8]) -> Option<&'d [u8]> {
        let (start, length) = (usize::from(self.start), usize::from(self.length));
        self.after_known(start, self.bytes.get(start..)?.get(..length)?, data)
    }

    /// Whether these bytes equal those that the document was framed in.
    #[inline]
    pub(crate) fn is_framed(&self, data: &[u8]) -> bool {
        self.bytes.len() != usize::from(self.length) && self.after_known(0, &self.bytes, data) == Some(&[])
    }

    /// Bytes of the frame beside the document.
    pub(crate) fn framing(&self) -> usize {
        self.bytes.len().saturating_sub(usize::from(self.length))
    }

    /// What follows in `data` after what equals `known`, which begins there in `bytes`.
    #[inline]
    fn after_known<'d>(&self, start: usize, mut known: &[u8], data: &'d [u8]) -> Option<&'d [u8]> {
        let mut rest = data;
        if known.is_empty() {
            return None;
        }
        let mut gaps = self.gaps.gaps.iter().take(usize::from(self.gaps.count));
        let mut passed = start;
        loop {
            let same = common(known, rest);
            known = known.get(same..)?;
            if known.is_empty() {
                return rest.get(same..);
            }
            // What differs must differ in a gap.
            let at = passed.saturating_add(same);
            let gap = gaps.find(|gap| at <= usize::from(gap.end))?;
            let into = at.checked_sub(usize::from(gap.start))?;
            let value = rest.get(same.checked_sub(into)?..)?;
            rest = value.get(gap.kind.length(value)?..)?;
            passed = usize::from(gap.end);
            known = known.get(passed.saturating_sub(at)..)?;
        }
    }

    /// Nothing is known.
    pub(crate) fn forget(&mut self) {
        self.bytes.clear();
        (self.start, self.length) = (0, 0);
    }

    /// The document that was learnt last stands in these bytes, from there on, and nothing else that says anything.
    pub(crate) fn learn_framing(&mut self, framed: &[u8], start: u16) {
        let document = framed.get(usize::from(start)..).and_then(|rest| rest.get(..usize::from(self.length)));
        if framed.len() > MAX_BYTES
            || self.bytes.len() != usize::from(self.length)
            || document != Some(self.bytes.as_slice())
        {
            return;
        }
        for gap in &mut self.gaps.gaps {
            (gap.start, gap.end) = (gap.start.saturating_add(start), gap.end.saturating_add(start));
        }
        self.start = start;
        self.hold(framed);
    }

    /// No more than needed: there is one of these for each open stream.
    fn hold(&mut self, bytes: &[u8]) {
        self.bytes.clear();
        if self.bytes.capacity() < bytes.len() {
            self.bytes = Vec::with_capacity(bytes.len().saturating_add(FRAMING));
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes over what was learnt of a document that was read to its end: its first `length` bytes. Whether that was
    /// possible.
    pub(crate) fn learn(&mut self, learner: &Learner<'_>, length: usize) -> bool {
        self.forget();
        match (learner.document.get(..length), u16::try_from(length)) {
            (Some(document), Ok(short)) if !learner.spoilt && length <= MAX_BYTES => {
                self.hold(document);
                self.length = short;
                self.gaps = learner.gaps;
                true
            }
            _ => false,
        }
    }
}

impl<'d> Learner<'d> {
    /// For a document that these bytes begin with.
    pub(crate) fn new(document: &'d [u8]) -> Self {
        Self { document, gaps: Gaps::default(), spoilt: false }
    }

    /// Where it stands in memory.
    pub(crate) fn start(&self) -> usize {
        self.document.as_ptr().addr()
    }

    /// This value of it is a gap; its beginning is enough.
    pub(crate) fn gap(&mut self, value: &[u8], kind: GapKind) {
        let start = value.as_ptr().addr().wrapping_sub(self.document.as_ptr().addr());
        let Some(length) = self.document.get(start..).map(|value| kind.length(value)) else {
            // It does not stand in the document as it is.
            return self.spoil();
        };
        let end = length.and_then(|length| u16::try_from(start.saturating_add(length)).ok());
        let free = self.gaps.gaps.get_mut(usize::from(self.gaps.count));
        // Without a place, or where it is too far, it must be the same in the next.
        if let (Some(end), Ok(start), Some(gap)) = (end, u16::try_from(start), free) {
            *gap = Gap { start, end, kind };
            self.gaps.count = self.gaps.count.saturating_add(1);
        }
    }

    /// It says something that must not be taken twice.
    pub(crate) fn spoil(&mut self) {
        self.spoilt = true;
    }
}

impl GapKind {
    /// How many bytes of the value stand before the quote that ends it, or before what follows the number. `None` where it
    /// does not end here, or is none that may stand there.
    fn length(self, value: &[u8]) -> Option<usize> {
        match self {
            Self::Number => {
                let length = value.iter().position(|byte| !may_hold(*byte))?;
                let number = value.get(..length).filter(|number| number.len() <= MAX_NUMBER)?;
                Number::parse(number).map(|_| length)
            }
            // Of the first escape of a wanted text the scanner asks that it is one.
            Self::Presence if matches!(value, [b'"', ..]) => None,
            Self::Presence if matches!(value, [b'\\', ..]) => {
                escape::whole(value)?;
                line_length(value)
            }
            Self::Text | Self::Presence => line_length(value),
        }
    }
}

/// How many bytes stand before the quote that ends a text.
fn text_length(text: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    loop {
        let rest = text.get(at..)?;
        let found = quote_or_backslash(rest)?;
        at = at.saturating_add(found);
        match rest.get(found) {
            Some(b'"') => return Some(at),
            _ => at = at.saturating_add(2),
        }
    }
}

/// As [`text_length`]; `None` too for a text with a line end in it, which the framing would take for its own.
fn line_length(text: &[u8]) -> Option<usize> {
    let length = text_length(text)?;
    text.get(..length)?.iter().all(|byte| *byte >= b' ').then_some(length)
}

/// How many bytes two beginnings have in common.
#[inline]
fn common(a: &[u8], b: &[u8]) -> usize {
    let (words_a, _) = a.as_chunks::<16>();
    let (words_b, _) = b.as_chunks::<16>();
    let mut at = 0_usize;
    for (a, b) in words_a.iter().zip(words_b) {
        let differ = u128::from_le_bytes(*a) ^ u128::from_le_bytes(*b);
        if differ != 0 {
            return at.saturating_add(differ.trailing_zeros() as usize / 8);
        }
        at = at.saturating_add(16);
    }
    let rest = a.get(at..).unwrap_or_default().iter().zip(b.get(at..).unwrap_or_default());
    at.saturating_add(rest.take_while(|(a, b)| a == b).count())
}

/// Longer documents are not learnt: a stream that says a word with each message says it in less.
const MAX_BYTES: usize = 512;
/// What a frame mostly has beside its document, in bytes.
const FRAMING: usize = 16;
/// One with more gaps is learnt with these; in the others it must be the same.
const MAX_GAPS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &[u8] = br#"{"id":1,"a":"xy","n":12,"b":"z"}"#;

    /// With `a` a text, `n` a number and `b` a text that is not empty.
    fn learnt() -> Pattern {
        let mut learner = Learner::new(DOCUMENT);
        learner.gap(&DOCUMENT[13..15], GapKind::Text);
        learner.gap(&DOCUMENT[21..23], GapKind::Number);
        learner.gap(&DOCUMENT[29..29], GapKind::Presence);
        let mut pattern = Pattern::default();
        assert!(pattern.learn(&learner, DOCUMENT.len()));
        pattern
    }

    #[test]
    fn the_same_but_for_its_gaps() {
        for same in [
            r#"{"id":1,"a":"xy","n":12,"b":"z"}"#,
            r#"{"id":1,"a":"","n":12,"b":"z"}"#,
            r#"{"id":1,"a":"x","n":12,"b":"z"}"#,
            r#"{"id":1,"a":"xyz","n":12,"b":"z"}"#,
            r#"{"id":1,"a":"\"\q","n":12,"b":"z"}"#,
            r#"{"id":1,"a":"xy","n":1,"b":"z"}"#,
            r#"{"id":1,"a":"xy","n":123,"b":"z"}"#,
            r#"{"id":1,"a":"xy","n":-1.5e3,"b":"z"}"#,
            r#"{"id":1,"a":"xy","n":12,"b":"\u00e4"}"#,
            r#"{"id":1,"a":"a longer text than sixteen bytes","n":7,"b":"another one, just as long"}"#,
        ] {
            assert_eq!(learnt().after(same.as_bytes()), Some([].as_slice()), "{same}");
            assert_eq!(learnt().after(format!("{same} x").as_bytes()), Some(b" x".as_slice()), "{same}");
        }
    }

    #[test]
    fn the_same_in_its_frame() {
        let framed = |document: &[u8]| [b"data: ", document, b"\n\n"].concat();
        let mut pattern = learnt();
        assert!(!pattern.is_framed(&framed(DOCUMENT)));
        pattern.learn_framing(&framed(DOCUMENT), 6);
        assert_eq!(pattern.framing(), 8);
        let other = br#"{"id":1,"a":"","n":7,"b":"more than it was"}"#;
        for document in [DOCUMENT, other] {
            assert!(pattern.is_framed(&framed(document)));
            assert_eq!(pattern.after(document), Some([].as_slice()));
            assert!(!pattern.is_framed(&framed(document)[..10]));
            assert!(!pattern.is_framed(&[framed(document), b"data".to_vec()].concat()));
        }
        let cut = br#"{"id":1,"a":"x
y","n":12,"b":"z"}"#;
        assert!(!pattern.is_framed(&framed(cut)), "a line ends in it");
    }

    #[test]
    fn anything_else() {
        for other in [
            "",
            "{",
            r#"{"id":1,"a":"xy","n":12,"b":"z""#,
            r#"{"id":2,"a":"xy","n":12,"b":"z"}"#,
            r#"{"id":1,"a":"xy","n":12,"b":""}"#,
            r#"{"id":1,"a":"xy","n":12,"b":"\q"}"#,
            r#"{"id":1,"a":"xy","n":,"b":"z"}"#,
            r#"{"id":1,"a":"xy","n":01,"b":"z"}"#,
            r#"{"id":1,"a":"xy","n":"1","b":"z"}"#,
            r#"{"id":1,"a":1,"n":12,"b":"z"}"#,
            r#"{"id":1,"a":"xy","c":1,"n":12,"b":"z"}"#,
            r#"{"id":1,"a":"xy"}"#,
            r#"{"id":1,"a":"xy","n":12,"b":"z"]"#,
        ] {
            assert_eq!(learnt().after(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_learnt() {
        let mut pattern = learnt();
        pattern.forget();
        assert_eq!(pattern.after(DOCUMENT), None);

        let elsewhere = b"xy".to_vec();
        let mut learner = Learner::new(DOCUMENT);
        learner.gap(&elsewhere, GapKind::Text);
        assert!(!pattern.learn(&learner, DOCUMENT.len()));

        let long = [b' '; MAX_BYTES + 1];
        assert!(!pattern.learn(&Learner::new(&long), long.len()));
    }

    #[test]
    fn what_two_beginnings_have_in_common() {
        let a = [b'a'; 100];
        for differs in 0..100 {
            let mut b = a;
            b[differs] = b'b';
            assert_eq!(common(&a, &b), differs);
            assert_eq!(common(&a, &b[..differs]), differs);
        }
        assert_eq!(common(&a, &a), 100);
    }
}
