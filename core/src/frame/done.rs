//! `[DONE]` in a line of its own, perhaps between spaces: the end of a stream that is no message.

/// How much of a line may be `[DONE]`. What may be is held back: as a count of bytes, since they are known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Done {
    spaces_before: usize,
    /// So many bytes of [`DONE`]: `0 ..= DONE.len()`.
    matched: usize,
    spaces_after: usize,
}

impl Done {
    /// Holds back what it can of these bytes, and gives how many that is. With fewer than all of them the
    /// line is another.
    #[inline]
    pub(super) fn hold(&mut self, bytes: &[u8]) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            let count = match (self.matched, byte) {
                (0, b' ') => &mut self.spaces_before,
                (matched, _) if DONE.get(matched) == Some(&byte) => &mut self.matched,
                (matched, b' ') if matched == DONE.len() => &mut self.spaces_after,
                _ => return at,
            };
            *count = count.saturating_add(1);
        }
        bytes.len()
    }

    /// The line, if it ends here, is `[DONE]`.
    pub(super) fn is_whole(self) -> bool {
        self.matched == DONE.len()
    }

    /// Nothing is held back.
    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.spaces_before == 0 && self.matched == 0
    }

    /// Hands out what was held back.
    pub(super) fn release(self, sink: &mut impl FnMut(&[u8])) {
        let mut spaces = |count: usize| {
            for _ in 0..count {
                sink(b" ");
            }
        };
        spaces(self.spaces_before);
        if self.matched == 0 {
            return;
        }
        sink(DONE.get(..self.matched).unwrap_or_default());
        for _ in 0..self.spaces_after {
            sink(b" ");
        }
    }
}

const DONE: &[u8] = b"[DONE]";
