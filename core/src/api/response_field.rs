//! What can stand at a path of a response.

use crate::json::{Field, Want};

/// What a path of a response means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseField {}

impl Field for ResponseField {
    fn want(self) -> Want {
        match self {}
    }
}
