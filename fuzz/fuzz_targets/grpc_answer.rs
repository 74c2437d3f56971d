//! Bytes that choose statuses, then the answer of a gRPC collector.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::otlp::fuzz::fuzz_grpc(data));
