//! The only way to the host: every host call the filter makes, each status a value.
//!
//! The SDK's own getters panic on statuses they do not list and on headers that are not UTF-8, so the imports
//! are declared here. All `unsafe` of the filter is in this file. The one thing left to the SDK is the HTTP
//! call, whose answers its dispatcher routes by what it noted of the call.
//!
//! Every call that fails is counted here ([`take_failures`]), whatever its caller makes of it. That something is
//! not there (`NotFound`) is no failure, and an export that cannot be sent has counters of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use inferspan_core::headers::Headers;
use inferspan_core::time::UnixNanos;

use crate::pairs::{self, Pair};

/// What the host says of a call. Any number is one: what the ABI does not name yet must not be undefined
/// behaviour, as it would be for an `enum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Status(u32);

impl Status {
    pub(crate) const OK: Self = Self(0);
    const NOT_FOUND: Self = Self(1);
    pub(crate) const BAD_ARGUMENT: Self = Self(2);
    const CAS_MISMATCH: Self = Self(8);

    /// The name in the ABI.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            0 => "Ok",
            1 => "NotFound",
            2 => "BadArgument",
            3 => "SerializationFailure",
            4 => "ParseFailure",
            5 => "BadExpression",
            6 => "InvalidMemoryAccess",
            7 => "Empty",
            8 => "CasMismatch",
            9 => "ResultMismatch",
            10 => "InternalFailure",
            11 => "BrokenConnection",
            12 => "Unimplemented",
            _ => "a status unknown to the ABI",
        }
    }

    fn ok(self) -> Result<(), Self> {
        match self {
            Self::OK => Ok(()),
            Self::NOT_FOUND => Err(self),
            _ => Err(self.counted()),
        }
    }

    #[cold]
    fn counted(self) -> Self {
        count_failure();
        self
    }
}

/// Whether calls have failed since they were last taken.
pub(crate) fn has_failures() -> bool {
    FAILURES.load(Ordering::Relaxed) > 0
}

/// How many calls have failed since this was last asked.
pub(crate) fn take_failures() -> u64 {
    FAILURES.swap(0, Ordering::Relaxed)
}

fn count_failure() {
    FAILURES.fetch_add(1, Ordering::Relaxed);
}

/// Calls that failed, in all of this VM.
static FAILURES: AtomicU64 = AtomicU64::new(0);

/// A map of headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Map {
    Request = 0,
    Response = 2,
    CallResponse = 6,
    CallResponseTrailers = 7,
}

/// A buffer of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Buffer {
    RequestBody = 0,
    ResponseBody = 1,
    CallResponseBody = 4,
    PluginConfiguration = 7,
}

/// A level of the host's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Level {
    Debug = 1,
    Info = 2,
    Warn = 3,
    Error = 4,
}

/// What a metric of the host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum MetricKind {
    Counter = 0,
    Gauge = 1,
    Histogram = 2,
}

/// Id of a metric of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Metric(u32);

/// Room for the pairs of a map, kept from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct PairScratch(Vec<Pair<'static>>);

/// Now, by the host's wall clock. The epoch where it has none.
pub(crate) fn now() -> UnixNanos {
    let mut nanos = 0;
    // SAFETY: the host writes one u64 through the pointer, which is valid for the length of the call.
    let _ = unsafe { proxy_get_current_time_nanoseconds(&raw mut nanos) }.ok();
    UnixNanos(nanos)
}

