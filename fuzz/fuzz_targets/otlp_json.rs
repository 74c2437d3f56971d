//! Bytes in the place of an export request, as JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::otlp::fuzz::fuzz_otlp_json(data));
