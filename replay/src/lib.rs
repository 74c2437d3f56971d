//! What the filter would say of exchanges that were recorded.
//!
//! In: HAR files and recordings, as bytes ([`reading`]). Out: the calls in them ([`runner`]), what a collector would get
//! of these ([`export`]), and what they add up to ([`summary`]). It is the filter's core that runs, by the filter's own
//! configuration. Nothing here knows files, threads or the network, so that a page in a browser can do the same.

pub mod export;
mod har;
mod jsonl;
mod random;
pub mod reading;
pub mod recording;
pub mod runner;
pub mod split;
pub mod summary;

pub use random::Random;
pub use recording::Recording;
pub use runner::{NoCall, Replay, Told};
pub use split::Split;
