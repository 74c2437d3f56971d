//! The tables of each API, compiled when an exchange first needs them.

use std::sync::{Arc, OnceLock};

use super::{Api, RequestField, ResponseField};
use crate::json::{PathError, Paths};

/// Compiled tables, shared by all exchanges. An API that never passes costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Tables([OnceLock<Option<Arc<Compiled>>>; Api::ALL.len()]);

/// What is wanted of one API's messages.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Of its requests.
    pub(crate) request: Paths<RequestField>,
    /// Of its answers.
    pub(crate) response: Paths<ResponseField>,
}

impl Tables {
    /// Those of this API; `None` if its file held a path that cannot be, which a test rules out.
    pub(crate) fn of(&self, api: Api) -> Option<Arc<Compiled>> {
        self.0.get(api as usize)?.get_or_init(|| Compiled::new(api).ok().map(Arc::new)).clone()
    }
}

impl Compiled {
    fn new(api: Api) -> Result<Self, PathError> {
        let spec = api.spec();
        Ok(Self { request: Paths::compile(spec.request)?, response: Paths::compile(spec.response)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_api_has_tables_that_compile() {
        for &api in Api::ALL {
            assert_eq!(Compiled::new(api).err(), None, "{}", api.name());
        }
    }
}