/// Shows the headers of a map. A map that cannot be had is empty.
pub(crate) fn headers<R>(map: Map, scratch: &mut PairScratch, see: impl FnOnce(&Headers<'_>) -> R) -> R {
    // SAFETY: the host writes a pointer and a length through pointers that are valid for the length of the call.
    let block = taken(|data, size| unsafe { proxy_get_header_map_pairs(map as u32, data, size) });
    let block = block.unwrap_or_default();
    let mut pairs = emptied(std::mem::take(&mut scratch.0));
    pairs::parse(&block, &mut pairs);
    let result = see(&Headers::new(&pairs));
    scratch.0 = emptied(pairs);
    result
}

/// The first value of a header. `NotFound` where there is none, `BadArgument` where the map cannot be had now.
pub(crate) fn header(map: Map, name: &str) -> Result<Vec<u8>, Status> {
    // SAFETY: as above; the name is valid for the length of the call.
    taken(|data, size| unsafe {
        proxy_get_header_map_value(map as u32, name.as_ptr(), name.len(), data, size)
    })
}

/// Sets a request header, in place of all of that name. Only trace context is ever written into traffic.
pub(crate) fn set_request_header(name: &str, value: &[u8]) -> Result<(), Status> {
    let map = Map::Request as u32;
    // SAFETY: name and value are valid for the length of the call.
    unsafe { proxy_replace_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len()) }
        .ok()
}

/// Sets a property of the stream that the current callback belongs to: Envoy keeps it as filter state `wasm.NAME`.
/// Without a stream, `NotFound`.
pub(crate) fn set_property(name: &str, value: &[u8]) -> Result<(), Status> {
    // SAFETY: name and value are valid for the length of the call.
    unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) }.ok()
}

/// Removes all request headers of that name.
pub(crate) fn remove_request_header(name: &str) -> Result<(), Status> {
    // SAFETY: the name is valid for the length of the call.
    unsafe { proxy_remove_header_map_value(Map::Request as u32, name.as_ptr(), name.len()) }.ok()
}

/// Up to `length` bytes of a buffer, from `start`. Fewer where it has no more.
pub(crate) fn buffer(buffer: Buffer, start: usize, length: usize) -> Result<Vec<u8>, Status> {
    // SAFETY: the host writes a pointer and a length through pointers that are valid for the length of the call.
    let taken =
        taken(|data, size| unsafe { proxy_get_buffer_bytes(buffer as u32, start, length, data, size) });
    // It is asked for only what the host has announced.
    taken.inspect_err(|status| {
        if *status == Status::NOT_FOUND {
            count_failure();
        }
    })
}

/// A property of the host. `path` has its segments joined by NUL.
pub(crate) fn property(path: &str) -> Result<Vec<u8>, Status> {
    // SAFETY: as above; the path is valid for the length of the call.
    taken(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

/// From now on `on_tick` comes every `millis`; never where that is 0.
pub(crate) fn set_tick_period(millis: u32) -> Result<(), Status> {
    // SAFETY: numbers only.
    unsafe { proxy_set_tick_period_milliseconds(millis) }.ok()
}

/// Fills the bytes with random ones.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(bytes).inspect_err(|_| count_failure())
}

/// Tells the host that this root, whose `on_done` asked for time, needs no more of it.
pub(crate) fn done() -> Result<(), Status> {
    // SAFETY: no arguments.
    unsafe { proxy_done() }.ok()
}

/// Calls the root's `on_queue_ready`, from within a callback of one of its streams.
///
/// The host hands the answer to an HTTP call to the root, but the SDK routes it to the context whose callback it
/// was in when the call was made, and drops it if that context is gone, as a stream is by then. So a stream that
/// has something to send enters the root by the SDK's own door, and the SDK notes the root. Of its contexts it
/// has borrowed only the streams meanwhile.
pub(crate) fn enter_root(root: u32) {
    // SAFETY: numbers only; the SDK defines it as a safe function of this signature.
    unsafe { proxy_on_queue_ready(root, 0) }
}

/// Whether nobody has said this before: none of the VMs that share a `vm_id`, in the life of the host's process.
pub(crate) fn is_first(key: &str) -> bool {
    // Sets what is not there yet; what is there has another number than the greatest.
    // SAFETY: the key is valid for the length of the call, and so is the value, of no bytes.
    let set = unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), key.as_ptr(), 0, u32::MAX) };
    set != Status::CAS_MISMATCH && set.ok().is_ok()
}

