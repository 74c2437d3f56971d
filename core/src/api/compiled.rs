//! The tables of each API, compiled when an exchange first needs them.
//!
//! Twice: where somebody vouches for an exchange, the rows that only prove its format are left out, so that a long
//! list of messages is passed over without a look at each.

use std::sync::{Arc, OnceLock};

use super::{Api, RequestField, ResponseField, common_response};
use crate::json::{Field, PathError, Paths};

/// Compiled tables, shared by all exchanges. An API that never passes costs nothing.
#[derive(Debug)]
pub(crate) struct Tables {
    proving: Lazy,
    vouched: Lazy,
}

type Lazy = [OnceLock<Option<Arc<Compiled>>>; Api::ALL.len()];

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

/// Which rows of its tables an exchange needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// All of them: the bodies must show the format, or tell the operation.
    All,
    /// Those that tell a fact.
    Facts,
}

impl Default for Tables {
    fn default() -> Self {
        let none = || [const { OnceLock::new() }; Api::ALL.len()];
        Self { proving: none(), vouched: none() }
    }
}

impl Tables {
    /// With other rows for errors than all APIs have.
    #[cfg(test)]
    pub(super) fn with_errors(in_stream: &[(&str, ResponseField)], body: &[(&str, ResponseField)]) -> Self {
        let all = |rows: Rows| -> Lazy {
            let compiled = |api| Compiled::with_errors(api, rows, in_stream, &[body]).ok().map(Arc::new);
            std::array::from_fn(|at| OnceLock::from(Api::ALL.get(at).copied().and_then(compiled)))
        };
        Self { proving: all(Rows::All), vouched: all(Rows::Facts) }
    }

    /// Those of this API; `None` if its file held a path that cannot be, which a test rules out.
    pub(crate) fn of(&self, api: Api, rows: Rows) -> Option<Arc<Compiled>> {
        let tables = match rows {
            Rows::All => &self.proving,
            Rows::Facts => &self.vouched,
        };
        tables.get(api as usize)?.get_or_init(|| Compiled::new(api, rows).ok().map(Arc::new)).clone()
    }
}

impl Compiled {
    fn new(api: Api, rows: Rows) -> Result<Self, PathError> {
        Self::with_errors(api, rows, common_response::IN_STREAM_ERROR, common_response::ERROR_BODY)
    }

    fn with_errors(
        api: Api,
        rows: Rows,
        in_stream: &[(&str, ResponseField)],
        body: &[&[(&str, ResponseField)]],
    ) -> Result<Self, PathError> {
        let spec = api.spec();
        let mut response = vec![in_stream];
        response.extend(spec.response);
        Ok(Self {
            request: rows.compile(spec.request, RequestField::only_proves)?,
            response: rows.compile(&response, ResponseField::only_proves)?,
            failure: Paths::compile(body)?,
        })
    }
}

impl Rows {
    fn compile<F: Field>(
        self,
        tables: &[&[(&str, F)]],
        only_proves: fn(F) -> bool,
    ) -> Result<Paths<F>, PathError> {
        let rows = tables.iter().copied().flatten().copied();
        let rows: Vec<_> = rows.filter(|(_, field)| self == Self::All || !only_proves(*field)).collect();
        Paths::compile(&[&rows])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_api_has_tables_that_compile() {
        for &api in Api::ALL {
            for rows in [Rows::All, Rows::Facts] {
                assert_eq!(Compiled::new(api, rows).err(), None, "{}", api.name());
            }
        }
    }
}
