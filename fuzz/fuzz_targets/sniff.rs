//! A byte that chooses a split, then the beginning of a body.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::frame::fuzz::fuzz_sniff(data));
