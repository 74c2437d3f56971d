//! A byte that chooses a split, then a JSON array.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::frame::fuzz::fuzz_json_array(data));
