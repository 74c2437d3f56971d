//! What the fields of each API mean: one file per API.

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// OpenAI chat completions and its many relatives.
    OpenAiChat,
    /// Anthropic messages, on whatever host.
    AnthropicMessages,
}
