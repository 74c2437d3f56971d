//! The body of an export, compressed and read back.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::otlp::fuzz::fuzz_gzip_writer(data));
