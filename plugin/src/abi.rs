//! What the host calls: the callbacks of proxy-wasm's ABI 0.2.1 that the filter takes part in.
//!
//! Each finds the context that it is for, and is nothing where there is none: no id that the host may come up with
//! traps. Callbacks that are not here the host does not make. It makes none within another but for memory.
use core::cell::RefCell;

use crate::contexts::Contexts;
use crate::exchange::Stream;
use crate::root::Root;
use crate::vm::global;

/// A context of either kind.
#[derive(Debug)]
enum Context {
    Root(Root),
    Stream(Stream),
}

global! {
    static CONTEXTS: RefCell<Contexts<Context>> = RefCell::new(Contexts::new());
}

/// What every callback on traffic answers: nothing is ever held.
const CONTINUE: u32 = 0;

fn with_root<R>(id: u32, work: impl FnOnce(&mut Root) -> R) -> Option<R> {
    CONTEXTS.with(|contexts| match contexts.try_borrow_mut().ok()?.get_mut(id)? {
        Context::Root(root) => Some(work(root)),
        Context::Stream(_) => None,
    })
}

fn with_stream(id: u32, work: impl FnOnce(&mut Stream)) -> u32 {
    CONTEXTS.with(|contexts| {
        if let Ok(mut contexts) = contexts.try_borrow_mut()
            && let Some(Context::Stream(stream)) = contexts.get_mut(id)
        {
            work(stream);
        }
    });
    CONTINUE
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    let mut block = core::mem::ManuallyDrop::new(Vec::<u8>::with_capacity(size));
    block.as_mut_ptr()
}

/// A root where it has no parent, else a stream of that root.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(id: u32, parent: u32) {
    let context = match parent {
        0 => Some(Context::Root(Root::new())),
        _ => with_root(parent, |root| Context::Stream(root.stream())),
    };
    if let Some(context) = context {
        CONTEXTS.with(|contexts| contexts.try_borrow_mut().map(|mut all| all.insert(id, context)).ok());
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_vm_start(_: u32, _: usize) -> u32 {
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(root: u32, size: usize) -> u32 {
    u32::from(with_root(root, |root| root.configure(size)).unwrap_or(false))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(root: u32) {
    with_root(root, Root::tick);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_http_call_response(
    root: u32,
    token: u32,
    headers: usize,
    body_size: usize,
    trailers: usize,
) {
    with_root(root, |root| root.answered(token, headers, body_size, trailers));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(stream: u32, _: usize, end_of_stream: u32) -> u32 {
    with_stream(stream, |stream| stream.request_headers(end_of_stream != 0))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(stream: u32, size: usize, end_of_stream: u32) -> u32 {
    with_stream(stream, |stream| stream.request_body(size, end_of_stream != 0))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(stream: u32, _: usize) -> u32 {
    with_stream(stream, Stream::request_trailers)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(stream: u32, _: usize, end_of_stream: u32) -> u32 {
    with_stream(stream, |stream| stream.response_headers(end_of_stream != 0))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(stream: u32, size: usize, end_of_stream: u32) -> u32 {
    with_stream(stream, |stream| stream.response_body(size, end_of_stream != 0))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(stream: u32, _: usize) -> u32 {
    with_stream(stream, Stream::response_trailers)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(stream: u32) {
    with_stream(stream, |stream| stream.finish(true));
}

/// Whether the context may be deleted now.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_done(id: u32) -> u32 {
    match with_root(id, |root| root.done()) {
        Some(over) => u32::from(over),
        None => {
            with_stream(id, |stream| stream.finish(false));
            1
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(id: u32) {
    // What it lets go of is dropped when all contexts are free again.
    drop(CONTEXTS.with(|contexts| contexts.try_borrow_mut().ok()?.remove(id)));
}
