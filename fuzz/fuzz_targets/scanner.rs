//! Two bytes that choose a bound and a split, then a JSON document.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::json::fuzz::fuzz_scanner(data));
