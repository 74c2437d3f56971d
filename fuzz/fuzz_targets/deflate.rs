//! A byte that chooses a split, then deflate.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::decode::fuzz::fuzz_deflate(data));
