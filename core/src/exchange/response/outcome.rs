//! How an exchange ended, where the answer itself does not tell.

use crate::call::{End, Outcome};

/// No header of an answer came.
pub(super) fn without_answer(end: End) -> Outcome {
    match end {
        End::ClientGone => Outcome::ClientCancelled,
        End::Timeout | End::StoodInForTimeout => Outcome::Timeout,
        End::Complete | End::UpstreamGone | End::Unknown | End::StoodIn => Outcome::NoResponse,
    }
}

/// What came was no answer of the provider's.
pub(super) fn is_stand_in(end: End) -> bool {
    matches!(end, End::StoodIn | End::StoodInForTimeout)
}

/// The answer began, without an error, and its final message was not seen. `truncated`: what there is of it
/// is not whole by its own format.
pub(super) fn of_end(end: End, truncated: bool) -> Outcome {
    match end {
        End::Complete if truncated => Outcome::Truncated,
        End::Complete => Outcome::Completed,
        End::ClientGone => Outcome::ClientCancelled,
        End::UpstreamGone => Outcome::UpstreamReset,
        End::Timeout | End::StoodInForTimeout => Outcome::Timeout,
        End::StoodIn => Outcome::NoResponse,
        End::Unknown => Outcome::Truncated,
    }
}

/// Whether the path between client and provider failed. A client that leaves is no failure.
pub(super) fn is_failure_of_path(outcome: Outcome) -> bool {
    match outcome {
        Outcome::UpstreamReset | Outcome::Timeout | Outcome::Truncated | Outcome::NoResponse => true,
        Outcome::Completed | Outcome::ClientCancelled | Outcome::Error => false,
    }
}
