//! What stands in `envoy/` for people to copy, at work: each file in the real program that it is for, with real traffic.
//!
//! [`files`] reads a file and says what of it is changed to run here: nothing but where things are. [`host_test::rig::internet`]
//! stands for the providers.

mod access_log;
mod docs;
mod egress;
mod files;
mod manifests;
mod monitoring;
mod one_provider;
mod packaging;
mod queries;
mod retries;
mod statsd;
mod trouble;
mod world;
