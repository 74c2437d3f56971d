//! The filter's core, as a library.

use anyhow::Result;
use inferspan_core::config::Config;
use inferspan_core::otlp::envelope::Envelope;
use inferspan_replay::{Recording, Replay, Split};

use super::{Observation, Runner};
use crate::configuration::Configuration;

/// What is known before the first exchange.
pub(super) struct Setup {
    config: Config,
}

impl Setup {
    pub(super) fn new(configuration: Configuration) -> Self {
        Self { config: configuration.config }
    }
}

/// The core, configured as in Envoy.
pub(super) struct Native {
    replay: Replay,
}

impl Native {
    pub(super) fn new(setup: &Setup, first: &Recording) -> Self {
        Self { replay: Replay::new(&setup.config, first) }
    }
}

impl Runner for Native {
    fn run(&mut self, recording: &Recording, split: Split) -> Result<Observation> {
        Ok(match self.replay.run(recording, split) {
            Ok(told) => Observation::Call(Box::new(told)),
            Err(why) => Observation::Nothing(why.reason()),
        })
    }

    fn metrics(&mut self) -> Result<Vec<u8>> {
        Ok(self.replay.metrics())
    }

    fn envelope(&self) -> Option<Envelope> {
        Some(self.replay.envelope().clone())
    }
}
