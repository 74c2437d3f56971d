//! Calls and collections of metrics, three bytes each.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::metrics::fuzz::fuzz_aggregator(data));
