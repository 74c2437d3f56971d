//! What an operator says of hosts and paths.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Found;
use super::models::path_model;
use super::proxy::ProxyFact;
use super::who::Who;
use crate::api::provider::Pattern;
use crate::api::{Api, path};
use crate::call::Operation;

/// What an operator says of hosts and paths; asked before the built-in tables. The first rule that names a
/// thing decides it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// In the order they are asked.
    pub rules: Vec<OverrideRule>,
}

/// What holds for some requests: those that fit all that is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OverrideRule {
    /// Host without port, one `*` standing for any text; `None` for every host.
    pub host: Option<String>,
    /// The end of the path in whole segments, `*` standing for any one segment; `None` for every path.
    pub path: Option<String>,
    /// The beginning of the path, likewise.
    pub path_prefix: Option<String>,
    /// The whole path: `*` stands for any one segment, `**` for any number of them.
    pub path_glob: Option<String>,
    /// Name of Envoy's cluster, one `*` standing for any text.
    pub cluster: Option<String>,
    /// Name of Envoy's route, likewise.
    pub route: Option<String>,
    /// Name of Envoy's virtual host, likewise.
    pub virtual_host: Option<String>,
    /// Who answers there.
    pub provider: Option<String>,
    /// The format spoken there. With it a path need not be one of the known ones.
    pub api: Option<Api>,
    /// What is asked for there; without it, what the format is mostly used for.
    pub operation: Option<Operation>,
    /// It is none of our business.
    pub ignore: bool,
    /// What models are called that are asked for there, by the names they are asked by.
    pub models: Option<Models>,
}

/// Names of models, by the names that they are asked by.
pub type Models = Arc<BTreeMap<String, String>>;

impl Overrides {
    /// What the rules say of the format spoken there.
    pub(super) fn found(&self, who: &Who<'_>) -> Option<Found> {
        let rule = self.rules.iter().find(|rule| rule.api.is_some() && rule.fits(who))?;
        let api = rule.api?;
        Some(Found {
            api,
            operation: rule.operation.or(api.spec().operation),
            model: path_model(api, who.path),
            stream: None,
            doubtful: false,
            vouched: true,
        })
    }

    /// Whether this request is none of our business: the first rule that fits and says anything of it decides.
    pub(super) fn ignores(&self, who: &Who<'_>) -> bool {
        if !self.rules.iter().any(|rule| rule.ignore) {
            return false;
        }
        let says = |rule: &&OverrideRule| rule.ignore || rule.api.is_some() || rule.provider.is_some();
        self.rules.iter().filter(says).find(|rule| rule.fits(who)).is_some_and(|rule| rule.ignore)
    }

    /// What they say of the models' names.
    pub(super) fn models(&self, who: &Who<'_>) -> Option<Models> {
        self.rules.iter().find(|rule| rule.models.is_some() && rule.fits(who))?.models.clone()
    }

    /// What they say of who answers.
    pub(super) fn provider(&self, who: &Who<'_>) -> Option<String> {
        let rule = self.rules.iter().find(|rule| rule.provider.is_some() && rule.fits(who))?;
        rule.provider.clone()
    }
}

impl OverrideRule {
    fn fits(&self, who: &Who<'_>) -> bool {
        let fits =
            |pattern: &Option<String>, test: &dyn Fn(&str) -> bool| pattern.as_deref().is_none_or(test);
        // What costs a call of the host is asked last.
        let named = |fact: ProxyFact| {
            move |pattern: &str| who.proxy.fact(fact).is_some_and(|name| Pattern::new(pattern).matches(&name))
        };
        fits(&self.host, &|pattern| Pattern::new(pattern).matches(who.host.name))
            && fits(&self.path, &|end| path::ends_with(who.path, end))
            && fits(&self.path_prefix, &|start| path::starts_with(who.path, start))
            && fits(&self.path_glob, &|glob| path::is_like(who.path, glob))
            && fits(&self.cluster, &named(ProxyFact::Cluster))
            && fits(&self.route, &named(ProxyFact::Route))
            && fits(&self.virtual_host, &named(ProxyFact::VirtualHost))
    }
}
