//! The compiled filter in a real Envoy, between the simulated provider and the OTLP receiver.
//!
//! All tests of this binary share one Envoy with one worker, which has two listeners: one with the filter and one
//! without. A test knows its own exchanges by a header or a model name that no other test uses.

mod access_log;
mod attempts;
mod attributes;
mod bytes;
mod collector;
mod configuration;
mod console;
mod endings;
mod events;
mod gateway;
mod instances;
mod reload;
mod sdks;
mod shutdown;
mod token_budget;
mod tracing;
mod world;
