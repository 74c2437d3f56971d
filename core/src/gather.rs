//! A few bytes that must be seen together, gathered from however many chunks.

/// Room for at most `N` bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gather<const N: usize> {
    bytes: [u8; N],
    /// How many of them are there: `0 ..= N`.
    len: usize,
}

impl<const N: usize> Default for Gather<N> {
    fn default() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> Gather<N> {
    /// Takes bytes from the front of a chunk until `size` (at most `N`) are there; gives what is left of it.
    pub(crate) fn take<'a>(&mut self, size: usize, chunk: &'a [u8]) -> &'a [u8] {
        let missing = size.min(N).saturating_sub(self.len);
        let (bytes, rest) = chunk.split_at_checked(missing).unwrap_or((chunk, &[]));
        let end = self.len.saturating_add(bytes.len());
        if let Some(room) = self.bytes.get_mut(self.len..end) {
            room.copy_from_slice(bytes);
            self.len = end;
        }
        rest
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What is there.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// All the room; what has not been filled is of no meaning.
    pub(crate) fn array(&self) -> [u8; N] {
        self.bytes
    }
}
