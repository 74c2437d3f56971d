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
    /// Reasoning is not in the output where there is more of it than output; elsewhere it may exceed the
    /// output by a token or two that was counted in another way.
    pub(crate) reasoning_beside_output: bool,
}

impl Quirks {
    pub(crate) const NONE: Self = Self {
        names_upstream: false,
        usage_follows: false,
        numbers_of_vertex: false,
        reasoning_beside_output: false,
    };

    /// Those of this provider; most have none.
    pub(crate) fn of(provider: &str) -> Self {
        provider::named(provider).quirks
    }
}
