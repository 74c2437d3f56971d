//! A byte that chooses a split, then an AWS event stream.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::frame::fuzz::fuzz_event_stream(data));
