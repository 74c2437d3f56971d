//! One exchange through the native core, from its request's headers to what is told of it, encoded: what `counts`
//! runs under valgrind, and whose allocations it counts.
//!
//! `exchange` lists the exchanges; `exchange NUMBER` runs one and prints `allocations bytes peak`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use inferspan_benches::exchanges::{self, CHUNK, Exchange, Told};
use inferspan_core::budget::Budget;
use inferspan_core::call::End;
use inferspan_core::exchange::Observer;
use inferspan_core::headers::Headers;
use inferspan_core::metrics::{self, Aggregator};
use inferspan_core::otlp::{log, span};
use inferspan_core::signal::log::LogKind;
use inferspan_core::signal::{Conventions, Span};
use inferspan_core::time::UnixNanos;
use inferspan_core::trace_context::{Position, SpanId, TraceId};

fn main() {
    let exchanges = exchanges::all();
    let Some(number) = std::env::args().nth(1).and_then(|number| number.parse::<usize>().ok()) else {
        for exchange in &exchanges {
            println!("{}", exchange.name);
        }
        return;
    };
    let Some(exchange) = exchanges.get(number) else { return };
    let mut filter = Filter::new(exchange.told);
    let (request, response) = (bytes(&exchange.request_headers), bytes(&exchange.response_headers));
    let headers = (Headers::new(&request), Headers::new(&response));
    let mut out = Vec::with_capacity(4096);
    // Tables are compiled when they are first needed, and that is not counted.
    for _ in 0..2 {
        out.clear();
        pass(&mut filter, exchange, headers, &mut out);
    }
    out.clear();
    HELD.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    let before = (ALLOCATIONS.load(Relaxed), ALLOCATED.load(Relaxed));
    counted_exchange(&mut filter, exchange, headers, &mut out);
    let after = (ALLOCATIONS.load(Relaxed), ALLOCATED.load(Relaxed));
    println!("{} {} {}", after.0 - before.0, after.1 - before.1, PEAK.load(Relaxed));
    let tells = exchange.name != "no call" && exchange.told != Told::Nothing;
    assert_eq!(out.is_empty(), !tells, "a span for each call that is told of, and none for what is no call");
}

/// What a configuration makes, once.
struct Filter {
    observer: Observer,
    conventions: Conventions,
    spans: bool,
    metrics: Option<Aggregator>,
}

impl Filter {
    fn new(told: Told) -> Self {
        let logs = if told == Told::Logs { vec![LogKind::InferenceDetails] } else { Vec::new() };
        let aggregator =
            || Aggregator::new(metrics::Settings::default(), &Budget::new(64 << 20), UnixNanos(1));
        Self {
            observer: Observer::default(),
            conventions: Conventions::default().with_logs(logs),
            spans: told != Told::Nothing,
            metrics: (told == Told::Metrics).then(aggregator),
        }
    }
}

/// The function that valgrind counts in, by its name.
#[inline(never)]
fn counted_exchange(
    filter: &mut Filter,
    exchange: &Exchange,
    headers: (Headers<'_>, Headers<'_>),
    out: &mut Vec<u8>,
) {
    pass(filter, exchange, headers, out);
}

fn pass(
    filter: &mut Filter,
    exchange: &Exchange,
    (request, response): (Headers<'_>, Headers<'_>),
    out: &mut Vec<u8>,
) {
    let Some(mut observed) = filter.observer.begin(&request, UnixNanos(1)) else { return };
    for chunk in exchange.request.chunks(CHUNK) {
        observed.request_body(chunk, UnixNanos(2));
    }
    observed.request_end(UnixNanos(3));
    observed.response_headers(&response, UnixNanos(4));
    let mut start = 0;
    for end in &exchange.chunk_ends {
        observed.response_body(exchange.response.get(start..*end).unwrap_or_default(), UnixNanos(5));
        start = *end;
    }
    let Ok(call) = observed.conclude(End::Complete, UnixNanos(6)) else { return };
    let position = Position::root(TraceId::from(1_u128), SpanId::from(1_u64), true);
    let context = &position.context;
    if let Some(metrics) = &mut filter.metrics {
        metrics.begin(UnixNanos(6), Some((context.trace_id(), context.span_id())));
        filter.conventions.points(&call, metrics);
    }
    filter.conventions.logs(&call, &mut |event| {
        let _ = log::encode(event, context, UnixNanos(6), out);
    });
    if filter.spans {
        let _ = span::encode(&Span::new(&call, &position, &filter.conventions), out);
    }
}

fn bytes<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(&'a [u8], &'a [u8])> {
    headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
}

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static HELD: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to `System` as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.store(HELD.load(Relaxed).saturating_sub(layout.size() as u64), Relaxed);
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        HELD.store(HELD.load(Relaxed).saturating_sub(layout.size() as u64), Relaxed);
        took(new_size);
        // SAFETY: the caller keeps `realloc`'s contract.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

fn took(size: usize) {
    ALLOCATIONS.fetch_add(1, Relaxed);
    ALLOCATED.fetch_add(size as u64, Relaxed);
    let held = HELD.load(Relaxed).saturating_add(size as u64);
    HELD.store(held, Relaxed);
    PEAK.store(PEAK.load(Relaxed).max(held), Relaxed);
}