/// Defines a metric.
pub(crate) fn define(kind: MetricKind, name: &str) -> Result<Metric, Status> {
    let mut id = 0;
    // SAFETY: the name is valid for the length of the call, and so is the u32 that the host writes.
    unsafe { proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut id) }.ok()?;
    Ok(Metric(id))
}

/// Moves a gauge, which belongs to all VMs together.
pub(crate) fn adjust(gauge: Metric, by: i64) -> Result<(), Status> {
    // SAFETY: numbers only.
    unsafe { proxy_increment_metric(gauge.0, by) }.ok()
}

/// Adds a value to a histogram.
pub(crate) fn record(histogram: Metric, value: u64) -> Result<(), Status> {
    // SAFETY: numbers only.
    unsafe { proxy_record_metric(histogram.0, value) }.ok()
}

/// Adds to a counter. Nothing is no addition: the host would refuse it.
pub(crate) fn increment(metric: Metric, by: u64) -> Result<(), Status> {
    match i64::try_from(by).unwrap_or(i64::MAX) {
        0 => Ok(()),
        // SAFETY: numbers only.
        by => unsafe { proxy_increment_metric(metric.0, by) }.ok(),
    }
}

/// Writes a line into the host's log, which may not be there.
pub(crate) fn log(level: Level, line: &str) {
    // SAFETY: the line is valid for the length of the call.
    let _ = unsafe { proxy_log(level as u32, line.as_ptr(), line.len()) };
}

/// Sends a request to a cluster; its answer comes to the context whose callback this is called from, if that
/// still exists. So it is called from the root's callbacks alone ([`enter_root`]), and never from the root's
/// `on_done`, which crashes Envoy.
///
/// The SDK panics on statuses other than Ok, BadArgument and InternalFailure. Envoy has no others here: what
/// else the ABI's glue can answer is about pointers, and these are valid.
pub(crate) fn http_call(
    cluster: &str,
    headers: Vec<(&str, &str)>,
    body: &[u8],
    timeout: Duration,
) -> Result<u32, Status> {
    proxy_wasm::hostcalls::dispatch_http_call(cluster, headers, Some(body), Vec::new(), timeout)
        .map_err(|status| Status(status as u32))
}

/// The bytes that a host call left in this VM's memory.
fn taken(call: impl FnOnce(*mut *mut u8, *mut usize) -> Status) -> Result<Vec<u8>, Status> {
    let (mut data, mut size) = (std::ptr::null_mut(), 0_usize);
    call(&raw mut data, &raw mut size).ok()?;
    if data.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the host got the block from `proxy_on_memory_allocate`, which makes it with the global allocator
    // as `size` bytes of alignment 1, filled them, and gave it up to us.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// The vector's room without its content, for another lifetime. Collecting in place keeps the allocation.
fn emptied<'b>(mut pairs: Vec<Pair<'_>>) -> Vec<Pair<'b>> {
    pairs.clear();
    pairs.into_iter().map(|_| -> Pair<'b> { (&[], &[]) }).collect()
}

// Of the SDK, in this same module.
unsafe extern "C" {
    fn proxy_on_queue_ready(root: u32, queue: u32);
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_done() -> Status;
    fn proxy_get_current_time_nanoseconds(nanos: *mut u64) -> Status;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> Status;
    fn proxy_get_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> Status;
    fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> Status;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> Status;
    fn proxy_get_buffer_bytes(
        buffer: u32,
        start: usize,
        length: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> Status;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> Status;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> Status;
    fn proxy_set_tick_period_milliseconds(millis: u32) -> Status;
    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, id: *mut u32) -> Status;
    fn proxy_increment_metric(id: u32, by: i64) -> Status;
    fn proxy_record_metric(id: u32, value: u64) -> Status;
    fn proxy_set_shared_data(
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
        cas: u32,
    ) -> Status;
    fn proxy_log(level: u32, line: *const u8, line_size: usize) -> Status;
}
