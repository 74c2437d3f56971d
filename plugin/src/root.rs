//! One plugin configuration in one VM: configures, ticks, takes the collector's answers, and ends.
//!
//! A VM holds a root for each configuration that a listener has, those among them that only drain. Envoy ends a
//! root (`on_done`) when its last stream is over and its listener gone. As long as another root keeps the VM alive,
//! this one asks for the time to deliver what it holds; the last one takes the VM with it, so what all of them
//! still hold is counted then.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use inferspan_core::budget::Budget;
use inferspan_core::call::Brief;
use inferspan_core::config::{Config, Console, EnvoyAttribute, Parent};
use inferspan_core::cost::Prices;
use inferspan_core::exchange::Observer;
use inferspan_core::otlp::outbox::Signal;
use inferspan_core::sampling::Sampler;
use inferspan_core::signal::Conventions;
use inferspan_core::time::UnixNanos;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

use crate::exchange::{Live, Stream};
use crate::export::{ExportAnswer, Exporter};
use crate::host::{self, Buffer, Level, PairScratch};
use crate::ids::{self, Ids};
use crate::live::{Entry, Registry};
use crate::metering::Metering;
use crate::resource;
use crate::stats::{Stat, Stats};

/// The root context.
#[derive(Debug)]
pub(crate) struct Root {
    shared: Rc<Shared>,
}

impl Root {
    /// The root that the host knows by this id.
    pub(crate) fn new(id: u32) -> Self {
        Self { shared: Rc::new(Shared { id, state: RefCell::default() }) }
    }
}

/// What the root and its streams share. A VM does one thing at a time and the host never calls back into a
/// callback, so the state is always free; [`Shared::with`] does not rely on it.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The root's id.
    id: u32,
    state: RefCell<State>,
}

/// All state of one plugin configuration in one VM, but for that of each exchange.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Rc<Settings>,
    pub(crate) exporter: Exporter,
    /// `None` where no collector takes metrics.
    pub(crate) metering: Option<Metering>,
    pub(crate) stats: Stats,
    pub(crate) ids: Ids,
    /// Of the memory that its exchanges hold, whatever configuration they began with.
    budget: Budget,
    pub(crate) scratch: PairScratch,
    live: Registry<Live>,
    life: Life,
    /// Tells this root's telemetry from that of others, in this VM and elsewhere, from its configuration on.
    instance: Option<u32>,
}

/// Where a root is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Life {
    /// It has no configuration yet.
    #[default]
    Unborn,
    /// It has streams, or may have some.
    Living,
    /// Its streams are over, and it only delivers what it holds.
    Ending,
    /// The host was told that it need not live on.
    Over,
}

/// What an exchange is observed by, from its begin to its end.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) observer: Observer,
    pub(crate) sampler: Sampler,
    /// What Envoy is asked for each span.
    pub(crate) envoy_attributes: Vec<EnvoyAttribute>,
    /// Whether nothing is observed.
    pub(crate) disabled: bool,
    pub(crate) propagate: bool,
    pub(crate) parent: Parent,
    pub(crate) conventions: Conventions,
    pub(crate) prices: Prices,
    pub(crate) console: Console,
    /// What Envoy is told of each call.
    pub(crate) filter_state: Vec<Brief>,
    /// Exchanges that are read at a time.
    most_live: usize,
}

impl Shared {
    /// Works on the state.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> Option<R> {
        self.state.try_borrow_mut().ok().map(|mut state| work(&mut state))
    }

    /// Takes an exchange that is over back out of those that are observed.
    pub(crate) fn let_go(&self, live: Rc<Entry<Live>>) -> Option<Live> {
        self.with(|state| state.live.remove(&live));
        Entry::into_inner(live)
    }

    /// Sends what can be sent at once. For a stream's callbacks, while the state is free.
    pub(crate) fn send(&self) {
        host::enter_root(self.id);
    }
}

