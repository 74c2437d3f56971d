//! Header pairs as the proxy hands them over.

/// Header pairs in order: names in lower case (HTTP/2's rule, Envoy's too), values any bytes, repeated names
/// allowed, pseudo-headers (`:method`, `:path`, `:authority`, `:status` …) among them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    pairs: &'a [(&'a [u8], &'a [u8])],
}

impl<'a> Headers<'a> {
    /// The pairs as they came.
    #[must_use]
    pub fn new(pairs: &'a [(&'a [u8], &'a [u8])]) -> Self {
        Self { pairs }
    }

    /// The first value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.iter().find(|(n, _)| *n == name.as_bytes()).map(|(_, v)| v)
    }

    /// All pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.pairs.iter().copied()
    }
}
