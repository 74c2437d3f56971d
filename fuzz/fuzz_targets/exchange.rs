//! An exchange as `core/tests/fixtures` writes them, which are the seeds:
//! `cargo +nightly fuzz run exchange fuzz/corpus/exchange core/tests/fixtures/*`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inferspan_core::exchange::fuzz::fuzz_exchange(data));
