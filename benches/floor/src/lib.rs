//! What the interface costs: a filter that asks the host for all that any filter of LLM traffic must ask for (both header
//! maps, every byte of both bodies, the time), looks at each byte once, and exports 900 bytes for each exchange, in
//! batches. It understands nothing. With the feature `empty` it does nothing at all.
#![allow(missing_docs, reason = "the only public item is the entry point that the SDK's macro makes")]

use proxy_wasm::traits::{Context, HttpContext, RootContext};
#[cfg(not(feature = "empty"))]
use proxy_wasm::types::Action;
use proxy_wasm::types::ContextType;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root));
}}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Exchange::default()))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One exchange; `sum` is of its bytes, so that nothing that is asked for is for nothing.
#[derive(Default)]
#[cfg_attr(feature = "empty", expect(dead_code, reason = "nothing is summed up"))]
struct Exchange {
    sum: u8,
}

impl Context for Exchange {}

#[cfg(feature = "empty")]
impl HttpContext for Exchange {}

#[cfg(not(feature = "empty"))]
impl HttpContext for Exchange {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.add(&[host::headers(host::REQUEST), host::time()]);
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, _: bool) -> Action {
        self.add(&[host::body(host::REQUEST, size)]);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.add(&[host::headers(host::RESPONSE), host::time()]);
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, _: bool) -> Action {
        self.add(&[host::body(host::RESPONSE_BODY, size), host::time()]);
        Action::Continue
    }

    fn on_log(&mut self) {
        self.add(&[host::time()]);
        batch::push(self.sum);
    }
}

#[cfg(not(feature = "empty"))]
impl Exchange {
    fn add(&mut self, blocks: &[Vec<u8>]) {
        let bytes = blocks.iter().flatten();
        self.sum = bytes.fold(self.sum, |sum, byte| sum.wrapping_add(*byte));
    }
}

#[cfg(not(feature = "empty"))]
mod batch {
    //! Records that wait, of 900 bytes each.

    use std::cell::RefCell;
    use std::time::Duration;

    const RECORD: usize = 900;
    const RECORDS: usize = 64;

    thread_local! {
        static BATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    /// Adds a record, and sends the batch that it makes whole.
    pub(super) fn push(byte: u8) {
        BATCH.with_borrow_mut(|batch| {
            batch.extend_from_slice(&[byte; RECORD]);
            if batch.len() >= RECORD * RECORDS {
                let headers = vec![
                    (":method", "POST"),
                    (":path", "/v1/traces"),
                    (":authority", "collector"),
                    ("content-type", "application/x-protobuf"),
                ];
                let _ = proxy_wasm::hostcalls::dispatch_http_call(
                    "otel_collector",
                    headers,
                    Some(batch),
                    Vec::new(),
                    Duration::from_secs(5),
                );
                batch.clear();
            }
        });
    }
}

#[cfg(not(feature = "empty"))]
mod host {
    //! The host calls, without the SDK's copies of every header.

    pub(super) const REQUEST: u32 = 0;
    pub(super) const RESPONSE_BODY: u32 = 1;
    pub(super) const RESPONSE: u32 = 2;

    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
        fn proxy_get_buffer_bytes(
            buffer: u32,
            start: usize,
            most: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    }

    pub(super) fn headers(map: u32) -> Vec<u8> {
        // SAFETY: the host writes a pointer and a length through pointers that are valid for the length of the call.
        taken(|data, size| unsafe { proxy_get_header_map_pairs(map, data, size) })
    }

    pub(super) fn body(buffer: u32, length: usize) -> Vec<u8> {
        // SAFETY: as above.
        taken(|data, size| unsafe { proxy_get_buffer_bytes(buffer, 0, length, data, size) })
    }

    pub(super) fn time() -> Vec<u8> {
        let mut time = 0;
        // SAFETY: the host writes one number through a pointer that is valid for the length of the call.
        unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
        vec![time as u8]
    }

    fn taken(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Vec<u8> {
        let (mut data, mut size) = (std::ptr::null_mut(), 0);
        if call(&raw mut data, &raw mut size) != 0 || data.is_null() {
            return Vec::new();
        }
        // SAFETY: the SDK made the block with the global allocator, as so many bytes, and the host gave it up.
        unsafe { Vec::from_raw_parts(data, size, size) }
    }
}
