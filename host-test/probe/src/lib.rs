//! A filter that logs what it sees in every callback: which maps, buffers and properties are readable, and
//! with which status. Run in Envoy and in the wasmtime host it must log the same.
//!
//! It speaks the ABI itself: an SDK would panic on half of the statuses it is here to see. What it does beyond
//! looking is asked for by the request header `x-probe`, as comma-separated words:
//!
//! | word | what the probe does |
//! |---|---|
//! | `pause-request-body` | answers Pause until the request's body has ended |
//! | `pause-response-body` | answers Pause until the response's body has ended |
//! | `pause-request-headers` | answers Pause to the request's headers, and continues at the cluster's answer |
//! | `reply` | sends a response of its own from the request's headers |
//! | `reply-in-body` | sends a response of its own from the first piece of the request's body |
//! | `write` | writes a request header, a response header and filter state |
//! | `trailers` | asks for the size of the trailers in body callbacks, which makes some |
//! | `call` | calls the cluster `callee` from the request's headers |
//! | `call-in-log` | calls the cluster `callee` from on_log |
//! | `call-nobody` | calls a cluster that does not exist, and one without a needed header |
//!
//! The words are the configuration's, too, for streams that do not bring the header.

mod abi;
mod look;

use std::cell::RefCell;
use std::collections::HashMap;

use abi::{REQUEST_HEADERS, REQUEST_TRAILERS, RESPONSE_HEADERS, RESPONSE_TRAILERS};
use look::look;

const CONTINUE: u32 = 0;
const PAUSE: u32 = 1;

thread_local! {
    /// What each stream was asked to do.
    static WORDS: RefCell<HashMap<u32, String>> = RefCell::default();
    /// The stream that waits for the answer of a call.
    static WAITING: RefCell<Option<u32>> = const { RefCell::new(None) };
}

fn told(context: u32, word: &str) -> bool {
    WORDS
        .with_borrow(|words| words.get(&context).is_some_and(|words| words.split(',').any(|one| one == word)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    abi::allocate(size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_vm_start(_: u32, _: u32) -> u32 {
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(_: u32, _: u32) -> u32 {
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(context: u32, parent: u32) {
    if parent != 0 {
        look(context, "on_context_create", &[]);
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, headers: u32, end: u32) -> u32 {
    let (_, words) = abi::header(REQUEST_HEADERS, "x-probe");
    WORDS.with_borrow_mut(|all| all.insert(context, String::from_utf8_lossy(&words).into_owned()));
    look(context, "on_request_headers", &[headers, end]);
    if told(context, "write") {
        abi::log(&format!(
            "#{context} add header: {}",
            abi::add_header(REQUEST_HEADERS, "x-probed", "request")
        ));
        abi::log(&format!("#{context} set property: {}", abi::set_property("probe", b"seen")));
        let replaced = abi::replace_header(REQUEST_HEADERS, "user-agent", "probe");
        abi::log(&format!("#{context} replace header: {replaced}"));
        abi::log(&format!("#{context} remove header: {}", abi::remove_header(REQUEST_HEADERS, "x-unwanted")));
    }
    if told(context, "call-nobody") {
        abi::log(&format!("#{context} call nobody: {}", abi::call("nobody", true)));
        abi::log(&format!("#{context} call without authority: {}", abi::call("callee", false)));
    }
    if told(context, "call") || told(context, "pause-request-headers") {
        abi::log(&format!("#{context} call: {}", abi::call("callee", true)));
    }
    if told(context, "pause-request-headers") {
        WAITING.set(Some(context));
        return PAUSE;
    }
    if told(context, "reply") {
        abi::log(&format!("#{context} reply: {}", abi::reply(418, "teapot", "short and stout")));
        return PAUSE;
    }
    CONTINUE
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(context: u32, size: u32, end: u32) -> u32 {
    look(context, "on_request_body", &[size, end]);
    if told(context, "trailers") {
        abi::log(&format!("#{context} size of trailers: {:?}", abi::header_map_size(REQUEST_TRAILERS)));
    }
    if told(context, "reply-in-body") {
        abi::log(&format!("#{context} reply: {}", abi::reply(418, "teapot", "short and stout")));
        return PAUSE;
    }
    if told(context, "pause-request-body") && end == 0 { PAUSE } else { CONTINUE }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(context: u32, trailers: u32) -> u32 {
    look(context, "on_request_trailers", &[trailers]);
    CONTINUE
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(context: u32, headers: u32, end: u32) -> u32 {
    look(context, "on_response_headers", &[headers, end]);
    if told(context, "write") {
        abi::log(&format!(
            "#{context} add header: {}",
            abi::add_header(RESPONSE_HEADERS, "x-probed", "response")
        ));
    }
    CONTINUE
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(context: u32, size: u32, end: u32) -> u32 {
    look(context, "on_response_body", &[size, end]);
    if told(context, "trailers") {
        abi::log(&format!("#{context} size of trailers: {:?}", abi::header_map_size(RESPONSE_TRAILERS)));
    }
    if told(context, "pause-response-body") && end == 0 { PAUSE } else { CONTINUE }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(context: u32, trailers: u32) -> u32 {
    look(context, "on_response_trailers", &[trailers]);
    CONTINUE
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_http_call_response(root: u32, _token: u32, headers: u32, body: u32, trailers: u32) {
    look(root, "on_http_call_response", &[headers, body, trailers]);
    let (status, code) = abi::status();
    abi::log(&format!("#{root} status: {status} {code}"));
    if let Some(context) = WAITING.take() {
        abi::log(&format!("#{context} effective context: {}", abi::set_effective_context(context)));
        abi::log(&format!("#{context} continue: {}", abi::continue_request()));
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(context: u32) {
    look(context, "on_log", &[]);
    if told(context, "call-in-log") {
        abi::log(&format!("#{context} call: {}", abi::call("callee", true)));
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_done(context: u32) -> u32 {
    if WORDS.with_borrow(|words| words.contains_key(&context)) {
        look(context, "on_done", &[]);
    }
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(context: u32) {
    if WORDS.with_borrow_mut(|words| words.remove(&context)).is_some() {
        look(context, "on_delete", &[]);
        abi::log(&format!("#{context} deleted"));
    }
}