impl Default for State {
    fn default() -> Self {
        let config = Config::default();
        let budget = budget(&config);
        Self {
            settings: Rc::new(Settings::new(&config, &budget)),
            exporter: Exporter::new(&config.otlp, false, resource::envelope(&config, 0)),
            metering: None,
            stats: Stats::default(),
            ids: ids::new(),
            budget,
            scratch: PairScratch::default(),
            live: Registry::default(),
            life: Life::default(),
            instance: None,
        }
    }
}

impl State {
    /// Adds an exchange to those that are observed. Beyond their bound one that is idle is read no further.
    pub(crate) fn admit(&mut self, live: Live) -> Rc<Entry<Live>> {
        let (live, idle) = self.live.admit(live, self.settings.most_live);
        if let Some(mut idle) = idle.as_ref().and_then(|idle| idle.look()) {
            idle.shed();
            self.stats.count(Stat::LiveExchangesShed);
        }
        live
    }

    /// What every end of a stream ends with. Whether something is to be sent at once, with [`Shared::send`].
    pub(crate) fn stream_ended(&mut self, now: UnixNanos) -> bool {
        if self.life == Life::Over {
            self.end_with_vm();
            return false;
        }
        let ready = self.exporter.is_ready(now);
        if !ready {
            self.set_tick(now);
        }
        ready
    }

    /// Makes sure that a tick comes in time for all that waits for one.
    fn set_tick(&mut self, now: UnixNanos) {
        let collection = self.metering.as_mut().and_then(|metering| metering.wake_in(now));
        self.exporter.set_tick(now, self.stats.wake_in().into_iter().chain(collection).min());
    }

    /// Tells Envoy what it does not know yet.
    fn flush(&mut self) {
        self.stats.hold(self.exporter.held());
        self.stats.flush();
    }

    /// What every callback of the root ends with, after its work.
    fn settle(&mut self, now: UnixNanos) {
        let over = self.life == Life::Ending && self.exporter.is_empty();
        if over {
            self.flush();
        }
        self.set_tick(now);
        if over && host::done().is_ok() {
            self.life = Life::Over;
        }
    }

    /// The listener is gone, the VM lives on. Whether nothing is left to do.
    fn end(&mut self) -> bool {
        self.collect_last();
        self.exporter.close();
        self.flush();
        self.set_tick(host::now());
        self.life = if self.exporter.is_empty() { Life::Over } else { Life::Ending };
        self.life == Life::Over
    }

    /// The VM is about to go. Nothing but counters is safe to touch then: Envoy itself may be ending.
    fn end_with_vm(&mut self) {
        // What cannot be sent any more is counted with the rest.
        self.collect_last();
        self.exporter.abandon(&mut self.stats);
        self.flush();
        self.life = Life::Over;
    }

    fn collect_last(&mut self) {
        if let Some(mut metering) = self.metering.take() {
            metering.collect_last(host::now(), &mut self.exporter, &mut self.stats);
        }
    }

