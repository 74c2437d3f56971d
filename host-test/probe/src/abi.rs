//! The imports, each with its raw status.

use std::ptr::null_mut;

pub(crate) const REQUEST_HEADERS: u32 = 0;
pub(crate) const REQUEST_TRAILERS: u32 = 1;
pub(crate) const RESPONSE_HEADERS: u32 = 2;
pub(crate) const RESPONSE_TRAILERS: u32 = 3;

const INFO: u32 = 2;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_header_map_size(map: u32, size: *mut usize) -> u32;
    fn proxy_get_header_map_value(
        map: u32,
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_add_header_map_value(
        map: u32,
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, key: *const u8, key_size: usize) -> u32;
    fn proxy_get_buffer_bytes(buffer: u32, start: u32, max: u32, data: *mut *mut u8, size: *mut usize)
    -> u32;
    fn proxy_get_buffer_status(buffer: u32, size: *mut usize, flags: *mut u32) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
    fn proxy_send_local_response(
        code: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_http_call(
        cluster: *const u8,
        cluster_size: usize,
        headers: *const u8,
        headers_size: usize,
        body: *const u8,
        body_size: usize,
        trailers: *const u8,
        trailers_size: usize,
        timeout: u32,
        token: *mut u32,
    ) -> u32;
    fn proxy_get_status(code: *mut u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;
}

/// Bytes that the host fills and hands back by pointer: `take` owns them again.
pub(crate) fn allocate(size: usize) -> *mut u8 {
    let mut bytes = Vec::<u8>::with_capacity(size);
    let pointer = bytes.as_mut_ptr();
    std::mem::forget(bytes);
    pointer
}

pub(crate) fn log(message: &str) {
    // SAFETY: pointer and length are those of a live string.
    unsafe { proxy_log(INFO, message.as_ptr(), message.len()) };
}

pub(crate) fn header_names(map: u32) -> (u32, Vec<String>) {
    let (status, bytes) = answer(|data, size| {
        // SAFETY: the host writes to the two out-pointers.
        unsafe { proxy_get_header_map_pairs(map, data, size) }
    });
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let count = number(0).unwrap_or_default();
    let mut at = 4 + 8 * count;
    let mut names = Vec::new();
    for pair in 0..count {
        let (key, value) =
            (number(4 + 8 * pair).unwrap_or_default(), number(8 + 8 * pair).unwrap_or_default());
        names.push(String::from_utf8_lossy(bytes.get(at..at + key).unwrap_or_default()).into_owned());
        at += key + value + 2;
    }
    (status, names)
}

pub(crate) fn header_map_size(map: u32) -> (u32, usize) {
    let mut size = 0;
    // SAFETY: the host writes to the out-pointer.
    let status = unsafe { proxy_get_header_map_size(map, &mut size) };
    (status, size)
}

pub(crate) fn header(map: u32, key: &str) -> (u32, Vec<u8>) {
    answer(|data, size| {
        // SAFETY: the host reads a live string and writes to the two out-pointers.
        unsafe { proxy_get_header_map_value(map, key.as_ptr(), key.len(), data, size) }
    })
}

pub(crate) fn add_header(map: u32, key: &str, value: &str) -> u32 {
    // SAFETY: the host reads live strings.
    unsafe { proxy_add_header_map_value(map, key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

pub(crate) fn replace_header(map: u32, key: &str, value: &str) -> u32 {
    // SAFETY: the host reads live strings.
    unsafe { proxy_replace_header_map_value(map, key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

pub(crate) fn remove_header(map: u32, key: &str) -> u32 {
    // SAFETY: the host reads a live string.
    unsafe { proxy_remove_header_map_value(map, key.as_ptr(), key.len()) }
}

pub(crate) fn buffer(buffer: u32, start: u32, max: u32) -> (u32, Vec<u8>) {
    answer(|data, size| {
        // SAFETY: the host writes to the two out-pointers.
        unsafe { proxy_get_buffer_bytes(buffer, start, max, data, size) }
    })
}

pub(crate) fn buffer_status(buffer: u32) -> (u32, usize) {
    let (mut size, mut flags) = (0, 0);
    // SAFETY: the host writes to the two out-pointers.
    let status = unsafe { proxy_get_buffer_status(buffer, &mut size, &mut flags) };
    (status, size)
}

/// `path` has its segments joined by dots; a dot inside a segment is written `\.`.
pub(crate) fn property(path: &str) -> (u32, Vec<u8>) {
    let path = path.replace("\\.", "\u{1}").replace('.', "\0").replace('\u{1}', ".");
    answer(|data, size| {
        // SAFETY: the host reads a live string and writes to the two out-pointers.
        unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) }
    })
}

pub(crate) fn set_property(path: &str, value: &[u8]) -> u32 {
    // SAFETY: the host reads live bytes.
    unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) }
}

pub(crate) fn reply(code: u32, details: &str, body: &str) -> u32 {
    // SAFETY: the host reads live strings; there are no additional headers.
    unsafe {
        proxy_send_local_response(
            code,
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            null_mut(),
            0,
            -1,
        )
    }
}

/// Calls a cluster; without an authority it must be refused.
pub(crate) fn call(cluster: &str, authority: bool) -> u32 {
    let mut headers = vec![(":method", "GET"), (":path", "/called")];
    if authority {
        headers.push((":authority", "callee"));
    }
    let mut pairs = Vec::new();
    let mut number = |number: usize| pairs.extend(u32::try_from(number).unwrap_or_default().to_le_bytes());
    number(headers.len());
    for (key, value) in &headers {
        number(key.len());
        number(value.len());
    }
    for (key, value) in &headers {
        pairs.extend(key.bytes().chain([0]).chain(value.bytes()).chain([0]));
    }
    let mut token = 0;
    // SAFETY: the host reads live bytes and writes to the out-pointer.
    unsafe {
        proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            pairs.as_ptr(),
            pairs.len(),
            null_mut(),
            0,
            null_mut(),
            0,
            5000,
            &mut token,
        )
    }
}

pub(crate) fn status() -> (u32, u32) {
    let mut code = 0;
    let (status, _) = answer(|data, size| {
        // SAFETY: the host writes to the three out-pointers.
        unsafe { proxy_get_status(&mut code, data, size) }
    });
    (status, code)
}

pub(crate) fn set_effective_context(context: u32) -> u32 {
    // SAFETY: no pointers.
    unsafe { proxy_set_effective_context(context) }
}

pub(crate) fn continue_request() -> u32 {
    // SAFETY: no pointers.
    unsafe { proxy_continue_stream(0) }
}

/// What the host answered, and the bytes that are ours now.
fn answer(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> (u32, Vec<u8>) {
    let (mut data, mut size) = (null_mut(), 0);
    let status = call(&mut data, &mut size);
    if data.is_null() || size == 0 {
        return (status, Vec::new());
    }
    // SAFETY: the host allocated `size` bytes by `allocate` and filled them.
    (status, unsafe { Vec::from_raw_parts(data, size, size) })
}
