//! The filter's configuration: one JSON object or `google.protobuf.Struct`, or nothing at all.
//!
//! In: the bytes an operator wrote. Out: a [`Config`] in which everything is possible and nothing contradicts
//! itself, or all that is wrong: which keys, what is wrong with each, what would be right. Unknown keys are refused, so
//! that a typing error is never silence.
//!
//! Bytes become a tree of values (`value.rs`), which is read into the structs by their tables (`read.rs`), filled up
//! from the environment, and checked (`check.rs`). Nothing of that is generic: each struct is its table.
//!
//! # Adding a key
//!
//! A key is a row of a `section!`, here or in the file of its object: `/// what it is for`, then
//! `name: Type = default;`. Bounds follow as `=> within(1, 60, "seconds")`, what a text must be as `=> Rule::Text(…)`
//! (a function that says what is wrong with it), names that it had as `, also "old_name"`. What keys contradict goes
//! into the function that the section is `checked by`. A new type of choice gets its names in `names.rs`; a new object
//! is a `section!` of its own and a row where it belongs. Then the schema is accepted (`core/tests/schema.rs` says
//! how), and the key gets its line in `docs/configuration.md`, which is held against the tables by a test.

mod attributes;
mod check;
mod content;
#[cfg(feature = "tools")]
mod effective;
mod environment;
mod export;
mod json;
mod names;
mod near;
mod prices;
mod problems;
mod protobuf;
mod read;
mod sampling;
#[cfg(feature = "tools")]
mod schema;
mod summary;
mod table;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::api::{Api, OverrideRule, Overrides};
use crate::call::{Brief, Operation};
use crate::cost::Prices;
use crate::sampling::Sampler;
use crate::signal::Conventions;
use crate::signal::convention::Vocabulary;
use crate::signal::convention::gen_ai::Version;
use crate::signal::convention::llm::Settings as LlmSettings;
use crate::signal::log::LogKind;
use problems::Problems;
use table::{Rule, section, within};
use value::Value;

pub use attributes::AttributeRule;
pub use content::{Captured, ContentCapture, ContentRule, Redact, ToldOn};
#[cfg(feature = "tools")]
pub use effective::{Effective, Setting, Source};
pub use export::{Collectors, Compression, Console, Metrics, Otlp, Protocol, Signal, Temporality};
pub use prices::{CostLimits, PriceRates, PriceRule, PriceTier};
pub use problems::{ConfigError, ConfigErrors};
pub use sampling::{Sampling, SamplingRule};
#[cfg(feature = "tools")]
pub use schema::schema;

section! {
    /// The whole configuration. Everything has a default; `{}` works.
    pub struct Config [
        /// Whether nothing is observed at all, as `OTEL_SDK_DISABLED` wants it.
        disabled: bool = false,
        /// Whether it says where telemetry goes, if only by an empty `otlp`.
        otlp_is_given: bool = false
    ] {
        /// `service.name` of the resource. Default: the cluster name of Envoy's node (`--service-cluster`), else
        /// `inferspan`.
        service_name: Option<String> = None => Rule::Text(|name| {
            name.is_empty().then(|| "is empty; give a name or leave it out".to_owned())
        });
        /// Who speaks.
        resource: Resource = Resource::default();
        /// Where telemetry goes, and how: one collector, or several in a list.
        otlp: Collectors = Collectors::default() => Rule::OneOrList;
        /// Which calls are written into Envoy's log, one line of JSON each. `auto`: where `otlp` is not given and Envoy has
        /// no cluster `otel_collector`, all that would be exported.
        console: Console = Console::default();
        /// Which facts of a call Envoy's access logs and spans can read, as filter state `wasm.inferspan.NAME`. Default:
        /// none.
        filter_state: Vec<Brief> = Vec::new();
        /// Metrics.
        metrics: Metrics = Metrics::default();
        /// Traces and their contexts.
        trace: Trace = Trace::default();
        /// Which spans are exported.
        sampling: Sampling = Sampling::default();
        /// How things are called.
        semconv: Semconv = Semconv::default();
        /// The vocabulary `llm`.
        llm: Llm = Llm::default();
        /// Log records.
        logs: Logs = Logs::default();
        /// What is captured of what is said.
        content: ContentCapture = ContentCapture::default();
        /// What a worker may spend.
        limits: Limits = Limits::default();
        /// What stands on which host and path, asked in this order before the built-in knowledge.
        providers: Vec<ProviderRule> = Vec::new();
        /// What is added to every call. At most 16, with those of `trace.baggage`.
        attributes: Vec<AttributeRule> = Vec::new();
        /// What values of attributes are hashed with, where that is asked for. 16 bytes at least; the same everywhere,
        /// so that the same value has the same hash.
        hash_key: Option<Secret> = None => Rule::Text(attributes::hash_key);
        /// What tokens cost, where the answer does not tell.
        prices: Vec<PriceRule> = Vec::new();
        /// What calls may cost.
        cost: CostLimits = CostLimits::default();
    }
    checked by check::check_config
}

