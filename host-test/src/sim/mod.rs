//! Envoy without Envoy: a wasmtime host for proxy-wasm filters.
