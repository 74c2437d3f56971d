//! A byte that chooses a split, then a form with the boundary `AaB`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::frame::fuzz::fuzz_multipart(data));
