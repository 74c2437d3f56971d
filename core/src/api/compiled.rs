//! The tables of each API, compiled when an exchange first needs them.

use std::sync::{Arc, OnceLock};

use super::{Api, RequestField, ResponseField, common_response};
use crate::json::{PathError, Paths};

/// Compiled tables, shared by all exchanges. An API that never passes costs nothing.
#[derive(Debug)]
pub(crate) struct Tables([OnceLock<Option<Arc<Compiled>>>; Api::ALL.len()]);

/// What is wanted of one API's messages.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Of its requests.
    pub(crate) request: Paths<RequestField>,
    /// Of its answers.
    pub(crate) response: Paths<ResponseField>,
    /// Of its answers that failed: the error alone.
    pub(crate) failure: Paths<ResponseField>,
}

impl Default for Tables {
    fn default() -> Self {
        Self([const { OnceLock::new() }; Api::ALL.len()])
    }
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
        let mut response = vec![common_response::IN_STREAM_ERROR];
        response.extend(spec.response);
        Ok(Self {
            request: Paths::compile(spec.request)?,
            response: Paths::compile(&response)?,
            failure: Paths::compile(common_response::ERROR_BODY)?,
        })
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