section! {
    /// Who speaks.
    pub struct Resource {
        /// Attributes of the resource, beside `service.name` and those the filter knows.
        attributes: BTreeMap<String, String> = BTreeMap::new();
    }
}

section! {
    /// What a worker may spend on reading, whatever passes.
    #[derive(Eq)]
    pub struct Limits {
        /// Bytes that reading may hold in all exchanges of a worker together, beyond a few KiB for each: windows of
        /// decoders and what is captured. A body for which none is left is not read, which is counted.
        max_memory_bytes: u32 = 32 << 20 => within(1 << 20, 512 << 20, "bytes");
        /// Exchanges that a worker reads at a time. Beyond them, one that is idle is read no further, which is
        /// counted; it still ends in a span.
        max_live_exchanges: u32 = 10_000 => within(1, 1_000_000, "exchanges");
    }
}

section! {
    /// Traces and their contexts.
    pub struct Trace {
        /// Share of the traces begun here that are exported where no rule of `sampling` holds. A client's context
        /// decides for itself by its sampled flag.
        sample_ratio: f64 = 1.0 => within(0, 1, "share of the traces");
        /// Whether the request goes on with a `traceparent` that names the filter's span. For Envoy without
        /// tracing; the only thing the filter ever writes into traffic.
        propagate: bool = false;
        /// Whose span is the parent: `auto` is Envoy's where Envoy traces the request, else the client's.
        parent: Parent = Parent::default();
        /// Keys of the client's baggage whose entries become attributes of the same name, 256 bytes of each. At most
        /// 16.
        baggage: Vec<String> = Vec::new();
        /// What is asked of Envoy for each span, as `inferspan.envoy.*`.
        envoy_attributes: Vec<EnvoyAttribute> = EnvoyAttribute::ALL.to_vec();
    }
    checked by check::check_trace
}

/// Whose span is the parent of the filter's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parent {
    /// Envoy's where it traces the request, else the client's.
    #[default]
    Auto,
    /// The client's, whatever Envoy does.
    Client,
}

/// What Envoy can be asked for a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvoyAttribute {
    /// Name of the cluster.
    Cluster,
    /// Name of the route.
    Route,
    /// How often the request was sent.
    AttemptCount,
    /// Who answered.
    UpstreamAddress,
}

impl EnvoyAttribute {
    /// All there are.
    pub const ALL: &[Self] = &[Self::Cluster, Self::Route, Self::AttemptCount, Self::UpstreamAddress];
}

section! {
    /// How things are called.
    #[derive(Eq)]
    pub struct Semconv {
        /// Versions of the GenAI conventions, one or a list of them.
        version: Vec<Version> = vec![Version::default()] => Rule::OneOrList;
        /// Vocabularies that a call is told in; the first one names its span.
        vocabularies: Vec<Vocabulary> = vec![Vocabulary::default()];
    }
    checked by check::check_semconv
}

section! {
    /// The vocabulary `llm`.
    #[derive(Eq)]
    pub struct Llm {
        /// Providers' names for people, by their `gen_ai.provider.name`.
        display_names: BTreeMap<String, String> = BTreeMap::new();
    }
}

section! {
    /// Log records.
    #[derive(Eq)]
    pub struct Logs {
        /// What is logged of calls, where a destination takes logs.
        events: Vec<LogKind> = vec![LogKind::Exceptions];
    }
}

