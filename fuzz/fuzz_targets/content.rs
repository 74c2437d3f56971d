//! A format, a split and a bound, then a request and its answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::content::fuzz::fuzz_content(data));
