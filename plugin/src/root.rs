//! One plugin configuration in one VM: configures, ticks, takes the collector's answers.

use std::cell::RefCell;
use std::rc::Rc;

use inferspan_core::budget::Budget;
use inferspan_core::config::{Config, Parent};
use inferspan_core::exchange::Observer;
use inferspan_core::otlp::envelope::Envelope;
use inferspan_core::signal::Conventions;
use inferspan_core::trace_context::Sampler;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

use crate::exchange::Stream;
use crate::export::{CallAnswer, Exporter};
use crate::host::{self, Buffer, Level, PairScratch};
use crate::ids::Ids;
use crate::stats::{Stat, Stats};

/// The root context.
#[derive(Debug, Default)]
pub(crate) struct Root {
    shared: Rc<Shared>,
}

/// What the root and its streams share. A VM does one thing at a time and the host never calls back into a
/// callback, so the state is always free; [`Shared::with`] does not rely on it.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    state: RefCell<State>,
}

/// All state of one plugin configuration in one VM, but for that of each exchange.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Rc<Settings>,
    pub(crate) exporter: Exporter,
    pub(crate) stats: Stats,
    pub(crate) ids: Ids,
    /// Of the memory that its exchanges hold, whatever configuration they began with.
    budget: Budget,
    pub(crate) scratch: PairScratch,
}

/// What an exchange is observed by, from its begin to its end.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) observer: Observer,
    pub(crate) sampler: Sampler,
    pub(crate) propagate: bool,
    pub(crate) parent: Parent,
    pub(crate) conventions: Conventions,
}

impl Shared {
    /// Works on the state.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> Option<R> {
        self.state.try_borrow_mut().ok().map(|mut state| work(&mut state))
    }
}

impl Default for State {
    fn default() -> Self {
        let (config, budget) = (Config::default(), Budget::default());
        Self {
            settings: Rc::new(Settings::new(&config, &budget)),
            exporter: Exporter::new(&config.otlp, envelope(&config)),
            stats: Stats::default(),
            ids: Ids::default(),
            budget,
            scratch: PairScratch::default(),
        }
    }
}

impl State {
    /// Takes a configuration over, or says why not and leaves everything as it was.
    fn configure(&mut self, text: &[u8]) -> bool {
        self.stats.define();
        match Config::parse(text) {
            Ok(config) => {
                self.settings = Rc::new(Settings::new(&config, &self.budget));
                self.exporter.reconfigure(&config.otlp, envelope(&config));
                true
            }
            Err(error) => {
                host::log(Level::Error, &format!("configuration refused: {error}"));
                self.stats.count(Stat::ConfigurationsRefused);
                self.stats.flush();
                false
            }
        }
    }
}

impl Settings {
    fn new(config: &Config, budget: &Budget) -> Self {
        Self {
            observer: Observer::new(config.overrides(), budget.clone()),
            sampler: Sampler::new(config.trace.sample_ratio),
            propagate: config.trace.propagate,
            parent: config.trace.parent,
            conventions: Conventions::default(),
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body_size: usize, _: usize) {
        self.shared.with(|state| {
            let now = host::now();
            let answer = CallAnswer { headers, body_size };
            state.exporter.answered(token, answer, now, &mut state.stats, &mut state.ids);
            state.exporter.set_tick(now, &mut state.stats);
        });
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        let text = match size {
            0 => Ok(Vec::new()),
            _ => host::buffer(Buffer::PluginConfiguration, 0, size),
        };
        match text {
            Ok(text) => self.shared.with(|state| state.configure(&text)).unwrap_or(false),
            Err(status) => {
                let line = format!("configuration cannot be read: {}", status.name());
                host::log(Level::Error, &line);
                false
            }
        }
    }

    fn on_tick(&mut self) {
        self.shared.with(|state| {
            let now = host::now();
            state.exporter.tick(now, &mut state.stats, &mut state.ids);
            state.stats.flush();
            state.exporter.set_tick(now, &mut state.stats);
        });
    }

    // There is no on_done: a call from there would crash Envoy, so what is queued when a worker ends is lost.

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(Rc::clone(&self.shared))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// The resource of all telemetry: what the configuration says, else what Envoy's node is called.
fn envelope(config: &Config) -> Envelope {
    let own = |key: &str| config.resource.attributes.get(key).cloned();
    let node = |property| host::property(property).ok().and_then(|v| String::from_utf8(v).ok());
    let not_empty = |text: &String| !text.is_empty();
    let name = config
        .service_name
        .clone()
        .or_else(|| own("service.name"))
        .or_else(|| node("xds\0node\0cluster").filter(not_empty))
        .unwrap_or_else(|| "inferspan".to_owned());
    let instance = own("service.instance.id").or_else(|| node("xds\0node\0id").filter(not_empty));
    let known = [
        ("service.name", Some(name)),
        ("service.instance.id", instance),
        ("telemetry.sdk.name", Some("inferspan".to_owned())),
        ("telemetry.sdk.language", Some("rust".to_owned())),
        ("telemetry.sdk.version", Some(env!("CARGO_PKG_VERSION").to_owned())),
    ];
    let is_known = |key: &str| known.iter().any(|(name, _)| *name == key);
    let further = config.resource.attributes.iter().filter(|(key, _)| !is_known(key));
    let known = known.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?)));
    Envelope::new(known.chain(further.map(|(key, value)| (key.as_str(), value.as_str()))))
}
