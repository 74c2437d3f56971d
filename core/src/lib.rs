//! What an LLM API exchange says: bytes and times in, facts and telemetry out.
//!
//! One pipeline, one direction; each stage is a module that can be read, tested, fuzzed and measured alone:
//!
//! ```text
//! chunk ─▶ decode ─▶ frame ─▶ json ─▶ api ─▶ call ─▶ signal ─▶ otlp
//! ```
//!
//! [`exchange`] drives it: the observer of one HTTP exchange is handed headers, chunks and times, and gives
//! one [`call::Call`] at the end. Nothing here does I/O, reads a clock, draws randomness or keeps a global.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

// The fixtures' reader is shared with the tests outside, which know the crate by its name.
#[cfg(test)]
extern crate self as inferspan_core;

pub mod api;
pub mod attributes;
pub mod budget;
pub mod call;
pub mod config;
#[cfg_attr(not(feature = "content"), path = "content_off.rs")]
pub mod content;
pub mod cost;
pub mod decode;
pub mod exchange;
mod find;
pub mod frame;
mod gather;
pub mod headers;
pub mod ids;
pub mod json;
pub mod metrics;
pub mod otlp;
mod percent;
pub mod resource;
pub mod sampling;
pub mod signal;
pub mod time;
pub mod trace_context;
#[cfg(any(feature = "zstd", feature = "content"))]
mod xxh64;
