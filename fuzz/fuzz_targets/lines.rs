//! A byte that chooses a split, then NDJSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::frame::fuzz::fuzz_lines(data));
