//! What the VMs of one proxy share, and what the world sees of them: the clock, random bytes, logs, metrics,
//! shared data, queues, clusters and the calls made to them.
//!
//! Nothing here is global: every [`Proxy`](crate::sim::Proxy) owns one world.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use crate::sim::abi::{LogLevel, MetricType, Status};
use crate::sim::callout::{Callout, Cluster};

/// 2025-01-01T00:00:00Z, when every world begins.
pub(crate) const START: Duration = Duration::from_secs(1_735_689_600);

pub(crate) struct World {
    /// Virtual time since the Unix epoch.
    pub(crate) now: Duration,
    /// What reading the clock adds to it: a real clock goes on inside a callback.
    pub(crate) clock_step: Duration,
    pub(crate) random: Random,
    pub(crate) log_level: LogLevel,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) metrics: BTreeMap<(MetricType, String), Metric>,
    pub(crate) shared_data: HashMap<(String, Vec<u8>), (Vec<u8>, u32)>,
    last_cas: u32,
    pub(crate) queues: Vec<Queue>,
    /// The VM, root context and id of every queue with news, in order.
    pub(crate) ready_queues: VecDeque<(usize, u32, u32)>,
    pub(crate) clusters: HashMap<String, Cluster>,
    pub(crate) callouts: Vec<Callout>,
    /// Functions that fail, and how.
    pub(crate) failing: HashMap<String, Status>,
}

/// One line the filter logged, by `proxy_log` or by writing to stdout or stderr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The virtual time it was logged at.
    pub time: Duration,
    /// Which VM logged it: the number of its worker, or what else it is for.
    pub vm: String,
    /// Its level; stdout is info, stderr is error.
    pub level: LogLevel,
    /// The text; bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// The value of a metric, over all VMs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metric {
    /// The sum of a counter, the last value of a gauge, the number of values of a histogram.
    pub(crate) value: u64,
    /// Every value a histogram recorded, in order.
    pub(crate) recorded: Vec<u64>,
}

pub(crate) struct Queue {
    pub(crate) vm_id: String,
    pub(crate) name: Vec<u8>,
    /// The VM and root context that registered last: the only ones that are woken.
    pub(crate) consumer: (usize, u32),
    pub(crate) items: VecDeque<Vec<u8>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: START,
            clock_step: Duration::ZERO,
            random: Random::seeded(0),
            log_level: LogLevel::Info,
            logs: Vec::new(),
            metrics: BTreeMap::new(),
            shared_data: HashMap::new(),
            last_cas: 0,
            queues: Vec::new(),
            ready_queues: VecDeque::new(),
            clusters: HashMap::new(),
            callouts: Vec::new(),
            failing: HashMap::new(),
        }
    }

    /// What a clock answers; the clock goes on by the configured step.
    pub(crate) fn read_clock(&mut self) -> u64 {
        let now = self.now;
        self.now += self.clock_step;
        u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn log(&mut self, vm: &str, level: LogLevel, text: &[u8]) {
        if level >= self.log_level {
            let text = String::from_utf8_lossy(text).into_owned();
            self.logs.push(LogLine { time: self.now, vm: vm.to_owned(), level, text });
        }
    }

    pub(crate) fn get_shared_data(&self, vm_id: &str, key: &[u8]) -> Option<&(Vec<u8>, u32)> {
        self.shared_data.get(&(vm_id.to_owned(), key.to_vec()))
    }

    /// `cas` 0 sets whatever is there; another sets only what still has that number, or nothing yet.
    pub(crate) fn set_shared_data(&mut self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Status {
        let key = (vm_id.to_owned(), key.to_vec());
        if let Some((_, current)) = self.shared_data.get(&key)
            && cas != 0
            && cas != *current
        {
            return Status::CasMismatch;
        }
        self.last_cas = self.last_cas.wrapping_add(1).max(1);
        self.shared_data.insert(key, (value.to_vec(), self.last_cas));
        Status::Ok
    }

    /// The queue's id; registering a known one again moves it to the new consumer.
    pub(crate) fn register_queue(&mut self, vm_id: &str, name: &[u8], consumer: (usize, u32)) -> u32 {
        let known = self.queues.iter().position(|queue| queue.vm_id == vm_id && queue.name == name);
        let index = known.unwrap_or_else(|| {
            let queue =
                Queue { vm_id: vm_id.to_owned(), name: name.to_vec(), consumer, items: VecDeque::new() };
            self.queues.push(queue);
            self.queues.len() - 1
        });
        if let Some(queue) = self.queues.get_mut(index) {
            queue.consumer = consumer;
        }
        queue_id(index)
    }

    pub(crate) fn resolve_queue(&self, vm_id: &str, name: &[u8]) -> Option<u32> {
        self.queues.iter().position(|queue| queue.vm_id == vm_id && queue.name == name).map(queue_id)
    }

    pub(crate) fn queue(&mut self, id: u32) -> Option<&mut Queue> {
        let index = usize::try_from(id).ok()?.checked_sub(1)?;
        self.queues.get_mut(index)
    }
}

fn queue_id(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// Fills a buffer with random bytes.
pub(crate) type RandomSource = Box<dyn FnMut(&mut [u8])>;

/// The random bytes a filter is given: what the test says, then a sequence that depends on the seed alone.
pub(crate) struct Random {
    pub(crate) scripted: VecDeque<u8>,
    /// Gives them all, where there is one.
    pub(crate) source: Option<RandomSource>,
    state: u64,
}

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { scripted: VecDeque::new(), source: None, state: seed }
    }

    pub(crate) fn reseed(&mut self, seed: u64) {
        self.state = seed;
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        if let Some(source) = &mut self.source {
            return source(bytes);
        }
        for byte in bytes {
            *byte = self.scripted.pop_front().unwrap_or_else(|| self.next().to_le_bytes()[7]);
        }
    }

    /// SplitMix64.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}
