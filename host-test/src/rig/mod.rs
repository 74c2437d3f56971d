//! A real Envoy with a filter, between a simulated provider and an OTLP receiver.
//!
//! What finds, installs, configures, starts, watches and stops Envoy is here once, for the `inferspan` command,
//! the tests and the benches alike:
//!
//! - [`install`] finds an Envoy binary or fetches one;
//! - [`config`] writes what Envoy is told: a listener, the filter, the clusters;
//! - [`envoy`] starts it, waits until it is ready, drains and stops it; [`admin`] asks it questions, [`account`]
//!   adds up the answers;
//! - [`provider`] is an LLM API that answers (or fails to) as told;
//! - [`receiver`] takes OTLP, and [`collector`] is a real OpenTelemetry Collector that does; [`span`] is what they
//!   received in a form that is easy to ask;
//! - [`backend`] is what people look at traces with, [`mesh`] what loads filters for them;
//! - [`client`] sends plain HTTP and sees every byte; [`journal`] lets all of them be awaited;
//! - [`internet`] is an LLM API under its own name, with TLS; [`instructions`] are commands for people, tried on a
//!   [`machine`] of its own;
//! - [`port`] is where something that is down will be up again;
//! - [`stand`] puts Envoy, filter and provider together, and makes calls that can be told apart;
//!   [`load`] makes many.
//!
//! Nothing here waits by sleeping for a guessed time: whoever waits names the event, and a deadline turns an
//! event that never comes into an error that says which. What gives no sign is looked at again by [`poll`].

pub mod account;
pub mod admin;
pub mod backend;
mod cache;
pub mod client;
pub mod collector;
pub mod config;
pub mod envoy;
mod go;
mod guard;
pub mod install;
pub mod instructions;
pub mod internet;
pub mod journal;
pub mod load;
pub mod machine;
pub mod mesh;
pub mod poll;
pub mod port;
mod process;
pub mod provider;
pub mod python;
pub mod receiver;
pub mod span;
pub mod stand;
mod stream;

/// How long an awaited event may take before it counts as one that never comes.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
