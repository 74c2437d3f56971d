//! What is special about the answers of some providers, whose formats are others' or differ by that alone.

use super::provider;

/// What is special about a provider's answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quirks {
    /// `provider` in the answer tells whom it asked; elsewhere it is a name of something else.
    pub(crate) names_upstream: bool,
    /// A stream tells its usage after its choices, asked to or not.
    pub(crate) usage_follows: bool,
    /// Google's numbers mean what Vertex AI means by them.
    pub(crate) numbers_of_vertex: bool,
}

impl Quirks {
    pub(crate) const NONE: Self =
        Self { names_upstream: false, usage_follows: false, numbers_of_vertex: false };

    /// Those of this provider; most have none.
    pub(crate) fn of(provider: &str) -> Self {
        provider::named(provider).quirks
    }
}