section! {
    /// What stands where all that is given fits: host, path, where Envoy routes to.
    #[derive(Eq)]
    pub struct ProviderRule {
        /// Host without port, one `*` standing for any text. Default: every host.
        host: Option<String> = None => Rule::Text(check::host);
        /// The end of the path in whole segments, `*` standing for any one. Default: every path.
        path: Option<String> = None => Rule::Text(check::path);
        /// The beginning of the path in whole segments, `*` standing for any one. Default: every path.
        path_prefix: Option<String> = None => Rule::Text(check::path);
        /// The whole path: `*` stands for any one segment, `**` for any number of them. Default: every path.
        path_glob: Option<String> = None => Rule::Text(check::path_glob);
        /// Name of Envoy's cluster, one `*` standing for any text. Default: every cluster.
        cluster: Option<String> = None => Rule::Text(check::one_star);
        /// Name of Envoy's route, likewise.
        route: Option<String> = None => Rule::Text(check::one_star);
        /// Name of Envoy's virtual host, likewise.
        virtual_host: Option<String> = None => Rule::Text(check::one_star);
        /// `gen_ai.provider.name` of who answers there.
        provider: Option<String> = None => Rule::Text(check::not_empty);
        /// The wire format spoken there, e.g. `openai_chat`.
        api: Option<String> = None => Rule::Known(|| Api::ALL.iter().map(|api| api.name()).collect());
        /// `gen_ai.operation.name` of what is asked for there, e.g. `chat`. Goes with an `api`.
        operation: Option<String> = None => Rule::Known(|| Operation::ALL.iter().map(|operation| operation.name()).collect());
        /// Whether such requests are none of our business: they are not observed. Goes with none of the above.
        ignore: bool = false;
        /// What models are called that are asked for there, by the names they are asked by: deployments, aliases.
        models: BTreeMap<String, String> = BTreeMap::new();
    }
    checked by check::check_provider
}

/// A text that is never shown: no log line, no `Debug` gives it away.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, to be sent and not to be shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Config {
    /// What the configuration says of hosts and paths, for detection.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        let rules = self.providers.iter().map(|rule| OverrideRule {
            host: rule.host.clone(),
            path: rule.path.clone(),
            path_prefix: rule.path_prefix.clone(),
            path_glob: rule.path_glob.clone(),
            cluster: rule.cluster.clone(),
            route: rule.route.clone(),
            virtual_host: rule.virtual_host.clone(),
            provider: rule.provider.clone(),
            // Names were checked when the configuration was read.
            api: rule.api.as_deref().and_then(Api::from_name),
            operation: rule.operation.as_deref().and_then(Operation::from_name),
            ignore: rule.ignore,
            models: (!rule.models.is_empty()).then(|| Arc::new(rule.models.clone())),
        });
        Overrides { rules: rules.collect() }
    }

    /// What decides which spans are exported.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        let rules = self.sampling.rules.iter().map(SamplingRule::rule).collect();
        Sampler::new(self.trace.sample_ratio, rules)
    }

    /// By which names calls are told.
    #[must_use]
    pub fn conventions(&self) -> Conventions {
        let mut providers: Vec<String> = Vec::new();
        for provider in self.providers.iter().filter_map(|rule| rule.provider.as_ref()) {
            if !providers.contains(provider) {
                providers.push(provider.clone());
            }
        }
        let llm = LlmSettings { display_names: self.llm.display_names.clone(), providers };
        Conventions::new(&self.semconv.vocabularies, &self.semconv.version, llm)
            .with_logs(self.logs.events.clone())
    }

    /// Whether spans go to Envoy's log where Envoy has no cluster of the collector's name.
    #[must_use]
    pub fn falls_back_to_console(&self) -> bool {
        !self.otlp_is_given && self.console == Console::Auto
    }

    /// What is captured of what is said, and whether its length is; `None` where nothing is.
    #[must_use]
    pub fn content(&self) -> Option<crate::content::Settings> {
        self.content.settings(self.semconv.vocabularies.contains(&Vocabulary::Llm))
    }

    /// What the configuration says of prices.
    #[must_use]
    pub fn prices(&self) -> Prices {
        // They were checked when the configuration was read.
        prices::table(&self.prices, &self.cost, &mut Problems::default())
    }

    /// Reads and checks a configuration: JSON text, or the bytes of a `google.protobuf.Struct`. Nothing but white space
    /// is the default.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigErrors> {
        Self::read(&value::read(bytes)?)
    }

    /// The same, and what it leaves open filled in by OpenTelemetry's environment variables. With a line for each of
    /// them that could not be used.
    ///
    /// # Errors
    /// All that is wrong with the configuration.
    pub fn parse_with(
        bytes: &[u8],
        variables: BTreeMap<String, String>,
    ) -> Result<(Self, Vec<String>), ConfigErrors> {
        let document = value::read(bytes)?;
        let mut config = Self::read(&document)?;
        let filled = environment::fill(&mut config, &document, variables);
        Ok((config, filled.notes))
    }

    fn read(document: &Value<'_>) -> Result<Self, ConfigErrors> {
        let (mut config, mut problems) = (Self::default(), Problems::default());
        if *document != Value::Null {
            read::object(document, &mut config, &mut problems);
        }
        config.otlp_is_given = document.has("otlp");
        if !config.otlp_is_given && config.console.is_chosen() {
            config.otlp = Collectors::NONE;
        }
        check::check(&mut config, &mut problems);
        problems.into_result(document)?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests;
