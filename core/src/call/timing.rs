//! When things happened, by the host's clock at the callback.

use crate::time::UnixNanos;

/// Times of one exchange. All but `start` and `end` are `None` until they happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// The request's headers.
    pub start: UnixNanos,
    /// The request's last byte.
    pub request_end: Option<UnixNanos>,
    /// The response's headers.
    pub response_start: Option<UnixNanos>,
    /// The response body's first byte.
    pub first_byte: Option<UnixNanos>,
    /// The stream's first message.
    pub first_message: Option<UnixNanos>,
    /// The first content event of any kind: what time to first token is measured to.
    pub first_token: Option<UnixNanos>,
    /// The first content event that is reasoning.
    pub first_reasoning: Option<UnixNanos>,
    /// The first content event that is visible output.
    pub first_visible: Option<UnixNanos>,
    /// The first content event that is a tool call's name or argument.
    pub first_tool_argument: Option<UnixNanos>,
    /// The last content event.
    pub last_token: Option<UnixNanos>,
    /// The response's last byte, or the moment the exchange broke off.
    pub end: UnixNanos,
}
