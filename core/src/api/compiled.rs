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
    /// With other rows for errors than all APIs have.
    #[cfg(test)]
    pub(super) fn with_errors(in_stream: &[(&str, ResponseField)], body: &[(&str, ResponseField)]) -> Self {
        let compiled = |api| Compiled::with_errors(api, in_stream, &[body]).ok().map(Arc::new);
        Self(std::array::from_fn(|at| OnceLock::from(Api::ALL.get(at).copied().and_then(compiled))))
    }

    /// Those of this API; `None` if its file held a path that cannot be, which a test rules out.
    pub(crate) fn of(&self, api: Api) -> Option<Arc<Compiled>> {
        self.0.get(api as usize)?.get_or_init(|| Compiled::new(api).ok().map(Arc::new)).clone()
    }
}

impl Compiled {
    fn new(api: Api) -> Result<Self, PathError> {
        Self::with_errors(api, common_response::IN_STREAM_ERROR, common_response::ERROR_BODY)
    }

    fn with_errors(
        api: Api,
        in_stream: &[(&str, ResponseField)],
        body: &[&[(&str, ResponseField)]],
    ) -> Result<Self, PathError> {
        let spec = api.spec();
        let mut response = vec![in_stream];
        response.extend(spec.response);
        Ok(Self {
            request: Paths::compile(spec.request)?,
            response: Paths::compile(&response)?,
            failure: Paths::compile(body)?,
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