    /// Takes a configuration over, or says why not and leaves everything as it was.
    fn configure(&mut self, text: &[u8]) -> bool {
        self.stats.define();
        if self.life == Life::Unborn && roots().len() <= 1 {
            self.stats.count(Stat::VmStarts);
        }
        self.stats.flush();
        match Config::parse_with(text, resource::variables()) {
            Ok((config, notes)) => {
                for note in notes {
                    host::log(Level::Warn, &note);
                }
                // What exchanges have claimed of the old budget they give back to it.
                self.budget = budget(&config);
                self.settings = Rc::new(Settings::new(&config, &self.budget));
                let instance = *self.instance.get_or_insert_with(|| self.ids.number());
                self.exporter.reconfigure(
                    &config.otlp,
                    config.falls_back_to_console(),
                    resource::envelope(&config, instance),
                    &mut self.stats,
                );
                let metered = self.exporter.takes(Signal::Metrics);
                self.metering = metered.then(|| Metering::new(&config.metrics, &self.budget, host::now()));
                self.life = Life::Living;
                announce(text, &config);
                true
            }
            Err(errors) => {
                for error in &errors {
                    host::log(Level::Error, &format!("configuration refused: {error}"));
                }
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
            observer: Observer::configured(config, budget),
            sampler: config.sampler(),
            envoy_attributes: config.trace.envoy_attributes.clone(),
            disabled: config.disabled,
            propagate: config.trace.propagate,
            parent: config.trace.parent,
            conventions: config.conventions(),
            prices: config.prices(),
            console: config.console,
            filter_state: config.filter_state.clone(),
            most_live: config.limits.max_live_exchanges as usize,
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body_size: usize, trailers: usize) {
        self.shared.with(|state| {
            let now = host::now();
            let answer = ExportAnswer { headers, trailers, body_size };
            let took = state.exporter.answered(token, answer, now, &mut state.stats, &mut state.ids);
            if let Some(took) = took {
                state.stats.took(took);
                if let Some(metering) = &mut state.metering {
                    metering.record_export(took, now);
                }
            }
            state.settle(now);
        });
    }

    /// No export may be sent from here: it would crash Envoy where Envoy ends.
    fn on_done(&mut self) -> bool {
        let life_of = |root: &Rc<Shared>| root.with(|state| state.life);
        let roots = roots();
        let others = roots.iter().filter(|root| !Rc::ptr_eq(root, &self.shared));
        if others.map(life_of).any(|life| life == Some(Life::Living)) {
            return self.shared.with(State::end).unwrap_or(true);
        }
        for root in roots {
            root.with(State::end_with_vm);
        }
        true
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        let text = match size {
            0 => Ok(Vec::new()),
            _ => host::buffer(Buffer::PluginConfiguration, 0, size),
        };
        match text {
            Ok(text) => {
                enlist(&self.shared);
                self.shared.with(|state| state.configure(&text)).unwrap_or(false)
            }
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
            if let Some(metering) = &mut state.metering {
                metering.tick(now, &mut state.exporter, &mut state.stats);
            }
            state.exporter.tick(now, &mut state.stats, &mut state.ids);
            state.flush();
            state.settle(now);
        });
    }

    /// By [`host::enter_root`]: a stream's end made a batch whole. There is no queue of the host's.
    fn on_queue_ready(&mut self, _: u32) {
        self.shared.with(|state| {
            let now = host::now();
            state.exporter.send(now, &mut state.stats, &mut state.ids);
            state.settle(now);
        });
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(Rc::clone(&self.shared))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// Says what a configuration makes the filter do: once in the life of Envoy's process, and not in each VM.
fn announce(text: &[u8], config: &Config) {
    // FNV-1a: nobody gains by two configurations that are one to it.
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325, mix);
    if host::is_first(&format!("inferspan.start.{hash:016x}")) {
        let line = format!("inferspan {}: {}", env!("CARGO_PKG_VERSION"), config.summary());
        host::log(Level::Info, &line);
    }
}

fn budget(config: &Config) -> Budget {
    Budget::new(config.limits.max_memory_bytes as usize)
}

thread_local! {
    /// The roots of this VM that were configured, until they are deleted.
    static ROOTS: RefCell<Vec<Weak<Shared>>> = const { RefCell::new(Vec::new()) };
}

fn roots() -> Vec<Rc<Shared>> {
    ROOTS.with_borrow(|roots| roots.iter().filter_map(Weak::upgrade).collect())
}

/// Adds a root to those of the VM, in the place of those that are no more.
fn enlist(root: &Rc<Shared>) {
    ROOTS.with_borrow_mut(|roots| {
        roots.retain(|other| other.upgrade().is_some_and(|other| !Rc::ptr_eq(&other, root)));
        roots.push(Rc::downgrade(root));
    });
}
