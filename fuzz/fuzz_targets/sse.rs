//! A byte that chooses a split, then server-sent events.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::frame::fuzz::fuzz_sse(data));
