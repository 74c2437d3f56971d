//! What an operator says of hosts and paths.

use super::models::path_model;
use super::request_line::HostName;
use super::{Found, Proof};
use crate::api::{Api, path, provider};
use crate::call::Operation;

/// What an operator says of hosts and paths; asked before the built-in tables. The first rule that names a
/// thing decides it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// In the order they are asked.
    pub rules: Vec<OverrideRule>,
}

/// What holds for the requests to some hosts and paths.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OverrideRule {
    /// Host without port, one `*` standing for any text; `None` for every host.
    pub host: Option<String>,
    /// The end of the path in whole segments, `*` standing for any one segment; `None` for every path.
    pub path: Option<String>,
    /// Who answers there.
    pub provider: Option<String>,
    /// The format spoken there. With it a path need not be one of the known ones.
    pub api: Option<Api>,
    /// What is asked for there; without it, what the format is mostly used for.
    pub operation: Option<Operation>,
}

impl Overrides {
    /// Those that speak of this host and path.
    pub(super) fn matching<'a>(
        &'a self,
        host: &'a HostName<'_>,
        path: &'a [u8],
    ) -> impl Iterator<Item = &'a OverrideRule> {
        self.rules.iter().filter(move |rule| {
            rule.host.as_deref().is_none_or(|pattern| provider::matches_host(pattern, host.name))
                && rule.path.as_deref().is_none_or(|end| path::ends_with(path, end))
        })
    }

    /// What the rules say of the format spoken there.
    pub(super) fn found(&self, host: &HostName<'_>, path: &[u8]) -> Option<Found> {
        let rule = self.matching(host, path).find(|rule| rule.api.is_some())?;
        let api = rule.api?;
        Some(Found {
            api,
            operation: rule.operation.or(api.spec().operation),
            model: path_model(api, path),
            stream: None,
            proof: Proof::None,
        })
    }
}
